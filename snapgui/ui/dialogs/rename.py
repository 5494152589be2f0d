"""Another name for a snapshot."""

from dataclasses import replace
from typing import Final

from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from snapgui.core import tree
from snapgui.core.plan import Level, Plan
from snapgui.core.records import Situation
from snapgui.core.requests import Rename
from snapgui.core.text import translate
from snapgui.ui.dialogs.lasting_dialog import LastingDialog
from snapgui.ui.dialogs.reason import Reason
from snapgui.ui.icons import icon

_OF_THE_NAME: Final = ("name-", "tag-taken")  # rules


class RenameDialog(LastingDialog):
    """Enter renames. Where the snapshot can't be renamed, it says why and what to do instead."""

    def __init__(self, situation: Situation, snapshot: str, parent: QWidget | None = None) -> None:
        super().__init__(
            situation,
            translate("RenameDialog", "Rename a snapshot of {machine}").format(machine=situation.domain.name),
            translate("RenameDialog", "&Rename"),
            icon("rename"),
            parent,
        )
        self._snapshot = snapshot
        self._name = QLineEdit(snapshot)
        self._name.setAccessibleName(translate("RenameDialog", "Name"))
        self._name.selectAll()
        self._name.textChanged.connect(self._typed)
        self._reason = Reason()
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.addRow(translate("RenameDialog", "&Name"), self._name)
        self._form.addRow("", self._reason)
        self.fields.addLayout(self._form)
        self.refresh()
        self._name.setFocus()

    def about(self) -> tuple[str, ...]:
        return (self._snapshot, *tree.children(self.situation.snapshots).get(self._snapshot, ()))

    def request(self) -> Rename:
        return Rename(self.situation.domain.id, self._snapshot, self._name.text())

    def visible_plan(self, plan: Plan) -> Plan:
        """What is wrong with the name is said beside it."""
        shown = super().visible_plan(plan)
        wrong = [each for each in shown.findings if each.level is Level.BLOCKER and each.rule.startswith(_OF_THE_NAME)]
        self._reason.set_text(" ".join(f"{each.reason} {each.remedy}".rstrip() for each in wrong))
        self._form.setRowVisible(self._reason, bool(wrong))
        self._name.setEnabled(all(each.rule != "rename-internal" for each in plan.findings))
        return replace(shown, findings=tuple(each for each in shown.findings if each not in wrong))

    def _typed(self) -> None:
        self.show_problem(None)
        self.refresh()
