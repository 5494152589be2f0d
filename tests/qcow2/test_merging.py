"""What merging writes and by how much the base grows: foretold from the tables, and then done by QEMU."""

import subprocess
from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from testbed.any_chain import run, try_one

from snapgui.qcow2 import apart
from snapgui.qcow2.errors import NotQcow2Error, UnsupportedImageError
from snapgui.qcow2.merging import Merge, read_merges
from snapgui.qcow2.source import LocalFile

MIB = 2**20


@pytest.mark.parametrize("seed", range(6))
def test_a_base_grows_as_foretold(seed: int, tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    try_one(tmp_path, Random(f"merging {seed}"), counts)  # noqa: S311 - images, not secrets
    assert counts["chains"] == 1


def _chain(folder: Path) -> list[Path]:
    """The second covers half of what is in the lowest and as much beside it; the third covers all of both."""
    layers = [folder / name for name in ("base", "one", "two")]
    run("qemu-img", "create", "-q", "-f", "qcow2", layers[0], "1G")
    for below, above in pairwise(layers):
        run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", below, above)
    for path, write in zip(layers, ("write 0 8M", "write 4M 8M", "write 0 12M"), strict=True):
        run("qemu-io", "-f", "qcow2", "-c", write, path)
    return layers


def test_what_both_have_makes_the_base_no_larger(tmp_path: Path) -> None:
    found = read_merges([LocalFile(path) for path in _chain(tmp_path)])
    assert found == {
        (0, 1): Merge(8 * MIB, 4 * MIB),
        (1, 2): Merge(12 * MIB, 4 * MIB),
        (0, 2): Merge(12 * MIB, 4 * MIB),
    }


def test_what_a_snapshot_inside_the_base_needs_too_is_written_elsewhere(tmp_path: Path) -> None:
    layers = _chain(tmp_path)
    run("qemu-img", "snapshot", "-c", "inside", layers[0])
    found = read_merges([LocalFile(path) for path in layers[:2]])
    assert found[0, 1] == Merge(8 * MIB, 8 * MIB + 65536), "4 MiB that both have, and the L2 table, are there twice"


def test_a_raw_base_grows_by_what_its_file_has_no_room_for(tmp_path: Path) -> None:
    base, above = tmp_path / "base", tmp_path / "above"
    with base.open("wb") as file:
        file.truncate(64 * MIB)
        file.write(b"x" * 4 * MIB)
    run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, above)
    run("qemu-io", "-f", "qcow2", "-c", "write 2M 4M", above)
    sources = [LocalFile(base), LocalFile(above)]
    assert read_merges(sources, raw=True) == {(0, 1): Merge(4 * MIB, 2 * MIB)}
    assert apart.merges(sources, raw=True) == {(0, 1): (4 * MIB, 2 * MIB)}


class Far:
    """A source that is no file of this computer."""

    def __init__(self, path: Path) -> None:
        self._file = LocalFile(path)

    def size(self) -> int:
        return self._file.size()

    def read(self, offset: int, length: int) -> bytes:
        return self._file.read(offset, length)

    def close(self) -> None:
        self._file.close()


def test_the_figures_apart_are_those_of_the_same_process_for_any_source(tmp_path: Path) -> None:
    layers = _chain(tmp_path)
    here = {place: (each.written, each.grows) for place, each in read_merges(list(map(LocalFile, layers))).items()}
    assert apart.merges([Far(layers[0]), LocalFile(layers[1]), Far(layers[2])]) == here


def test_errors_are_the_reader_s_own(tmp_path: Path) -> None:
    layers = _chain(tmp_path)
    other = tmp_path / "other"
    other.write_bytes(b"no image" * 100)
    with pytest.raises(NotQcow2Error):
        apart.merges([LocalFile(other), LocalFile(layers[1])])
    with pytest.raises(UnsupportedImageError, match="from afar"):
        apart.merges([Far(other), LocalFile(layers[1])], raw=True)


def test_the_work_grows_with_what_is_written_not_with_the_disk(tmp_path: Path) -> None:
    base, above = tmp_path / "base", tmp_path / "above"
    run("qemu-img", "create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", base, "200G")
    run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, above)
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write 150G 1M", above], check=True, stdout=subprocess.DEVNULL)
    reads: list[int] = []

    class Counting(LocalFile):
        def read(self, offset: int, length: int) -> bytes:
            reads.append(length)
            return super().read(offset, length)

        def read_into(self, offset: int, buffer: memoryview) -> int:
            reads.append(len(buffer))
            return super().read_into(offset, buffer)

    assert read_merges([Counting(base), Counting(above)])[0, 1] == Merge(MIB, 0)
    assert sum(reads) < MIB


def test_a_disk_of_petabytes_takes_no_longer_than_what_is_in_it(tmp_path: Path) -> None:
    """Its stretches, gone through one by one, would take minutes."""
    base, above = tmp_path / "base", tmp_path / "above"
    run("qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=2M", base, "64P")
    run("qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=2M", "-F", "qcow2", "-b", base, above)
    run("qemu-io", "-f", "qcow2", "-c", "write 63P 2M", above)
    told: list[float] = []
    found = read_merges([LocalFile(base), LocalFile(above)], progress=told.append)
    assert found[0, 1] == Merge(2 * MIB, 4 * MIB), "the data and an L2 table"
    assert len(told) < 1000
