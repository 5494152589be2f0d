"""Which blocks of a disk differ between two moments, from the L1 and L2 tables alone.

A block differs where it is read from elsewhere: from another host cluster, or with extended L2 entries a subcluster
of another state. So what was written again with the same data differs, and of a cluster that was copied because a part
of it was written, all does. Zeros are zeros, however an image has them: never written without a backing file, or marked
so, with a cluster set aside or none. What lies past the end of the smaller disk is taken as never written.

Where the moments are kept in images that stand on one another, all that those above hold differs, and what differs in
the image that they have in common.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from snapgui.qcow2.errors import DamagedImageError, NoSnapshotError, UnsupportedImageError
from snapgui.qcow2.header import MAX_L1_ENTRIES, Header
from snapgui.qcow2.snapshots import NOTHING, InternalSnapshot
from snapgui.qcow2.source import ByteSource
from snapgui.qcow2.steady import Sight, while_it_stays
from snapgui.qcow2.tables import (
    COMPRESSED,
    OFFSET_MASK,
    Entries,
    Numbers,
    State,
    check_tables_apart,
    l2_reader,
    plain,
    read_l1,
)

_L1_AT_ONCE: Final = 4096
_COPIED: Final = np.uint64(1 << 63)  # of an L2 entry: its count is 1, which does not say where the data is
_ZEROS: Final = np.uint64(1)  # of an L2 entry that is not extended
_LOW: Final = np.uint64(0xFFFF_FFFF)
_SUBCLUSTERS: Final = 32
_BINS: Final = 512

Bits = npt.NDArray[np.uint64]
Moment = int | str | None  # a snapshot's place in the table or its name, None: now; NOTHING
Step = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Changes:
    """How many bytes of a disk differ, and where: in each stretch of ``bin_size`` bytes, the last may be shorter.

    ``disk_size`` is that of the larger disk.
    """

    disk_size: int
    size: int
    bin_size: int
    bins: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """What differs in one image between two moments; since ``NOTHING``, all that it holds of the later one."""

    source: ByteSource
    since: Moment
    until: Moment = None


def read_changes(
    source: ByteSource, since: Moment, until: Moment = None, *, bins: int = _BINS, progress: Step | None = None
) -> Changes:
    """What differs between two moments in one image. As ``read_pieces``."""
    return read_pieces([Piece(source, since, until)], bins=bins, progress=progress)


def read_pieces(pieces: Sequence[Piece], *, bins: int = _BINS, progress: Step | None = None) -> Changes:
    """Where at least one of the pieces differs: at least one is needed.

    At most so many ``bins``: a bin has whole clusters of every image. Raises as ``read_clusters`` does, NoSnapshotError
    and IndexError where there is no such snapshot; ``progress`` is as there.
    """
    found = []
    for number, piece in enumerate(pieces):

        def step(part: float, number: int = number) -> None:
            if progress is not None:
                progress((number + part) / len(pieces))

        found.append(_read_piece(piece, step))
    disk_size = max(each.disk_size for each in found)
    cluster_size = max(each.cluster_size for each in found)
    bin_size = max(1, -(-disk_size // (cluster_size * bins))) * cluster_size
    starts, ends = _united(found)
    edges = np.append(np.arange(0, disk_size, bin_size, np.int64), disk_size)
    sizes = np.diff(_covered(starts, ends, edges))
    return Changes(disk_size, int(sizes.sum()), bin_size, tuple(plain(sizes)))


def _read_piece(piece: Piece, step: Step) -> "_Stretches":
    return while_it_stays(piece.source, lambda sight: _read(piece, sight, step))


def _read(piece: Piece, sight: Sight, progress: Step) -> "_Stretches":
    source, header, snapshots = sight.source, sight.header, sight.snapshots
    every = (*sight.states, State("nothing", 0, 0, 0))
    sizes = [*(snapshot.disk_size for snapshot in snapshots), header.disk_size, 0]
    pair = [_place(snapshots, moment) for moment in (piece.since, piece.until)]
    states = [every[place] for place in pair]
    if header.data_file and pair[0] != pair[1]:
        raise UnsupportedImageError("an external data file, whose clusters are the same for every state")
    disk_size = max(sizes[place] for place in pair)
    if header.l1_entries(disk_size) > MAX_L1_ENTRIES:
        raise DamagedImageError(f"a disk of {disk_size} bytes: {MAX_L1_ENTRIES} L1 entries are possible")
    found = _Stretches(header, disk_size)
    reader = l2_reader(source, header)
    longest = min(header.l1_entries(disk_size), max(state.l1_size for state in states))
    if pair[0] == pair[1]:
        longest = 0
    for start in range(0, longest, _L1_AT_ONCE):
        places = read_l1(source, states, header, start, min(start + _L1_AT_ONCE, longest))
        for row, state in enumerate(states):  # what is behind the disk's end is a memory state
            places[row, max(0, state.memory_from - start) :] = 0
        for row, state in enumerate(states):
            check_tables_apart(places[row], state, start)
        (columns,) = (places[0] != places[1]).nonzero()
        wanted = plain(places[:, columns].T)
        done = 0
        while done < len(wanted):
            ready = reader.prepare([[place for place in both if place] for both in wanted[done:]])
            for column, both in zip(plain(columns[done : done + ready]), wanted[done : done + ready], strict=True):
                none = np.zeros(header.cluster_size // 8, np.uint64)
                one, other = (reader.read(place, 0, header.l2_entries) if place else none for place in both)
                found.add(start + column, one, other)
            done += ready
            progress((start + done) / longest)
    progress(1.0)
    return found


def _place(snapshots: Sequence[InternalSnapshot], moment: Moment) -> int:
    """The place of a moment among the snapshots, now and nothing. Of several with one name QEMU means the first."""
    if moment is None:
        return len(snapshots)
    if moment == NOTHING:
        return len(snapshots) + 1
    if isinstance(moment, str):
        for number, snapshot in enumerate(snapshots):
            if snapshot.name == moment:
                return number
        raise NoSnapshotError(f"the image has no snapshot {moment!r}")
    if not 0 <= moment < len(snapshots):
        raise IndexError(f"no snapshot {moment}")
    return moment


def _united(found: "Sequence[_Stretches]") -> tuple[Numbers, Numbers]:
    """All stretches, joined where they meet or lie over each other, in their order."""
    starts = np.concatenate([np.zeros(0, np.int64), *(part for each in found for part in each.starts)])
    ends = np.concatenate([np.zeros(0, np.int64), *(part for each in found for part in each.ends)])
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    (apart,) = (starts[1:] > reach[:-1]).nonzero()
    if not len(starts):
        return starts, reach
    return starts[np.append(0, apart + 1)], reach[np.append(apart, len(reach) - 1)]


def _covered(starts: Numbers, ends: Numbers, edges: Numbers) -> Numbers:
    """How many bytes of the stretches lie before each edge."""
    before: Numbers = np.append(np.int64(0), np.cumsum(ends - starts))
    number = np.searchsorted(starts, edges)
    last = np.append(np.int64(0), ends)[number]
    found: Numbers = before[number] - np.where(number > 0, np.maximum(0, last - edges), 0)
    return found


class _Stretches:
    """Collects what differs in one image, in bytes from the disk's start, ascending."""

    def __init__(self, header: Header, disk_size: int) -> None:
        self.disk_size = disk_size
        self.cluster_size = header.cluster_size
        self.starts: list[Numbers] = []
        self.ends: list[Numbers] = []
        self._header = header
        self._units = _SUBCLUSTERS if header.extended_l2 else 1
        self._unit = header.cluster_size // self._units

    def add(self, index: int, one: Entries, other: Entries) -> None:
        """Two L2 tables, whole, of one L1 entry."""
        words = 2 if self._header.extended_l2 else 1
        (differing,) = (one != other).reshape(-1, words).any(axis=1).nonzero()
        place, data, zeros = self._decode(one.reshape(-1, words)[differing])
        other_place, other_data, other_zeros = self._decode(other.reshape(-1, words)[differing])
        differs = (data ^ other_data) | (zeros ^ other_zeros)
        differs |= np.where(place == other_place, np.uint64(0), data | other_data)
        if self._units == 1:
            units = differing[differs != 0] + index * self._header.l2_entries
        else:
            bits = np.unpackbits(differs.astype("<u8").view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
            rows, columns = bits.nonzero()
            units = (differing[rows] + index * self._header.l2_entries) * self._units + columns
        units = units[units * self._unit < self.disk_size]
        if not len(units):
            return
        (cuts,) = (np.diff(units) != 1).nonzero()
        self.starts.append(units[np.append(0, cuts + 1)] * self._unit)
        ends = (units[np.append(cuts, len(units) - 1)] + 1) * self._unit
        self.ends.append(np.minimum(ends, self.disk_size))

    def _decode(self, entries: Entries) -> tuple[Bits, Bits, Bits]:
        """Where the data is, which subclusters have data there, and which are zeros; a bit for each."""
        value = (entries.byteswap() if np.little_endian else entries).astype(np.uint64)
        first = value[:, 0] & ~_COPIED
        compressed = (first & np.uint64(COMPRESSED)) != 0
        place = np.where(compressed, first, first & np.uint64(OFFSET_MASK))
        every = np.uint64((1 << self._units) - 1)
        if self._header.extended_l2:
            data = np.where(compressed, every, value[:, 1] & _LOW)
            zeros = np.where(compressed, np.uint64(0), value[:, 1] >> np.uint64(32))
        else:
            marked = ~compressed & ((first & _ZEROS) != 0)
            data = ((place != 0) & ~marked).astype(np.uint64)
            zeros = marked.astype(np.uint64)
        if not self._header.backing_offset:
            zeros = every & ~data
        return place, data, zeros
