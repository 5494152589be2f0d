"""An icon by itself, with a word for who can't see it."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from snapgui.ui.icons import icon


class IconLabel(QLabel):
    """Draws an icon of ``side`` logical pixels anew each time, so that it follows the palette and the screen."""

    def __init__(self, name: str, side: int, word: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(QSize(side, side))
        self.set_icon(name, word)

    def set_icon(self, name: str, word: str = "") -> None:
        """Show another icon."""
        self._name = name
        self.setAccessibleName(word)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        icon(self._name).paint(painter, self.rect())
        painter.end()
