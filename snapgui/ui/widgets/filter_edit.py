"""The field above a tree that narrows it."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from snapgui.ui.widgets.framed_edit import FramedEdit


class FilterEdit(FramedEdit):
    """``words`` say what it filters, to the eye and to a screen reader. Esc shows everything again."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.setPlaceholderText(words)
        self.setAccessibleName(words)
        self.setClearButtonEnabled(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)
