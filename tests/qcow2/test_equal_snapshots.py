"""Whether an image still holds what its snapshots hold, against what QEMU writes."""

import struct
import subprocess
from pathlib import Path

import pytest

from snapgui.qcow2.equal import equal_snapshots
from snapgui.qcow2.errors import DamagedImageError, NotQcow2Error
from snapgui.qcow2.source import LocalFile


def _equal(image: Path) -> frozenset[str]:
    source = LocalFile(image)
    try:
        return equal_snapshots(source)
    finally:
        source.close()


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _io(image: Path, command: str) -> None:
    _run("qemu-io", "-f", "qcow2", "-c", command, image)


@pytest.fixture(params=["", "cluster_size=4k", "extended_l2=on,cluster_size=128k", "compat=0.10"])
def image(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An image of 64 MiB with some data in it, of several shapes."""
    path = tmp_path / "disk.qcow2"
    options = ["-o", request.param] if request.param else []
    _run("qemu-img", "create", "-f", "qcow2", *options, path, "64M")
    assert _equal(path) == {""}
    _io(path, "write -P 7 20M 1M")
    assert _equal(path) == frozenset()
    return path


def test_a_write_anywhere_makes_it_differ_and_going_back_the_same(image: Path) -> None:
    _run("qemu-img", "snapshot", "-c", "a", image)
    assert _equal(image) == {"a"}
    _io(image, "write -P 7 20M 4k")  # the data that is there already: a proof knows no better
    assert _equal(image) == frozenset()
    _run("qemu-img", "snapshot", "-c", "b", image)
    assert _equal(image) == {"b"}
    _run("qemu-img", "snapshot", "-a", "a", image)
    assert _equal(image) == {"a"}
    _run("qemu-img", "snapshot", "-c", "c", image)
    assert _equal(image) == {"a", "c"}
    _run("qemu-img", "snapshot", "-d", "a", image)
    assert _equal(image) == {"c"}
    _io(image, "discard 20M 1M")
    assert _equal(image) == frozenset()
    _run("qemu-img", "snapshot", "-a", "b", image)
    _io(image, "write -P 1 63M 4k")
    assert _equal(image) == frozenset()


def test_an_overlay_is_untouched_until_it_is_written_to(image: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.qcow2"
    _run("qemu-img", "create", "-f", "qcow2", "-b", image, "-F", "qcow2", overlay)
    assert _equal(overlay) == {""}
    _io(overlay, "read 20M 1M")
    assert _equal(overlay) == {""}
    _io(overlay, "write -z 20M 4k")
    assert _equal(overlay) == frozenset()


def test_a_disk_that_was_resized_differs(tmp_path: Path) -> None:
    image = tmp_path / "disk.qcow2"
    _run("qemu-img", "create", "-f", "qcow2", image, "64M")
    _run("qemu-img", "snapshot", "-c", "a", image)
    assert _equal(image) == {"", "a"}
    _run("qemu-img", "resize", image, "128M")
    assert _equal(image) == {""}


def test_data_in_a_file_of_its_own_proves_nothing(tmp_path: Path) -> None:
    image = tmp_path / "disk.qcow2"
    _run("qemu-img", "create", "-f", "qcow2", "-o", f"data_file={tmp_path}/data", image, "64M")
    assert _equal(image) == frozenset()


def test_a_damaged_image_is_told(tmp_path: Path) -> None:
    image = tmp_path / "disk.qcow2"
    image.write_bytes(b"no qcow2 at all" * 100)
    with pytest.raises(NotQcow2Error):
        _equal(image)
    _run("qemu-img", "create", "-f", "qcow2", image, "64M")
    whole = image.read_bytes()
    for field in (struct.pack(">IQ", 2**31, 196608), struct.pack(">IQ", 1, 2**60)):
        image.write_bytes(whole[:36] + field + whole[48:])
        with pytest.raises(DamagedImageError):
            _equal(image)
    image.write_bytes(whole[:24] + struct.pack(">Q", 2**63) + whole[32:])
    with pytest.raises(DamagedImageError):
        _equal(image)
