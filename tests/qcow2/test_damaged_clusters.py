"""Whatever an image holds, its clusters are counted or it is said what is wrong: quickly, and in little memory."""

import struct
import subprocess
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from testbed.spoilt_image import Bytes, FarBytes, make_seeds, places, spoil

from snapgui.qcow2.changes import Piece, read_changes, read_pieces
from snapgui.qcow2.clusters import read_clusters
from snapgui.qcow2.errors import DamagedImageError, Qcow2Error, UnsupportedImageError
from snapgui.qcow2.merging import read_merges
from snapgui.qcow2.snapshots import NOTHING

_MOST_MEMORY = 32 * 2**20  # for an image of some hundred KiB

Spoil = Callable[[bytearray], None]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Small images of several shapes."""
    return make_seeds(tmp_path_factory.mktemp("seeds"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """64 KiB of data and two snapshots, in clusters of 4 KiB."""
    path = tmp_path_factory.mktemp("plain") / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", path, "4M"], check=True)
    for name in ("a", "b"):
        subprocess.run(["qemu-io", "-c", "write 0 64k", path], check=True, capture_output=True)
        subprocess.run(["qemu-img", "snapshot", "-c", name, path], check=True)
    return path.read_bytes()


def number(image: bytes, offset: int) -> int:
    found: int = struct.unpack_from(">Q", image, offset)[0]
    return found


def put(offset: int, layout: str, *values: int) -> Spoil:
    return lambda image: struct.pack_into(layout, image, offset, *values)


def in_table(offset: int, layout: str, *values: int) -> Spoil:
    """A change of the snapshot table, so many bytes behind its start."""
    return lambda image: struct.pack_into(layout, image, number(image, 64) + offset, *values)


def in_l1(layout: str, *values: int) -> Spoil:
    """A change of the active L1 table's first entry."""
    return lambda image: struct.pack_into(layout, image, number(image, 40), *values)


def in_refcounts(layout: str, *values: int) -> Spoil:
    """A change of the refcount table's first entry."""
    return lambda image: struct.pack_into(layout, image, number(image, 48), *values)


def in_l2(layout: str, *values: int) -> Spoil:
    """A change of the first entry of the L2 table of the first snapshot."""

    def change(image: bytearray) -> None:
        l2 = number(image, number(image, number(image, 64))) & 0xFF_FFFF_FFFF_FE00
        struct.pack_into(layout, image, l2, *values)

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put(72, ">Q", 2), "marked the image as corrupt, at byte 72"),
        (put(72, ">Q", 32), "unknown incompatible features 0x20 at byte 72"),
        (put(96, ">I", 7), r"refcounts of 2\^7 bits at byte 96"),
        (put(100, ">I", 8), "a header of 8 bytes at byte 100"),
        (put(48, ">Q", 512), "the refcount table at byte 512 is not at the start"),
        (put(48, ">Q", 2**40), "the refcount table at byte 1099511627776 is not at the start of a cluster"),
        (put(56, ">I", 2**31), "a refcount table of 8796093022208 bytes at byte 56"),
        (put(56, ">I", 0), "a refcount table of 0 bytes at byte 56"),
        (in_refcounts(">Q", 2**50), "entry 0 of the refcount table at byte 4096 leads to byte 1125899906842624"),
        (in_refcounts(">Q", 2**64 - 1), "entry 0 of the refcount table at byte 4096 leads to byte 184467440737095511"),
        (in_refcounts(">Q", 0), "the refcount table at byte 4096 has no count of the header's own cluster"),
        (in_refcounts(">Q", 4096 + 512), "entry 0 of the refcount table at byte 4096 leads to byte 4608, which is no"),
        (put(36, ">I", 0), "an L1 table of 0 entries at byte 36 is too short for the disk"),
        (put(36, ">I", 2**23), "the L1 table of the disk as it is now has 8388608 entries: 4194304 are possible"),
        (put(36, ">I", 2**22), "lies over the L1 table of the disk as it is now|reaches past the end"),
        (put(40, ">Q", 0), "lies over"),
        (put(40, ">Q", 513), "the L1 table of the disk as it is now at byte 513 is not at the start of a cluster"),
        (put(24, ">Q", 2**62), "is too short for the disk"),
        (put(72, ">Q", 16), "extended L2 entries with clusters of 4096 bytes at byte 20"),
        (in_table(0, ">Q", 2**62), "the L1 table of snapshot 1 of 2 at byte 4611686018427387904 reaches past the end"),
        (in_table(8, ">I", 2**22), "the L1 table of snapshot 1 of 2|lies over"),
        (in_l1(">Q", 2**50), "entry 0 of the L1 table of the disk as it is now leads to byte 1125899906842624"),
        (in_l1(">Q", 4096 + 512), "entry 0 of the L1 table of the disk as it is now leads to byte 4608"),
        (in_l2(">Q", 2**50), "an L2 table behind entry 0 of L1 tables leads to byte 1125899906842624"),
        (in_l2(">Q", 1024), "an L2 table behind entry 0 of L1 tables leads to byte 1024"),
        (in_l2(">Q", 1 << 62 | 2**40), "a compressed cluster at byte 1099511627776 reaches past the end"),
    ],
)  # fmt: skip
def test_damage_is_named(plain: bytes, change: Spoil, said: str) -> None:
    assert read_clusters(Bytes(plain)).freed([0]).disk == 65536
    image = bytearray(plain)
    change(image)
    with pytest.raises((DamagedImageError, UnsupportedImageError), match=said):
        read_clusters(Bytes(bytes(image)))


def test_an_l1_table_that_leads_to_itself_is_damage(plain: bytes) -> None:
    image = bytearray(plain)
    in_l1(">Q", number(plain, 40))(image)
    with pytest.raises(DamagedImageError, match=r"an L2 table at byte \d+ lies over an L1 table or the header"):
        read_clusters(Bytes(bytes(image)))


def test_many_l1_tables_in_one_place_are_refused_unread(plain: bytes) -> None:
    """65,536 snapshots that share one L1 table of 32 MiB would be 2 TiB of work."""
    table = -(-len(plain) // 4096) * 4096
    entry = struct.pack(">QIHHIIQIIQQ", 2**30, 2**22, 1, 1, 0, 0, 0, 0, 16, 0, 4 * 2**20) + b"1a" + b"\0" * 6
    image = bytearray(plain.ljust(table, b"\0") + entry * 65536)
    struct.pack_into(">IQ", image, 60, 65536, table)
    source = Bytes(bytes(image), 2**40)
    with pytest.raises(DamagedImageError, match="lies over the L1 table of snapshot"):
        read_clusters(source)
    assert source.read_bytes < 2 * len(image)


def test_one_l2_table_in_many_places_is_refused_unread(plain: bytes) -> None:
    """Every entry of an L1 table of 32 MiB leads to the same L2 table."""
    l1, l2 = 2**30, 2**31
    image = bytearray(plain)
    struct.pack_into(">IQ", image, 36, 2**22, l1)

    class Endless(Bytes):
        def read(self, offset: int, length: int) -> bytes:
            found = super().read(offset, length)
            return struct.pack(">Q", l2) * (length // 8) if l1 <= offset < l2 else found

    source = Endless(bytes(image), 2**40)
    with pytest.raises(DamagedImageError, match="the L2 table at byte 2147483648 has several places in L1 tables"):
        read_clusters(source)
    assert source.read_bytes < 3 * 2**25  # the L1 table, and again to see whether the damage stays
    struct.pack_into(">Q", image, 24, 2**40)  # a disk for all of them
    source = Endless(bytes(image), 2**40)
    with pytest.raises(DamagedImageError, match="the L2 table at byte 2147483648 has several places from entry 0 on"):
        read_changes(source, NOTHING)
    assert source.read_bytes < 3 * 2**25


def test_a_snapshot_of_a_disk_that_can_not_be_is_damage(plain: bytes) -> None:
    image = bytearray(plain)
    in_table(48, ">Q", 2**64 - 1)(image)
    with pytest.raises(DamagedImageError, match="a disk of 18446744073709551615 bytes"):
        read_changes(Bytes(bytes(image)), 0)


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    random=st.randoms(use_true_random=False),
    which=st.integers(0, 4),
    kind=st.sampled_from([Bytes, FarBytes]),
    shared=st.booleans(),
)
def test_whatever_an_image_holds_there_are_figures_or_an_error(
    seeds: list[bytes], random: Random, which: int, kind: type[Bytes], *, shared: bool
) -> None:
    """More without end by damage_by_hand.py. ``Bytes`` checks every read."""
    image = spoil(seeds[which], places(seeds[which]), random)
    source = kind(image)
    tracemalloc.start()
    try:
        found = read_clusters(source, shared=shared)
        assert found.freed(range(len(found.snapshots))).total >= 0
        if found.snapshots:
            assert read_changes(source, 0).size <= max(found.disk_size, *(one.disk_size for one in found.snapshots))
    except Qcow2Error as error:
        assert str(error)  # noqa: PT017 - there may be none
    try:
        read_pieces([Piece(source, NOTHING), Piece(source, random.choice("abc"), random.choice(["b", None]))])
    except Qcow2Error as error:
        assert str(error)  # noqa: PT017
    try:
        read_merges([Bytes(seeds[which]), source])
        read_merges([source, Bytes(seeds[which])])
    except Qcow2Error as error:
        assert str(error)  # noqa: PT017
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < _MOST_MEMORY
    assert source.read_bytes < 60 * max(len(image), 2**16)


def test_the_images_that_are_spoilt_are_whole_before(seeds: list[bytes], tmp_path: Path) -> None:
    for image in seeds:
        found = read_clusters(Bytes(image))
        assert [one.name for one in found.snapshots] == ["a", "b", "c"]
        assert found.freed(range(3)).disk > 0
        (tmp_path / "image").write_bytes(image)
        subprocess.run(["qemu-img", "check", tmp_path / "image"], check=True, capture_output=True)
