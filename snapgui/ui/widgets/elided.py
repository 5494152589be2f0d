"""One line of text from outside, cut where it has no room."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyle, QWidget

from snapgui.models.format import listed, tooltip

_BETWEEN: Final = " · "
_KEPT: Final = 2  # a name and one figure
_LEGIBLE: Final = 7  # characters of a name, with the dots for what is cut from it


class ElidedLabel(QLabel):
    """A plain-text label of one line that never asks for width."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, area.width())
        alignment = QStyle.visualAlignment(self.layoutDirection(), self.alignment())
        palette, enabled, role = self.palette(), self.isEnabled(), self.foregroundRole()
        self.style().drawItemText(painter, area, alignment, palette, enabled, text, role)
        painter.end()


class FiguresLabel(ElidedLabel):
    """A name and figures of it, the most important one first: without room, the last go, then the name is cut.

    The tooltip and the accessible description have them all.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._parts: tuple[str, ...] = ()

    def show_parts(self, parts: Sequence[str]) -> None:
        """Show a name and its figures."""
        self._parts = tuple(parts)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics, room = self.fontMetrics(), self.contentsRect().width()
        self.setToolTip(tooltip(*self._parts))
        self.setAccessibleDescription(listed(*self._parts))
        shown = self._parts
        while len(shown) > _KEPT and metrics.horizontalAdvance(_BETWEEN.join(shown)) > room:
            shown = shown[:-1]
        if len(shown) == _KEPT and metrics.horizontalAdvance(_BETWEEN.join(shown)) > room:
            left = room - metrics.horizontalAdvance(_BETWEEN + shown[1])
            name = metrics.elidedText(shown[0], Qt.TextElideMode.ElideMiddle, max(0, left))
            shown = (name, shown[1]) if len(name) >= _LEGIBLE else shown[1:]
        self.setText(_BETWEEN.join(shown))
