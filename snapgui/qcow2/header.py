"""The header of a qcow2 image.

The format is QEMU's ``docs/interop/qcow2.txt``, the limits are those of QEMU's ``block/qcow2.h``.
"""

import struct
from dataclasses import dataclass

from snapgui.qcow2.errors import DamagedImageError, NotQcow2Error, UnsupportedImageError
from snapgui.qcow2.source import ByteSource

MAGIC = b"QFI\xfb"
MAX_SNAPSHOTS = 65536

# QEMU's own limits (block/qcow2.h): what is larger it doesn't open either.
MAX_L1_ENTRIES = 32 * 1024 * 1024 // 8

_VERSION_2 = struct.Struct(">4sIQIIQIIQQIIQ")  # up to and with snapshots_offset: 72 bytes
_VERSION_3 = struct.Struct(">QQQII")  # the fields that only version 3 has, up to and with header_length
_LENGTH_V2 = _VERSION_2.size
_LENGTH_V3 = _VERSION_2.size + _VERSION_3.size
_REFCOUNT_ORDER_V2 = 4
_KNOWN_FEATURES = 0b11111
# Of the incompatible features; of the compatible ones.
_CORRUPT, _DATA_FILE, _COMPRESSION, _EXTENDED_L2 = 1 << 1, 1 << 2, 1 << 3, 1 << 4
_LAZY_REFCOUNTS = 1
_CLUSTER_BITS = range(9, 22)


@dataclass(frozen=True, slots=True)
class Header:
    """What leads to the tables.

    Offsets and sizes are in bytes, but ``l1_size`` in entries, ``refcount_table_size`` in clusters.
    """

    version: int
    cluster_size: int
    disk_size: int
    snapshot_count: int
    snapshots_offset: int
    l1_offset: int
    l1_size: int
    refcount_table_offset: int
    refcount_table_size: int
    refcount_order: int  # a count of references takes 2^this bits
    backing_offset: int  # of the backing file's name, 0 without one
    backing_length: int
    features: int  # the incompatible ones, bit by bit
    length: int  # of the header itself: extensions begin there
    encrypted: bool = False
    compatible: int = 0  # the compatible features, bit by bit

    @property
    def corrupt(self) -> bool:
        """Whether QEMU has marked the image as corrupt: it is not written to before a repair."""
        return bool(self.features & _CORRUPT)

    @property
    def data_file(self) -> bool:
        """Whether the disk's data lies in a file of its own."""
        return bool(self.features & _DATA_FILE)

    @property
    def extended_l2(self) -> bool:
        """Whether an entry of an L2 table has a second half, with the states of 32 subclusters."""
        return bool(self.features & _EXTENDED_L2)

    @property
    def options(self) -> str:
        """What ``qemu-img create -o`` has to be told to make an image that is built the same way."""
        if self.version == 2:  # noqa: PLR2004 - the version of the format
            return f"compat=0.10,cluster_size={self.cluster_size}"
        return ",".join(
            (
                "compat=1.1",
                f"cluster_size={self.cluster_size}",
                f"refcount_bits={1 << self.refcount_order}",
                f"lazy_refcounts={'on' if self.compatible & _LAZY_REFCOUNTS else 'off'}",
                f"extended_l2={'on' if self.extended_l2 else 'off'}",
                f"compression_type={'zstd' if self.features & _COMPRESSION else 'zlib'}",
            )
        )

    @property
    def l2_entries(self) -> int:
        """How many clusters an L2 table stands for."""
        return self.cluster_size // (16 if self.extended_l2 else 8)

    def l1_entries(self, disk_size: int) -> int:
        """How many L1 entries a disk of this size takes; the memory of snapshots lies behind them."""
        return -(-disk_size // (self.cluster_size * self.l2_entries))


def read_header(source: ByteSource) -> Header:
    """The header of a version 2 or 3 image, in one read. Raises Qcow2Error."""
    raw = source.read(0, min(_LENGTH_V3, source.size()))
    if len(raw) < _LENGTH_V2 or not raw.startswith(MAGIC):
        raise NotQcow2Error("the image does not begin with a qcow2 header")
    fields = _VERSION_2.unpack_from(raw)
    _, version, backing_offset, backing_length, cluster_bits, disk_size, crypt, l1_size, l1_offset = fields[:9]
    refcount_offset, refcount_clusters, count, snapshots_offset = fields[9:]
    if version not in (2, 3):
        raise UnsupportedImageError(f"qcow2 version {version} at byte 4: versions 2 and 3 are known")
    features, compatible, refcount_order, length = 0, 0, _REFCOUNT_ORDER_V2, _LENGTH_V2
    if version > 2:  # noqa: PLR2004 - the version of the format
        if len(raw) < _LENGTH_V3:
            raise DamagedImageError(f"the header at byte 0 reaches past the end of the image at byte {len(raw)}")
        features, compatible, _, refcount_order, length = _VERSION_3.unpack_from(raw, _LENGTH_V2)
        if features & ~_KNOWN_FEATURES:
            raise UnsupportedImageError(f"unknown incompatible features {features & ~_KNOWN_FEATURES:#x} at byte 72")
    if cluster_bits not in _CLUSTER_BITS:
        raise DamagedImageError(f"clusters of 2^{cluster_bits} bytes at byte 20: between 2^9 and 2^21 are possible")
    if count > MAX_SNAPSHOTS:
        raise DamagedImageError(f"{count} snapshots at byte 60: {MAX_SNAPSHOTS} are possible")
    if count and snapshots_offset % (1 << cluster_bits):
        raise DamagedImageError(
            f"the snapshot table's offset {snapshots_offset} at byte 64 is not at the start of a cluster"
        )
    return Header(
        version=version,
        cluster_size=1 << cluster_bits,
        disk_size=disk_size,
        snapshot_count=count,
        snapshots_offset=snapshots_offset,
        l1_offset=l1_offset,
        l1_size=l1_size,
        refcount_table_offset=refcount_offset,
        refcount_table_size=refcount_clusters,
        refcount_order=refcount_order,
        backing_offset=backing_offset,
        backing_length=backing_length,
        features=features,
        length=length,
        encrypted=crypt != 0,
        compatible=compatible,
    )
