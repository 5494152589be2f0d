"""XML to edit: with its colours, the numbers of its lines, a field that finds, and a mark where something is wrong."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QTextEdit, QVBoxLayout, QWidget

from snapgui.core.errors import Problem
from snapgui.core.plan import Finding, Level, Plan
from snapgui.core.text import translate
from snapgui.core.xml.fault import at_line, refusal
from snapgui.ui.contrast import TEXT, legible, mix
from snapgui.ui.icons import tint
from snapgui.ui.widgets.icon_label import IconLabel
from snapgui.ui.widgets.text_label import TextLabel
from snapgui.ui.xml.colours import COLOURED, XmlHighlighter
from snapgui.ui.xml.find_field import FindField

_REST_MS = 250  # after the last key, before the text is told as changed
_MARK = 0.18  # the share of red on the line that is wrong
_ROOM = QSize(90, 12)  # characters and lines that it asks for


class XmlEdit(QWidget):
    """A text that only the user changes after ``set_text``: whatever is wrong with it, nothing of it is lost."""

    changed = Signal()  # the user has changed the text, and rests

    def __init__(self, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = _Editor(accessible_name, self)
        self._highlighter = XmlHighlighter(self._text.palette(), self._text.document())
        self._told = ""
        self._refused = False  # libvirt has found something wrong with the text as it is
        self.changed.connect(self._forget_refusal)
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(_REST_MS)
        self._resting.timeout.connect(self.changed)
        self._text.textChanged.connect(self._typed)
        self._fault_icon = IconLabel("blocker", self.fontMetrics().height())
        self._fault = TextLabel()
        self._fault_icon.hide()
        self._fault.hide()
        below = QHBoxLayout()
        below.addWidget(self._fault_icon, 0, Qt.AlignmentFlag.AlignTop)
        below.addWidget(self._fault, 1)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(FindField(self._text, self))
        body.addWidget(self._text, 1)
        body.addLayout(below)
        self.setFocusProxy(self._text)

    def set_text(self, xml: str) -> None:
        """Begin with this text; what was there before can't be brought back."""
        self._text.setPlainText(xml)
        self._text.document().setModified(False)
        self._resting.stop()
        self._refused = False
        self.clear_fault()

    def text(self) -> str:
        """The text as it is now; Qt's plain text would have other spaces in the place of no-break ones."""
        return self._text.document().toRawText().replace("\u2029", "\n")

    def replace_text(self, xml: str) -> None:
        """Another text in this one's place, as a change that the user can take back."""
        cursor = self._text.textCursor()
        place = cursor.position()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(xml)
        cursor.setPosition(min(place, self._text.document().characterCount() - 1))
        self._text.setTextCursor(cursor)

    def set_read_only(self, *, read_only: bool) -> None:
        """Whether it is only to be read, for now."""
        self._text.setReadOnly(read_only)

    def is_modified(self) -> bool:
        """Whether the user has changed it."""
        return self._text.document().isModified()

    def show_findings(self, plan: Plan) -> Plan:
        """Say what a plan finds wrong with the text, and mark its line; the plan without that, which is said by now."""
        wrong = [each for each in plan.findings if _is_of_the_text(each)]
        if wrong:
            self.show_fault(f"{wrong[0].reason} {wrong[0].remedy}".rstrip(), wrong[0].line)
        elif not self._refused:
            self.clear_fault()
        return replace(plan, findings=tuple(each for each in plan.findings if not _is_of_the_text(each)))

    def show_refusal(self, problem: Problem) -> bool:
        """Say what libvirt finds wrong with the text, until that is changed. False: it failed for another reason."""
        found = refusal(problem)
        if found is None:
            return False
        self._refused = True
        self.show_fault(found.reason, found.line)
        self.go_to_fault()
        return True

    def show_fault(self, message: str, line: int | None = None) -> None:
        """Say below what is wrong, and mark the line, counted from 1. The cursor stays where the user has it."""
        self._fault.setText(at_line(message, line))
        self._fault.show()
        self._fault_icon.show()
        self._text.mark(line)

    def go_to_fault(self) -> None:
        """Put the cursor on the marked line."""
        self._text.go_to_mark()

    def clear_fault(self) -> None:
        """Nothing is wrong (any more)."""
        self._fault.hide()
        self._fault_icon.hide()
        self._text.mark(None)

    def fault(self) -> str:
        """What is said to be wrong; "" where nothing is."""
        return "" if self._fault.isHidden() else self._fault.text()

    def tell_now(self) -> None:
        """Tell at once what has been typed and not told yet, instead of after a rest."""
        if self._resting.isActive():
            self._resting.stop()
            self.changed.emit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._highlighter.set_palette(self.palette())

    def sizeHint(self) -> QSize:
        metrics = self._text.fontMetrics()
        return QSize(metrics.averageCharWidth() * _ROOM.width(), metrics.lineSpacing() * _ROOM.height())

    def _forget_refusal(self) -> None:
        self._refused = False

    def _typed(self) -> None:
        text = self.text()
        if text == self._told:  # colours count as a change for Qt
            return
        self._told = text
        document = self._text.document()
        wanted = document if len(text) <= COLOURED else None
        if self._highlighter.document() is not wanted:
            self._highlighter.setDocument(wanted)
        self._resting.start()


def _is_of_the_text(finding: Finding) -> bool:
    return finding.level is Level.BLOCKER and finding.rule.startswith("xml")


class _Editor(QPlainTextEdit):
    """Unwrapped lines with their numbers; a new line begins where the one above begins."""

    def __init__(self, accessible_name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._marked: int | None = None
        self.setAccessibleName(accessible_name)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setTabChangesFocus(True)
        self._numbers = _Numbers(self)
        self.blockCountChanged.connect(self._make_room)
        self.updateRequest.connect(self._scrolled)
        self._make_room()

    def mark(self, line: int | None) -> None:
        """Mark that line, counted from 1; None: no line. A number past the end is the last line."""
        self._marked = None if line is None else max(1, min(line, self.blockCount()))
        self.paint_mark()
        self.setAccessibleDescription(
            "" if self._marked is None else translate("Xml", "Wrong in line {line}").format(line=self._marked)
        )

    @property
    def marked(self) -> int | None:
        """The marked line."""
        return self._marked

    def paint_mark(self) -> None:
        """Lay a little red on the marked line."""
        if self._marked is None:
            self.setExtraSelections([])
        else:
            selection = QTextEdit.ExtraSelection()
            line = QTextCharFormat()
            line.setBackground(mix(tint("red"), self.palette().color(QPalette.ColorRole.Base), _MARK))
            line.setForeground(self.palette().color(QPalette.ColorRole.Text))  # the colours of XML need a plain ground
            line.setProperty(QTextFormat.Property.FullWidthSelection, True)  # noqa: FBT003 - Qt's value of a property
            selection.format = line
            selection.cursor = self._at(self._marked)
            self.setExtraSelections([selection])
        self._numbers.update()

    def go_to_mark(self) -> None:
        """Put the cursor on the marked line, in the middle of what is seen."""
        if self._marked is not None:
            self.setTextCursor(self._at(self._marked))
            self.centerCursor()

    def _at(self, line: int) -> QTextCursor:
        return QTextCursor(self.document().findBlockByNumber(line - 1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain and not self.isReadOnly():
            cursor = self.textCursor()
            before = cursor.block().text()[: cursor.positionInBlock()]
            cursor.insertText("\n" + before[: len(before) - len(before.lstrip(" \t"))])
            self.setTextCursor(cursor)
            self.ensureCursorVisible()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._numbers.setGeometry(QRect(inside.left(), inside.top(), self._numbers.needed(), inside.height()))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if not hasattr(self, "_numbers"):
            return
        if event.type() is QEvent.Type.FontChange:
            self._make_room()
        elif event.type() is QEvent.Type.PaletteChange:
            self.paint_mark()

    def _make_room(self) -> None:
        self.setViewportMargins(self._numbers.needed(), 0, 0, 0)
        if self._marked is not None and self._marked > self.blockCount():
            self.mark(self.blockCount())

    def _scrolled(self, area: QRect, by: int) -> None:
        if by:
            self._numbers.scroll(0, by)
        else:
            self._numbers.update(0, area.y(), self._numbers.width(), area.height())

    def lines(self, area: QRect) -> list[tuple[int, QRect]]:
        """The numbers of the lines seen in ``area``, and where each is."""
        found = []
        block = self.firstVisibleBlock()
        while block.isValid():
            where = self.blockBoundingGeometry(block).translated(self.contentOffset()).toRect()
            if where.top() > area.bottom():
                break
            found.append((block.blockNumber() + 1, where))
            block = block.next()
        return found


class _Numbers(QWidget):
    """The numbers of an editor's lines."""

    def __init__(self, editor: _Editor) -> None:
        super().__init__(editor)
        self._editor = editor

    def needed(self) -> int:
        """How wide it has to be."""
        digits = max(3, len(str(self._editor.blockCount())))
        return self._editor.fontMetrics().horizontalAdvance("9") * (digits + 1)

    def sizeHint(self) -> QSize:
        return QSize(self.needed(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        palette = self._editor.palette()
        ground = palette.color(QPalette.ColorRole.Window)
        painter.fillRect(event.rect(), ground)
        faint = legible(palette.color(QPalette.ColorRole.PlaceholderText), ground, TEXT)
        bold = QFont(self._editor.font())
        bold.setBold(True)
        right = self.width() - self._editor.fontMetrics().horizontalAdvance("9") // 2
        for number, where in self._editor.lines(event.rect()):
            wrong = number == self._editor.marked
            painter.setFont(bold if wrong else self._editor.font())
            painter.setPen(legible(QColor(tint("red")), ground, TEXT) if wrong else faint)
            painter.drawText(QRect(0, where.top(), right, where.height()), Qt.AlignmentFlag.AlignRight, str(number))
        painter.end()
