"""A line to type in whose frame can be seen."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLineEdit

from snapgui.ui.contrast import GRAPHIC, legible, mix

_SHARE = 0.3  # of the text's colour
_RADIUS = 2.0  # as Fusion draws it


class FramedEdit(QLineEdit):
    """Fusion's own frame is a little darker than the window, which does not show where the window is dark."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus() or self.style().name() != "fusion":  # which have a frame of their own to be seen
            return
        window = self.palette().color(QPalette.ColorRole.Window)
        text = self.palette().color(QPalette.ColorRole.WindowText)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(legible(mix(text, window, _SHARE), window, GRAPHIC))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
        painter.end()
