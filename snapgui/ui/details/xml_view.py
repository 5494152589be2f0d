"""A snapshot's XML: to read, to search, to copy."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from snapgui.core.text import translate
from snapgui.ui.xml.colours import COLOURED, XmlHighlighter
from snapgui.ui.xml.find_field import FindField

_SHOWN = 800_000  # characters: 40 ms. An absurd text is cut, as the window must not wait.


class XmlView(QWidget):
    """Read-only text with the colours of XML, and a field that finds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QPlainTextEdit(self)
        self._text.setReadOnly(True)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._text.setTabChangesFocus(True)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setAccessibleName(translate("Xml", "XML of the snapshot"))
        self._highlighter = XmlHighlighter(self._text.palette(), self._text.document())
        self._shown = ""
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(FindField(self._text, self))
        body.addWidget(self._text, 1)
        self.setFocusProxy(self._text)

    def show_xml(self, xml: str) -> None:
        """Show a document; the same one again leaves cursor and scroll as they are."""
        if xml != self._shown:
            self._set(xml, coloured=len(xml) <= COLOURED)

    def show_words(self, text: str) -> None:
        """Show a sentence in place of a document."""
        self._set(text, coloured=False)

    def text(self) -> str:
        """What is shown."""
        return self._text.toPlainText()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._highlighter.set_palette(self.palette())

    def _set(self, text: str, *, coloured: bool) -> None:
        self._shown = text
        self._highlighter.setDocument(self._text.document() if coloured else None)
        self._text.setPlainText(text if len(text) <= _SHOWN else text[:_SHOWN] + "\n…")
