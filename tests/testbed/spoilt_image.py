"""Images with damage: what the metadata of a real one says is changed here and there."""

import struct
import subprocess
from itertools import pairwise
from pathlib import Path
from random import Random

from snapgui.qcow2.header import read_header
from snapgui.qcow2.snapshots import read_table

_SHAPES = (
    "compat=0.10,cluster_size=512",
    "compat=1.1,cluster_size=512,refcount_bits=64",
    "compat=1.1,cluster_size=1024,refcount_bits=8",
    "compat=1.1,cluster_size=4096,lazy_refcounts=on",
    "compat=1.1,cluster_size=16384,extended_l2=on",
)
_WORDS = (0, 1, 2, 7, 8, 0x200, 0x1FF, 0xFFFF, 1 << 31, (1 << 32) - 1, 1 << 62, 1 << 63, (1 << 63) - 1, (1 << 64) - 1)
_LAST_OF_HEADER = 112


class Bytes:
    """An image in memory that lets nobody read outside of it, and counts what is read."""

    def __init__(self, content: bytes, size: int | None = None) -> None:
        """``size`` where it is larger than what there is: the rest are zeros."""
        self.content = content
        self.read_bytes = 0
        self._size = len(content) if size is None else size

    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        assert min(offset, length) >= 0
        assert offset + length <= self._size
        self.read_bytes += length
        return self.content[offset : offset + length].ljust(length, b"\0")

    def close(self) -> None: ...


class FarBytes(Bytes):
    """The same from afar."""

    def read_ranges(self, ranges: list[tuple[int, int]]) -> list[bytes]:
        assert all(one[0] + one[1] <= other[0] for one, other in pairwise(ranges))
        return [self.read(offset, length) for offset, length in ranges]

    def measure(self) -> int:
        return self.size()


def make_seeds(folder: Path) -> list[bytes]:
    """Small real images of all shapes, each with snapshots, a branch, compressed clusters and zeros."""
    found = []
    for number, shape in enumerate(_SHAPES):
        path = folder / f"seed{number}.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", shape, path, "160k"], check=True)
        for name in ("a", "b", "c"):
            writes = [
                f"write {ord(name) * 700 // 512 * 512} 6k",
                "write -c 96k 48k",
                "write -c 96k 1k",
                "discard 99k 2k",
            ]
            writes += [] if "0.10" in shape else ["write -z 70k 5k", "write -z -u 40k 16k"]
            command = [part for write in writes for part in ("-c", write)]
            subprocess.run(
                ["qemu-io", "-d", "unmap", *command, path], check=False, capture_output=True
            )  # not over what is compressed
            subprocess.run(["qemu-img", "snapshot", "-c", name, path], check=True)
        subprocess.run(["qemu-img", "snapshot", "-a", "a", path], check=True)
        subprocess.run(["qemu-io", "-c", "write 20k 9k", path], check=True, capture_output=True)
        found.append(path.read_bytes())
    return found


def places(image: bytes) -> list[tuple[int, int]]:
    """Where the metadata is: offset and length of each stretch; the header, the snapshot table, L1 and L2 tables."""
    source = Bytes(image)
    header = read_header(source)
    snapshots = read_table(source, header)
    found = [(0, _LAST_OF_HEADER), (header.snapshots_offset, 300), (header.refcount_table_offset, 64)]
    tables = [(header.l1_offset, header.l1_size), *((one.l1_offset, one.l1_size) for one in snapshots)]
    for offset, size in tables:
        found.append((offset, 8 * size))
        l2 = {entry & 0xFF_FFFF_FFFF_FE00 for entry in struct.unpack_from(f">{size}Q", image, offset)} - {0}
        found += [(place, header.cluster_size) for place in sorted(l2)]
    return found


def spoil(image: bytes, where: list[tuple[int, int]], random: Random) -> bytes:
    """The image with one to eight changes; now and then cut off, or longer."""
    found = bytearray(image)
    for _ in range(random.choice([1, 1, 1, 2, 3, 8])):
        # Many changes are made to the header and the snapshot table, which most depends on.
        offset, length = random.choice(where[:2] if random.random() < 0.3 else where)
        kind = random.randrange(5)
        place = offset + random.randrange(length)
        if kind == 0:
            found[place : place + 1] = bytes([random.choice([0, 1, 2, 0x7F, 0x80, 0xFF, random.randrange(256)])])
            continue
        width = random.choice([2, 4, 8])
        place -= place % width
        if kind == 1:
            value = random.choice(_WORDS)
        elif kind == 2:  # leads to some other table, or near it
            value = random.choice(where)[0] + random.choice([0, 0, 0, 1, 512, 1 << 63, 1 << 62])
        elif kind == 3:
            value = int.from_bytes(found[place : place + width], "big") + random.choice([-1, 1, 512, -512, 4096])
        else:
            value = random.getrandbits(8 * width)
        found[place : place + width] = (value % (1 << (8 * width))).to_bytes(width, "big")
    end = random.random()
    if end < 0.05:
        return bytes(found[: random.randrange(len(found) + 1)])
    if end < 0.1:
        return bytes(found + found)
    return bytes(found)
