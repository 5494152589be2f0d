"""What differs between two snapshots, or one and now, against what was written."""

import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from testbed.any_image import Image

from snapgui.qcow2.changes import Changes, read_changes
from snapgui.qcow2.source import LocalFile

KIB, MIB = 2**10, 2**20


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)


def changes(image: Path, since: int, until: int | None = None, bins: int = 64) -> Changes:
    source = LocalFile(image)
    try:
        return read_changes(source, since, until, bins=bins)
    finally:
        source.close()


def where(found: Changes) -> dict[int, int]:
    """Bytes that differ, by the byte at which their stretch begins."""
    return {number * found.bin_size: size for number, size in enumerate(found.bins) if size}


@pytest.fixture(params=["", "compat=0.10", "cluster_size=4k", "extended_l2=on,cluster_size=64k"])
def image(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """64 MiB with a snapshot before anything was written, one after 2 MiB, and 128 KiB since."""
    path = tmp_path / "disk.qcow2"
    options = ["-o", request.param] if request.param else []
    run("qemu-img", "create", "-q", "-f", "qcow2", *options, path, "64M")
    run("qemu-img", "snapshot", "-c", "empty", path)
    run("qemu-io", "-c", "write 10M 2M", path)
    run("qemu-img", "snapshot", "-c", "full", path)
    run("qemu-io", "-c", "write 10M 64k", "-c", "write 60M 64k", path)
    return path


def test_what_was_written_differs(image: Path) -> None:
    found = changes(image, 0, 1)
    assert (found.disk_size, found.bin_size, found.size) == (64 * MIB, MIB, 2 * MIB)
    assert where(found) == {10 * MIB: MIB, 11 * MIB: MIB}
    assert where(changes(image, 1)) == {10 * MIB: 64 * KIB, 60 * MIB: 64 * KIB}
    assert where(changes(image, 0)) == {10 * MIB: MIB, 11 * MIB: MIB, 60 * MIB: 64 * KIB}
    assert changes(image, 1, 0) == changes(image, 0, 1)
    assert changes(image, 1, 1).size == 0
    assert changes(image, 0, 1, bins=3).bins == (2 * MIB, 0, 0)


def test_what_went_back_is_the_same_and_zeros_are_zeros(image: Path) -> None:
    run("qemu-img", "snapshot", "-a", "empty", image)
    assert changes(image, 0).size == 0
    run(
        "qemu-io",
        "-d",
        "unmap",
        "-c",
        "write -P 1 20M 128k",
        "-c",
        "discard 20M 128k",
        "-c",
        "write -z 30M 128k",
        image,
    )
    assert changes(image, 0).size == 0
    assert changes(image, 1).size == 2 * MIB


def test_a_memory_state_is_no_part_of_the_disk(image: Path) -> None:
    machine = ["-machine", "none", "-accel", "tcg", "-nodefaults", "-S", "-display", "none", "-monitor", "stdio"]
    drive = ["-drive", f"if=none,format=qcow2,file={image}"]
    subprocess.run(
        ["qemu-system-x86_64", *machine, *drive],
        input="savevm state\nquit\n",
        text=True,
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert changes(image, 2).size == 0
    assert changes(image, 1, 2).size == 128 * KIB


def test_of_a_larger_disk_only_what_was_written_differs(tmp_path: Path) -> None:
    path = tmp_path / "disk.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", path, "100000")
    run("qemu-img", "snapshot", "-c", "small", path)
    run("qemu-io", "-c", "write 65536 34816", path)
    assert where(changes(path, 0)) == {65536: 100352 - 65536}  # the disk ends in the middle of its last cluster
    run("qemu-img", "resize", "-q", path, "1M")
    run("qemu-io", "-c", "write 960k 64k", path)
    assert where(changes(path, 0, bins=16)) == {65536: 65536, 960 * KIB: 64 * KIB}


def test_a_subcluster_is_told_from_its_cluster(tmp_path: Path) -> None:
    path = tmp_path / "disk.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", "-o", "extended_l2=on,cluster_size=128k", path, "1M")
    run("qemu-img", "snapshot", "-c", "empty", path)
    run("qemu-io", "-c", "write 4k 8k", "-c", "write 130k 1k", path)
    assert where(changes(path, 0)) == {0: 8 * KIB, 128 * KIB: 4 * KIB}


@settings(deadline=None, max_examples=10, phases=[Phase.generate, Phase.shrink])
@given(random=st.randoms(use_true_random=False))
def test_where_data_differs_blocks_do(random: Random) -> None:
    """Drawn images, and the data of each state as QEMU reads it."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = Image(Path(folder) / "disk.qcow2", random, Counter())
        if not drawn.create():
            return
        for _ in range(random.randint(2, 8)):
            drawn.step()
        states = [*range(len(drawn.read().snapshots)), None]
        data = [drawn.data(state) for state in states]
        for one, before in zip(states[:-1], data, strict=False):
            found = changes(drawn.path, one or 0, None, bins=2**30)
            for start in range(0, max(len(before), len(data[-1])), found.bin_size):
                stretch = slice(start, start + found.bin_size)
                if before[stretch].rstrip(b"\0") != data[-1][stretch].rstrip(b"\0"):
                    assert found.bins[start // found.bin_size], (drawn.told, one, start)
