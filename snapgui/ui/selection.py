"""One selection for the tree and the chart: each shows what the other has."""

from collections.abc import Callable, Iterable
from itertools import groupby

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QObject

from snapgui.models.flat import FlatSnapshots
from snapgui.models.roles import Role
from snapgui.models.snapshots import SnapshotsModel

_Flag = QItemSelectionModel.SelectionFlag


class SelectionLink(QObject):
    """Keeps the selection and the current item of the chart equal to the tree's, by the snapshots' names, both ways.

    The tree is the master: after a reset of the chart's model its selection is taken from the tree.
    """

    def __init__(
        self,
        tree: QItemSelectionModel,
        chart: QItemSelectionModel,
        snapshots: SnapshotsModel,
        flat: FlatSnapshots,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._tree = tree
        self._chart = chart
        self._snapshots = snapshots
        self._flat = flat
        self._linking = False
        tree.selectionChanged.connect(self._follow_tree)
        tree.currentChanged.connect(self._follow_tree_current)
        chart.selectionChanged.connect(self._follow_chart)
        chart.currentChanged.connect(self._follow_chart_current)
        flat.modelReset.connect(self._take_over)
        flat.rowsInserted.connect(self._take_over_rows)
        self._take_over()

    def _in_chart(self, name: str) -> QModelIndex:
        return self._flat.index(self._flat.row_of(name), 0)

    def _follow_tree(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        if self._linking:
            return
        self._linking = True
        _select(self._chart, _names(deselected), self._in_chart, _Flag.Deselect)
        _select(self._chart, _names(selected), self._in_chart, _Flag.Select)
        self._linking = False

    def _follow_chart(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        if self._linking:
            return
        self._linking = True
        _select(self._tree, _names(deselected), self._snapshots.index_of, _Flag.Deselect | _Flag.Rows)
        _select(self._tree, _names(selected), self._snapshots.index_of, _Flag.Select | _Flag.Rows)
        here = self._snapshots.here_index()
        if not selected.isEmpty() and self._tree.isSelected(here):
            # The chart has no bar for the machine itself, so a choice made in it is a choice against that row.
            self._tree.select(here, _Flag.Deselect | _Flag.Rows)
        self._linking = False

    def _follow_tree_current(self, current: QModelIndex) -> None:
        if not self._linking:
            self._linking = True
            name = current.data(Role.KEY)
            self._chart.setCurrentIndex(self._in_chart(name) if name is not None else QModelIndex(), _Flag.NoUpdate)
            self._linking = False

    def _follow_chart_current(self, current: QModelIndex) -> None:
        name = current.data(Role.KEY)
        if not self._linking and name is not None:
            self._linking = True
            self._tree.setCurrentIndex(self._snapshots.index_of(name), _Flag.NoUpdate)
            self._linking = False

    def _take_over(self) -> None:
        self._linking = True
        self._chart.clearSelection()
        _select(self._chart, _names(self._tree.selection()), self._in_chart, _Flag.Select)
        self._linking = False
        self._follow_tree_current(self._tree.currentIndex())

    def _take_over_rows(self, _parent: QModelIndex, first: int, last: int) -> None:
        """A row that is new to the chart may be selected in the tree already."""
        if self._linking or not self._tree.hasSelection():
            return
        self._linking = True
        for row in range(first, last + 1):
            index = self._flat.index(row, 0)
            if self._tree.isSelected(self._snapshots.index_of(index.data(Role.KEY))):
                self._chart.select(index, _Flag.Select)
        self._linking = False


def _names(selection: QItemSelection) -> list[str]:
    """The snapshots in a selection, whatever columns it covers; the machine's own row has no name."""
    found = (
        ranged.model().index(row, 0, ranged.parent()).data(Role.KEY)
        for ranged in map(selection.at, range(selection.size()))
        for row in range(ranged.top(), ranged.bottom() + 1)
        if ranged.left() == 0
    )
    return [name for name in found if name is not None]


def _select(
    model: QItemSelectionModel, names: Iterable[str], index_of: Callable[[str], QModelIndex], flag: _Flag
) -> None:
    """Select or deselect by name, in as few ranges as the rows allow."""
    indexes = [index for index in map(index_of, names) if index.isValid()]
    if not indexes:
        return
    places = sorted(((index.parent().internalId(), index.row(), index) for index in indexes), key=lambda at: at[:2])
    selection = QItemSelection()
    for _, run in groupby(enumerate(places), key=lambda at: (at[1][0], at[1][1] - at[0])):
        rows = [place[2] for _, place in run]
        selection.select(rows[0], rows[-1])
    model.select(selection, flag)
