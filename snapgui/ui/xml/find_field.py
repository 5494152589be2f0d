"""The field that finds in a text."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeySequence, QPalette, QShortcut, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from snapgui.core.text import translate
from snapgui.ui.contrast import TEXT, legible
from snapgui.ui.widgets.framed_edit import FramedEdit


class FindField(FramedEdit):
    """Finds in ``text`` while one types, and the next by Enter; Ctrl+F anywhere in ``around`` leads to it."""

    def __init__(self, text: QPlainTextEdit, around: QWidget) -> None:
        super().__init__(around)
        self._target = text
        self.setPlaceholderText(translate("Xml", "Find"))
        self.setAccessibleName(translate("Xml", "Find in the XML"))
        self.setClearButtonEnabled(True)
        self.textChanged.connect(self._find_first)
        self.returnPressed.connect(self._find_next)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), around)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.setFocus)

    def _find_first(self, wanted: str) -> None:
        cursor = self._target.textCursor()
        cursor.setPosition(cursor.selectionStart())
        self._target.setTextCursor(cursor)
        self._search(wanted)

    def _find_next(self) -> None:
        self._search(self.text())

    def _search(self, wanted: str) -> None:
        found = not wanted or self._target.find(wanted)
        if not found:  # once around
            before = self._target.textCursor()
            self._target.moveCursor(QTextCursor.MoveOperation.Start)
            found = self._target.find(wanted)
            if not found:
                self._target.setTextCursor(before)
        self.setToolTip("" if found else translate("Xml", "Not found"))
        palette = self.palette()
        text = self._target.palette().color(QPalette.ColorRole.Text)
        base = palette.color(QPalette.ColorRole.Base)
        palette.setColor(QPalette.ColorRole.Text, text if found else legible(QColor(200, 40, 40), base, TEXT))
        self.setPalette(palette)
