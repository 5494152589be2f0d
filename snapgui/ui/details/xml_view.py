"""A snapshot's XML: to read, to search, to copy."""

import re

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import (
    QColor,
    QFontDatabase,
    QKeySequence,
    QPalette,
    QShortcut,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from snapgui.core.text import translate
from snapgui.ui.contrast import TEXT, legible

# Characters: 40 ms each way. A longer text is shown without colours, an absurd one is cut, as the window must not wait.
_COLOURED = 50_000
_SHOWN = 800_000

_PLAIN, _IN_TAG, _IN_COMMENT, _IN_DOUBLE, _IN_SINGLE = -1, 1, 2, 3, 4
_QUOTES = {_IN_DOUBLE: '"', _IN_SINGLE: "'"}
_TAG_PART = re.compile(r"""(?P<end>/?>|\?>)|(?P<quote>["'])|(?P<name>[^\s"'<>/=?]+)|(?P<other>.)""", re.DOTALL)


class XmlView(QWidget):
    """Read-only text with the colours of XML, and a field that finds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._find = QLineEdit(self)
        self._find.setPlaceholderText(translate("Xml", "Find"))
        self._find.setAccessibleName(translate("Xml", "Find in the XML"))
        self._find.setClearButtonEnabled(True)
        self._find.textChanged.connect(self._find_first)
        self._find.returnPressed.connect(self._find_next)
        self._text = QPlainTextEdit(self)
        self._text.setReadOnly(True)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._text.setTabChangesFocus(True)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setAccessibleName(translate("Xml", "XML of the snapshot"))
        self._highlighter = _XmlHighlighter(self._text.palette(), self)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self._find.setFocus)
        self._shown = ""
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self._find)
        body.addWidget(self._text, 1)
        self.setFocusProxy(self._text)

    def show_xml(self, xml: str) -> None:
        """Show a document; the same one again leaves cursor and scroll as they are."""
        if xml != self._shown:
            self._set(xml, coloured=len(xml) <= _COLOURED)

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

    def _find_first(self, wanted: str) -> None:
        cursor = self._text.textCursor()
        cursor.setPosition(cursor.selectionStart())
        self._text.setTextCursor(cursor)
        self._search(wanted)

    def _find_next(self) -> None:
        self._search(self._find.text())

    def _search(self, wanted: str) -> None:
        found = not wanted or self._text.find(wanted)
        if not found:  # once around
            before = self._text.textCursor()
            self._text.moveCursor(QTextCursor.MoveOperation.Start)
            found = self._text.find(wanted)
            if not found:
                self._text.setTextCursor(before)
        self._find.setToolTip("" if found else translate("Xml", "Not found"))
        palette = self._find.palette()
        text = self.palette().color(QPalette.ColorRole.Text)
        base = palette.color(QPalette.ColorRole.Base)
        palette.setColor(QPalette.ColorRole.Text, text if found else legible(QColor(200, 40, 40), base, TEXT))
        self._find.setPalette(palette)


class _XmlHighlighter(QSyntaxHighlighter):
    """Colours by hue only: every one of them reads on the base with the contrast of text."""

    def __init__(self, palette: QPalette, parent: QObject) -> None:
        super().__init__(parent)
        self._formats: dict[str, QTextCharFormat] = {}
        self.set_palette(palette)

    def set_palette(self, palette: QPalette) -> None:
        """Take the colours for that palette."""
        base = palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Base)
        hues = {
            "tag": QColor(40, 90, 190),
            "attribute": QColor(150, 80, 10),
            "value": QColor(30, 120, 60),
            "comment": QColor(120, 120, 120),
        }
        for name, hue in hues.items():
            text_format = QTextCharFormat()
            text_format.setForeground(legible(hue, base, TEXT))
            self._formats[name] = text_format
        if isinstance(self.document(), QTextDocument):
            self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        # Qt counts UTF-16 units, and Python characters: they differ past U+FFFF, where emoji are.
        units = _Units(text)
        state, place = self.previousBlockState(), 0
        named = True  # the element's name has been seen, what follows are attributes
        while place < len(text):
            start = place
            if state == _PLAIN:
                place = _until(text, place, "<")
                if place == len(text):
                    break
                start = place
                if text.startswith("<!--", place):
                    state = _IN_COMMENT
                    continue
                state, named = _IN_TAG, False
                place += 1 + (text[place + 1 : place + 2] in ("/", "?", "!"))
                self._paint(units, start, place, "tag")
            elif state == _IN_COMMENT:
                end = text.find("-->", place)
                place, state = (len(text), state) if end < 0 else (end + 3, _PLAIN)
                self._paint(units, start, place, "comment")
            elif state in _QUOTES:
                end = text.find(_QUOTES[state], place)
                place, state = (len(text), state) if end < 0 else (end + 1, _IN_TAG)
                self._paint(units, start, place, "value")
            else:
                state, place, named = self._in_tag(text, place, units, named=named)
        self.setCurrentBlockState(state)

    def _in_tag(self, text: str, place: int, units: "_Units", *, named: bool) -> tuple[int, int, bool]:
        match = _TAG_PART.match(text, place)
        if match is None:
            return _IN_TAG, len(text), named
        end = match.end()
        if match["end"]:
            self._paint(units, place, end, "tag")
            return _PLAIN, end, named
        if match["quote"]:
            self._paint(units, place, end, "value")
            return (_IN_DOUBLE if match["quote"] == '"' else _IN_SINGLE), end, named
        if match["name"]:
            self._paint(units, place, end, "attribute" if named else "tag")
            return _IN_TAG, end, True
        return _IN_TAG, end, named

    def _paint(self, units: "_Units", start: int, end: int, what: str) -> None:
        first = units.at(start)
        self.setFormat(first, units.at(end) - first, self._formats[what])


class _Units:
    """Where a character of a text begins in UTF-16. Asked from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._wide = not text.isascii()
        self._place = 0
        self._extra = 0

    def at(self, place: int) -> int:
        """The number of UTF-16 units before that character."""
        if self._wide:
            self._extra += sum(character > "\uffff" for character in self._text[self._place : place])
            self._place = place
        return place + self._extra


def _until(text: str, place: int, sign: str) -> int:
    found = text.find(sign, place)
    return len(text) if found < 0 else found
