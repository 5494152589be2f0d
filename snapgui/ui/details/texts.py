"""Small widgets for texts from outside: a value that can be copied, and a name that can be pressed."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent, QTextOption, QWheelEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QPushButton, QSizePolicy, QStyle, QStyleOptionFocusRect, QWidget

from snapgui.models.format import one_line, tooltip
from snapgui.ui.contrast import TEXT, legible


class CopyableText(QPlainTextEdit):
    """Plain text of any length, to select and copy; as high as it needs to be, broken inside words where it must."""

    def __init__(self, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(accessible_name)
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)
        self._blend()
        self._align()

    def show_text(self, text: str) -> None:
        """Show a text; the same one again leaves a selection in it as it is."""
        if text != self.toPlainText():
            self.setPlainText(text)
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit()
        elif event.type() is QEvent.Type.LayoutDirectionChange:
            self._align()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """It is as high as its text: what scrolls is the panel."""
        event.ignore()

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.fontMetrics().lineSpacing())

    def _blend(self) -> None:
        """Look like a label."""
        self.viewport().setAutoFillBackground(False)
        self.viewport().setForegroundRole(QPalette.ColorRole.WindowText)

    def _align(self) -> None:
        """Stand where the window's texts begin, whatever the direction of this one."""
        option = self.document().defaultTextOption()
        leading = QStyle.visualAlignment(self.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
        option.setAlignment(leading | Qt.AlignmentFlag.AlignAbsolute)
        self.document().setDefaultTextOption(option)

    def _fit(self) -> None:
        block = self.document().begin()
        height = 0.0
        while block.isValid():
            height += self.blockBoundingRect(block).height()
            block = block.next()
        self.setFixedHeight(max(self.fontMetrics().lineSpacing(), int(height + 0.99)))


class NameLink(QPushButton):
    """A snapshot's name, or a sentence, that leads to what it is about; cut in its middle where it has no room."""

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ""
        self.set_name(name)
        self.setFlat(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def set_name(self, name: str) -> None:
        """Show another text."""
        self._name = one_line(name)
        self.setText(self._name.replace("&", "&&"))
        self.setAccessibleName(self._name)
        self.setToolTip(tooltip(name))
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._name) + 2, metrics.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 3, self.fontMetrics().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # the name's own
        palette = self.palette()
        base = palette.color(QPalette.ColorRole.Window)
        painter.setPen(legible(palette.color(QPalette.ColorRole.Link), base, TEXT))
        font = self.font()
        font.setUnderline(True)
        painter.setFont(font)
        area = self.rect()
        text = self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideMiddle, area.width())
        leading = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        align = QStyle.visualAlignment(self.layoutDirection(), leading)
        painter.drawText(area, align, text)
        if self.hasFocus():
            option = QStyleOptionFocusRect()
            option.initFrom(self)
            self.style().drawPrimitive(QStyle.PrimitiveElement.PE_FrameFocusRect, option, painter, self)
        painter.end()
