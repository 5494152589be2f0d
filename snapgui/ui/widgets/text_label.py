"""Text from outside on a widget: always plain, wrapped anywhere if it must be, so that no name widens a window."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyle, QVBoxLayout, QWidget

_PREFERRED_WIDTH = 44  # characters


class TextLabel(QLabel):
    """A QLabel that breaks a line between words where it can and inside a word where it must."""

    def __init__(self, text: str = "", parent: QWidget | None = None, *, bold: bool = False) -> None:
        super().__init__(parent)
        if bold:
            self.set_bold(bold=True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setText(text)

    def set_bold(self, *, bold: bool) -> None:
        """Make the text stand out, or not."""
        font = self.font()
        font.setBold(bold)
        self.setFont(font)

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt
        margins = self.contentsMargins()
        inside = max(1, width - margins.left() - margins.right())
        return self._lay_out(inside)[1] + margins.top() + margins.bottom()

    def sizeHint(self) -> QSize:
        widest = self.fontMetrics().averageCharWidth() * _PREFERRED_WIDTH
        margins = self.contentsMargins()
        width = min(widest, max(map(self.fontMetrics().horizontalAdvance, self.text().split("\n"))) + 2)
        width += margins.left() + margins.right()
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 8, self.fontMetrics().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        area = self.contentsRect()
        layout, height = self._lay_out(area.width())
        aligned = QStyle.alignedRect(
            self.layoutDirection(), self.alignment(), QSize(area.width(), min(height, area.height())), area
        )
        painter = QPainter(self)
        group = QPalette.ColorGroup.Active if self.isEnabled() else QPalette.ColorGroup.Disabled
        painter.setPen(self.palette().color(group, self.foregroundRole()))
        layout.draw(painter, QPointF(aligned.topLeft()), [], QRectF(area))
        painter.end()

    def _lay_out(self, width: int) -> tuple[QTextLayout, int]:
        """The text in lines of ``width`` pixels, and the height of them all."""
        option = QTextOption(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignAbsolute)
        option.setAlignment(QStyle.visualAlignment(self.layoutDirection(), self.alignment()))
        option.setTextDirection(self.layoutDirection())
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout = QTextLayout(self.text().replace("\n", "\u2028"), self.font(), self)
        layout.setTextOption(option)
        layout.beginLayout()
        top = 0.0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            line.setPosition(QPointF(0, top))
            top += line.height()
        layout.endLayout()
        return layout, round(top + 0.5)


def described(field: QWidget, words: TextLabel) -> QWidget:
    """A field with a word on it below, for a row of a form."""
    both = QWidget()
    both.setFocusProxy(field)
    column = QVBoxLayout(both)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    column.addWidget(field)
    column.addWidget(words)
    return both
