"""The tree of snapshots: its columns, how it is drawn, and where a press of the mouse meets it.

In a deep tree a chain of snapshots below one another stays in one line, and only branches are indented: a step to the
right for each row would leave no room for the names.
"""

from PySide6.QtCore import QByteArray, QItemSelection, QItemSelectionModel, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPalette, QRegion, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyleOptionViewItem, QTreeView

from snapgui.core.text import translate
from snapgui.models.snapshot_cells import FIGURES, Column
from snapgui.models.snapshots import SnapshotsModel
from snapgui.models.tree import Index
from snapgui.ui.selection import RowSelection
from snapgui.ui.snapshots.columns import LESSER, WIDTHS, Header, without_room
from snapgui.ui.snapshots.rows import HANDLE, Branches, draw_row

_MANY = 20  # rows: from here on, what Qt does for each of them costs more than all of them at once
_NARROW = 32  # digits: what names may take of any tree
_STEP = 16  # pixels, for each branch
_LEAST_STEP = 4
_READABLE = 12  # characters of a name that are seen, however deep it lies


class SnapshotTree(QTreeView):
    """Gives names the room that they take, until the user sets a column's width."""

    def __init__(self) -> None:
        super().__init__()
        self.names_resized = False  # by the user
        self.words = ""  # what stands in place of rows where there are none
        self._fitting = False
        self.choice: RowSelection  # there with the model
        self._fit_soon = QTimer(self)
        self._fit_soon.setSingleShot(True)
        self._fit_soon.setInterval(0)
        self._fit_soon.timeout.connect(self.fit)
        self._paint = QTimer(self)
        self._paint.setSingleShot(True)
        self._paint.setInterval(0)
        self._paint.timeout.connect(self._paint_now)
        self.setIndentation(0)  # Qt would indent by depth: rows are drawn, and pressed, by strands
        self.setHeader(Header(self))
        self.setAccessibleName(translate("Snapshots", "Snapshots"))
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.setExpandsOnDoubleClick(False)

    def setModel(self, model: SnapshotsModel) -> None:  # type: ignore[override]  # this tree shows only this model
        super().setModel(model)
        slow = self.selectionModel()
        self.choice = RowSelection(model, self)
        self.setSelectionModel(self.choice)
        slow.deleteLater()
        self.setSortingEnabled(True)
        self.sortByColumn(Column.TAKEN, Qt.SortOrder.AscendingOrder)
        header = self.header()
        for figure in FIGURES:
            header.moveSection(header.visualIndex(figure), header.visualIndex(Column.STATE))
        digit = self.fontMetrics().horizontalAdvance("0")
        self._needs = {column: digit * width for column, width in WIDTHS.items()}
        for column, width in self._needs.items():
            header.resizeSection(column, width)
        self._least = self._needs[Column.NAME]
        header.sectionResized.connect(self._resized)
        header.sortIndicatorChanged.connect(self._fit_soon.start)
        model.arranged.connect(self._fit_soon.start)
        model.arranged.connect(self._paint_next)
        model.modelReset.connect(self._fit_soon.start)
        model.rowsRemoved.connect(self._removed)

    def restore_header(self, state: QByteArray, *, names_resized: bool) -> None:
        """Bring back what was kept of an earlier start; the width of names only where it was the user's."""
        self._fitting = True
        header = self.header()
        header.restoreState(state)
        for column in Column:
            header.showSection(column)  # or it would have no width
            if header.visualIndex(column) < len(Column) - 1:  # the last one took what was left
                self._needs[column] = header.sectionSize(column)
        self._fitting = False
        self.names_resized = names_resized
        self._fit_soon.start()

    def _paint_next(self) -> None:
        """Not in one go with the change itself: with 1,000 snapshots, both together held the window up for 60 ms."""
        self.setUpdatesEnabled(False)
        self._paint.start()

    def _paint_now(self) -> None:
        self.setUpdatesEnabled(True)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.words and not self.choice.snapshots.rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            area = self.viewport().rect().adjusted(8, 8, -8, -8)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.words)
            painter.end()

    def branches(self, index: Index) -> Branches:
        """What is drawn before a row. Where there is little room, the nearest strands are shown, and close together."""
        model = self.choice.snapshots
        strand = model.strand(index)
        step, most = self._steps()
        guides = strand.guides[max(0, len(strand.guides) - most) :]
        has_children = model.hasChildren(index)
        opened = has_children and self.isExpanded(model.index_of(model.key(index)))
        # A handle at every row of a chain would say nothing; where something branches, begins or is hidden, it does.
        handle = has_children and (not opened or strand.first or not strand.goes_on)
        return Branches(guides, step, first=strand.first, goes_on=strand.goes_on and opened, opens=handle)

    def _steps(self) -> tuple[int, int]:
        """How wide a strand is drawn, in pixels, and how many beside one another at most."""
        metrics = self.fontMetrics()
        icon = self.style().pixelMetric(QStyle.PixelMetric.PM_SmallIconSize)
        around = HANDLE + icon + 3 * metrics.horizontalAdvance(" ")
        seen = metrics.horizontalAdvance("0") * _READABLE
        room = max(0, self.columnWidth(Column.NAME) - around - seen)
        deepest = self.choice.snapshots.deepest()
        step = max(_LEAST_STEP, min(_STEP, room // deepest)) if deepest else _STEP
        return step, room // step

    def drawRow(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = self.choice.snapshots
        chosen = self.choice.has(index)
        draw_row(self, painter, option, index, model, branches=self.branches(index), selected=chosen)

    def visualRect(self, index: Index) -> QRect:
        """Without what is drawn before a name."""
        rect = super().visualRect(index)
        if rect.isValid() and index.column() == Column.NAME:
            width = min(self.branches(index).width, rect.width())
            rect.adjust(*((0, 0, -width, 0) if self.isRightToLeft() else (width, 0, 0, 0)))
        return rect

    def sizeHintForColumn(self, column: int) -> int:
        """What the rows on the screen take."""
        if column != Column.NAME:
            return super().sizeHintForColumn(column)
        widest, row = 0, self.indexAt(QPoint(self.columnViewportPosition(Column.NAME), 0))
        bottom = self.viewport().height()
        while row.isValid() and super().visualRect(row).top() < bottom:
            before = len(self.choice.snapshots.strand(row).guides) * _STEP + HANDLE
            widest = max(widest, before + self.sizeHintForIndex(row).width())
            row = self.indexBelow(row)
        return widest

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._pressed_handle(event):
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if not self._pressed_handle(event):
            super().mouseDoubleClickEvent(event)

    def _pressed_handle(self, event: QMouseEvent) -> bool:
        """Open or close the row whose handle is pressed; False where none is."""
        place = event.position().toPoint()
        row = self.indexAt(place)
        if event.button() is not Qt.MouseButton.LeftButton or row.column() != Column.NAME:
            return False
        name = self.visualRect(row)
        across = place.x() - name.right() if self.isRightToLeft() else name.left() - place.x()
        if not 0 < across <= HANDLE or not self.branches(row).opens:
            return False
        self.setExpanded(row, not self.isExpanded(row))
        event.accept()
        return True

    def rowsAboutToBeRemoved(self, parent: Index, first: int, last: int) -> None:
        """Stay where it is when the current row goes: to scroll to the next, all would be laid out once more."""
        super().rowsAboutToBeRemoved(parent, first, last)
        self.setAutoScroll(False)

    def _removed(self) -> None:
        self.setAutoScroll(True)

    def selectAll(self) -> None:
        """All rows but those below collapsed ones, as Qt does, in half the time: it asks five times for each place."""
        shown = self.choice.snapshots.walk(self.isExpanded)
        self.choice.select(self.choice.snapshots.selection_of(shown), QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        """All that is seen, where Qt would look for the place of very many ranges."""
        if selection.size() > _MANY:
            return QRegion(self.viewport().rect())
        return super().visualRegionForSelection(selection)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_soon.start()

    def fit(self) -> None:
        """Give names the room of those on the screen, unless their width is the user's, and descriptions what is left.

        Columns that have no room then are hidden, instead of being reached by scrolling sideways only.
        """
        if not self.isVisible():
            return
        header, room = self.header(), self.viewport().width()
        names = header.sectionSize(Column.NAME)
        if not self.names_resized:
            staying = sum(self._needs[column] for column in Column if column not in {Column.NAME, *LESSER})
            most = max(self.fontMetrics().horizontalAdvance("0") * _NARROW, room - staying)
            names = max(self._least, min(most, self.sizeHintForColumn(Column.NAME)))
        needs = {**self._needs, Column.NAME: names}
        hidden = without_room(needs, room, kept=(Column(header.sortIndicatorSection()),))
        self._fitting = True
        header.setStretchLastSection(Column.DESCRIPTION not in hidden)
        for column in Column:
            header.setSectionHidden(column, column in hidden)
        if Column.DESCRIPTION in hidden and not self.names_resized:
            names = max(names, room - sum(needs[column] for column in Column if column not in {Column.NAME, *hidden}))
        header.resizeSection(Column.NAME, names)
        self._fitting = False

    def _resized(self, section: int, _before: int, after: int) -> None:
        if self._fitting or not after:  # that is told of a hidden one, and later
            return
        if section == Column.NAME:
            self.names_resized = True
        elif self.header().visualIndex(section) < len(Column) - 1:  # the last one takes what is left
            self._needs[Column(section)] = after
