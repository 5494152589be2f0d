"""Another name for a snapshot."""

from dataclasses import replace
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialogButtonBox, QFormLayout, QLineEdit, QWidget

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
    """Enter renames. Where the snapshot can't be renamed, it says why, and Enter does what is to be done instead."""

    describe_wanted = Signal()  # the snapshot's description instead; the dialog is closed by then

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
        self._name.textChanged.connect(self._typed)
        self._describe = self.buttons.addButton(
            translate("RenameDialog", "&Edit description…"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self._describe.setIcon(icon("edit"))
        self._describe.clicked.connect(self._describe_instead)
        self._reason = Reason()
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.addRow(translate("RenameDialog", "&Name"), self._name)
        self._form.addRow("", self._reason)
        self.fields.addLayout(self._form)
        self.refresh()
        if self._name.isEnabled():
            self._name.setFocus()
            self._name.selectAll()
        else:
            self._describe.setFocus()

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
        inside = any(each.rule == "rename-internal" for each in plan.findings)
        self._name.setEnabled(not inside)
        self._describe.setVisible(inside)
        (self._describe if inside else self.ok).setDefault(True)
        return replace(shown, findings=tuple(each for each in shown.findings if each not in wrong))

    def _describe_instead(self) -> None:
        self.reject()
        self.describe_wanted.emit()

    def _typed(self) -> None:
        self.show_problem(None)
        self.refresh()
