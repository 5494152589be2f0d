"""What merging images into the ones below them writes, and by how much these grow: from their tables alone.

After QEMU's ``block/mirror.c`` and ``block/commit.c``: what the upper images have a cluster of is written to the base,
in steps of the base's cluster size, but 4 KiB at least and 64 KiB at most. There it takes a new cluster where the base
has none, or one that a snapshot inside it needs, too. Zeros that an upper image is marked with free the base's cluster.
Exact where the upper images' clusters are as large as these steps, as with all that libvirt makes; of zeros in smaller
ones QEMU writes some as data. Refcounts and compressed clusters that give way are left aside.
"""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from snapgui.qcow2.errors import UnsupportedImageError
from snapgui.qcow2.source import ByteSource, LocalFile, read_exactly
from snapgui.qcow2.steady import Sight, while_they_stay
from snapgui.qcow2.tables import COMPRESSED, OFFSET_MASK, Numbers, check_tables_apart, l2_reader, plain, read_l1

_COPIED: Final = 1 << 63  # of an L1 or L2 entry: nothing else refers to where it leads
_NONE, _DATA, _ZERO = 0, 1, 2  # what an image has at a place of the disk: nothing, data, zeros by a mark alone
_ALL_ZEROS: Final = np.uint64(0xFFFF_FFFF_0000_0000)  # the second half of an extended L2 entry
_UNITS_AT_ONCE: Final = 1 << 15
_LEAST_STEP, _LARGEST_STEP = 4096, 65536
_BLOCK: Final = 4096  # of a file system, in which a raw image takes its room

Kinds = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Merge:
    """Bytes that a merge writes, and by how much the base grows: clusters of data and L2 tables, not of refcounts.

    A base that has less afterwards has grown by a negative number.
    """

    written: int = 0
    grows: int = 0


class _Qcow2:
    """An image's mapping as it is now."""

    def __init__(self, sight: Sight) -> None:
        source, header, state = sight.source, sight.header, sight.states[-1]
        if header.data_file:
            raise UnsupportedImageError("an external data file, which merging writes to without a new cluster")
        self.cluster_size = header.cluster_size
        self.disk_size = header.disk_size
        self.step = min(max(header.cluster_size, _LEAST_STEP), _LARGEST_STEP)
        self.table_span = header.cluster_size * header.l2_entries
        self._words = 2 if header.extended_l2 else 1
        self._entries = header.l2_entries
        count = header.l1_entries(header.disk_size)
        self._places: Numbers = read_l1(source, [state], header, 0, count)[0]
        check_tables_apart(self._places, state)
        raw = read_exactly(source, state.l1_offset, 8 * min(count, state.l1_size), "an L1 table")
        flags = np.frombuffer(raw, ">u8").astype(np.uint64) & np.uint64(_COPIED)
        self.tables_own: Flags = (self._places != 0) & (flags != 0)
        self._reader = l2_reader(source, header)

    def stretches(self, length: int) -> Numbers:
        """The numbers of all stretches of so many bytes in which there may be anything."""
        (tables,) = self._places.nonzero()
        first = tables * self.table_span // length
        many = max(1, self.table_span // length)  # both are powers of two
        found: Numbers = np.unique(first[:, np.newaxis] + np.arange(many))
        return found[found * length < self.disk_size]

    def _tables(self, start: int, length: int) -> slice:
        return slice(start // self.table_span, -(-(start + length) // self.table_span))

    def read(self, start: int, length: int) -> tuple[Kinds, Flags]:
        """For each cluster what is there, and whether it can be written to where it is."""
        count = length // self.cluster_size
        kinds, own = np.zeros(count, np.int8), np.zeros(count, bool)
        numbers = range(*self._tables(start, length).indices(len(self._places)))
        wanted = [number for number in numbers if self._places[number]]
        whole = self.table_span <= length  # else a part of each is read alone
        while wanted:
            ready = self._reader.prepare([[int(self._places[number])] for number in wanted]) if whole else len(wanted)
            for number in wanted[:ready]:
                begin = max(start, number * self.table_span)
                end = min(start + length, (number + 1) * self.table_span)
                first = (begin - number * self.table_span) // self.cluster_size
                many = (end - begin) // self.cluster_size
                entries = self._reader.read(int(self._places[number]), first, many)
                at = (begin - start) // self.cluster_size
                kinds[at : at + many], own[at : at + many] = self._decode(entries.reshape(-1, self._words))
            wanted = wanted[ready:]
        return kinds, own

    def _decode(self, entries: npt.NDArray[np.uint64]) -> tuple[Kinds, Flags]:
        value = (entries.byteswap() if np.little_endian else entries).astype(np.uint64)
        first = value[:, 0]
        compressed = (first & np.uint64(COMPRESSED)) != 0
        placed = ~compressed & ((first & np.uint64(OFFSET_MASK)) != 0)
        if self._words == 1:
            zero = ~compressed & ((first & np.uint64(1)) != 0)
            data = compressed | (placed & ~zero)
        else:
            zero = ~compressed & (value[:, 1] == _ALL_ZEROS)
            data = compressed | (~zero & (value[:, 1] != 0))  # zeros of a part are copied with the rest
        kinds = np.where(data, _DATA, np.where(zero, _ZERO, _NONE)).astype(np.int8)
        return kinds, placed & ((first & np.uint64(_COPIED)) != 0)


class _Raw:
    """A raw image on a file system that knows its holes; only ever at the bottom."""

    step = _LARGEST_STEP
    cluster_size = _BLOCK

    def __init__(self, source: LocalFile) -> None:
        self.disk_size = source.size()
        self._extents: list[tuple[int, int]] = []
        descriptor = os.open(source.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            place = 0
            if stat.S_ISBLK(os.fstat(descriptor).st_mode):  # has no holes
                self._extents, place = [(0, self.disk_size)], self.disk_size
            while place < self.disk_size:
                try:
                    begin = os.lseek(descriptor, place, os.SEEK_DATA)
                except OSError:  # ENXIO: a hole up to the end
                    break
                place = os.lseek(descriptor, begin, os.SEEK_HOLE)
                self._extents.append((begin, place))
        finally:
            os.close(descriptor)
        self._next = 0

    def read(self, start: int, length: int) -> tuple[Kinds, Flags]:
        """As of a qcow2 image, for each block; ``start`` ascends from call to call."""
        own = np.zeros(length // _BLOCK, bool)
        while self._next < len(self._extents) and self._extents[self._next][1] <= start:
            self._next += 1
        for begin, end in self._extents[self._next :]:
            if begin >= start + length:
                break
            own[max(0, begin - start) // _BLOCK : -(-(min(end, start + length) - start) // _BLOCK)] = True
        return np.where(own, _DATA, _NONE).astype(np.int8), own


@dataclass(slots=True)
class _Run:
    """Merging the images above ``base`` up to ``top`` into it, while it is added up."""

    base: "_Qcow2 | _Raw"
    merge: Merge = field(default_factory=Merge)
    tables: Flags = field(default_factory=lambda: np.zeros(0, bool))  # of the base: those that are written to

    def add(self, start: int, end: int, unit: int, content: Kinds, own: Flags) -> None:
        """A stretch of a disk that has its ``end``: what is above, by units, and which of the base's clusters it has.

        Zeros are only written as such where they fill a cluster of the base, and a step; else they are data.
        """
        base = self.base
        size = max(base.step, base.cluster_size)
        zero = np.all(content.reshape(-1, size // unit) == _ZERO, axis=1)
        data = np.any(content.reshape(-1, max(1, base.step // unit)), axis=1)
        step = max(base.step, unit)
        data &= ~np.repeat(zero, size // step) if size >= step else True
        begins = start + np.arange(len(data)) * step
        self.merge.written += int((np.minimum(begins + step, end) - begins)[data].sum())
        if base.cluster_size >= step:
            new = np.any(data.reshape(-1, base.cluster_size // step), axis=1)
        else:
            new = np.repeat(data, step // base.cluster_size)[: -(-(end - start) // base.cluster_size)]
        zero = np.repeat(zero, size // base.cluster_size)[: len(new)]
        own = own[: len(new)]
        self.merge.grows += (int((new & ~own).sum()) - int((zero & own).sum())) * base.cluster_size
        if isinstance(base, _Qcow2):
            if not len(self.tables):
                self.tables = np.zeros(len(base.tables_own), bool)
            (written,) = (new | zero).nonzero()
            numbers = (start + written * base.cluster_size) // base.table_span
            self.tables[numbers[numbers < len(self.tables)]] = True

    def finish(self) -> Merge:
        if isinstance(self.base, _Qcow2) and len(self.tables):
            self.merge.grows += int((self.tables & ~self.base.tables_own).sum()) * self.base.cluster_size
        return self.merge


def read_merges(
    sources: Sequence[ByteSource], *, raw: bool = False, progress: Callable[[float], None] | None = None
) -> dict[tuple[int, int], Merge]:
    """For each base and top, meant by their places in ``sources``: what merging all above the base up to it does.

    ``sources`` begin at the bottom. ``raw``: the lowest is a raw image, which has to be a file of this computer. Raises
    Qcow2Error, what the sources raise and what ``progress`` raises, which is called with what part is done, and anew
    where an image has become another one meanwhile. What a guest writes meanwhile is in it or not.
    """
    step = progress or (lambda _: None)
    bottom = sources[0] if raw else None
    if bottom is not None and not isinstance(bottom, LocalFile):
        raise UnsupportedImageError("which parts of a raw image are in use is not known from afar")
    return while_they_stay(sources[1:] if raw else sources, lambda sights: _read(bottom, sights, step))


def _read(
    bottom: LocalFile | None, sights: Sequence[Sight], progress: Callable[[float], None]
) -> dict[tuple[int, int], Merge]:
    images: list[_Qcow2 | _Raw] = [_Raw(bottom)] if bottom is not None else []
    images += map(_Qcow2, sights)
    runs = {(base, top): _Run(images[base]) for base in range(len(images)) for top in range(base + 1, len(images))}
    unit = min(_LARGEST_STEP, *(image.cluster_size for image in images))
    # Every image's clusters, tables and steps are powers of two: a stretch has whole ones of all but the tables.
    largest = max(max(image.cluster_size, image.step) for image in images)
    stretch = max(_UNITS_AT_ONCE * unit, largest)
    numbers = np.unique(np.concatenate([image.stretches(stretch) for image in images[1:] if isinstance(image, _Qcow2)]))
    for done, number in enumerate(plain(numbers), 1):
        _add_stretch(runs, images, number * stretch, stretch, unit)
        progress(done / len(numbers))
    progress(1.0)
    return {place: run.finish() for place, run in runs.items()}


def _add_stretch(
    runs: dict[tuple[int, int], _Run], images: Sequence[_Qcow2 | _Raw], start: int, stretch: int, unit: int
) -> None:
    found = [image.read(start, stretch) for image in images]
    by_unit = [np.repeat(kinds, image.cluster_size // unit) for (kinds, _), image in zip(found, images, strict=True)]
    for base in range(len(images) - 1):
        content = np.zeros_like(by_unit[0])
        for top in range(base + 1, len(images)):
            content = np.where(by_unit[top] != _NONE, by_unit[top], content)
            inside = _clipped(content, start, images[top].disk_size, unit)
            if inside.any():
                runs[base, top].add(start, images[top].disk_size, unit, inside, found[base][1])


def _clipped(content: Kinds, start: int, disk_size: int, unit: int) -> Kinds:
    """Without what is past the disk's end. QEMU does not write the zeros of a part of a cluster as such."""
    whole, rest = divmod(max(0, disk_size - start), unit)
    if whole >= len(content):
        return content
    found = content.copy()
    found[whole + bool(rest) :] = _NONE
    if rest and found[whole] == _ZERO:
        found[whole] = _DATA
    return found
