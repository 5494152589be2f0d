"""Which blocks of a disk differ between two moments, from the L1 and L2 tables alone.

A block differs where it is read from elsewhere: from another host cluster, or with extended L2 entries a subcluster
of another state. So what was written again with the same data differs, and of a cluster that was copied because a part
of it was written, all does. Zeros are zeros, however an image has them: never written without a backing file, or marked
so, with a cluster set aside or none. What lies past the end of the smaller disk is taken as never written.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snapgui.qcow2.header import Header
from snapgui.qcow2.snapshots import read_table, while_table_stays
from snapgui.qcow2.source import ByteSource
from snapgui.qcow2.tables import COMPRESSED, OFFSET_MASK, Entries, Numbers, l2_reader, plain, read_l1, read_states

_L1_AT_ONCE = 4096
_COPIED = np.uint64(1 << 63)  # of an L2 entry: its count is 1, which does not say where the data is
_ZEROS = np.uint64(1)  # of an L2 entry that is not extended
_LOW = np.uint64(0xFFFF_FFFF)
_SUBCLUSTERS = 32

Bits = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Changes:
    """How many bytes of a disk differ, and where: in each stretch of ``bin_size`` bytes, the last may be shorter.

    ``disk_size`` is that of the larger disk.
    """

    disk_size: int
    size: int
    bin_size: int
    bins: tuple[int, ...]


def read_changes(
    source: ByteSource,
    since: int,
    until: int | None = None,
    *,
    bins: int = 512,
    progress: Callable[[float], None] | None = None,
) -> Changes:
    """What differs between two snapshots, meant by their place in the snapshot table, or one and now (None).

    At most so many ``bins``: a bin has whole clusters. Raises as ``read_clusters`` does, and IndexError where there is
    no such snapshot; ``progress`` is as there.
    """
    step = progress or (lambda _: None)
    return while_table_stays(source, lambda header: _read(source, header, (since, until), bins, step))


def _read(
    source: ByteSource,
    header: Header,
    pair: tuple[int, int | None],
    bins: int,
    progress: Callable[[float], None],
) -> Changes:
    snapshots = read_table(source, header)
    every = read_states(source, header, snapshots)
    found = []
    for place in pair:
        if place is not None and not 0 <= place < len(snapshots):
            raise IndexError(f"no snapshot {place}")
        found.append(len(snapshots) if place is None else place)
    states = [every[place] for place in found]
    disk_size = max([*(snapshot.disk_size for snapshot in snapshots), header.disk_size][place] for place in found)
    bin_clusters = max(1, -(-disk_size // (header.cluster_size * bins)))
    strip = _Strip(header, disk_size, bin_clusters)
    reader = l2_reader(source, header)
    longest = min(header.l1_entries(disk_size), max(state.l1_size for state in states))
    if found[0] == found[1]:
        longest = 0
    for start in range(0, longest, _L1_AT_ONCE):
        places = read_l1(source, states, header, start, min(start + _L1_AT_ONCE, longest))
        for row, state in enumerate(states):  # what is behind the disk's end is a memory state
            places[row, max(0, state.memory_from - start) :] = 0
        (columns,) = (places[0] != places[1]).nonzero()
        wanted = plain(places[:, columns].T)
        done = 0
        while done < len(wanted) and not header.data_file:
            ready = reader.prepare([[place for place in both if place] for both in wanted[done:]])
            for column, both in zip(plain(columns[done : done + ready]), wanted[done : done + ready], strict=True):
                none = np.zeros(header.cluster_size // 8, np.uint64)
                one, other = (reader.read(place, 0, header.l2_entries) if place else none for place in both)
                strip.add(start + column, one, other)
            done += ready
            progress((start + done) / longest)
    progress(1.0)
    return Changes(disk_size, int(strip.bins.sum()), bin_clusters * header.cluster_size, tuple(plain(strip.bins)))


class _Strip:
    """Adds up what differs, by stretches of the disk."""

    def __init__(self, header: Header, disk_size: int, bin_clusters: int) -> None:
        clusters = -(-disk_size // header.cluster_size)
        self._header = header
        self._bin_clusters = bin_clusters
        self._units = _SUBCLUSTERS if header.extended_l2 else 1
        self._unit = header.cluster_size // self._units
        self._last = clusters - 1
        self._end = disk_size - self._last * header.cluster_size  # within the last cluster
        self.bins: Numbers = np.zeros(-(-clusters // bin_clusters), np.int64)

    def add(self, index: int, one: Entries, other: Entries) -> None:
        """Two L2 tables, whole, of one L1 entry."""
        words = 2 if self._header.extended_l2 else 1
        (differing,) = (one != other).reshape(-1, words).any(axis=1).nonzero()
        clusters = differing + index * self._header.l2_entries
        differing, clusters = differing[clusters <= self._last], clusters[clusters <= self._last]
        if not len(clusters):
            return
        place, data, zeros = self._decode(one.reshape(-1, words)[differing])
        other_place, other_data, other_zeros = self._decode(other.reshape(-1, words)[differing])
        differs = (data ^ other_data) | (zeros ^ other_zeros)
        differs |= np.where(place == other_place, np.uint64(0), data | other_data)
        sizes = np.unpackbits(differs.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1, dtype=np.int64) * self._unit
        if clusters[-1] == self._last:
            sizes[-1] = sum(
                min(self._unit, max(0, self._end - number * self._unit))
                for number in range(self._units)
                if int(differs[-1]) >> number & 1
            )
        np.add.at(self.bins, clusters // self._bin_clusters, sizes)

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
