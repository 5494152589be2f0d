"""The colours of XML in a text on the screen."""

import re

from PySide6.QtGui import QColor, QPalette, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from snapgui.ui.contrast import TEXT, legible

# Characters: 40 ms. A longer text is shown without colours, as the window must not wait.
COLOURED = 50_000

_PLAIN, _IN_TAG, _IN_COMMENT, _IN_DOUBLE, _IN_SINGLE = -1, 1, 2, 3, 4
_QUOTES = {_IN_DOUBLE: '"', _IN_SINGLE: "'"}
_TAG_PART = re.compile(r"""(?P<end>/?>|\?>)|(?P<quote>["'])|(?P<name>[^\s"'<>/=?]+)|(?P<other>.)""", re.DOTALL)


class XmlHighlighter(QSyntaxHighlighter):
    """Colours by hue only: every one of them reads on the base with the contrast of text.

    It belongs to the document: if it went before, it would change the text, and tell that to what is half gone itself.
    """

    def __init__(self, palette: QPalette, document: QTextDocument) -> None:
        super().__init__(document)
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
