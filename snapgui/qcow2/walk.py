"""Finds each reference to a host cluster that can matter, in the L1 and L2 tables of all states.

Where all states have the same L2 table, nothing can be freed, and it is left unread. Elsewhere the tables of one L1
entry are compared in the order of the states: an L2 entry is a run from the state where it comes to that where it goes.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from snapgui.qcow2.errors import DamagedImageError
from snapgui.qcow2.header import Header
from snapgui.qcow2.references import Kind, Tally
from snapgui.qcow2.source import ByteSource, end_of
from snapgui.qcow2.tables import COMPRESSED, OFFSET_MASK, Entries, L2Reader, Numbers, State, l2_reader, plain, read_l1

_L1_AT_ONCE = 1 << 19  # entries of L1 tables, of all states together
_RUNS_AT_ONCE = 1 << 20  # behind an L1 entry, at most
_COUNTED_AT_ONCE = 1 << 18  # runs: more take much more memory, and no less time
_L1_AHEAD = 4096  # entries whose L2 tables are known to the reader at a time

Progress = Callable[[float], None]


class Walk:
    """Through all L1 entries, and the L2 tables where states differ."""

    def __init__(
        self,
        source: ByteSource,
        header: Header,
        states: Sequence[State],
        *,
        shared: bool,
        progress: Progress,
        hosts: Numbers | None = None,
    ) -> None:
        """``hosts`` are those of compressed clusters, ascending, once they are known."""
        self._source = source
        self._header = header
        self._states = states
        self._progress = progress
        self._count_all = shared or len(states) == 1  # what all states share, too
        self._hosts_known = hosts
        self._all = self._count_all or hosts is not None  # whether tables that all states share are read
        self._reader: L2Reader = l2_reader(source, header)
        self._memory_from = np.array([state.memory_from for state in states], np.int64)
        self._tables = np.zeros(0, np.int64)
        areas = sorted((state.l1_offset, state.l1_offset + 8 * state.l1_size) for state in states if state.l1_size)
        self._areas = np.array([(0, header.cluster_size), *areas], np.int64)
        self._compressed = np.array(COMPRESSED, ">u8").view(np.uint64)  # in the image's own order of bytes
        self._offset_mask = np.array(OFFSET_MASK, ">u8").view(np.uint64)
        self._portion = _Portion()
        self.tally = Tally(len(states))

    def go(self) -> None:
        """Count all."""
        size = self._header.cluster_size
        for number, state in enumerate(self._states):
            if state.l1_size:
                self.tally.add_clusters(-(-8 * state.l1_size // size), number, number, Kind.TABLE)
        longest = max(state.l1_size for state in self._states)
        at_once = max(1, _L1_AT_ONCE // len(self._states))
        common: list[Numbers] = []
        for start in range(0, longest, at_once):
            end = min(start + at_once, longest)
            places = read_l1(self._source, self._states, self._header, start, end)
            self._note_tables(places)
            if self._header.data_file:
                continue
            differs = (places != places[-1]).any(axis=0) | (self._all & (places[-1] != 0))
            (columns,) = differs.nonzero()
            for done in range(0, len(columns), _L1_AHEAD):
                self._walk(places, start, columns[done : done + _L1_AHEAD])
                self._progress((start + int(columns[done])) / longest)
            common.append(places[-1][~differs & (places[-1] != 0)])
        self._flush()
        if self.tally.has_late:
            self._walk_common(np.concatenate(common))
        self._progress(1.0)

    def _note_tables(self, places: Numbers) -> None:
        """Count the L2 tables themselves. Each has one place in the tables of all states."""
        changes = np.ones(places.shape, bool)
        changes[1:] = places[1:] != places[:-1]
        columns, rows = changes.T.nonzero()  # runs of states, column by column
        found = places.T[columns, rows]
        ends = np.append(rows[1:], 0)
        ends[np.append(columns[1:] != columns[:-1], True)] = len(self._states)
        kept = found != 0
        found, columns, rows, ends = found[kept], columns[kept], rows[kept], ends[kept]
        unique = np.unique(found)
        if len(unique) < len(found):  # it may be there again for a later state, but not in another column
            unique = np.unique(np.stack([found, columns], axis=1), axis=0)[:, 0]
        self._tables = np.concatenate([self._tables, unique])
        self._tables.sort()
        (twice,) = (self._tables[1:] == self._tables[:-1]).nonzero()
        if len(twice):
            raise DamagedImageError(f"the L2 table at byte {self._tables[twice[0]]} has several places in L1 tables")
        self._check_apart(unique, "an L2 table")
        self.tally.add(found // self._header.cluster_size, rows, ends - 1, np.full_like(rows, Kind.TABLE))

    def _check_apart(self, offsets: Numbers, what: str) -> None:
        """Raises DamagedImageError where a cluster is that of an L1 table, or the header."""
        wrong = offsets < self._areas[np.searchsorted(self._areas[:, 0], offsets, side="right") - 1, 1]
        if wrong.any():
            raise DamagedImageError(f"{what} at byte {offsets[wrong][0]} lies over an L1 table or the header")

    def _walk(self, places: Numbers, start: int, columns: npt.NDArray[np.intp]) -> None:
        """The L2 tables of these columns of ``places``, whose first column is that of L1 entry ``start``."""
        indexes = [(start + column, _segments(places[:, column])) for column in plain(columns)]
        wanted = [[*{place for _, _, place in segments if place}] for _, segments in indexes]
        done = 0
        while done < len(indexes):
            ready = self._reader.prepare(wanted[done:])
            for index, segments in indexes[done : done + ready]:
                self._walk_index(index, segments)
            done += ready

    def _walk_index(self, index: int, segments: list[tuple[int, int, int]]) -> None:
        """All clusters behind one L1 entry, as the states see them one after another."""
        entries = self._header.l2_entries
        width = max(1, min(entries, _RUNS_AT_ONCE // len(segments)))
        lowest = np.array([first for first, _, _ in segments], np.int64)
        for begin in range(0, entries, width):
            count = min(width, entries - begin)
            current = self._entries(segments[0][2], begin, count).copy()
            since = np.zeros(count, np.int32)  # the segment from which on an entry is what it is
            for number, (first, _, place) in enumerate(segments[1:], 1):
                entry = self._entries(place, begin, count)
                (changed,) = (entry != current).nonzero()
                if len(changed):
                    self._portion.add(index, current[changed], lowest[since[changed]], first - 1)
                    current[changed] = entry[changed]
                    since[changed] = number
            if self._hosts_known is not None:
                (left,) = current.nonzero()
            else:
                # Of what never changes, only compressed clusters matter: they may share a host cluster with others.
                changed_once = since > 0
                if np.bitwise_or.reduce(current) & self._compressed:
                    changed_once |= (current & self._compressed) != 0
                (left,) = changed_once.nonzero()
                if self._count_all:
                    self._count_plain(index, current, left)
            self._portion.add(index, current[left], lowest[since[left]], segments[-1][1])
            if self._portion.size > _COUNTED_AT_ONCE:
                self._flush()

    def _entries(self, place: int, begin: int, count: int) -> Entries:
        """The first words of entries: the second has no reference."""
        if not place:
            return np.zeros(count, np.uint64)
        found = self._reader.read(place, begin, count)
        return found[::2] if self._header.extended_l2 else found

    def _walk_common(self, places: Numbers) -> None:
        """Compressed clusters in tables that all states share may lie in the host clusters of others."""
        done = 0
        while done < len(places):
            ahead = plain(places[done : done + _L1_AHEAD])
            ahead = ahead[: self._reader.prepare([[place] for place in ahead])]
            for place in ahead:
                found = self._entries(place, 0, self._header.l2_entries)
                (left,) = ((found & self._compressed) != 0).nonzero()
                self._portion.add(0, found[left], np.zeros(len(left), np.int64), len(self._states) - 1)
                if self._portion.size > _COUNTED_AT_ONCE:
                    self._flush()
            done += len(ahead)
            self._progress(done / len(places))
        self._flush()

    def _count_plain(self, index: int, raw: Entries, but: npt.NDArray[np.intp]) -> None:
        """Clusters that all states refer to, none of them compressed: all entries but those at these places."""
        offset = raw & self._offset_mask
        offset[but] = 0
        together = np.bitwise_or.reduce(offset)
        highest = int(together.byteswap() if np.little_endian else together)
        if highest & (self._header.cluster_size - 1) or highest > self._source.size() - self._header.cluster_size:
            value = (offset.byteswap() if np.little_endian else offset).view(np.int64)
            self._check_data(value, np.broadcast_to(np.int64(index), value.shape))
        kind = Kind.MEMORY if index >= self._memory_from[0] else Kind.DISK
        if count := int(np.count_nonzero(offset)):
            self.tally.add_clusters(count, 0, len(self._states) - 1, kind)

    def _check_data(self, offset: Numbers, index: Numbers) -> None:
        """Raises DamagedImageError where a cluster is none of the image; ``index`` is the L1 entry that leads there."""
        end = self._data_end(offset)
        wrong = (offset & (self._header.cluster_size - 1) != 0) | (offset > end)
        if wrong.any():
            where = int(wrong.argmax())
            raise DamagedImageError(
                f"an L2 table behind entry {index[where]} of L1 tables leads to byte {offset[where]}, which is no start"
                f" of a cluster of the image, {self._source.size()} bytes long"
            )

    def _flush(self) -> None:
        """Count the portion."""
        index, raw, first, last = self._portion.take()
        size = self._header.cluster_size
        value = raw.byteswap() if np.little_endian else raw
        kinds = np.where(index >= self._memory_from[first], np.int64(Kind.MEMORY), np.int64(Kind.DISK))
        compressed = (value & np.uint64(COMPRESSED)) != 0
        offset = (value & np.uint64(OFFSET_MASK)).astype(np.int64)
        plain = ~compressed & (offset != 0)
        self._check_data(offset[plain], index[plain])
        self._check_apart(offset[plain], "a cluster of data")
        cluster = offset // size
        if self._hosts_known is not None:
            place = np.searchsorted(self._hosts_known, cluster).clip(max=len(self._hosts_known) - 1)
            mixed = plain & (self._hosts_known[place] == cluster)
            self.tally.add_late(cluster[mixed], first[mixed], last[mixed], kinds[mixed])
            plain &= ~mixed
            if not self._count_all:
                plain &= last - first < len(self._states) - 1
        self.tally.add(cluster[plain], first[plain], last[plain], kinds[plain])
        if compressed.any():
            for cluster, these in self._hosts(value[compressed]):
                self.tally.add_late(
                    cluster, first[compressed][these], last[compressed][these], kinds[compressed][these]
                )

    def _data_end(self, reached: Numbers) -> int:
        """Where the last cluster ends. QEMU may not have written all of it yet, and nothing of the one behind it."""
        size = self._header.cluster_size
        return -(-end_of(self._source, int(reached.max(initial=0))) // size) * size

    def _hosts(self, value: Entries) -> Iterator[tuple[Numbers, npt.NDArray[np.bool_]]]:
        """The first, second and third host cluster that compressed clusters lie in, and which of them have one."""
        bits = self._header.cluster_size.bit_length() - 1
        width = 62 - (bits - 8)
        offset = (value & np.uint64((1 << min(width, 56)) - 1)).astype(np.int64)
        sectors = ((value >> np.uint64(width)) & np.uint64((1 << (bits - 8)) - 1)).astype(np.int64) + 1
        end = (offset & ~np.int64(511)) + sectors * 512
        wrong = end > self._data_end(end) + self._header.cluster_size
        if wrong.any():
            raise DamagedImageError(
                f"a compressed cluster at byte {offset[wrong][0]} reaches past the end of the image"
            )
        self._check_apart(offset, "a compressed cluster")
        first, last = offset >> bits, (end - 1) >> bits
        for step in range(3):
            these = first + step <= last
            yield first[these] + step, these


class _Portion:
    """Runs that are not counted yet, as they were found."""

    def __init__(self) -> None:
        self.size = 0
        self._found: list[tuple[int, Entries, Numbers, int]] = []

    def add(self, index: int, raw: Entries, first: Numbers, last: int) -> None:
        """Entries behind L1 entry ``index``, with the first state of each and the last of all."""
        if len(raw):
            self._found.append((index, raw, first, last))
            self.size += len(raw)

    def take(self) -> tuple[Numbers, Entries, Numbers, Numbers]:
        """L1 entry, L2 entry, first and last state of each run; nothing is left."""
        found, self._found, self.size = self._found, [], 0
        if not found:
            none = np.zeros(0, np.int64)
            return none, np.zeros(0, np.uint64), none, none
        lengths = [len(raw) for _, raw, _, _ in found]
        return (
            np.repeat(np.array([index for index, _, _, _ in found], np.int64), lengths),
            np.concatenate([raw for _, raw, _, _ in found]),
            np.concatenate([first for _, _, first, _ in found]),
            np.repeat(np.array([last for _, _, _, last in found], np.int64), lengths),
        )


def _segments(places: Numbers) -> list[tuple[int, int, int]]:
    """First and last state, and the L2 table's place, of each stretch of states with one table."""
    found: list[tuple[int, int, int]] = []
    first = 0
    (changes,) = (places[1:] != places[:-1]).nonzero()
    for change in plain(changes):
        found.append((first, change, int(places[first])))
        first = change + 1
    found.append((first, len(places) - 1, int(places[-1])))
    return found
