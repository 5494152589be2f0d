"""A question before a plan that has no options of its own and by which something is lost."""

from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from snapgui.core.plan import Plan
from snapgui.core.requests import Power, PowerAction, Undo
from snapgui.core.text import translate
from snapgui.ui.icons import icon
from snapgui.ui.plan_view import PlanView
from snapgui.ui.text_label import TextLabel

_LARGEST: Final = QSize(900, 420)
_LINES_OF_UNDO: Final = 15


class ConfirmDialog(QDialog):
    """Shows ``plan`` and asks whether to go on."""

    def __init__(self, plan: Plan, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("ConfirmDialog", "Go on?"))
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
        self.ok.setText(translate("ConfirmDialog", "&Go on"))
        self.ok.setIcon(QIcon())
        if isinstance(plan.request, Power) and plan.request.action is PowerAction.FORCE_OFF:
            self.setWindowTitle(translate("ConfirmDialog", "Force off"))
            self.ok.setText(translate("ConfirmDialog", "&Force off"))
            self.ok.setIcon(icon("force-off"))
        elif isinstance(plan.request, Undo):
            self.setWindowTitle(translate("ConfirmDialog", "Undo revert"))
            self.ok.setText(translate("ConfirmDialog", "&Undo revert"))
            self.ok.setIcon(icon("undo"))
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
