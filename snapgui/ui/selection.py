"""One selection for the tree and the chart: each shows what the other has."""

from collections.abc import Hashable

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QItemSelectionRange, QModelIndex, QObject

from snapgui.models.flat import FlatSnapshots
from snapgui.models.roles import Role
from snapgui.models.snapshots import SnapshotsModel
from snapgui.models.tree import Index, TreeModel

_Flag = QItemSelectionModel.SelectionFlag
_FEW = 20  # rows that are compared one by one


class SelectionLink(QObject):
    """Keeps the selection and the current item of the chart equal to the tree's, by the snapshots' names, both ways.

    The tree is the master: after a reset of the chart's model its selection is taken from the tree.
    """

    def __init__(
        self,
        tree: "RowSelection",
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
        gone, come = self._snapshots.keys_in(deselected), self._snapshots.keys_in(selected)
        if len(gone) + len(come) > _FEW:
            self._chart.select(self._flat.selection_of(self._tree.names()), _Flag.ClearAndSelect)
        else:
            _follow(self._chart, self._flat, come, gone)
        self._linking = False

    def _follow_chart(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        if self._linking:
            return
        self._linking = True
        gone, come = self._flat.keys_in(deselected), self._flat.keys_in(selected)
        if len(gone) + len(come) > _FEW:
            whole = self._snapshots.selection_of(self._flat.keys_in(self._chart.selection()))
            self._tree.select(whole, _Flag.ClearAndSelect)
        else:
            _follow(self._tree, self._snapshots, come, gone)
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
        self._chart.select(self._flat.selection_of(self._tree.names()), _Flag.ClearAndSelect)
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


class RowSelection(QItemSelectionModel):
    """The choice of snapshots in their tree, by whole rows. Selects them in linear time.

    Qt merges every row into those before it: selecting all of 1,000 snapshots takes 0.7 s, of 10,000 a minute.
    """

    def __init__(self, model: SnapshotsModel, parent: QObject) -> None:
        super().__init__(model, parent)
        self.snapshots = model
        self._chosen: dict[Hashable, None] = {}  # a set in order
        self.selectionChanged.connect(self._follow)
        model.modelReset.connect(self._forget)

    def names(self) -> tuple[str, ...]:
        """The chosen snapshots, in the order in which they were; the machine's own row has no name.

        Kept up to date: to ask Qt for 1,000 chosen rows takes 5 ms, and everybody who follows the choice needs them.
        """
        return tuple(key for key in self._chosen if isinstance(key, str))

    def keys(self) -> tuple[Hashable, ...]:
        """The same, with the machine's own row."""
        return tuple(self._chosen)

    def has(self, index: Index) -> bool:
        """Whether a row is chosen, by one look: ``isSelected`` compares it with every range."""
        return self.snapshots.key(index) in self._chosen

    def count(self) -> int:
        """How many rows are chosen, the machine's own too."""
        return len(self._chosen)

    def select(  # type: ignore[override]  # two overloads of Qt's in one
        self, selection: QItemSelection | QModelIndex, command: QItemSelectionModel.SelectionFlag
    ) -> None:
        """Select or deselect; ranges of one selection never overlap, since views make them row by row."""
        if not isinstance(selection, QItemSelection):
            selection = QItemSelection(selection, selection)
        if command & _Flag.Rows:
            selection = self._whole(selection)
            command &= ~_Flag.Rows
        super().select(selection, command)

    def _whole(self, selection: QItemSelection) -> QItemSelection:
        last = self.snapshots.columns - 1
        ranges = [selection.at(place) for place in range(selection.size())]
        if all(ranged.left() == 0 and ranged.right() == last for ranged in ranges):
            return selection
        whole = QItemSelection()
        seen: set[tuple[int, int, int]] = set()
        for ranged in ranges:
            parent = ranged.parent()
            rows = parent.internalId(), ranged.top(), ranged.bottom()
            if rows not in seen:
                seen.add(rows)
                first, end = (
                    self.snapshots.index(row, column, parent) for row, column in ((rows[1], 0), (rows[2], last))
                )
                whole.append(QItemSelectionRange(first, end))
        return whole

    def _follow(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        for key in self.snapshots.keys_in(deselected):
            self._chosen.pop(key, None)
        self._chosen.update(dict.fromkeys(self.snapshots.keys_in(selected)))

    def _forget(self) -> None:
        """Qt drops a selection with a reset, and tells nobody."""
        self._chosen.clear()


def _follow(follower: QItemSelectionModel, model: TreeModel, come: list[Hashable], gone: list[Hashable]) -> None:
    """Select and deselect row by row what the leader did.

    Qt compares every range that comes or goes with every one that is there: for many rows, whole is faster.
    """
    if gone:
        follower.select(model.selection_of(gone), _Flag.Deselect)
    if come:
        follower.select(model.selection_of(come), _Flag.Select)
