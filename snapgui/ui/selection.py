"""One selection for the tree and the chart: each shows what the other has."""

from collections.abc import Callable, Iterable
from itertools import groupby

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QItemSelectionRange, QModelIndex, QObject

from snapgui.models.flat import FlatSnapshots
from snapgui.models.roles import Role
from snapgui.models.snapshots import SnapshotsModel

_Flag = QItemSelectionModel.SelectionFlag
_FEW = 20  # rows that are compared one by one


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
        _follow(self._chart, self._tree, (names_in(selected), names_in(deselected)), self._in_chart)
        self._linking = False

    def _follow_chart(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        if self._linking:
            return
        self._linking = True
        _follow(self._tree, self._chart, (names_in(selected), names_in(deselected)), self._snapshots.index_of)
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
        chosen = _ranges(names_in(self._tree.selection()), self._in_chart)
        self._chart.select(chosen, _Flag.ClearAndSelect)
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
    """Selects whole rows of a tree in linear time.

    Qt merges every row into those before it: selecting all of 1,000 snapshots takes 0.7 s, of 10,000 a minute.
    """

    def select(  # type: ignore[override]  # two overloads of Qt's in one
        self, selection: QItemSelection | QModelIndex, command: QItemSelectionModel.SelectionFlag
    ) -> None:
        """Select or deselect; ranges of one selection never overlap, since views make them row by row."""
        if not isinstance(selection, QItemSelection):
            selection = QItemSelection(selection, selection)
        if command & _Flag.Rows:
            selection = _whole(selection)
            command &= ~_Flag.Rows
        super().select(selection, command)


def names_in(selection: QItemSelection) -> list[str]:
    """The snapshots in a selection, whatever columns it covers; the machine's own row has no name.

    Linear, unlike ``QItemSelectionModel.selectedRows``, which takes a second at 1,000 rows of a tree.
    """
    found: list[str] = []
    for ranged in map(selection.at, range(selection.size())):
        model, parent = ranged.model(), ranged.parent()
        if ranged.left() == 0:
            rows = range(ranged.top(), ranged.bottom() + 1)
            found += [name for row in rows if (name := model.data(model.index(row, 0, parent), Role.KEY)) is not None]
    return found


def _whole(selection: QItemSelection) -> QItemSelection:
    whole = QItemSelection()
    seen: set[tuple[int, int, int]] = set()
    for ranged in map(selection.at, range(selection.size())):
        model, parent = ranged.model(), ranged.parent()
        rows = parent.internalId(), ranged.top(), ranged.bottom()
        if rows not in seen:
            seen.add(rows)
            last = model.columnCount(parent) - 1
            whole.append(QItemSelectionRange(model.index(rows[1], 0, parent), model.index(rows[2], last, parent)))
    return whole


def _follow(
    follower: QItemSelectionModel,
    leader: QItemSelectionModel,
    changed: tuple[list[str], list[str]],
    index_of: Callable[[str], QModelIndex],
) -> None:
    """Select and deselect what the leader did."""
    if sum(map(len, changed)) > _FEW:
        # Qt compares every range that comes or goes with every one that is there: whole is faster than in parts.
        whole = _ranges(names_in(leader.selection()), index_of)
        follower.select(whole, _Flag.ClearAndSelect)
        return
    selected, deselected = (_ranges(names, index_of) for names in changed)
    if not deselected.isEmpty():
        follower.select(deselected, _Flag.Deselect)
    if not selected.isEmpty():
        follower.select(selected, _Flag.Select)


def _ranges(names: Iterable[str], index_of: Callable[[str], QModelIndex]) -> QItemSelection:
    """The whole rows of these names, in as few ranges as they allow.

    Whole here, since Qt's flag ``Rows`` compares each range with every other.
    """
    indexes = [index for index in map(index_of, names) if index.isValid()]
    places = sorted(((index.parent().internalId(), index.row(), index) for index in indexes), key=lambda at: at[:2])
    selection = QItemSelection()
    for _, run in groupby(enumerate(places), key=lambda at: (at[1][0], at[1][1] - at[0])):
        rows = [place[2] for _, place in run]
        selection.select(rows[0], rows[-1].siblingAtColumn(rows[-1].model().columnCount() - 1))
    return selection
