"""Memory sizes from images. The machines are libvirt's mock driver's, the images are real."""

import json
import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from testbed.mock import Machine

from snapgui.core.errors import SnapguiError
from snapgui.core.records import Size
from snapgui.virt import images
from snapgui.virt.host import Host

Mock = Callable[..., Host]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A qcow2 image with the snapshots a and b and their memory sizes set to what a running machine could have left."""
    path = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "8M"], check=True)
    for name in ("a", "b"):
        subprocess.run(["qemu-img", "snapshot", "-c", name, path], check=True)
    pretend(path, 543_210_987, 6_000_000_001)
    return path


def pretend(path: Path, *sizes: int) -> None:
    """Write these into the image's snapshot table as the sizes of the memory states."""
    raw = bytearray(path.read_bytes())
    (offset,) = struct.unpack_from(">Q", raw, 64)
    for size in sizes:
        _, _, id_length, name_length, *_, extra = struct.unpack_from(">QIHHIIQII", raw, offset)
        struct.pack_into(">I", raw, offset + 32, size & 0xFFFFFFFF)
        struct.pack_into(">Q", raw, offset + 40, size)
        offset += (40 + extra + id_length + name_length + 7) // 8 * 8
    path.write_bytes(raw)


def by_qemu_img(path: Path) -> dict[str, int]:
    """The sizes as qemu-img tells them."""
    told = subprocess.run(["qemu-img", "info", "-U", "--output=json", path], check=True, capture_output=True)
    return {entry["name"]: entry["vm-state-size"] for entry in json.loads(told.stdout)["snapshots"]}


def sizes(host: Host, machine: Machine) -> dict[str, Size]:
    batches = host.read_snapshots(machine.uuid, host.list_snapshots(machine.uuid).names)
    return host.memory_sizes(machine.uuid, [record for batch in batches for record in batch])


def test_sizes_are_those_of_qemu_img(mock: Mock, image: Path) -> None:
    machine = Machine("m", disks=[image])
    machine.snapshot("a")
    machine.snapshot("b")
    found = sizes(mock(machine), machine)
    assert found == {"a": Size(543_210_987), "b": Size(6_000_000_001)}
    assert {name: size.bytes for name, size in found.items()} == by_qemu_img(image)


def test_the_disk_that_carries_the_memory_counts(mock: Mock, image: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.qcow2"
    other.write_bytes(image.read_bytes())
    pretend(other, 0, 0)
    machine = Machine("m", disks=[other, image])
    machine.snapshot("a")
    assert sizes(mock(machine), machine) == {"a": Size(543_210_987)}


def test_memory_in_an_image_that_an_overlay_lies_on_now_is_found_there(mock: Mock, image: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image, overlay], check=True)
    machine = Machine("m", disks=[image])
    machine.snapshot("a")
    machine.snapshot("b")
    machine.snapshot("unheard of")
    machine.disks_now = [overlay]
    found = sizes(mock(machine), machine)
    assert "No image" in found.pop("unheard of").why
    assert {name: size.bytes for name, size in found.items()} == by_qemu_img(image)
    image.unlink()
    assert f"{image} can" in sizes(mock(machine), machine)["a"].why


def test_without_memory_the_size_is_nothing_even_where_the_image_is_missing(mock: Mock) -> None:
    machine = Machine("m", disks=["/nowhere.qcow2"])
    machine.snapshot("off", state="shutoff", memory="no")
    machine.snapshot("disks", state="disk-snapshot", memory="no")
    assert sizes(mock(machine), machine) == {"off": Size(0), "disks": Size(0)}


def test_an_unknown_size_says_why(mock: Mock, image: Path, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.qcow2"
    garbage.write_bytes(b"no image at all" * 100)
    for number, (disks, words) in enumerate(
        [
            ([image], "No image of the machine holds a snapshot of this name."),
            (
                ["/nowhere.qcow2"],
                "/nowhere.qcow2 can\N{RIGHT SINGLE QUOTATION MARK}t be read: No such file or directory.",
            ),
            (
                [image, "/nowhere.qcow2"],
                "/nowhere.qcow2 can\N{RIGHT SINGLE QUOTATION MARK}t be read: No such file or directory.",
            ),
            ([garbage], f"The image {garbage} could not be read"),
            ([tmp_path], f"{tmp_path} can\N{RIGHT SINGLE QUOTATION MARK}t be read: Invalid argument."),
        ]
    ):
        machine = Machine(f"m{number}", disks=disks)
        machine.snapshot("unheard of")
        (size,) = sizes(mock(machine), machine).values()
        assert size.bytes is None
        assert words in size.why


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_says_so(mock: Mock, image: Path) -> None:
    image.chmod(0)
    machine = Machine("m", disks=[image])
    machine.snapshot("a")
    assert "Permission denied" in sizes(mock(machine), machine)["a"].why


def test_external_memory_is_as_large_as_its_file(mock: Mock, tmp_path: Path) -> None:
    file = tmp_path / "memory"
    file.write_bytes(b"x" * 12345)
    machine = Machine("m")
    machine.snapshot("here", memory=str(file))
    machine.snapshot("lost", memory="/nowhere")
    found = sizes(mock(machine), machine)
    assert found["here"] == Size(12345)
    assert "/nowhere" in found["lost"].why


def test_the_first_of_two_entries_with_one_name_counts_as_for_qemu(mock: Mock, image: Path) -> None:
    subprocess.run(["qemu-img", "snapshot", "-c", "a", image], check=True)
    pretend(image, 111, 222, 333)
    machine = Machine("m", disks=[image])
    machine.snapshot("a")
    assert sizes(mock(machine), machine) == {"a": Size(111)}


def test_tags_are_told_by_disk_without_those_that_cannot_be_read(mock: Mock, image: Path) -> None:
    machine = Machine("m", disks=[image, "/nowhere.qcow2"])
    host = mock(machine)
    assert host.image_tags(host.read_config(machine.uuid)) == {"vda": frozenset({"a", "b"})}


def test_a_running_machine_s_lock_does_not_hinder(mock: Mock, image: Path) -> None:
    holder = subprocess.Popen(
        ["qemu-io", "-f", "qcow2", image], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write("length\n")
        holder.stdin.flush()
        holder.stdout.readline()
        machine = Machine("m", disks=[image])
        machine.snapshot("a")
        assert sizes(mock(machine), machine) == {"a": Size(543_210_987)}
    finally:
        holder.communicate("quit\n", timeout=10)


def test_no_such_image_is_a_problem_that_names_it(mock: Mock) -> None:
    with pytest.raises(SnapguiError) as caught:
        mock().open_image("/nowhere.qcow2")
    assert "/nowhere.qcow2" in caught.value.problem.tried


@pytest.mark.parametrize(
    ("uri", "hostname", "local"),
    [
        ("qemu:///system", "other", True),
        ("qemu:///session", "other", True),
        ("test:///default", "other", True),
        ("qemu:///embed?root=/tmp/x", "other", True),
        ("qemu+unix:///system", "other", True),
        ("qemu+unix:///system?socket=/tmp/s", os.uname().nodename, True),
        ("qemu+unix:///system?socket=/tmp/tunnel", "other", False),
        ("qemu+ssh://host/system", "host", False),
        ("qemu+tcp://127.0.0.1/system", "here", False),
        ("qemu://host/system", "host", False),
        ("qemu+ssh:///system", "here", False),
    ],
)
def test_paths_are_ours_only_where_the_host_is(uri: str, hostname: str, *, local: bool) -> None:
    assert images.is_local(uri, hostname) is local
