"""Reads the tables of an image that somebody may be writing to meanwhile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from snapgui.qcow2.header import Header, read_header
from snapgui.qcow2.snapshots import InternalSnapshot, read_table, steadily
from snapgui.qcow2.source import ByteSource
from snapgui.qcow2.tables import Numbers, State, read_l1, read_states

Result = TypeVar("Result")

_L1_AT_ONCE = 1 << 16  # entries of an L1 table


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What an image had when it was looked at. ``places`` are those of the L2 tables of the disk as it was then."""

    source: ByteSource
    header: Header
    snapshots: tuple[InternalSnapshot, ...]
    states: tuple[State, ...]  # of each snapshot, then the disk
    places: Numbers


def while_it_stays(source: ByteSource, read: Callable[[Sight], Result]) -> Result:
    """What ``read`` finds in an image whose snapshots stayed as they are, and to which no other was reverted.

    What a guest wrote meanwhile is in it or not, each write by itself: so what a set of snapshots gives back is between
    what it was before and after, as with every write a snapshot only ever comes to hold more of its own. Raises as
    ``read`` does, and ChangingImageError.
    """
    return while_they_stay([source], lambda sights: read(*sights))


def while_they_stay(sources: Sequence[ByteSource], read: Callable[[tuple[Sight, ...]], Result]) -> Result:
    """As ``while_it_stays``, of several images that belong together."""
    return steadily(
        lambda: tuple(map(_look, sources)),
        read,
        lambda before, after: all(map(_only_written, before, after)),
    )


def _look(source: ByteSource) -> Sight:
    header = read_header(source)
    snapshots = read_table(source, header)
    states = read_states(source, header, snapshots)
    return Sight(source, header, snapshots, states, _places(source, header, states[-1]))


def _places(source: ByteSource, header: Header, state: State) -> Numbers:
    found = np.zeros(state.l1_size, np.int64)
    for start in range(0, state.l1_size, _L1_AT_ONCE):
        end = min(start + _L1_AT_ONCE, state.l1_size)
        found[start:end] = read_l1(source, [state], header, start, end)[0]
    return found


def _only_written(before: Sight, after: Sight) -> bool:
    """Whether a guest's writes are all that can have happened in between.

    They copy an L2 table that a snapshot has too, and make new ones; any other one stays where it is. A revert puts
    tables of a snapshot in the place of others.
    """
    if before.snapshots != after.snapshots or before.states != after.states:
        return False
    (changed,) = (before.places != after.places).nonzero()
    if not len(changed):
        return True
    old, new = before.places[changed], after.places[changed]
    copied = old == 0
    for state in after.states[:-1]:
        theirs = np.zeros_like(after.places)
        theirs[: state.l1_size] = _places(after.source, after.header, state)[: len(theirs)]
        theirs = theirs[changed]
        if np.isin(new, theirs).any():
            return False
        copied |= old == theirs
    return bool(copied.all() and new.all())
