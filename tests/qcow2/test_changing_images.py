"""An image that somebody writes to while it is read: figures of that time, or none, never others."""

import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest
from testbed.any_image import counted_clusters
from testbed.spoilt_image import Bytes, FarBytes

from snapgui.qcow2.clusters import Clusters, read_clusters
from snapgui.qcow2.errors import ChangingImageError
from snapgui.qcow2.merging import read_merges
from snapgui.qcow2.snapshots import read_snapshots
from snapgui.qcow2.source import LocalFile

Found = TypeVar("Found")

# What happens to the image, one after the other; after each it is copied.
_STORY = (
    "io write 0 300k",
    "img snapshot -c a",
    "io write 20k 40k",
    "io write 800k 100k",
    "io discard 100k 40k",
    "img snapshot -c b",
    "io write 10k 200k",
    "io write -z -u 0 64k",
    "img snapshot -a a",
    "io write 500k 100k",
    "img snapshot -a b",
    "img snapshot -a a",
    "img snapshot -d a",
    "img snapshot -c c",
    "io write 0 900k",
    "img snapshot -d b",
    "img snapshot -c a",
    "img resize +2M",
    "io write 2M 600k",
    "io write -c 1M 64k",
    "img snapshot -c d",
    "io write 1M 64k",
    "io write -c 200k 48k",
    "img snapshot -a d",
)


_MOMENTS = 10


class Machine:
    """QEMU without a guest; it does what its monitor is told, and is told faster than it does it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        drive = f"if=none,id=d,format=qcow2,discard=unmap,file={path}"
        command = ["qemu-system-x86_64", "-machine", "none", "-m", "1M", "-nodefaults", "-S", "-display", "none"]
        self._process = subprocess.Popen(
            [*command, "-monitor", "stdio", "-drive", drive],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )

    def say(self, *lines: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{line}\n" for line in lines))
        self._process.stdin.flush()

    def snapshots(self) -> list[str]:
        return [one.name for one in self._with(read_snapshots)]

    def read(self) -> Clusters:
        return self._with(read_clusters)

    def _with(self, read: Callable[[LocalFile], Found]) -> Found:
        source = LocalFile(self.path)
        try:
            return read(source)
        finally:
            source.close()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.01)

    def end(self) -> None:
        if self._process.poll() is None:
            self.say("quit")
            self._process.communicate(timeout=60)


class _Far(FarBytes):
    """As long as it was when it was opened, until it is measured."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.grown = len(content)

    def measure(self) -> int:
        self._size = self.grown
        return self._size


class Moving:
    """Is one image up to some read, and the next from there on; ``moments`` are the numbers of those reads."""

    def __init__(self, images: list[bytes], moments: list[int], kind: type[Bytes]) -> None:
        self._images = images
        self._moments = moments
        self._source = kind(images[0])
        self.reads = 0
        if isinstance(self._source, _Far):
            self.read_ranges = self._read_ranges
            self.measure = self._source.measure

    def size(self) -> int:
        return self._source.size()

    def read(self, offset: int, length: int) -> bytes:
        self.reads += 1
        if self._moments and self.reads >= self._moments[0]:
            self._moments = self._moments[1:]
            self._images = self._images[1:]
            self._source.content = self._images[0]
            if isinstance(self._source, _Far):
                self._source.grown = len(self._images[0])
            else:
                self._source._size = len(self._images[0])
        return self._source.content[offset : offset + length].ljust(0)

    def _read_ranges(self, ranges: list[tuple[int, int]]) -> Iterator[bytes]:
        return (self.read(offset, length) for offset, length in ranges)

    def close(self) -> None: ...


def _told(clusters: Clusters) -> dict[tuple[int, ...], int]:
    """What each set of snapshots gives back, and what all states have."""
    count = len(clusters.snapshots)
    sets = [tuple(place for place in range(count) if mask >> place & 1) for mask in range(1 << count)]
    return {some: clusters.freed(some).total for some in sets}


@pytest.fixture(scope="module", params=["cluster_size=512", "cluster_size=4k,compat=0.10", "cluster_size=64k"])
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The image after each thing that happened to it."""
    path = tmp_path_factory.mktemp("story") / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", request.param, path, "2M"], check=True)
    found = []
    for happens in _STORY:
        tool, rest = happens.split(" ", 1)
        verb, *words = rest.split(" ")
        if tool == "io":
            command = ["qemu-io", "-d", "unmap", "-c", rest, path]
        elif verb == "resize":
            command = ["qemu-img", "resize", "-q", path, *words]
        else:
            command = ["qemu-img", verb, *words, path]
        # Version 2 has no zeros and keeps its size; QEMU does not compress over what is compressed.
        subprocess.run(command, check=verb == "snapshot" or rest[:7] == "write 0", capture_output=True)
        found.append(path.read_bytes())
    return found


@pytest.mark.parametrize("kind", [Bytes, _Far])
def test_what_changes_while_it_is_read_is_told_as_it_was_before_or_after(story: list[bytes], kind: type[Bytes]) -> None:
    """Of what a guest writes some may be in it, so that what is foretold lies in between; nothing else may."""
    moves = 0
    for happens, (before, after) in zip(_STORY[1:], pairwise(story), strict=True):
        then, now = read_clusters(Bytes(before)), read_clusters(Bytes(after))
        still = Moving([before], [], kind)
        read_clusters(still)
        every = range(1, still.reads + 2)
        for moment in Random(happens).sample(every, min(len(every), _MOMENTS)):  # noqa: S311 - the same each time
            found = read_clusters(Moving([before, after], [moment], kind))
            told = _told(found)
            if found.snapshots == now.snapshots and "io" in happens:
                bounds = _told(then), _told(now)
                for some, freed in told.items():
                    assert min(each[some] for each in bounds) <= freed <= max(each[some] for each in bounds), happens
            else:
                assert (found.snapshots, told) in [(each.snapshots, _told(each)) for each in (then, now)], happens
            moves += 1
    assert moves > 150


def test_a_merge_that_is_foretold_of_an_image_that_changes_is_that_of_before_or_after(story: list[bytes]) -> None:
    """A revert puts other tables in the place of the disk's: half of each would be a merge that never was."""
    base, moves = story[0], 0
    for happens, (before, after) in zip(_STORY[1:], pairwise(story), strict=True):
        if not happens.startswith("img snapshot -a"):
            continue
        possible = [read_merges([Bytes(base), Bytes(upper)]) for upper in (before, after)]
        still = Moving([before], [], Bytes)
        read_merges([Bytes(base), still])
        for moment in range(1, still.reads + 2):
            found = read_merges([Bytes(base), Moving([before, after], [moment], Bytes)])
            assert found in possible, (happens, moment)
            moves += 1
    assert moves > 40


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """One that stands still, and writes what it is told to."""
    path = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", path, "64M"], check=True)
    machine = Machine(path)
    yield machine
    machine.end()


def test_beside_a_machine_that_writes_figures_only_grow_and_end_exact(machine: Machine) -> None:
    random = Random(1)  # noqa: S311 - the same each time
    machine.say('qemu-io d "write 0 32M"', "savevm a")
    machine.wait_for(lambda: len(machine.snapshots()) == 1)
    for _ in range(200):
        machine.say(f'qemu-io d "write {random.randrange(16000) * 4}k {random.randint(1, 30)}k"', 'qemu-io d "flush"')
    told = [machine.read().freed([0]).disk]
    end = time.monotonic() + 60
    while told[-1] < 2**20 or len(told) < 4:
        told.append(machine.read().freed([0]).disk)
        assert time.monotonic() < end, told
    assert told == sorted(told)
    assert told[0] < told[-1]
    machine.end()
    whole = read_clusters(LocalFile(machine.path))
    assert whole.freed([0]).disk >= told[-1]
    before = len(counted_clusters(machine.path))
    subprocess.run(["qemu-img", "snapshot", "-d", "a", machine.path], check=True)
    assert whole.freed([0]).total == 4096 * (before - len(counted_clusters(machine.path)))


def test_beside_a_machine_that_takes_and_deletes_snapshots_is_nothing_but_what_was_there(machine: Machine) -> None:
    for number in range(40):
        machine.say(f'qemu-io d "write {number * 400}k 300k"', f"savevm s{number % 4}", f"loadvm s{number % 4}")
        machine.say(f"delvm s{(number + 2) % 4}")
    machine.say("savevm last")
    found, changed = 0, 0
    end = time.monotonic() + 60
    while "last" not in machine.snapshots():
        assert time.monotonic() < end
        try:
            clusters = machine.read()
        except ChangingImageError:
            changed += 1
            continue
        names = [one.name for one in clusters.snapshots]
        assert {*names} <= {"s0", "s1", "s2", "s3", "last"}
        assert len({*names}) == len(names) <= 4
        found += 1
    assert found + changed > 3
