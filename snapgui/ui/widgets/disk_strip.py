"""A disk as a strip from its first byte to its last, with the stretches in which something differs."""

from typing import Final, cast

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from snapgui.core.changed import Blocks
from snapgui.models.changed import stretch_text
from snapgui.models.format import tooltip
from snapgui.ui.contrast import GRAPHIC, legible, mix

_HEIGHT: Final = 26  # pixels
_LEAST: Final = 0.3  # of the height: a stretch in which little differs is seen all the same
_INSET: Final = 3  # pixels, for the frame of the focus


class DiskStrip(QWidget):
    """The higher a stretch is filled, the more of it differs. From left to right in every language, as a map is.

    Left and Right go from stretch to stretch, Page Up and Page Down to the next one that differs.
    """

    pointed = Signal(str)  # what differs in the stretch that has the mouse or the focus; "" without one

    def __init__(self, name: str, blocks: Blocks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._blocks = blocks
        self._differing = [number for number, size in enumerate(blocks.bins) if size]
        self._at = self._differing[0] if self._differing else 0
        self._hovered: int | None = None
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._describe()

    def text(self) -> str:
        """What differs in the stretch that the keyboard is at."""
        return stretch_text(self._blocks, self._at) if self._blocks.bins else ""

    def _go_to(self, number: int) -> None:
        self._at = max(0, min(len(self._blocks.bins) - 1, number))
        self._describe()
        self.update()
        self._tell()

    def _describe(self) -> None:
        self.setAccessibleDescription(self.text())

    def _tell(self) -> None:
        if self._hovered is not None:
            self.pointed.emit(stretch_text(self._blocks, self._hovered))
        else:
            self.pointed.emit(self.text() if self.hasFocus() else "")

    def _bin_at(self, x: float) -> int | None:
        room = self._room()
        if not self._blocks.bins or not room.left() <= x < room.right():
            return None
        offset = int((x - room.left()) / room.width() * self._blocks.disk_size)
        return min(len(self._blocks.bins) - 1, offset // self._blocks.bin_size)

    def _room(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_INSET, _INSET, -_INSET, -_INSET)

    def _stretch(self, number: int) -> QRectF:
        """Where a stretch is drawn: whole pixels, one at least."""
        room, size = self._room(), max(1, self._blocks.disk_size)
        begin, end = (room.left() + room.width() * place / size for place in self._blocks.stretch(number))
        return QRectF(int(begin), room.top(), max(1, int(end) - int(begin)), room.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        palette = self.palette()
        base, text = palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Text)
        colour = legible(palette.color(QPalette.ColorRole.Highlight), base, GRAPHIC)
        painter = QPainter(self)
        room = self._room()
        painter.fillRect(room, base)
        for number in self._differing:
            start, end = self._blocks.stretch(number)
            area = self._stretch(number)
            share = _LEAST + (1 - _LEAST) * self._blocks.bins[number] / max(1, end - start)
            painter.fillRect(area.adjusted(0, area.height() * (1 - share), 0, 0), colour)
        painter.setPen(QPen(legible(mix(text, base, 0.4), base, GRAPHIC), 1))
        painter.drawRect(room.adjusted(-0.5, -0.5, 0.5, 0.5))
        if self.hasFocus() and self._blocks.bins:
            painter.setPen(QPen(text, 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
            area = self._stretch(self._at)
            painter.drawRect(QRectF(area.left() - 1.5, 0.5, area.width() + 2, self.height() - 1))
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() in steps:
            self._go_to(self._at + steps[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Home:
            self._go_to(0)
        elif event.key() == Qt.Key.Key_End:
            self._go_to(len(self._blocks.bins) - 1)
        elif event.key() == Qt.Key.Key_PageDown:
            self._go_to(next((number for number in self._differing if number > self._at), self._at))
        elif event.key() == Qt.Key.Key_PageUp:
            self._go_to(next((number for number in reversed(self._differing) if number < self._at), self._at))
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hovered = self._bin_at(event.position().x())
        self._tell()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._bin_at(event.position().x())
        if found is not None:
            self._go_to(found)

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip:
            help_event = cast("QHelpEvent", event)
            found = self._bin_at(help_event.pos().x())
            text = tooltip(stretch_text(self._blocks, found)) if found is not None else ""
            QToolTip.showText(help_event.globalPos(), text, self)
            return True
        if event.type() is QEvent.Type.Leave:
            self._hovered = None
            self._tell()
        elif event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
            self._tell()
        return super().event(event)

    def sizeHint(self) -> QSize:
        return QSize(320, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, _HEIGHT)
