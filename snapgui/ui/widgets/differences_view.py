"""What differs, as it is read: the differences in words, and below them, folded, those of the XML line by line."""

from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QFontDatabase, QKeySequence, QPalette, QShortcut, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from snapgui.core.differences.compare import Change, Configuration, Difference, compare
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.secrets import mask
from snapgui.models.format import tooltip
from snapgui.ui.contrast import TEXT, legible
from snapgui.ui.icons import icon, tint
from snapgui.ui.widgets.text_label import TextLabel

_MARGIN: Final = 8  # pixels around a sentence
_MANY_LINES: Final = 5_000  # of XML: from here on, to compare them would hold the window up
_CONTEXT: Final = 3  # lines around each difference
_ICONS: Final = {Change.ADDED: "adds", Change.REMOVED: "loses", Change.CHANGED: "changes"}


class DifferencesView(QWidget):
    """Shows the differences between two configurations, or a sentence in their place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._before = self._after = ""
        self._shown: tuple[Difference, ...] | None = None
        self._words = TextLabel()
        self._words.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        self._list = QListWidget()
        self._list.setAccessibleName(translate("Differences", "What differs"))
        self._list.setWordWrap(True)
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setResizeMode(QListWidget.ResizeMode.Adjust)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self._list, self._copy)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        self._fold = QToolButton()
        self._fold.setText(translate("Differences", "In the &XML"))
        self._fold.setToolTip(translate("Differences", "The lines that differ; passwords are hidden"))
        self._fold.setCheckable(True)
        self._fold.setAutoRaise(True)
        self._fold.setArrowType(Qt.ArrowType.RightArrow)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.toggled.connect(self._set_open)
        self._lines = QPlainTextEdit()
        self._lines.setReadOnly(True)
        self._lines.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._lines.setTabChangesFocus(True)
        self._lines.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._lines.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._lines.setAccessibleName(translate("Differences", "Lines of the XML that differ"))
        self._lines.hide()
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self._words)
        body.addWidget(self._list, 1)
        body.addWidget(self._fold)
        body.addWidget(self._lines, 1)
        self.show_words("")

    def show_differences(self, differences: tuple[Difference, ...], before: str, after: str) -> None:
        """Show them; ``before`` and ``after`` are the XML that they were found in."""
        self._before, self._after = before, after
        if differences != self._shown:
            self._shown = differences
            self._list.clear()
            for difference in differences:
                item = QListWidgetItem(icon(_ICONS[difference.change]), text_of(difference))
                item.setToolTip(tooltip(text_of(difference), difference.path))
                self._list.addItem(item)
        self._list.setVisible(bool(differences))
        self._words.setText("" if differences else translate("Differences", "The settings do not differ."))
        self._words.setVisible(not differences)
        self._fold.setVisible(before != after)
        if before == after:
            self._fold.setChecked(False)
        if self._fold.isChecked():
            self._write()

    def show_comparison(self, before: Configuration | None, after: Configuration | None) -> None:
        """Show what differs between two configurations, or why that can't be said; None: a snapshot has none."""
        if before is None or after is None:
            self.show_words(translate("Differences", "The snapshot does not have the machine’s settings."))
            return
        try:
            found = compare(before, after)
        except XmlError as error:
            self.show_words(str(error))
            return
        ours, theirs = before.persistent or before.live, after.persistent or after.live
        if found and all(each.running_only for each in found):
            ours, theirs = before.live, after.live
        self.show_differences(found, _unindented(ours), _unindented(theirs))

    def show_words(self, text: str) -> None:
        """Show a sentence in place of differences."""
        self._shown = None
        self._list.clear()
        self._list.hide()
        self._fold.setChecked(False)
        self._fold.hide()
        self._words.setText(text)
        self._words.show()

    def count(self) -> int:
        """How many differences it shows."""
        return self._list.count()

    def texts(self) -> tuple[str, ...]:
        """What is read in it, row by row."""
        return tuple(self._list.item(row).text() for row in range(self._list.count())) or (self._words.text(),)

    def open_lines(self) -> None:
        """Unfold the lines of the XML."""
        self._fold.setChecked(True)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and self._fold.isChecked():
            self._write()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 72, self.fontMetrics().lineSpacing() * 18)

    def _set_open(self, is_open: bool) -> None:  # noqa: FBT001 - a slot of toggled(bool)
        self._fold.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self._lines.setVisible(is_open)
        if is_open:
            self._write()

    def _write(self) -> None:
        import difflib  # noqa: PLC0415 - a megabyte that most never need

        ours, theirs = (mask(text).splitlines() for text in (self._before, self._after))
        self._lines.clear()
        if max(len(ours), len(theirs)) > _MANY_LINES:
            self._lines.setPlainText(translate("Differences", "There are too many lines to compare."))
            return
        base = self.palette().color(QPalette.ColorRole.Base)
        colours = {"+": legible(tint("green"), base, TEXT), "-": legible(tint("red"), base, TEXT)}
        cursor = QTextCursor(self._lines.document())
        for line in list(difflib.unified_diff(ours, theirs, n=_CONTEXT, lineterm=""))[2:]:
            shape = QTextCharFormat()
            colour = colours.get(line[:1], self.palette().color(QPalette.ColorRole.Text))
            shape.setForeground(QColor(colour))
            cursor.insertText(line + "\n", shape)
        self._lines.moveCursor(QTextCursor.MoveOperation.Start)

    def _copy(self) -> None:
        QApplication.clipboard().setText("\n".join(item.text() for item in self._list.selectedItems()))


def text_of(difference: Difference) -> str:
    """A difference in a line."""
    if difference.next_start:
        return translate("Differences", "{difference} (from the next start on)").format(difference=difference.text)
    if not difference.running_only:
        return difference.text
    return translate("Differences", "{difference} (as it runs)").format(difference=difference.text)


def _unindented(xml: str) -> str:
    """A configuration out of a snapshot stands further in than one by itself."""
    lines = xml.splitlines()
    if not lines or not lines[-1].startswith("  "):
        return xml.strip()
    return "\n".join(line.removeprefix("  ") for line in lines)
