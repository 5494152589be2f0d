"""The snapshot table of a qcow2 image, after QEMU's ``docs/interop/qcow2.txt``, section "Snapshots"."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from operator import eq
from typing import TypeVar

from snapgui.qcow2.errors import ChangingImageError, DamagedImageError
from snapgui.qcow2.header import Header, read_header
from snapgui.qcow2.source import ByteSource, read_exactly

# QEMU's own limits (block/qcow2.h): what is larger it doesn't open either.
MAX_TABLE_SIZE = 64 * 1024 * 1024
MAX_EXTRA_DATA = 1024

NOTHING = "\0nothing"  # in place of a snapshot's name, which has no NUL: a disk that nothing has been written to

_ENTRY = struct.Struct(">QIHHIIQII")
_U64 = struct.Struct(">Q")
_CHUNK = 64 * 1024  # bytes per read: most tables in one, which counts where each read is a round trip
_TRIES = 3

Seen = TypeVar("Seen")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class InternalSnapshot:
    """One entry. Sizes and offsets in bytes, ``date`` in seconds since the epoch, ``l1_size`` in L1 entries."""

    id: str
    name: str
    vm_state_size: int
    date: int
    date_ns: int  # the fraction of a second of ``date``
    vm_clock_ns: int
    disk_size: int
    l1_offset: int
    l1_size: int


def read_snapshots(source: ByteSource) -> tuple[InternalSnapshot, ...]:
    """The snapshots in the image, in the table's order. Raises Qcow2Error, or what the source raises.

    QEMU may replace the table meanwhile: what was read counts once it is found twice.
    """
    return steadily(lambda: read_table(source, read_header(source)), lambda found: found, eq)


def steadily(look: Callable[[], Seen], read: Callable[[Seen], Result], goes_on: Callable[[Seen, Seen], bool]) -> Result:
    """What ``read`` finds, where the looks before and after it go on from each other. Raises as both do.

    QEMU may use anew what belonged to a snapshot that is gone, so that anything is read there: damage is what is found
    twice. Raises ChangingImageError where nothing ever stays.
    """
    said = ""
    for _ in range(_TRIES):
        try:
            before = look()
            found = read(before)
            if goes_on(before, look()):
                return found
        except DamagedImageError as error:
            if str(error) == said:
                raise
            said = str(error)
    raise ChangingImageError(f"it was written to during each of {_TRIES} readings")


def read_table(source: ByteSource, header: Header) -> tuple[InternalSnapshot, ...]:
    """The snapshots, read once: of a table that is replaced meanwhile, anything. Raises as ``read_snapshots`` does."""
    table = _Window(source, header.snapshots_offset)
    found: list[InternalSnapshot] = []
    for number in range(1, header.snapshot_count + 1):
        what = f"entry {number} of {header.snapshot_count} of the snapshot table"
        table.align(8)
        start = table.position
        fields = _ENTRY.unpack(table.take(_ENTRY.size, what))
        l1_offset, l1_size, id_length, name_length, date, date_ns, vm_clock_ns, vm_state_size, extra_length = fields
        if extra_length > MAX_EXTRA_DATA:
            raise DamagedImageError(f"{what} at byte {start} has {extra_length} bytes of extra data")
        extra = table.take(extra_length, what)
        # An image from before these two fields has the 32-bit size only, and its disk never changed its size.
        if len(extra) >= 8:  # noqa: PLR2004 - the first field's end
            (vm_state_size,) = _U64.unpack_from(extra, 0)
        disk_size = _U64.unpack_from(extra, 8)[0] if len(extra) >= 16 else header.disk_size  # noqa: PLR2004 - the second's
        tag = _text(table.take(id_length, what))
        name = _text(table.take(name_length, what))
        found.append(
            InternalSnapshot(tag, name, vm_state_size, date, date_ns, vm_clock_ns, disk_size, l1_offset, l1_size)
        )
    return tuple(found)


def _text(raw: bytes) -> str:
    """As QEMU takes it: up to the first NUL. Bytes that are no UTF-8 stay readable and different from each other."""
    return raw.split(b"\0", 1)[0].decode(errors="backslashreplace")


class _Window:
    """Reads on through the table, a chunk at a time, within the table's size limit and the image's end."""

    def __init__(self, source: ByteSource, start: int) -> None:
        self.position = start
        self._source = source
        self._limit = start + MAX_TABLE_SIZE
        self._chunk = b""
        self._chunk_start = start

    def align(self, boundary: int) -> None:
        """Go on to the next multiple of ``boundary``."""
        self.position += -self.position % boundary

    def take(self, length: int, what: str) -> bytes:
        """The next bytes. ``what`` names them for the message."""
        end = self.position + length
        if end > self._limit:
            raise DamagedImageError(f"{what} at byte {self.position}: the table is larger than {MAX_TABLE_SIZE} bytes")
        if end > self._chunk_start + len(self._chunk):
            room = min(max(length, _CHUNK), self._source.size() - self.position)
            self._chunk = read_exactly(self._source, self.position, max(room, length), what)
            self._chunk_start = self.position
        begin = self.position - self._chunk_start
        self.position = end
        return self._chunk[begin : begin + length]
