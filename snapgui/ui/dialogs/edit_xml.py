"""A snapshot's XML to edit. Its passwords are out of sight until asked for, and go along unseen."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QCheckBox, QDialogButtonBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from snapgui.core.errors import Problem
from snapgui.core.plan import Plan
from snapgui.core.records import Situation
from snapgui.core.requests import Redefine
from snapgui.core.rules import facts
from snapgui.core.rules.define import SINCE_VALIDATE
from snapgui.core.text import translate
from snapgui.core.xml.secrets import hide, reveal
from snapgui.models.format import one_line, tooltip
from snapgui.ui.dialogs.lasting_dialog import LastingDialog
from snapgui.ui.icons import icon
from snapgui.ui.widgets.text_label import TextLabel
from snapgui.ui.xml.edit import XmlEdit

_USUAL = QSize(110, 52)  # columns, lines: as far as the screen has them


class EditXmlDialog(LastingDialog):
    """Ctrl+Enter saves; Enter makes a line."""

    def __init__(self, situation: Situation, snapshot: str, parent: QWidget | None = None) -> None:
        super().__init__(
            situation,
            translate("EditXmlDialog", "Edit XML"),
            translate("EditXmlDialog", "&Save"),
            icon("save"),
            parent,
        )
        self._snapshot = snapshot
        self._base = ""  # the host's text when it was read
        self._hidden: tuple[tuple[str, str], ...] = ()  # every password by the word in its place
        self._edit = XmlEdit(translate("EditXmlDialog", "XML of the snapshot"))
        self._edit.set_read_only(read_only=True)
        self._edit.changed.connect(self._changed)
        self._passwords = QCheckBox(translate("EditXmlDialog", "Show &passwords"))
        self._passwords.setVisible(False)
        self._passwords.toggled.connect(self._show_passwords)
        self._validate = QCheckBox(translate("EditXmlDialog", "Check with libvirt’s s&chema"))
        self._validate.setChecked(True)
        self._validate.setToolTip(
            tooltip(translate("EditXmlDialog", "libvirt then refuses what it does not know, and else leaves it out."))
        )
        self._validate.toggled.connect(self.refresh)
        self._theirs = QPushButton(translate("EditXmlDialog", "Take over what is &there now"))
        self._theirs.clicked.connect(self._take_over)
        self._mine = QPushButton(translate("EditXmlDialog", "&Replace it by mine"))
        self._mine.clicked.connect(self._rebase)
        choices = QHBoxLayout()
        choices.addWidget(self._passwords)
        choices.addWidget(self._validate)
        choices.addStretch(1)
        choices.addWidget(self._theirs)
        choices.addWidget(self._mine)
        self.fields.addWidget(TextLabel(one_line(snapshot), bold=True))
        self.fields.addWidget(self._edit, 1)
        self.fields.addLayout(choices)
        self.plan_view.set_compact()
        box = self.layout()
        if isinstance(box, QVBoxLayout):  # the room is the text's
            box.setStretchFactor(self.fields, 1)
            box.setStretchFactor(self.plan_view, 0)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setAutoDefault(False)
        self.situation_changed()
        self.refresh()
        self._edit.setFocus()

    def about(self) -> tuple[str, ...]:
        return (self._snapshot,)

    def unsaved(self) -> bool:
        return bool(self._base) and self.request().xml != self._base

    def request(self) -> Redefine:
        xml = reveal(self._edit.text(), self._hidden)
        return Redefine(self.situation.domain.id, self._snapshot, xml, self._base, self._validate.isChecked())

    def situation_changed(self) -> None:
        there = self.situation.snapshot_xml.get(self._snapshot)
        self._validate.setVisible(facts.at_least(self.situation, SINCE_VALIDATE))
        if there is None or self._base:
            return
        self._base = there
        self._edit.set_text(self._without_passwords(there))
        self._edit.set_read_only(read_only=False)
        self._passwords.setVisible(bool(self._hidden))

    def visible_plan(self, plan: Plan) -> Plan:
        """What is wrong with the text is said at its line."""
        shown = super().visible_plan(plan)
        elsewhere = any(finding.rule == "changed-elsewhere" for finding in plan.findings)
        self._theirs.setVisible(elsewhere)
        self._mine.setVisible(elsewhere)
        return self._edit.show_findings(shown)

    def accept(self) -> None:
        if not self.busy:
            self._edit.tell_now()  # later, it would clear away what libvirt says to it
            if self._edit.fault():
                self._edit.go_to_fault()
        super().accept()

    def show_problem(self, problem: Problem | None) -> None:
        """What libvirt says of the text is said at its line."""
        at_the_text = problem is not None and self._edit.show_refusal(problem)
        super().show_problem(None if at_the_text else problem)

    def sizeHint(self) -> QSize:
        metrics = self._edit.fontMetrics()
        usual = QSize(metrics.horizontalAdvance("0") * _USUAL.width(), metrics.lineSpacing() * _USUAL.height())
        return super().sizeHint().expandedTo(usual)

    def _changed(self) -> None:
        if not self.busy:
            self.show_problem(None)
        self.refresh()

    def _without_passwords(self, xml: str) -> str:
        """Words that stand for passwords keep their meaning for good, as undoing may bring any of them back."""
        hidden = hide(xml, len(self._hidden) + 1)
        self._hidden += hidden.values
        return xml if self._passwords.isChecked() else hidden.text

    def _show_passwords(self, shown: bool) -> None:  # noqa: FBT001 - a slot of toggled(bool)
        whole = reveal(self._edit.text(), self._hidden)
        self._edit.replace_text(whole if shown else self._without_passwords(whole))

    def _take_over(self) -> None:
        there = self.situation.snapshot_xml[self._snapshot]
        self._base = there
        self._edit.replace_text(self._without_passwords(there))
        self.refresh()
        self._edit.setFocus()

    def _rebase(self) -> None:
        self._base = self.situation.snapshot_xml[self._snapshot]
        self.refresh()
        self._edit.setFocus()
