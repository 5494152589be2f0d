"""Take a snapshot: its name, its description, and what taking it means."""

from datetime import datetime
from typing import Final

from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from snapgui.core.names import expand
from snapgui.core.plan import Level, Plan
from snapgui.core.records import Situation
from snapgui.core.requests import Take
from snapgui.core.text import translate
from snapgui.models.format import tooltip
from snapgui.ui.dialogs.description_edit import DescriptionEdit
from snapgui.ui.dialogs.plan_dialog import PlanDialog
from snapgui.ui.icons import icon

DEFAULT_TEMPLATE: Final = "{machine}-{n}"
_ROWS: Final = 3
_OF_THE_NAME: Final = ("name-", "tag-taken")  # rules


class TakeDialog(PlanDialog):
    """``template`` is one of ``core.names.expand``. Enter in the name, or Ctrl+Enter in the description, takes it."""

    def __init__(self, situation: Situation, template: str = DEFAULT_TEMPLATE, parent: QWidget | None = None) -> None:
        super().__init__(
            situation,
            translate("TakeDialog", "Take a snapshot of {machine}").format(machine=situation.domain.name),
            translate("TakeDialog", "&Take"),
            icon("take"),
            parent,
        )
        self._template = template
        self._now = datetime.now().astimezone()
        self._name = QLineEdit(self._suggestion())
        self._name.setAccessibleName(translate("TakeDialog", "Name"))
        self._name.selectAll()
        # In the field and not below it, where it would move what stands below.
        self._mark = self._name.addAction(icon("blocker"), QLineEdit.ActionPosition.TrailingPosition)
        self._description = DescriptionEdit(_ROWS)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(translate("TakeDialog", "&Name"), self._name)
        form.addRow(translate("TakeDialog", "&Description"), self._description)
        self.fields.addLayout(form)
        self._name.textChanged.connect(self.refresh)
        self._description.textChanged.connect(self.refresh)
        self.refresh()
        self._name.setFocus()

    def request(self) -> Take:
        return Take(self.situation.domain.id, self._name.text(), self._description.toPlainText())

    def situation_changed(self) -> None:
        """A suggested name that someone else has used meanwhile gives way to the next one."""
        if not self._name.isModified() and self._name.text() in self.situation.snapshots.records:
            self._name.setText(self._suggestion())
            self._name.selectAll()

    def visible_plan(self, plan: Plan) -> Plan:
        """A name that can't be used is marked, too, as the reason is in the plan."""
        wrong = [each for each in plan.findings if each.level is Level.BLOCKER and each.rule.startswith(_OF_THE_NAME)]
        reason = " ".join(f"{each.reason} {each.remedy}".rstrip() for each in wrong)
        self._mark.setVisible(bool(wrong))
        self._mark.setToolTip(tooltip(reason))
        self._name.setAccessibleDescription(reason)
        return super().visible_plan(plan)

    def _suggestion(self) -> str:
        return expand(self._template, self.situation.domain.name, tuple(self.situation.snapshots.records), self._now)
