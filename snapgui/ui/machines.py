"""The machines panel: hosts, their machines, and a filter."""

from collections.abc import Sequence

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    Qt,
    Signal,
)
from PySide6.QtGui import QIcon, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from snapgui.core.records import DomainId, DomainRecord, DomainState, HostRecord, HostState
from snapgui.core.text import translate
from snapgui.models.machines import Column, MachinesModel
from snapgui.models.roles import Role
from snapgui.models.words import is_saved
from snapgui.ui.icons import icon
from snapgui.ui.widgets.filter_edit import FilterEdit

_Index = QModelIndex | QPersistentModelIndex
_STATE_ICONS = {
    DomainState.RUNNING: "machine-running",
    DomainState.SHUTTING_DOWN: "machine-running",
    DomainState.PAUSED: "machine-paused",
    DomainState.PM_SUSPENDED: "machine-paused",
    DomainState.CRASHED: "machine-failed",
}
_WIDEST = {Column.FREES: "≥ 000.0 MiB", Column.SNAPSHOTS: "00,000"}
_LEAST_NAME = 14  # characters: below that, a name needs the room of the sizes beside it
_INDENTATION = 14  # pixels: two levels, beside which every one is the names' room


class MachinesPanel(QWidget):
    """Shows the machines model; ``chosen`` tells that another host or machine is the subject."""

    chosen = Signal()

    def __init__(self, model: MachinesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.filter = FilterEdit(translate("Machines", "Filter machines"))
        self.filter.textChanged.connect(self._narrow)
        self._shown: DomainId | str | None = None
        self._hidden: DomainId | str | None = None  # the choice, while the filter hides its row
        self.tree = _MachinesTree()
        self.tree.setModel(model)
        self.tree.setItemDelegate(_MachineDelegate(self.tree))
        self.tree.setAccessibleName(translate("Machines", "Machines"))
        self.tree.setUniformRowHeights(True)
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(_INDENTATION)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(24)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, widest in _WIDEST.items():
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, self.fontMetrics().horizontalAdvance(widest))
        self.tree.selectionModel().selectionChanged.connect(self._selection_changed)
        self.tree.selectionModel().currentChanged.connect(self._current_changed)
        model.rowsInserted.connect(self._rows_inserted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.filter)
        layout.addWidget(self.tree)
        self.tree.span(0, model.rowCount() - 1)
        self.tree.expandAll()

    def domain(self) -> DomainId | None:
        """The chosen machine, also while the filter hides it; of several, the one that is shown."""
        if isinstance(self._hidden, DomainId):
            return self._hidden
        record = self._record()
        return record.id if isinstance(record, DomainRecord) else None

    def domains(self) -> tuple[DomainId, ...]:
        """All chosen machines, from top to bottom."""
        if isinstance(self._hidden, DomainId):
            return (self._hidden,)
        rows = self.tree.selectionModel().selectedRows()
        chosen = {record.id for row in rows if isinstance(record := row.data(Role.RECORD), DomainRecord)}
        hosts = (self._model.index(row, 0) for row in range(self._model.rowCount()))
        below = (self._model.index(row, 0, host) for host in hosts for row in range(self._model.rowCount(host)))
        return tuple(key for index in below if (key := index.data(Role.KEY)) in chosen)

    def uri(self) -> str | None:
        """The chosen host, or the host of the chosen machine."""
        if self._hidden is not None:
            return self._hidden.uri if isinstance(self._hidden, DomainId) else self._hidden
        record = self._record()
        if isinstance(record, HostRecord):
            return record.uri
        return record.id.uri if isinstance(record, DomainRecord) else None

    def first(self, uri: str | None = None) -> DomainId | None:
        """The uppermost machine, of one host or of all."""
        found = (key for key in self._model.walk() if isinstance(key, DomainId))
        return next((key for key in found if uri in (None, key.uri)), None)

    def choose(self, key: DomainId | str) -> bool:
        """Choose a machine, or a host by its URI. False where it is not shown."""
        index = self._model.index_of(key)
        if not index.isValid():
            return False
        self.tree.setCurrentIndex(index)
        self.tree.scrollTo(index)
        return True

    def _narrow(self, text: str) -> None:
        """A filter changes what is shown, never what is chosen."""
        chosen = self.domain() or self.uri()
        with QSignalBlocker(self):
            self._model.set_filter(text)
            shown = chosen is not None and self._model.index_of(chosen).isValid()
            self._hidden = None if shown or not text.strip() else chosen
            if shown and chosen is not None and self._shown != chosen:
                self.choose(chosen)
            elif not shown:
                self.tree.selectionModel().clear()
        self.tree.words = translate("Machines", "No machine matches the filter.") if text.strip() else ""
        self.tree.viewport().update()

    def _record(self) -> object:
        index = self._model.index_of(self._shown) if self._shown is not None else QModelIndex()
        return index.data(Role.RECORD) if index.isValid() else None

    def _selection_changed(self, selected: QItemSelection, _deselected: QItemSelection) -> None:
        if not selected.isEmpty():
            self._hidden = None
        self._choose_shown()
        self.chosen.emit()

    def _current_changed(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        before = self._shown
        self._choose_shown()
        if self._shown != before:
            self.chosen.emit()

    def _choose_shown(self) -> None:
        """Of several that are chosen, the one that the user went to last; a machine before a host.

        A key pressed with Ctrl goes without choosing.
        """
        chosen = [row.data(Role.KEY) for row in self.tree.selectionModel().selectedRows()]
        keys = [key for key in chosen if isinstance(key, DomainId)] or chosen
        current = self.tree.currentIndex().data(Role.KEY)
        if current in keys:
            self._shown = current
        elif self._shown not in keys:
            self._shown = keys[0] if keys else None

    def _rows_inserted(self, parent: QModelIndex, first: int, last: int) -> None:
        if not parent.isValid():
            self.tree.span(first, last)
            for row in range(first, last + 1):
                self.tree.expand(self._model.index(row, 0))
        elif self._model.rowCount(parent) == last - first + 1:
            self.tree.expand(parent)


class _MachinesTree(QTreeView):
    """Several rows can be chosen, and a click beside all of them leaves the choice alone. Says why there is no row.

    A narrow one is there for names, and has no sizes.
    """

    words = ""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        metrics = self.fontMetrics()
        figures = metrics.horizontalAdvance(_WIDEST[Column.FREES] + _WIDEST[Column.SNAPSHOTS])
        narrow = self.viewport().width() < figures + _LEAST_NAME * metrics.averageCharWidth() + 2 * self.indentation()
        if narrow != self.isColumnHidden(Column.FREES):
            self.setColumnHidden(Column.FREES, narrow)
            self.span(0, self.model().rowCount() - 1)

    def span(self, first: int, last: int) -> None:
        """Give the names of these hosts the whole row where no figure is beside them."""
        for row in range(first, last + 1):
            self._span(row)

    def _span(self, row: int) -> None:
        whole = self.isColumnHidden(Column.FREES) or not self.model().index(row, Column.FREES).data()
        if whole != self.isFirstColumnSpanned(row, QModelIndex()):
            self.setFirstColumnSpanned(row, QModelIndex(), whole)

    def dataChanged(self, first: _Index, last: _Index, roles: Sequence[int] = ()) -> None:
        super().dataChanged(first, last, roles)
        if not first.parent().isValid():
            self.span(first.row(), last.row())

    def selectionCommand(  # noqa: N802 - Qt
        self, index: _Index, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        if not index.isValid():
            return QItemSelectionModel.SelectionFlag.NoUpdate
        return super().selectionCommand(index, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.words and self.model().rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            area = self.viewport().rect().adjusted(8, 8, -8, -8)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.words)
            painter.end()


class _MachineDelegate(QStyledItemDelegate):
    """Puts the icon of the live state before a name."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        if index.column() == 0:
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
            option.icon = _row_icon(index.data(Role.RECORD))
            if not index.parent().isValid():  # which host it is stands first; the icon says that it is not connected
                option.textElideMode = Qt.TextElideMode.ElideRight


def _row_icon(record: object) -> QIcon:
    if isinstance(record, HostRecord):
        return icon("host-failed" if record.state is HostState.FAILED else "host")
    if isinstance(record, DomainRecord):
        return icon("machine-saved" if is_saved(record) else _STATE_ICONS.get(record.state, "machine-off"))
    return QIcon()
