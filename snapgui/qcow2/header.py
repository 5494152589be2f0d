"""The header of a qcow2 image.

The format is QEMU's ``docs/interop/qcow2.txt``, the limits are those of QEMU's ``block/qcow2.h``.
"""

import struct
from dataclasses import dataclass

from snapgui.qcow2.errors import DamagedImageError, NotQcow2Error, UnsupportedImageError
from snapgui.qcow2.source import ByteSource, read_exactly

MAGIC = b"QFI\xfb"
MAX_SNAPSHOTS = 65536

_VERSION_2 = struct.Struct(">4sIQIIQIIQQIIQ")  # up to and with snapshots_offset: 72 bytes
_INCOMPATIBLE_FEATURES = struct.Struct(">Q")  # the first field that only version 3 has
_KNOWN_FEATURES = 0b11111  # dirty, corrupt, external data file, compression type, extended L2 entries
_CLUSTER_BITS = range(9, 22)


@dataclass(frozen=True, slots=True)
class Header:
    """What leads to the tables. Offsets and sizes in bytes."""

    version: int
    cluster_size: int
    disk_size: int
    snapshot_count: int
    snapshots_offset: int


def read_header(source: ByteSource) -> Header:
    """The header of a version 2 or 3 image. Raises Qcow2Error."""
    if source.size() < _VERSION_2.size or source.read(0, len(MAGIC)) != MAGIC:
        raise NotQcow2Error("the image does not begin with a qcow2 header")
    raw = read_exactly(source, 0, _VERSION_2.size, "the header")
    _, version, _, _, cluster_bits, disk_size, _, _, _, _, _, count, offset = _VERSION_2.unpack(raw)
    if version not in (2, 3):
        raise UnsupportedImageError(f"qcow2 version {version} at byte 4: versions 2 and 3 are known")
    if version > 2:  # noqa: PLR2004 - the version of the format
        (features,) = _INCOMPATIBLE_FEATURES.unpack(read_exactly(source, _VERSION_2.size, 8, "the feature bits"))
        if features & ~_KNOWN_FEATURES:
            raise UnsupportedImageError(f"unknown incompatible features {features & ~_KNOWN_FEATURES:#x} at byte 72")
    if cluster_bits not in _CLUSTER_BITS:
        raise DamagedImageError(f"clusters of 2^{cluster_bits} bytes at byte 20: between 2^9 and 2^21 are possible")
    if count > MAX_SNAPSHOTS:
        raise DamagedImageError(f"{count} snapshots at byte 60: {MAX_SNAPSHOTS} are possible")
    if count and offset % (1 << cluster_bits):
        raise DamagedImageError(f"the snapshot table's offset {offset} at byte 64 is not at the start of a cluster")
    return Header(version, 1 << cluster_bits, disk_size, count, offset)
