"""A plan to look at, after it was run."""

from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from snapgui.core.plan import Plan
from snapgui.core.text import translate
from snapgui.ui.widgets.plan_view import PlanView
from snapgui.ui.widgets.text_label import TextLabel

_LARGEST: Final = QSize(900, 480)


class PlanBox(QDialog):
    """Opened with ``open()``: it asks nothing."""

    def __init__(self, plan: Plan, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("PlanBox", "Plan"))
        title = TextLabel(plan.title, bold=True)
        view = PlanView()
        view.set_plan(plan)
        view.open_commands()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setIcon(QIcon())
        close.setDefault(True)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(title)
        layout.addWidget(view, 1)
        layout.addWidget(buttons)
        close.setFocus()

    def sizeHint(self) -> QSize:
        return super().sizeHint().boundedTo(_LARGEST)
