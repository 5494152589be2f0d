"""What differs between two snapshots, or one and now, against what was written."""

import json
import subprocess
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from testbed.any_image import Image

from snapgui.qcow2.changes import Changes, Moment, Piece, read_changes, read_pieces
from snapgui.qcow2.errors import NoSnapshotError
from snapgui.qcow2.snapshots import NOTHING
from snapgui.qcow2.source import LocalFile

KIB, MIB = 2**10, 2**20


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)


def changes(image: Path, since: Moment, until: Moment = None, bins: int = 64) -> Changes:
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


def pieces(*wanted: tuple[Path, Moment, Moment], bins: int = 2**30) -> Changes:
    """Of several images, with bins of a cluster."""
    with ExitStack() as opened:
        found = []
        for path, since, until in wanted:
            found.append(Piece(LocalFile(path), since, until))
            opened.callback(found[-1].source.close)
        return read_pieces(found, bins=bins)


def held_by_qemu(image: Path) -> set[int]:
    """The sectors that an overlay holds itself, data or zeros, as QEMU says."""
    told = subprocess.run(["qemu-img", "map", "--output=json", image], check=True, capture_output=True, text=True)
    return {
        sector
        for area in json.loads(told.stdout)
        if area["depth"] == 0 and area["present"]
        for sector in range(area["start"] // 512, (area["start"] + area["length"]) // 512)
    }


def test_a_chain_of_overlays_differs_by_what_they_hold_each_place_once(tmp_path: Path) -> None:
    base, one, two = (tmp_path / f"{name}.qcow2" for name in ("base", "one", "two"))
    run("qemu-img", "create", "-q", "-f", "qcow2", base, "16M")
    run("qemu-io", "-c", "write 0 8M", base)
    run("qemu-img", "snapshot", "-c", "s", base)
    run("qemu-io", "-c", "write 1M 64k", base)
    for path, below, options in ((one, base, "cluster_size=4k"), (two, one, "extended_l2=on,cluster_size=128k")):
        backing = ["-b", below, "-F", "qcow2"]
        run("qemu-img", "create", "-q", "-f", "qcow2", *backing, "-o", options, path)
    run("qemu-io", "-c", "write 1M 4k", "-c", "write 3M 8k", "-c", "write -z 5M 4k", one)
    run("qemu-io", "-c", "write 3M 4k", "-c", "write 9M 4k", two)
    above = [(two, NOTHING, None), (one, NOTHING, None)]
    found = pieces(*above, bins=16)
    sectors = held_by_qemu(two) | held_by_qemu(one)
    assert found.size == 512 * len(sectors) == (4 + 8 + 4 + 4) * KIB
    assert where(found) == {MIB: 4 * KIB, 3 * MIB: 8 * KIB, 5 * MIB: 4 * KIB, 9 * MIB: 4 * KIB}
    # What was written in the base after its snapshot differs from the snapshot, too, and covers what is above it there.
    assert where(pieces(*above, (base, "s", None), bins=16)) == {**where(found), MIB: 64 * KIB}
    assert pieces((base, "s", None)).bin_size == 64 * KIB
    assert pieces(*above).bin_size == 128 * KIB


def test_snapshots_go_by_name_and_one_that_is_gone_is_told(image: Path) -> None:
    assert changes(image, "empty", "full") == changes(image, 0, 1)
    with pytest.raises(NoSnapshotError, match="'other'"):
        changes(image, "other")


@settings(deadline=None, max_examples=10, phases=[Phase.generate, Phase.shrink])
@given(random=st.randoms(use_true_random=False))
def test_of_drawn_overlays_exactly_what_qemu_finds_in_them_differs(random: Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        below: Path | None = None
        layers = []
        for number in range(random.randint(2, 4)):
            path = Path(folder) / f"{number}.qcow2"
            cluster = 2 ** random.randint(9, 17)
            options = f"cluster_size={cluster}" + (
                ",extended_l2=on" if cluster >= 2**14 and random.random() < 0.5 else ""
            )
            backing = ["-b", below, "-F", "qcow2"] if below else []
            run("qemu-img", "create", "-q", "-f", "qcow2", "-o", options, *backing, path, "1000000")
            commands = []
            for _ in range(random.randint(0, 6)):
                start = random.randrange(1_000_000 // 512) * 512
                length = min(random.choice([512, 4096, 70_000 // 512 * 512]), 999_936 - start)
                how = random.choice(["write", "write", "write -z", "write -z -u", "discard"])
                commands += ["-c", f"{how} {start} {length}"] if length > 0 else []
            if commands:
                run("qemu-io", "-d", "unmap", *commands, path)
            layers.append(path)
            below = path
        found = pieces(*((path, NOTHING, None) for path in layers[1:]))
        held = set().union(*(held_by_qemu(path) for path in layers[1:]))
        assert found.size == sum(min(512, 1_000_448 - 512 * sector) for sector in held)
        for number, size in enumerate(found.bins):
            start, end = number * found.bin_size, min(found.disk_size, (number + 1) * found.bin_size)
            assert size == 512 * len(held & set(range(start // 512, end // 512)))


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
