"""Whether an image still holds what its snapshots hold, without a look at the data.

The format is QEMU's ``docs/interop/qcow2.txt``. A write to a cluster that a snapshot shares makes a new L2 table, since
the old one is the snapshot's, too: as long as the active L1 table names the same L2 tables as a snapshot's, the disk
holds what it held then. An L1 table that names none is that of an image that nothing has been written to.
"""

import struct

from snapgui.qcow2.errors import DamagedImageError
from snapgui.qcow2.header import Header, read_header
from snapgui.qcow2.snapshots import read_snapshots
from snapgui.qcow2.source import ByteSource, read_exactly

_ACTIVE = struct.Struct(">IQ")  # the number of entries and the place of the active L1 table
_ACTIVE_AT = 36
_FEATURES_AT = 72
_DATA_FILE = 1 << 2
_EXTENDED_L2 = 1 << 4
_OFFSET = 0x00FF_FFFF_FFFF_FE00  # of an L1 entry: the rest are flags
_MAX_ENTRIES = 32 * 1024 * 1024 // 8  # QCOW_MAX_L1_SIZE in QEMU's block/qcow2.h


def equal_snapshots(source: ByteSource) -> frozenset[str]:
    """The names of the snapshots in the image that hold what the disk holds now; "" where nothing has been written.

    A disk that was written to and then got its old data again does not count. Raises Qcow2Error, or what the source
    raises. Only for an image that nobody writes to meanwhile.
    """
    header = read_header(source)
    features = 0
    if header.version > 2:  # noqa: PLR2004 - the version of the format
        (features,) = struct.unpack(">Q", read_exactly(source, _FEATURES_AT, 8, "the feature bits"))
    if features & _DATA_FILE:  # its data can change without the tables
        return frozenset()
    size, offset = _ACTIVE.unpack(read_exactly(source, _ACTIVE_AT, _ACTIVE.size, "the L1 table's place"))
    entries = _entries_of_disk(header, extended=bool(features & _EXTENDED_L2))
    active = _table(source, offset, size, entries)
    found = {} if any(active) else {"": True}
    for snapshot in read_snapshots(source):  # QEMU takes the first of several with one name
        then = _table(source, snapshot.l1_offset, snapshot.l1_size, entries)
        found.setdefault(snapshot.name, then == active and snapshot.disk_size == header.disk_size)
    return frozenset(name for name, is_equal in found.items() if is_equal)


def _entries_of_disk(header: Header, *, extended: bool) -> int:
    """How many L1 entries the disk takes; the memory of snapshots lies behind them."""
    covered = header.cluster_size * (header.cluster_size // (16 if extended else 8))
    return -(-header.disk_size // covered)


def _table(source: ByteSource, offset: int, size: int, entries: int) -> tuple[int, ...]:
    """The places of the L2 tables, 0 where there is none, up to the end of the disk."""
    if size > _MAX_ENTRIES or entries > _MAX_ENTRIES:
        raise DamagedImageError(f"an L1 table of {size} entries: {_MAX_ENTRIES} are possible")
    count = min(size, entries)
    raw = read_exactly(source, offset, 8 * count, "an L1 table")
    return (*(entry & _OFFSET for entry in struct.unpack(f">{count}Q", raw)), *[0] * (entries - count))
