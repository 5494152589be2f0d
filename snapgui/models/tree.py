"""A tree model that is told how its rows shall lie, and tells its views only the differences.

Sorting, filtering and refreshing all come down to the same thing: a new arrangement of keys. So selection, expansion
and scroll position in the views survive each of them.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import overload

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelection,
    QItemSelectionRange,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
)

from snapgui.models.arrangement import Arrangement, Node, Strand, Strands, neighbours, reached

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()

# For every run of rows that goes, Qt climbs from every persistent index to the top, and every step is a call of
# ``parent``; for every run that comes, it looks at each once. Above this many calls (8 ms: the other way takes as long
# with 1,000 rows), the rows are brought together first, so that they come or go as one run.
_CHEAP = 6_000

# A tree view looks for the row of every dataChanged among all rows: 30 µs with 1,000 rows, 10 times that with 10,000.
_MANY_SIGNALS = 100


class TreeModel(QAbstractItemModel):
    """Rows by key. A subclass says how many columns there are, adds data, and calls ``apply`` and ``changed``."""

    columns = 1

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._top = Node(0, None)
        self._top.index = QModelIndex()
        self._by_number: dict[int, Node] = {0: self._top}
        self._by_key: dict[Hashable, Node] = {None: self._top}
        self._next_number = 1
        self._strands: Strands | None = None  # not known since rows came, went or moved

    # Qt's questions

    # A tree view asks for indexes and their parents very often: to paint with 1,000 rows selected takes 70,000 calls of
    # ``parent``. To make an index takes longer than all else in them, so each row keeps its own.

    def index(self, row: int, column: int = 0, parent: Index = _NOWHERE) -> QModelIndex:
        """The index of a cell, invalid where there is none."""
        node = self._node(parent)
        if node is None or not 0 <= row < len(node.children) or not 0 <= column < self.columns:
            return QModelIndex()
        child = node.children[row]
        return self._index(child) if column == 0 else self.createIndex(row, column, child.number)

    @overload
    def parent(self) -> QObject | None: ...
    @overload
    def parent(self, child: Index) -> QModelIndex: ...
    def parent(self, child: Index | None = None) -> QObject | QModelIndex | None:
        """The row above a child; without one, the QObject that owns the model."""
        if child is None:
            return super().parent()
        node = self._by_number.get(child.internalId())
        if node is None or node.parent is None:
            return QModelIndex()
        return self._index(node.parent)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Children of a row."""
        node = self._node(parent)
        return len(node.children) if node else 0

    def columnCount(self, _parent: Index = _NOWHERE) -> int:
        """The same for every row."""
        return self.columns

    def hasChildren(self, parent: Index = _NOWHERE) -> bool:
        """Whether a row has children."""
        node = self._node(parent)
        return node is not None and len(node.children) > 0

    def _node(self, parent: Index) -> Node | None:
        """Whose children a parent's index stands for. An invalid index has the number 0, the top's, and no column."""
        return self._by_number.get(parent.internalId()) if parent.column() <= 0 else None

    def _index(self, node: Node) -> QModelIndex:
        if node.index is None:
            node.index = self.createIndex(node.row, 0, node.number)
        return node.index

    # keys

    def key(self, index: Index) -> Hashable:
        """The key of an index's row; None for an invalid one."""
        node = self._by_number.get(index.internalId()) if index.isValid() else None
        return node.key if node else None

    def index_of(self, key: Hashable, column: int = 0) -> QModelIndex:
        """The index of a key's row, invalid where it has none."""
        node = self._by_key.get(key)
        if node is None or node is self._top:
            return QModelIndex()
        return self._index(node) if column == 0 else self.createIndex(node.row, column, node.number)

    def keys_in(self, selection: QItemSelection) -> list[Hashable]:
        """The keys of the rows whose first column is selected.

        Linear, unlike ``QItemSelectionModel.selectedRows``, which takes a second at 1,000 rows of a tree.
        """
        found: list[Hashable] = []
        for ranged in map(selection.at, range(selection.size())):
            node = self._by_number.get(ranged.topLeft().internalId())
            if node is None or node.parent is None or ranged.left() > 0:
                continue
            last = ranged.bottom()
            found += (
                [node.key] if last == node.row else [each.key for each in node.parent.children[node.row : last + 1]]
            )
        return found

    def selection_of(self, keys: Iterable[Hashable]) -> QItemSelection:
        """These rows, whole, in as few ranges as they allow; unknown keys are passed over."""
        selection = QItemSelection()
        for run in self._runs_of(keys):
            last = run[-1]
            # Not by ``select``, which asks for the parents of both ends.
            end = self.createIndex(last.row, self.columns - 1, last.number)
            selection.append(QItemSelectionRange(self._index(run[0]), end))
        return selection

    def strand(self, index: Index) -> Strand:
        """How a row is to be drawn, as ``Strands`` tells it."""
        node = self._by_number.get(index.internalId()) if index.isValid() else None
        return Strand((), first=True, goes_on=False) if node is None else self._drawing().of(node)

    def deepest(self) -> int:
        """How many strands there are at most from a top row's to a row's own, without the first."""
        return self._drawing().deepest

    def _drawing(self) -> Strands:
        if self._strands is None:
            self._strands = Strands(self._top)
        return self._strands

    def keys_with_children(self) -> set[Hashable]:
        """Every row that has children."""
        return {node.key for node in self._by_number.values() if node.children and node is not self._top}

    def walk(self, enter: Callable[[QModelIndex], bool] | None = None) -> Iterator[Hashable]:
        """All rows, from the top, each before its children; only those below rows that are to be entered."""
        waiting = self._top.children[::-1]
        while waiting:
            node = waiting.pop()
            yield node.key
            if node.children and (enter is None or enter(self._index(node))):
                waiting.extend(reversed(node.children))

    def keys_under(self, parent: Hashable) -> list[Hashable]:
        """The children of a row (None: the top rows), in order."""
        node = self._by_key.get(parent)
        return [child.key for child in node.children] if node else []

    # changes

    def reset(self, target: Arrangement) -> None:
        """Begin anew: for another subject, not for a later state of the same."""
        self.beginResetModel()
        self._top.children = []
        self._by_number = {0: self._top}
        self._by_key = {None: self._top}
        self._strands = None
        self._create(self._top, 0, target.get(None, ()), target)
        self.endResetModel()

    def changed(self, keys: Iterable[Hashable], first: int = 0, last: int | None = None) -> None:
        """Tell that data differs in the columns ``first`` to ``last`` of these rows; unknown keys are passed over.

        Where that would be very many signals, one stands for all rows between the first and the last under a parent,
        and with very many parents, layoutChanged for the whole tree.
        """
        last = self.columns - 1 if last is None else last
        runs = self._runs_of(keys)
        if len(runs) > _MANY_SIGNALS:
            ends: dict[Node | None, list[Node]] = {}
            for run in runs:
                ends.setdefault(run[0].parent, []).extend((run[0], run[-1]))
            runs = list(ends.values())
        if len(runs) > _MANY_SIGNALS:
            self.layoutAboutToBeChanged.emit()
            self.layoutChanged.emit()
            return
        for run in runs:
            self.dataChanged.emit(
                self.createIndex(run[0].row, first, run[0].number),
                self.createIndex(run[-1].row, last, run[-1].number),
            )

    def _runs_of(self, keys: Iterable[Hashable]) -> list[list[Node]]:
        """The rows of these keys as runs of neighbours; unknown keys are passed over."""
        known = (node for node in set(map(self._by_key.get, keys)) if node is not None)
        return [run for _, run in neighbours(known)]

    def insert(self, parent: Hashable, row: int, key: Hashable) -> None:
        """Add one row without looking at the others."""
        self._insert(self._by_key[parent], row, (key,), {})

    def remove(self, key: Hashable) -> None:
        """Take one row away, with all that is under it."""
        node = self._by_key.get(key)
        if node is not None and node.parent is not None:
            self._remove(node.parent, node.row, node.row)

    def apply(self, target: Arrangement) -> None:
        """Arrange the rows like this. Each key stands once in ``target`` and is reached from None.

        New rows come first and gone ones leave last, so that a row can move between the two: the children of a
        deleted snapshot move up with their selection and expansion.
        """
        wanted = reached(target)
        self._insert_new(target, wanted)
        gone = [node for key, node in self._by_key.items() if key not in wanted]
        self._rearrange(target, wanted, gone)
        self._remove_gone(target, wanted, gone)

    def _insert_new(self, target: Arrangement, wanted: Mapping[Hashable, Hashable]) -> None:
        runs: list[tuple[Node, Node | None, list[Hashable]]] = []  # parent, the row before, the new keys
        for parent in wanted:
            node = self._by_key.get(parent)
            if node is None:
                continue
            before: Node | None = None
            fresh: list[Hashable] = []
            for key in target.get(parent, ()):
                known = self._by_key.get(key)
                if known is None:
                    if not fresh:
                        runs.append((node, before, fresh))
                    fresh.append(key)
                elif known.parent is node:
                    before, fresh = known, []
        if not runs:
            return
        if len(runs) > 1 and len(runs) * (len(self.persistentIndexList()) + len(self._by_key) // 4) > _CHEAP:
            missing = [key for key in wanted if key not in self._by_key]
            self._insert(self._top, len(self._top.children), missing, {})
            return
        for node, before, keys in runs:
            self._insert(node, before.row + 1 if before else 0, keys, target)

    def _rearrange(self, target: Arrangement, wanted: Mapping[Hashable, Hashable], gone: Iterable[Node]) -> None:
        """Move what stays to where it shall be; what goes is left with the parent it has, at the end."""
        moves: dict[Node, list[Node]] = {}
        for parent in wanted:
            node = self._by_key[parent]
            children = [self._by_key[key] for key in target.get(parent, ())]
            if children != node.children and children != [child for child in node.children if child.key in wanted]:
                moves[node] = children + [child for child in node.children if child.key not in wanted]
        for node in gone:
            staying_behind = [child for child in node.children if child.key not in wanted]
            if len(staying_behind) != len(node.children):
                moves[node] = staying_behind
        self._lay_out(moves)

    def _remove_gone(self, target: Arrangement, wanted: Mapping[Hashable, Hashable], gone: Sequence[Node]) -> None:
        runs = neighbours(node for node in gone if node.parent is not None and node.parent.key in wanted)
        if not runs:
            return
        if self._dear(len(runs)):
            staying = [self._by_key[key] for key in wanted if key is not None]
            moves: dict[Node, list[Node]] = {node: [] for node in self._by_number.values()}
            moves[self._top] = [*staying, *gone]
            self._lay_out(moves)
            self._remove(self._top, len(staying), len(staying) + len(gone) - 1)
            self._rearrange(target, wanted, ())
            return
        for parent, run in reversed(runs):
            self._remove(parent, run[0].row, run[-1].row)

    def _dear(self, runs: int) -> bool:
        """Whether removing that many runs would make Qt climb more than is cheap. Counts no further than that."""
        left = _CHEAP // runs - len(self._by_key) // 4
        for index in self.persistentIndexList():
            node: Node | None = self._by_number[index.internalId()]
            while node is not None and left >= 0:
                left -= 1
                node = node.parent
        return left < 0

    def _lay_out(self, moves: Mapping[Node, list[Node]]) -> None:
        if not moves:
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        self._strands = None
        for node, children in moves.items():
            node.children = children
            for row, child in enumerate(children):
                child.parent = node
                child.place(row)
        moved = [(old, self._by_number[old.internalId()]) for old in before]
        moved = [(old, node) for old, node in moved if old.row() != node.row]
        self.changePersistentIndexList(
            [old for old, _ in moved],
            [self.createIndex(node.row, old.column(), node.number) for old, node in moved],
        )
        self.layoutChanged.emit()

    def _insert(self, parent: Node, row: int, keys: Sequence[Hashable], target: Arrangement) -> None:
        self.beginInsertRows(self.index_of(parent.key), row, row + len(keys) - 1)
        self._create(parent, row, keys, target)
        self.endInsertRows()

    def _create(self, parent: Node, row: int, keys: Iterable[Hashable], target: Arrangement) -> None:
        """Make rows for these keys, and under them for those of their children that are new too."""
        first = self._next_number
        self._strands = None
        parent.children[row:row] = [self._new(key, parent) for key in keys]
        for place in range(row, len(parent.children)):
            parent.children[place].place(place)
        number = first
        while number < self._next_number:  # grows as children are made; no recursion: a chain may be 10,000 deep
            node = self._by_number[number]
            node.children = [self._new(key, node) for key in target.get(node.key, ()) if key not in self._by_key]
            for place, child in enumerate(node.children):
                child.place(place)
            number += 1

    def _new(self, key: Hashable, parent: Node) -> Node:
        node = Node(self._next_number, key)
        node.parent = parent
        self._by_number[node.number] = self._by_key[key] = node
        self._next_number += 1
        return node

    def _remove(self, parent: Node, first: int, last: int) -> None:
        self.beginRemoveRows(self.index_of(parent.key), first, last)
        self._strands = None
        leaving = parent.children[first : last + 1]
        del parent.children[first : last + 1]
        for place in range(first, len(parent.children)):
            parent.children[place].place(place)
        while leaving:
            node = leaving.pop()
            leaving.extend(node.children)
            del self._by_number[node.number], self._by_key[node.key]
        self.endRemoveRows()
