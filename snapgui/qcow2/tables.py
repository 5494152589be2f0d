"""The L1 and L2 tables of an image, for the disk as it is now and as each snapshot has it.

The format is QEMU's ``docs/interop/qcow2.txt``, sections "Cluster mapping" and "Snapshots"; the limits are those of
QEMU's ``block/qcow2.h``. What is checked here bounds the work: tables lie inside the image and not over each other, so
that whatever an image claims, no more is read than it is long.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from snapgui.qcow2.errors import DamagedImageError, UnsupportedImageError
from snapgui.qcow2.header import MAX_L1_ENTRIES, Header
from snapgui.qcow2.snapshots import InternalSnapshot
from snapgui.qcow2.source import ByteSource, DistantSource, end_of, is_distant, read_exactly, read_into

OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00  # of an L1 entry, and of an L2 entry that is not compressed: the rest are flags
COMPRESSED = 1 << 62  # of an L2 entry

_MAX_REFCOUNT_TABLE = 8 * 1024 * 1024
_MAX_REFCOUNT_ORDER = 6
_REFCOUNT_OFFSET_MASK = 0xFFFF_FFFF_FFFF_FE00  # of an entry of the refcount table
_FAR_OUT = (1 << 63) - 1
_MAX_ALL_L1 = 256 * 1024 * 1024  # bytes of L1 tables: 10,000 snapshots of a disk of 1 TiB take 160 MiB
_MIN_EXTENDED_CLUSTER = 16384
_KEPT = 32 * 1024 * 1024  # bytes of L2 tables from afar that are kept at a time

Entries = npt.NDArray[np.uint64]  # as they stand in the image: big-endian, on a little-endian machine
Numbers = npt.NDArray[np.int64]


def plain(array: npt.NDArray[Any]) -> list[Any]:
    """The elements as Python's own numbers. What numpy says of the type of ``tolist`` differs between its releases."""
    return cast("list[Any]", array.tolist())


@dataclass(frozen=True, slots=True)
class State:
    """The disk at one moment: a snapshot's, or now. The L1 entries from ``memory_from`` on lead to a memory state."""

    title: str  # for messages
    l1_offset: int
    l1_size: int
    memory_from: int


def read_states(source: ByteSource, header: Header, snapshots: Sequence[InternalSnapshot]) -> tuple[State, ...]:
    """Each snapshot in the table's order, then the disk as it is now.

    Their L1 tables lie inside the image, at the start of clusters, and neither over each other nor over the header, the
    refcount table and the first cluster of the snapshot table; else DamagedImageError. UnsupportedImageError where they
    are too many.
    """
    _check_header(source, header)
    found = [
        State(
            f"snapshot {number} of {len(snapshots)}",
            snapshot.l1_offset,
            snapshot.l1_size,
            header.l1_entries(snapshot.disk_size),
        )
        for number, snapshot in enumerate(snapshots, 1)
    ]
    found.append(State("the disk as it is now", header.l1_offset, header.l1_size, header.l1_entries(header.disk_size)))
    for state in found:
        if state.l1_size > MAX_L1_ENTRIES:
            raise DamagedImageError(
                f"the L1 table of {state.title} has {state.l1_size} entries: {MAX_L1_ENTRIES} are possible"
            )
        if state.l1_offset % header.cluster_size:
            raise DamagedImageError(
                f"the L1 table of {state.title} at byte {state.l1_offset} is not at the start of a cluster"
            )
    _check_apart(source, header, found)
    if sum(8 * state.l1_size for state in found) > _MAX_ALL_L1:
        raise UnsupportedImageError(f"L1 tables of more than {_MAX_ALL_L1} bytes")
    return tuple(found)


def _check_apart(source: ByteSource, header: Header, states: Sequence[State]) -> None:
    """Whether what the header and the snapshot table lead to lies inside the image and apart."""
    areas = [(0, 1, "the header")]
    areas.append((header.refcount_table_offset, header.refcount_table_size * header.cluster_size, "the refcount table"))
    if header.snapshot_count:
        areas.append((header.snapshots_offset, 1, "the snapshot table"))
    areas += [
        (state.l1_offset, 8 * state.l1_size, f"the L1 table of {state.title}") for state in states if state.l1_size
    ]
    areas.sort()
    for (offset, size, what), (start, _, other) in pairwise(areas):
        if offset + -(-size // header.cluster_size) * header.cluster_size > start:
            raise DamagedImageError(f"{other} at byte {start} lies over {what} at byte {offset}")
    offset, size, what = areas[-1]
    if offset + size > (end := end_of(source, offset + size)):
        raise DamagedImageError(f"{what} at byte {offset} reaches past the end of the image at byte {end}")


def _check_header(source: ByteSource, header: Header) -> None:
    """What QEMU checks before it opens an image."""
    if header.corrupt:
        raise DamagedImageError("QEMU has marked the image as corrupt, at byte 72: it has to be repaired first")
    if header.version > 2 and not 104 <= header.length <= header.cluster_size:  # noqa: PLR2004 - the format's own
        raise DamagedImageError(
            f"a header of {header.length} bytes at byte 100: between 104 and {header.cluster_size} are possible"
        )
    if header.refcount_order > _MAX_REFCOUNT_ORDER:
        raise DamagedImageError(f"refcounts of 2^{header.refcount_order} bits at byte 96: up to 2^6 are possible")
    if header.extended_l2 and header.cluster_size < _MIN_EXTENDED_CLUSTER:
        raise DamagedImageError(f"extended L2 entries with clusters of {header.cluster_size} bytes at byte 20")
    size, offset = header.refcount_table_size * header.cluster_size, header.refcount_table_offset
    if not 0 < size <= _MAX_REFCOUNT_TABLE:
        raise DamagedImageError(
            f"a refcount table of {size} bytes at byte 56: up to {_MAX_REFCOUNT_TABLE} are possible"
        )
    if offset % header.cluster_size or offset + size > end_of(source, offset + size):
        raise DamagedImageError(f"the refcount table at byte {offset} is not at the start of a cluster of the image")
    raw = read_exactly(source, offset, size, "the refcount table")
    table = np.frombuffer(raw, ">u8").astype(np.uint64) & np.uint64(_REFCOUNT_OFFSET_MASK)
    if not table[0]:
        raise DamagedImageError(f"the refcount table at byte {offset} has no count of the header's own cluster")
    reached = min(int(table.max()), _FAR_OUT)
    wrong = (table % np.uint64(header.cluster_size) != 0) | (table >= np.uint64(end_of(source, reached + 1)))
    wrong &= table != 0
    if wrong.any():
        where = int(wrong.argmax())
        raise DamagedImageError(
            f"entry {where} of the refcount table at byte {offset} leads to byte {table[where]}, which is no start of a"
            f" cluster of the image, {source.size()} bytes long"
        )
    if header.l1_size < header.l1_entries(header.disk_size):
        raise DamagedImageError(f"an L1 table of {header.l1_size} entries at byte 36 is too short for the disk")


def read_ranges(source: ByteSource, ranges: Sequence[tuple[int, int]], what: str) -> Iterator[bytes]:
    """The bytes of ranges that ascend. ``what`` names them for the message of DamagedImageError."""
    if not is_distant(source):
        for offset, length in ranges:
            yield read_exactly(source, offset, length, what)
        return
    if ranges and sum(ranges[-1]) > (end := end_of(source, sum(ranges[-1]))):
        raise DamagedImageError(f"{what} at byte {ranges[-1][0]} reaches past the end of the image at byte {end}")
    for (offset, length), found in zip(ranges, source.read_ranges(ranges), strict=True):
        if len(found) != length:
            raise DamagedImageError(f"{what} at byte {offset} ends after {len(found)} of {length} bytes")
        yield found


def read_l1(source: ByteSource, states: Sequence[State], header: Header, first: int, last: int) -> Numbers:
    """The places of the L2 tables of L1 entries ``first`` to before ``last``, a row for each state; 0 for none."""
    found = np.zeros((len(states), last - first), np.int64)
    wanted = sorted(
        (state.l1_offset + 8 * first, 8 * (min(last, state.l1_size) - first), row)
        for row, state in enumerate(states)
        if state.l1_size > first
    )
    ranges = [(offset, length) for offset, length, _ in wanted]
    for raw, (_, length, row) in zip(read_ranges(source, ranges, "an L1 table"), wanted, strict=True):
        found[row, : length // 8] = (np.frombuffer(raw, ">u8") & OFFSET_MASK).astype(np.int64)
    ends = np.where(found == 0, 0, found + header.cluster_size)
    end = end_of(source, int(ends.max(initial=0)))
    wrong = (found % header.cluster_size != 0) | (ends > end)
    if wrong.any():
        row, column = (int(place[0]) for place in wrong.nonzero())
        raise DamagedImageError(
            f"entry {first + column} of the L1 table of {states[row].title} leads to byte {found[row, column]}, which"
            f" is no start of a cluster of the image, {end} bytes long"
        )
    return found


def check_tables_apart(places: Numbers, state: State, start: int = 0) -> None:
    """Whether no L2 table has several places among these of a state's L1 table: it would be read again for each."""
    own = np.sort(places[places != 0])
    (twice,) = (own[1:] == own[:-1]).nonzero()
    if len(twice):
        raise DamagedImageError(
            f"the L2 table at byte {own[twice[0]]} has several places from entry {start} on of the L1 table of"
            f" {state.title}"
        )


class L2Reader(Protocol):
    """Gives L2 tables, or parts of them, by their place."""

    def prepare(self, indexes: Sequence[Sequence[int]]) -> int:
        """Get ready for the tables at these places, grouped by L1 entry; for how many groups, at least one."""

    def read(self, place: int, first: int, count: int) -> Entries:
        """A table's ``count`` entries from ``first`` on. They stand until the next but one is read."""


class NearReader:
    """Reads a table when it is asked for."""

    def __init__(self, source: ByteSource, *, words: int, table_size: int) -> None:
        self._source = source
        self._words = words  # of 8 bytes in an entry
        self._buffer = memoryview(bytearray(table_size))
        self._other = memoryview(bytearray(table_size))

    def prepare(self, indexes: Sequence[Sequence[int]]) -> int:
        return len(indexes)

    def read(self, place: int, first: int, count: int) -> Entries:
        size = 8 * self._words
        self._buffer, self._other = self._other, self._buffer
        buffer = self._buffer[: count * size]
        found = read_into(self._source, place + first * size, buffer)  # inside the image, as read_l1 has seen
        if found != count * size:
            raise DamagedImageError(f"the L2 table at byte {place} ends after {found} bytes")
        return np.frombuffer(buffer.toreadonly(), np.uint64)


def _runs(table: Entries, words: int) -> tuple[npt.NDArray[np.int32], Entries]:
    """How long entries go up by the same step from each to the next, or stay the same; and by which step."""
    columns = table.reshape(-1, words).T.reshape(-1)
    value = columns.byteswap() if np.little_endian else columns
    steps = np.diff(value, prepend=np.uint64(0))  # what goes down wraps around, and back
    begins = np.ones(len(steps), bool)
    np.not_equal(steps[1:], steps[:-1], out=begins[1:])
    (begin,) = begins.nonzero()
    return np.diff(begin, append=len(steps)).astype(np.int32), steps[begin]


def _from_runs(lengths: npt.NDArray[np.int32], steps: Entries, words: int) -> Entries:
    value = np.repeat(steps, lengths).cumsum(dtype=np.uint64)
    columns = value.byteswap() if np.little_endian else value
    found: Entries = columns.reshape(words, -1).T.reshape(-1)
    return found


class _Group:
    """The tables of one L1 entry: one whole, in little space where it was written in order; of others what differs."""

    def __init__(self, table: Entries, words: int) -> None:
        self._words = words
        self._runs = _runs(table, words)
        self._table: Entries | None = None
        self.size = 12 * len(self._runs[0])
        if self.size > 8 * len(table):
            self._table, self.size = table, 8 * len(table)
            self._runs = self._runs[0][:0], self._runs[1][:0]
        self._differing: dict[int, tuple[npt.NDArray[np.int32], Entries]] = {}

    def whole(self) -> Entries:
        """The first one."""
        return _from_runs(*self._runs, self._words) if self._table is None else self._table

    def add(self, place: int, table: Entries) -> None:
        """Another one."""
        (differing,) = (table != self.whole()).nonzero()
        self._differing[place] = differing.astype(np.int32), table[differing]
        self.size += 12 * len(differing)

    def table(self, place: int, whole: Entries, first: int, count: int) -> Entries:
        """Words of the one at ``place``, from ``whole``, the first one."""
        found = whole[first : first + count]
        if place in self._differing:
            found = found.copy()
            where, words = self._differing[place]
            begin, end = np.searchsorted(where, (first, first + count))
            found[where[begin:end] - first] = words[begin:end]
        return found


class FarReader:
    """Reads many tables in the order in which they lie in the image, and keeps them in a small form."""

    def __init__(self, source: DistantSource, *, words: int, table_size: int) -> None:
        self._source = source
        self._words = words
        self._table_size = table_size
        self._near = NearReader(source, words=words, table_size=table_size)
        self._groups: dict[int, _Group] = {}  # by the places of their tables
        self._at_once = max(1, 4 * _KEPT // table_size)  # groups that there is room for, as far as one can tell
        self._whole: tuple[_Group, Entries] | None = None  # the one that was asked for last

    def prepare(self, indexes: Sequence[Sequence[int]]) -> int:
        ready = min(len(indexes), self._at_once)
        while not self._keep(indexes[:ready]) and ready > 1:
            ready //= 2
        size = sum(group.size for group in {id(group): group for group in self._groups.values()}.values())
        self._at_once = max(1, _KEPT // max(1, self._table_size // 8, size // max(1, ready)))
        return ready

    def _keep(self, indexes: Sequence[Sequence[int]]) -> bool:
        """Whether there was room for all; of what did not find any, nothing is kept."""
        self._groups, self._whole = {}, None
        group_of = {place: number for number, places in enumerate(indexes) for place in places}
        groups: dict[int, _Group] = {}
        kept = 0
        places = sorted(group_of)
        ranges = [(place, self._table_size) for place in places]
        for place, raw in zip(places, read_ranges(self._source, ranges, "an L2 table"), strict=True):
            if kept > _KEPT:
                return False
            table = np.frombuffer(raw, np.uint64)
            group = groups.get(group_of[place])
            if group is None:
                group = groups[group_of[place]] = _Group(table, self._words)
                kept += group.size
            else:
                kept -= group.size
                group.add(place, table)
                kept += group.size
            self._groups[place] = group
        return True

    def read(self, place: int, first: int, count: int) -> Entries:
        group = self._groups.get(place)
        if group is None:  # too much differs for all to be kept
            return self._near.read(place, first, count)
        if self._whole is None or self._whole[0] is not group:
            self._whole = group, group.whole()
        return group.table(place, self._whole[1], first * self._words, count * self._words)


def l2_reader(source: ByteSource, header: Header) -> L2Reader:
    """The way of reading that suits the source."""
    words = 2 if header.extended_l2 else 1
    if is_distant(source):
        return FarReader(source, words=words, table_size=header.cluster_size)
    return NearReader(source, words=words, table_size=header.cluster_size)
