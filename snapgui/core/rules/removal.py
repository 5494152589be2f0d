"""In which order snapshots can be deleted, and why one can't: libvirt's rules for each step, tried out in memory.

The rules are qemuSnapshotDeleteValidate and qemuSnapshotDeleteExternalPrepareData of libvirt 11.3, and what is lost
where libvirt would not look: an overlay is merged, and its file deleted, with all internal snapshots in it; a file goes
that another snapshot, or the machine, still needs. All were run there.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from snapgui.core import tree
from snapgui.core.overlays import external_disks, goes
from snapgui.core.records import Snapshots
from snapgui.core.rules.facts import is_external

_FEW: Final = 8  # for so many snapshots, every order is tried
_TRIES: Final = 2_000  # orders begun before a selection is given up; for small trees, all there are


class Obstacle(Enum):
    """Why a snapshot can't be deleted where it stands in the tree."""

    CURRENT = "external and current, with snapshots below"
    CHILDREN = "external, with several snapshots right below"
    NO_CURRENT = "external, with a snapshot below, and none is the current one"
    OFF_THE_LINE = "external, with a snapshot below, and the machine is elsewhere"
    BRANCH = "external, and not all below it leads to where the machine is"
    INTERNAL_PARENT = "external, below an internal snapshot"
    BURIED = "its overlay holds internal snapshots"
    OTHER_IMAGE = "internal, in another image than the machine runs on"
    UNFINISHED = "external, and deleting the one after it broke off"
    NEEDED = "its file is the machine's or another snapshot's too"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules need to know of a machine.

    ``active``: QEMU runs. ``files``: the images that the disks in a snapshot were on when it was taken, where that is
    known, and ``images`` the same by the disks' targets; ``runs_on``: those that the disks are on now; ``in_use``:
    these and what is behind them. ``unfinished``: the external ones of which libvirt remembers that a merge into their
    overlay broke off. ``keeps_base``: a file that is shared with an internal parent stays, as with libvirt 11.0 and
    later.
    """

    snapshots: Snapshots
    active: bool = False
    files: Mapping[str, frozenset[str]] = field(default_factory=dict)
    images: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    runs_on: frozenset[str] = frozenset()
    in_use: frozenset[str] = frozenset()
    unfinished: frozenset[str] = frozenset()
    keeps_base: bool = True


class Tree:
    """The snapshots while some of them go."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._external = {name for name, record in facts.snapshots.records.items() if is_external(record)}
        self._parents = tree.parents(facts.snapshots)
        self._children: dict[str, set[str]] = {name: set() for name in self._parents}
        for name, parent in self._parents.items():
            if parent is not None:
                self._children[parent].add(name)
        self._current = facts.snapshots.current
        self._unfinished = set(facts.unfinished)
        self._runs_on = facts.runs_on
        self._files = dict(facts.files)

    def parent(self, name: str) -> str | None:
        """The snapshot right above."""
        return self._parents[name]

    def children(self, name: str) -> list[str]:
        """The snapshots right below."""
        return sorted(self._children[name])

    def below(self, name: str) -> list[str]:
        """All snapshots below, those right below first."""
        found = self.children(name)
        for each in found:
            found += self.children(each)
        return found

    def merges(self, name: str) -> bool:
        """Whether deleting an external snapshot merges its overlay; else the file goes that it was taken of."""
        return name in self._external and (name == self._current or bool(self._children[name]))

    def dropped(self, name: str) -> frozenset[str]:
        """The files that go with one that is not merged; libvirt leaves images that it did not make."""
        if name not in self._external or self.merges(name):
            return frozenset()
        snapshots, images = self._facts.snapshots, self._facts.images.get(name, {})
        targets = external_disks(snapshots.records[name])
        return frozenset(
            images[target] for target in targets if target in images and goes(snapshots, self._parents, name, target)
        )

    def obstacle(self, name: str) -> Obstacle | None:
        """Why it can't be deleted now."""
        if name in self._external:
            return self._place(name) or self._data(name)
        return Obstacle.OTHER_IMAGE if self._facts.active and self._is_elsewhere(name) else None

    def _is_elsewhere(self, name: str) -> bool:
        """Whether it is in other images than the machine runs on; where these are not known, the tree tells."""
        files = self._files.get(name)
        if self._runs_on and files:
            return not files <= self._runs_on
        return self._overlay(name) != self._overlay(self._current)

    def _place(self, name: str) -> Obstacle | None:
        """What libvirt has against its place in the tree."""
        parent = self._parents[name]
        internal_parent = parent is not None and parent not in self._external
        below = self._place_below(name) if self._children[name] else None
        if below is None and internal_parent and (self.merges(name) or not self._facts.keeps_base):
            return Obstacle.INTERNAL_PARENT
        return below

    def _place_below(self, name: str) -> Obstacle | None:
        """What libvirt has against what is below it."""
        if name == self._current:
            return Obstacle.CURRENT
        if len(self._children[name]) > 1:
            return Obstacle.CHILDREN
        if self._current is None:
            return Obstacle.NO_CURRENT
        if not self._is_above_current(name):
            return Obstacle.OFF_THE_LINE
        return Obstacle.BRANCH if self.astray(name) else None

    def _data(self, name: str) -> Obstacle | None:
        """What is wrong with its files, or would be with those of others."""
        if name in self._unfinished:
            return Obstacle.UNFINISHED
        if self.merges(name):
            return Obstacle.BURIED if self.buried(name) else None
        return Obstacle.NEEDED if self._is_needed(name) else None

    def astray(self, name: str) -> list[str]:
        """What is below it and neither the current one nor above that."""
        return [each for each in self.below(name) if each != self._current and not self._is_above_current(each)]

    def buried(self, name: str) -> list[str]:
        """The internal snapshots in the overlay of an external one."""
        found = []
        waiting = self.children(name)
        while waiting:
            below = waiting.pop()
            if below not in self._external:
                found.append(below)
                waiting += self._children[below]
        return sorted(found)

    def remove(self, name: str) -> None:
        """Delete it; its children move up."""
        parent = self._parents[name]
        if self.merges(name):
            self._merge(name)
        if parent is not None and self.merges(name):
            self._unfinished.discard(parent)  # it is the one that the overlay was merged into
        for child in self._children[name]:
            self._parents[child] = parent
        if parent is not None:
            self._children[parent] |= self._children[name]
            self._children[parent].discard(name)
        del self._children[name], self._parents[name]
        if name == self._current:
            self._current = parent

    def _merge(self, name: str) -> None:
        """The image that it was taken of takes in the one above: the machine's, or what the next one was taken of."""
        base = self._files.get(name)
        after = self._next(name)
        if base is None:
            self._runs_on = frozenset()
        elif after is None:
            self._runs_on |= base  # nothing is left in the old ones: what is inside them keeps them from being merged
        else:
            self._files[after] = base

    def _next(self, name: str) -> str | None:
        """The first external one below it on the way to where the machine is."""
        found = None
        each = self._current
        while each is not None and each != name:
            if each in self._external:
                found = each
            each = self._parents[each]
        return found

    def is_harmless(self, name: str, wanted: Collection[str]) -> bool:
        """Whether it can be deleted now, and, files aside, that can keep none of ``wanted`` from going later.

        Only an internal one can: an external one above it gets its children, or becomes the current one above them.
        """
        if self.obstacle(name) is not None:
            return False
        children = len(self._children[name])
        moves_up = children > 1 or (children == 1 and name == self._current)
        return name in self._external or not (moves_up and self._parents[name] in self._external.intersection(wanted))

    def _overlay(self, name: str | None) -> str | None:
        while name is not None and name not in self._external:
            name = self._parents[name]
        return name

    def _is_above_current(self, name: str) -> bool:
        above = self._current
        while above is not None and above != name:
            above = self._parents[above]
        return above == name

    def _is_needed(self, name: str) -> bool:
        others = (self._files.get(other, frozenset()) for other in self._parents if other != name)
        return not self.dropped(name).isdisjoint(self._facts.in_use.union(*others))


def find_order(facts: Facts, going: Collection[str]) -> tuple[list[str], Tree]:
    """In which order they go, those below first where that is possible, and the tree then.

    Where no order deletes all of them, as far as one gets.
    """
    going = set(going)
    wanted = [name for name in reversed(tree.tree_order(facts.snapshots)) if name in going]
    longest = _longest(facts, wanted, _go_on)
    if len(longest) < len(wanted) <= _FEW:
        # Which files libvirt deletes depends on what has gone before: an order that is dearer to find may work.
        longest = max(longest, _longest(facts, wanted, lambda now, order, _: (order, now)), key=len)
    return longest, _after(facts, longest)


def _longest(
    facts: Facts, wanted: Sequence[str], go_on: Callable[[Tree, list[str], Sequence[str]], tuple[list[str], Tree]]
) -> list[str]:
    """The first order that deletes all that are ``wanted``, or the longest; ``go_on`` is a way to lengthen one."""
    longest: list[str] = []
    tried: set[frozenset[str]] = set()
    waiting: list[list[str]] = [[]]
    while waiting and len(longest) < len(wanted) and len(tried) < _TRIES:
        begun = waiting.pop()
        order, now = go_on(_after(facts, begun), begun, wanted)
        gone = frozenset(order)
        if gone in tried:
            continue
        tried.add(gone)
        longest = max(longest, order, key=len)
        waiting += [[*order, name] for name in wanted if name not in gone and now.obstacle(name) is None]
    return longest


def _after(facts: Facts, order: Sequence[str]) -> Tree:
    now = Tree(facts)
    for name in order:
        now.remove(name)
    return now


def _go_on(now: Tree, order: Sequence[str], wanted: Sequence[str]) -> tuple[list[str], Tree]:
    """And all whose going can't stand in the way of another's, as far as the tree tells."""
    done = list(order)
    gone = set(done)
    left = [name for name in wanted if name not in gone]
    went = True
    while went:
        went = False
        for name in list(left):
            if now.is_harmless(name, left):
                now.remove(name)
                done.append(name)
                left.remove(name)
                went = True
    return done, now
