"""The snapshots of the tree as a plain list, one row each: what the chart shows."""

from enum import Enum
from typing import Any

from PySide6.QtCore import QObject, Qt

from snapgui.models.roles import Role
from snapgui.models.snapshots import Column, SnapshotsModel
from snapgui.models.stack import Stack, spoken
from snapgui.models.tree import Index, TreeModel


class Order(Enum):
    """TREE is as the tree shows them, with its sorting; TIME is by when they were taken."""

    TREE = "tree"
    TIME = "time"


class FlatSnapshots(TreeModel):
    """A list over the tree's model: the same snapshots, roles and keys, without the row "You are here"."""

    def __init__(self, source: SnapshotsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self._order = Order.TREE
        source.arranged.connect(self._on_arranged)
        source.settled.connect(self.changed)
        source.modelReset.connect(self._on_reset)
        self._on_reset()

    @property
    def source(self) -> SnapshotsModel:
        """The tree's model."""
        return self._source

    @property
    def order(self) -> Order:
        """The order of the rows."""
        return self._order

    def set_order(self, order: Order) -> None:
        """Put the rows into another order."""
        self._order = order
        self._on_arranged()

    def row_of(self, name: str) -> int:
        """The row of a snapshot, -1 where it has none."""
        return self.index_of(name).row()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What the tree's model says in the column of names; to a screen reader, all that the row takes."""
        key = self.key(index)
        if key is None:
            return None
        found = self._source.index_of(key)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            record = self._source.data(found, Role.RECORD)
            return record and spoken(record, self.stack(index), current=self._source.data(found, Role.CURRENT))
        return self._source.data(found, role)

    def stack(self, index: Index) -> Stack:
        """What a row takes."""
        return Stack.of(self.data(index, Role.SIZE), self.data(index, Role.COST))

    def stacks(self) -> list[Stack]:
        """What each row takes, all at once: asking for 10,000 one by one takes 0.1 s."""
        sizes, costs = self._source.sizes, self._source.costs
        return [Stack.of(sizes.get(name), costs.get(name)) for name in self.names()]

    def names(self) -> list[str]:
        """The snapshots, row by row."""
        return [key for key in self.walk() if isinstance(key, str)]

    def _on_reset(self) -> None:
        self.reset({None: self._names()})

    def _on_arranged(self) -> None:
        self.apply({None: self._names()})

    def _names(self) -> list[str]:
        names = [key for key in self._source.walk() if isinstance(key, str)]
        if self._order is Order.TIME:
            names.sort(key=self._taken)
        return names

    def _taken(self, name: str) -> float:
        """Unknown times are last: not read yet, so just taken as a rule. Equal ones stay as in the tree."""
        taken = self._source.data(self._source.index_of(name, Column.TAKEN), Role.SORT)
        return float("inf") if taken is None else float(taken)
