"""The value axis beside the bars."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from snapgui.ui.chart.bars import paint_axis

if TYPE_CHECKING:
    from snapgui.ui.chart.view import SizesView


class Axis(QWidget):
    """The ticks' texts, in the margin beside the bars: they stay while the bars scroll."""

    def __init__(self, view: "SizesView") -> None:
        super().__init__(view)
        self._view = view
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        painter.fillRect(self.rect(), self._view.colours.base)
        right_to_left = self._view.layoutDirection() is Qt.LayoutDirection.RightToLeft
        align = Qt.AlignmentFlag.AlignLeft if right_to_left else Qt.AlignmentFlag.AlignRight
        paint_axis(painter, self._view.plot, QRectF(self.rect()), self._view.colours, align)
        painter.end()
