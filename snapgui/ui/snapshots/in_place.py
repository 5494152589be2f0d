"""A description, edited where it stands in the tree of snapshots."""

from PySide6.QtCore import QEvent, QModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit, QTreeView

from snapgui.core.records import DomainId, SnapshotRecord
from snapgui.core.text import translate
from snapgui.models.snapshots import Column, SnapshotsModel

_LINES = 5  # at most, and then it scrolls
_NARROWEST = 24  # characters
_MARGIN = 2  # pixels: the text stands as in the cell


class InPlaceEdit(QPlainTextEdit):
    """Lies over the cell from ``begin`` on. Enter and leaving save, Shift+Enter makes a line, Esc cancels."""

    saved = Signal(object, object, str)  # DomainId, the SnapshotRecord as at the beginning, its description now

    def __init__(self, tree: QTreeView, model: SnapshotsModel) -> None:
        super().__init__(tree.viewport())
        self._tree = tree
        self._model = model
        self._domain: DomainId | None = None
        self._record: SnapshotRecord | None = None
        self._place_before = 0  # of the horizontal scroll bar
        self.setTabChangesFocus(True)
        self.setFrameShape(QPlainTextEdit.Shape.Box)  # the thinnest of all styles
        self.document().setDocumentMargin(_MARGIN)
        self.setAccessibleName(translate("InPlaceEdit", "Description"))
        self.setToolTip(translate("InPlaceEdit", "Enter saves, Shift+Enter makes a new line, Esc cancels"))
        self.hide()
        self.textChanged.connect(self._place)
        for bar in (tree.verticalScrollBar(), tree.horizontalScrollBar()):
            bar.valueChanged.connect(self._place)
        tree.header().sectionResized.connect(self._place)
        model.settled.connect(self._place)
        model.modelReset.connect(self.finish)

    def begin(self, record: SnapshotRecord) -> None:
        """Edit the description of this snapshot, whose row comes into view."""
        self.finish()
        self._domain, self._record = self._model.domain, record
        self._place_before = self._tree.horizontalScrollBar().value()
        self._tree.scrollTo(self._index())
        self.setPlainText(record.description)
        self.selectAll()
        self.show()
        self._place()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def finish(self, *, save: bool = True) -> None:
        """End it; without ``save``, nothing changes."""
        record, self._record = self._record, None
        if record is None:
            return
        had_focus = self.hasFocus()
        text = self.toPlainText()
        self.hide()
        self._tree.horizontalScrollBar().setValue(self._place_before)  # where there was no room, names had given way
        if had_focus:
            self._tree.setFocus()
        if save and text != record.description:
            self.saved.emit(self._domain, record, text)

    def event(self, event: QEvent) -> bool:
        # Enter and Esc are not the window's while they mean something here.
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.finish(save=False)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.insertPlainText("\n")
            else:
                self.finish()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() is not Qt.FocusReason.PopupFocusReason:  # its own menu is no leaving
            self.finish()

    def _index(self) -> QModelIndex:
        name = self._record.name if self._record is not None else ""
        row = self._model.index_of(name)
        return row.siblingAtColumn(Column.DESCRIPTION)

    def _place(self) -> None:
        """Over the cell, as high as its text needs, and wholly within the tree."""
        if self._record is None:
            return
        room = self._tree.viewport().rect()
        index = self._index()
        cell = self._tree.visualRect(index)
        if index.isValid() and self._tree.isColumnHidden(Column.DESCRIPTION):
            # At the end of the row, where it would be.
            cell = self._tree.visualRect(index.siblingAtColumn(Column.NAME))
            cell.moveLeft(room.left() if self._tree.isRightToLeft() else room.right())
        if not cell.isValid():  # filtered out, or below a row that was collapsed
            self.finish()
            return
        width = min(room.width(), max(cell.width(), self.fontMetrics().averageCharWidth() * _NARROWEST))
        self.resize(width, self.height())  # which breaks its lines
        needed = round(self.document().size().height())  # a plain text's height is counted in lines
        lines = min(_LINES, needed)
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if needed > lines else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        around = 2 * (self.frameWidth() + _MARGIN)
        line = self.fontMetrics().lineSpacing()
        height = max(cell.height(), line * lines + around)
        above = max(0, (line + around - cell.height()) // 2)  # so that its first line lies on the cell's
        place = QRect(cell.left(), cell.top() - above, width, height)
        place.moveLeft(max(room.left(), min(place.left(), room.right() - width + 1)))
        place.moveTop(max(room.top(), min(place.top(), room.bottom() - height + 1)))
        self.setGeometry(place)
