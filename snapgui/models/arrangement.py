"""How a tree's rows lie: the keys under each key, the rows made of them, the strands that they are drawn as."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex

Arrangement = Mapping[
    Hashable, Sequence[Hashable]
]  # the children of each key, in order; those of None are the top rows

_LEVELS = 10  # steps to the right of the top rows that leave room for names


class Node:
    """A row: where it is, and what is under it. The number is its internal id: Qt keeps no reference to objects."""

    __slots__ = ("children", "index", "key", "number", "parent", "row")

    def __init__(self, number: int, key: Hashable) -> None:
        self.number = number
        self.key = key
        self.parent: Node | None = None
        self.row = 0
        self.index: QModelIndex | None = None  # of its first column, kept until the row moves
        self.children: list[Node] = []

    def place(self, row: int) -> None:
        """Stand in this row of its parent's."""
        self.row = row
        self.index = None


class Strand(NamedTuple):
    """A row's place in a drawing: each strand stands beside the one that it comes from.

    ``guides``: for each strand from the second one to the row's own, whether another one follows beside it.
    """

    guides: tuple[bool, ...]
    first: bool  # of its strand
    goes_on: bool  # with its only child


class Strands:
    """The strands of all rows under a top, as they lie now.

    In a tree of few levels each row begins a strand, so that every child stands to the right of its parent. In a deeper
    one a chain is one strand, however long, and only branches stand to the right: else no room is left for the names.
    They are found for all at once: a chain of 10,000 is climbed by no row of it.
    """

    def __init__(self, top: Node) -> None:
        self._by_level = _is_flat(top)
        self._heads = {child: child for child in top.children}  # the first row of each row's strand
        self._depths = dict.fromkeys(self._heads, 0)
        waiting = list(self._heads)
        while waiting:
            node = waiting.pop()
            head = self._heads[node]
            if len(node.children) == 1 and not self._by_level:
                self._heads[node.children[0]] = head
            else:
                self._heads.update((child, child) for child in node.children)
                self._depths.update(dict.fromkeys(node.children, self._depths[head] + 1))
            waiting += node.children
        self.deepest = max(self._depths.values(), default=0)

    def of(self, node: Node) -> Strand:
        """How a row is to be drawn."""
        head = self._heads[node]
        first, guides = head is node, []
        while head.parent is not None and self._depths[head]:
            guides.append(head.row < len(head.parent.children) - 1)
            head = self._heads[head.parent]
        return Strand(tuple(reversed(guides)), first=first, goes_on=len(node.children) == 1 and not self._by_level)


def _is_flat(top: Node) -> bool:
    """Whether there is room for a step to the right at each level."""
    rows = top.children
    for _ in range(_LEVELS):
        rows = [child for row in rows for child in row.children]
    return not rows


def reached(target: Arrangement) -> dict[Hashable, Hashable]:
    """Each key's parent, parents before children, None (its own parent) first."""
    parents: dict[Hashable, Hashable] = {None: None}
    waiting: list[Hashable] = [None]
    for parent in waiting:  # grows while it is walked
        children = target.get(parent, ())
        parents.update(dict.fromkeys(children, parent))
        waiting.extend(children)
    return parents


def neighbours(nodes: Iterable[Node]) -> list[tuple[Node, list[Node]]]:
    """Nodes as runs of neighbours with their parent; those of one parent from its top. The top of all is in none."""
    by_parent: dict[Node, list[Node]] = {}
    for node in nodes:
        if node.parent is not None:
            by_parent.setdefault(node.parent, []).append(node)
    return [(parent, run) for parent, under in by_parent.items() for run in _runs(under)]


def _runs(nodes: list[Node]) -> list[list[Node]]:
    """Nodes of one parent as runs of neighbours, from the top."""
    nodes.sort(key=lambda node: node.row)
    grouped = groupby(enumerate(nodes), key=lambda item: item[1].row - item[0])
    return [[node for _, node in run] for _, run in grouped]
