"""The field for a snapshot's description."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from snapgui.core.text import translate


class DescriptionEdit(QPlainTextEdit):
    """Several lines of plain text. Tab goes on to the next field."""

    def __init__(self, rows: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self.setTabChangesFocus(True)
        self.setAccessibleName(translate("DescriptionEdit", "Description"))
        self.setToolTip(translate("DescriptionEdit", "Ctrl+Enter ends the dialog"))

    def sizeHint(self) -> QSize:
        frame = 2 * (self.frameWidth() + round(self.document().documentMargin()))
        return QSize(self.fontMetrics().averageCharWidth() * 48, self.fontMetrics().lineSpacing() * self._rows + frame)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 16, self.sizeHint().height())
