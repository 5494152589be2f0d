"""What a machine that runs has only after its next start."""

from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from snapgui.core.differences.outlook import Outlook
from snapgui.core.text import translate
from snapgui.ui.widgets.differences_view import DifferencesView
from snapgui.ui.widgets.text_label import TextLabel

_SIZE: Final = QSize(640, 360)


class WaitingDialog(QDialog):
    """A sentence, and the differences between what runs and what is defined."""

    def __init__(self, machine: str, found: Outlook, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(
            translate("WaitingDialog", "Changes that wait for the next start of {machine}").format(machine=machine)
        )
        self.view = DifferencesView()
        self.view.show_differences(found.waiting, found.configuration.live, found.configuration.persistent)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setIcon(QIcon())
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(
            TextLabel(
                translate(
                    "WaitingDialog", "The machine runs with the settings it was started with. These have changed:"
                )
            )
        )
        layout.addWidget(self.view, 1)
        layout.addWidget(buttons)
        self.resize(_SIZE)
