"""The snapshot table of a qcow2 image: equal to qemu-img's word, and safe from whatever an image holds."""

import json
import os
import struct
import subprocess
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snapgui.qcow2.errors import ChangingImageError, DamagedImageError, NotQcow2Error, Qcow2Error, UnsupportedImageError
from snapgui.qcow2.snapshots import InternalSnapshot, read_snapshots
from snapgui.qcow2.source import LocalFile

COUNT, OFFSET = 60, 64  # of the header's fields for the table
ENTRY = struct.Struct(">QIHHIIQII")


class Bytes:
    """An image in memory that lets nobody read outside of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.reads = 0

    def size(self) -> int:
        return len(self.content)

    def read(self, offset: int, length: int) -> bytes:
        assert min(offset, length) >= 0
        assert offset + length <= len(self.content)
        self.reads += 1
        return self.content[offset : offset + length]

    def close(self) -> None: ...


def qemu_img(*arguments: str | Path) -> str:
    return subprocess.run(
        ["qemu-img", *map(str, arguments)], check=True, capture_output=True, text=True, timeout=20
    ).stdout


def make_image(path: Path, *options: str, names: tuple[str, ...] = ()) -> Path:
    qemu_img("create", "-q", "-f", "qcow2", *(part for option in options for part in ("-o", option)), path, "8M")
    for name in names:
        qemu_img("snapshot", "-c", name, path)
    return path


def by_qemu(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(qemu_img("info", "--output=json", path)).get("snapshots", [])
    return found


def by_us(path: Path) -> tuple[InternalSnapshot, ...]:
    source = LocalFile(path)
    try:
        return read_snapshots(source)
    finally:
        source.close()


def assert_equal_to_qemu(path: Path) -> None:
    ours, theirs = by_us(path), by_qemu(path)
    assert [(one.id, one.name, one.vm_state_size, one.date, one.date_ns, one.vm_clock_ns) for one in ours] == [
        (
            one["id"],
            one["name"],
            one["vm-state-size"],
            one["date-sec"],
            one["date-nsec"],
            one["vm-clock-sec"] * 10**9 + one["vm-clock-nsec"],
        )
        for one in theirs
    ]


def with_table(image: bytes, *entries: bytes, count: int | None = None) -> bytes:
    """The image with another table, at a new cluster at its end."""
    offset = -(-len(image) // 65536) * 65536
    table = b""
    for entry in entries:
        table += b"\0" * (-len(table) % 8) + entry
    head = bytearray(image)
    struct.pack_into(">IQ", head, COUNT, len(entries) if count is None else count, offset)
    return bytes(head) + b"\0" * (offset - len(image)) + table


def entry(image: bytes, name: bytes, size: int = 0, extra: bytes | None = None, number: int = 1) -> bytes:
    """A table entry that shares the image's own L1 table; by default with the two extra fields that QEMU writes."""
    (l1_size,), (l1_offset,) = struct.unpack_from(">I", image, 36), struct.unpack_from(">Q", image, 40)
    if extra is None:
        extra = struct.pack(">QQ", size, 8 * 2**20)
    tag, old_size = str(number).encode(), size if size < 2**32 else 0
    fixed = ENTRY.pack(
        l1_offset, l1_size, len(tag), len(name), 1_794_312_000, 999_999_999, 12 * 10**9 + 34, old_size, len(extra)
    )
    return fixed + extra + tag + name


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An image without snapshots."""
    return make_image(tmp_path_factory.mktemp("images") / "empty.qcow2").read_bytes()


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An image with three snapshots."""
    return make_image(tmp_path_factory.mktemp("images") / "three.qcow2", names=("a", "bb", "ccc")).read_bytes()


@pytest.mark.parametrize(
    "options", [(), ("compat=0.10",), ("cluster_size=512",), ("cluster_size=2M",), ("extended_l2=on",)]
)
def test_equals_qemu_img(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = make_image(tmp_path / "x.qcow2", *options, names=("clean", "with space", "名前 🐟", "x" * 200, "12"))
    assert_equal_to_qemu(path)
    assert by_us(path)[0].disk_size == 8 * 2**20
    qemu_img("snapshot", "-d", "clean", path)
    assert_equal_to_qemu(path)


def test_no_snapshots(tmp_path: Path) -> None:
    assert by_us(make_image(tmp_path / "x.qcow2")) == ()


@pytest.mark.parametrize("size", [0, 1, 569_376_768, 2**32 - 1, 2**32, 2**40 + 1])
def test_memory_sizes_equal_qemu_img_to_the_byte(tmp_path: Path, empty: bytes, size: int) -> None:
    path = tmp_path / "x.qcow2"
    path.write_bytes(with_table(empty, entry(empty, b"a", size), entry(empty, b"b", 0, number=2)))
    assert_equal_to_qemu(path)
    assert [one.vm_state_size for one in by_us(path)] == [size, 0]


@pytest.mark.parametrize(
    ("extra", "size", "disk"),
    [
        (b"", 77, 8 * 2**20),  # before there were extra fields
        (b"\1\2\3\4", 77, 8 * 2**20),
        (struct.pack(">Q", 2**33), 2**33, 8 * 2**20),
        (struct.pack(">QQ", 2**33, 5 * 2**20), 2**33, 5 * 2**20),
        (struct.pack(">QQQ", 2**33, 5 * 2**20, 42) + b"more", 2**33, 5 * 2**20),  # fields of a later QEMU
    ],
)
def test_entries_of_every_age(empty: bytes, extra: bytes, size: int, disk: int) -> None:
    image = with_table(empty, entry(empty, b"a", 77, extra), entry(empty, b"b", 5, number=2))
    first, second = read_snapshots(Bytes(image))
    assert (first.name, first.vm_state_size, first.disk_size) == ("a", size, disk)
    assert (second.id, second.name, second.vm_state_size) == ("2", "b", 5)


def test_version_2_entries_equal_qemu_img(tmp_path: Path) -> None:
    path = make_image(tmp_path / "x.qcow2", "compat=0.10")
    image = path.read_bytes()
    path.write_bytes(with_table(image, entry(image, b"old", 123_456_789, b"")))
    assert by_us(path)[0].vm_state_size == by_qemu(path)[0]["vm-state-size"] == 123_456_789


def test_names_that_are_no_text_stay_apart(empty: bytes) -> None:
    image = with_table(empty, entry(empty, b"\xff"), entry(empty, b"\xfe"), entry(empty, b"cut\0off"))
    assert [one.name for one in read_snapshots(Bytes(image))] == ["\\xff", "\\xfe", "cut"]


def test_a_thousand_snapshots_take_few_reads(empty: bytes) -> None:
    image = with_table(empty, *(entry(empty, f"snapshot-{number}".encode(), number) for number in range(1000)))
    source = Bytes(image)
    assert len(read_snapshots(source)) == 1000
    assert source.reads < 12


def damaged(image: bytes, at: int, form: str, value: int) -> bytes:
    head = bytearray(image)
    struct.pack_into(form, head, at, value)
    return bytes(head)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ((0, ">I", 0x7F454C46), NotQcow2Error, "qcow2 header"),
        ((4, ">I", 1), UnsupportedImageError, "version 1"),
        ((4, ">I", 4), UnsupportedImageError, "version 4"),
        ((72, ">Q", 1 << 40), UnsupportedImageError, "features 0x10000000000 at byte 72"),
        ((20, ">I", 8), DamagedImageError, "byte 20"),
        ((20, ">I", 4_000_000_000), DamagedImageError, "byte 20"),
        ((COUNT, ">I", 65537), DamagedImageError, "65537 snapshots at byte 60"),
        ((COUNT, ">I", 65536), DamagedImageError, "entry"),
        ((OFFSET, ">Q", 1), DamagedImageError, "offset 1 at byte 64"),
        ((OFFSET, ">Q", 2**63), DamagedImageError, "past the end"),
    ],
)
def test_damage_in_the_header_is_named(
    three: bytes, change: tuple[int, str, int], error: type[Qcow2Error], words: str
) -> None:
    with pytest.raises(error, match=words):
        read_snapshots(Bytes(damaged(three, *change)))


def test_damage_in_the_table_is_named(empty: bytes) -> None:
    whole = with_table(empty, entry(empty, b"a"), entry(empty, b"b"))
    with pytest.raises(DamagedImageError, match=r"entry 2 of 2 of the snapshot table at byte \d+ reaches past the end"):
        read_snapshots(Bytes(whole[:-1]))
    with pytest.raises(DamagedImageError, match="1025 bytes of extra data"):
        read_snapshots(Bytes(with_table(empty, entry(empty, b"a", extra=b"\0" * 1025))))
    with pytest.raises(NotQcow2Error):
        read_snapshots(Bytes(b""))
    with pytest.raises(NotQcow2Error):
        read_snapshots(Bytes(empty[:71]))


def test_a_table_above_qemus_limit_is_refused_without_reading_it(empty: bytes) -> None:
    class Sparse(Bytes):
        """The image, and then the same entry of 64 KiB for ever."""

        def size(self) -> int:
            return 2**50

        def read(self, offset: int, length: int) -> bytes:
            self.reads += length
            return (
                head[offset : offset + length]
                if offset + length <= len(head)
                else (big * (length // len(big) + 1))[:length]
            )

    big = entry(empty, b"x" * 65_439)  # with its 96 bytes before the name, 64 KiB less a byte, then one of padding
    big += b"\0" * (65536 - len(big))
    head = with_table(empty, count=65536)
    source = Sparse(head)
    tracemalloc.start()
    with pytest.raises(DamagedImageError, match="larger than 67108864 bytes"):
        read_snapshots(source)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert source.reads < 140 * 2**20  # and again to see whether the damage stays
    assert peak < 160 * 2**20


def test_a_table_replaced_meanwhile_is_read_again(empty: bytes) -> None:
    before = with_table(empty, entry(empty, b"old"))
    after = with_table(before, entry(empty, b"old"), entry(empty, b"new"))

    class Live(Bytes):
        """QEMU writes a new table after the first read, and something else where the old one was."""

        def read(self, offset: int, length: int) -> bytes:
            if self.reads == 1:
                spoilt = bytearray(after)
                start = len(before) - len(entry(empty, b"old"))
                spoilt[start : len(before)] = b"\xff" * (len(before) - start)
                self.content = bytes(spoilt)
            return super().read(offset, length)

    assert [one.name for one in read_snapshots(Live(before + b"\0" * 200_000))] == ["old", "new"]


def test_a_table_that_never_rests_is_an_error(empty: bytes) -> None:
    image = with_table(empty, entry(empty, b"a"))
    (table,) = struct.unpack_from(">Q", image, OFFSET)

    class Restless(Bytes):
        """The snapshot's time differs each time."""

        def read(self, offset: int, length: int) -> bytes:
            content = bytearray(self.content)
            struct.pack_into(">I", content, table + 16, self.reads)
            self.content = bytes(content)
            return super().read(offset, length)

    with pytest.raises(ChangingImageError, match="written to during each"):
        read_snapshots(Restless(image))


def test_only_files_and_block_devices_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "missing"):
        with pytest.raises(OSError, match=str(path.name)):
            LocalFile(path)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_an_image_holds_the_answer_is_snapshots_or_an_error(three: bytes, data: st.DataObject) -> None:
    """Bytes of the header and of the table are changed, and the end is cut off; ``Bytes`` checks every read."""
    (table,) = struct.unpack_from(">Q", three, OFFSET)
    image = bytearray(three)
    places = st.one_of(st.integers(4, 111), st.integers(table, table + 250))
    for place in data.draw(st.lists(places, max_size=8)):
        if place < len(image):
            image[place] = data.draw(st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    end = data.draw(st.just(len(image)) | st.integers(0, len(image)))
    try:
        found = read_snapshots(Bytes(bytes(image[:end])))
    except Qcow2Error:
        return
    assert len(found) <= 65536
    assert all(one.name.encode() is not None for one in found)  # no surrogates, which Qt and files refuse
