"""Whether an image still holds what its snapshots hold, without a look at the data.

The format is QEMU's ``docs/interop/qcow2.txt``. A write to a cluster that a snapshot shares makes a new L2 table, since
the old one is the snapshot's, too: as long as the active L1 table names the same L2 tables as a snapshot's, the disk
holds what it held then. An L1 table that names none is that of an image that nothing has been written to.
"""

import struct

from snapgui.qcow2.errors import DamagedImageError
from snapgui.qcow2.header import MAX_L1_ENTRIES, read_header
from snapgui.qcow2.snapshots import read_snapshots
from snapgui.qcow2.source import ByteSource, read_exactly

_OFFSET = 0x00FF_FFFF_FFFF_FE00  # of an L1 entry: the rest are flags


def equal_snapshots(source: ByteSource) -> frozenset[str]:
    """The names of the snapshots in the image that hold what the disk holds now; "" where nothing has been written.

    A disk that was written to and then got its old data again does not count. Raises Qcow2Error, or what the source
    raises. Only for an image that nobody writes to meanwhile.
    """
    header = read_header(source)
    if header.data_file:  # its data can change without the tables
        return frozenset()
    entries = header.l1_entries(header.disk_size)
    active = _table(source, header.l1_offset, header.l1_size, entries)
    found = {} if any(active) else {"": True}
    for snapshot in read_snapshots(source):  # QEMU takes the first of several with one name
        then = _table(source, snapshot.l1_offset, snapshot.l1_size, entries)
        found.setdefault(snapshot.name, then == active and snapshot.disk_size == header.disk_size)
    return frozenset(name for name, is_equal in found.items() if is_equal)


def _table(source: ByteSource, offset: int, size: int, entries: int) -> tuple[int, ...]:
    """The places of the L2 tables, 0 where there is none, up to the end of the disk."""
    if size > MAX_L1_ENTRIES or entries > MAX_L1_ENTRIES:
        raise DamagedImageError(f"an L1 table of {size} entries: {MAX_L1_ENTRIES} are possible")
    count = min(size, entries)
    raw = read_exactly(source, offset, 8 * count, "an L1 table")
    return (*(entry & _OFFSET for entry in struct.unpack(f">{count}Q", raw)), *[0] * (entries - count))
