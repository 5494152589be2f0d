"""A question before a plan that has no options of its own and by which something is lost."""

from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from snapgui.core.plan import Plan
from snapgui.core.requests import Power, PowerAction, Request, SetCurrent, Undo
from snapgui.core.text import translate
from snapgui.ui.actions import plain_text
from snapgui.ui.icons import icon
from snapgui.ui.widgets.plan_view import PlanView
from snapgui.ui.widgets.text_label import TextLabel

_LARGEST: Final = QSize(900, 420)
_LINES_OF_UNDO: Final = 15


class ConfirmDialog(QDialog):
    """Shows ``plan`` and asks whether to go on."""

    def __init__(self, plan: Plan, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plan = plan
        title = TextLabel(plan.title, bold=True)
        view = PlanView()
        if isinstance(plan.request, Undo):  # has as much to say as a revert
            view.set_lines(_LINES_OF_UNDO)
        else:
            view.set_compact()
        view.set_plan(plan)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setEnabled(plan.ready)
        verb, image = _verb(plan.request)
        self.setWindowTitle(plain_text(verb))
        self.ok.setText(verb)
        self.ok.setIcon(icon(image))
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(title)
        layout.addWidget(view, 1)
        layout.addWidget(buttons)
        self.ok.setDefault(True)
        self.ok.setFocus()

    def sizeHint(self) -> QSize:
        return super().sizeHint().boundedTo(_LARGEST)


def _verb(request: Request) -> tuple[str, str]:
    """What the action is called, with its letter, and its icon."""
    match request:
        case Power(action=action):
            return {
                PowerAction.START: (translate("ConfirmDialog", "&Start"), "start"),
                PowerAction.PAUSE: (translate("ConfirmDialog", "&Pause"), "pause"),
                PowerAction.RESUME: (translate("ConfirmDialog", "&Resume"), "resume"),
                PowerAction.SHUT_DOWN: (translate("ConfirmDialog", "&Shut down"), "shutdown"),
                PowerAction.REBOOT: (translate("ConfirmDialog", "&Reboot"), "reboot"),
                PowerAction.FORCE_OFF: (translate("ConfirmDialog", "&Force off"), "force-off"),
            }[action]
        case Undo():
            return translate("ConfirmDialog", "&Undo revert"), "undo"
        case SetCurrent():
            return translate("ConfirmDialog", "&Set as current"), "set-current"
        case _:
            return translate("ConfirmDialog", "&Go on"), "done"
