"""Counting in a process of its own: the same figures, for any source, and ended when nobody wants them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path

import pytest

from snapgui.qcow2 import apart
from snapgui.qcow2.changes import Piece, read_pieces
from snapgui.qcow2.clusters import read_clusters
from snapgui.qcow2.errors import DamagedImageError, NoSnapshotError, NotQcow2Error
from snapgui.qcow2.snapshots import NOTHING
from snapgui.qcow2.source import LocalFile


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """With two snapshots, and writes before, between and after."""
    path = tmp_path / "image.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "1G"], check=True)
    for number, name in enumerate(("a", "ü b", "")):
        write = f"write -P {number + 1} {number * 3}M 4M"
        subprocess.run(["qemu-io", "-f", "qcow2", "-c", write, path], check=True, stdout=subprocess.DEVNULL)
        if name:
            subprocess.run(["qemu-img", "snapshot", "-c", name, path], check=True)
    return path


class Elsewhere:
    """A source that is no file of this computer."""

    def __init__(self, path: Path, *, broken: bool = False) -> None:
        self._file = LocalFile(path)
        self._broken = broken
        self.trips = 0

    def size(self) -> int:
        return self._file.size()

    def read(self, offset: int, length: int) -> bytes:
        self.trips += 1
        if self._broken:
            raise TimeoutError("the host is gone")
        return self._file.read(offset, length)

    def close(self) -> None:
        self._file.close()


class FarAway(Elsewhere):
    """The same, told all that is wanted at once; as long as it was when it was opened, until it is measured."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.given = 0
        self._size = super().size()

    def size(self) -> int:
        return self._size

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        self.trips += 1
        for each in ranges:
            self.given += 1
            yield self._file.read(*each)

    def measure(self) -> int:
        self._size = super().size()
        return self._size


@pytest.mark.parametrize("source", [LocalFile, Elsewhere, FarAway])
def test_the_figures_are_those_of_the_same_process(image: Path, source: type) -> None:
    found = apart.figures(source(image))
    here = read_clusters(LocalFile(image), shared=True)
    assert found.snapshots == ("a", "ü b")
    assert found.alone == tuple(astuple(held) for held in here.exclusive)
    assert found.shared == tuple(astuple(held) for held in here.shared or ())
    assert dict(found.groups) == {owners: astuple(held) for owners, held in here.groups().items()}
    for chosen in ((), (0,), (1,), (0, 1)):
        stay = ~sum(1 << place for place in chosen)
        freed = [sum(held) for owners, held in found.groups if not owners & stay]
        assert sum(freed) == here.freed(chosen).total > (-1 if not chosen else 0)


@pytest.mark.parametrize("source", [LocalFile, Elsewhere, FarAway])
def test_what_differs_is_the_same_too_over_several_images(image: Path, tmp_path: Path, source: type) -> None:
    above = tmp_path / "above.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", image, "-F", "qcow2", above], check=True)
    subprocess.run(["qemu-io", "-c", "write 0 64k", above], check=True, stdout=subprocess.DEVNULL)
    moments = [(above, NOTHING, None), (image, "ü b", None)]
    found = apart.changes([(source(path), since, until) for path, since, until in moments])
    here = read_pieces([Piece(LocalFile(path), since, until) for path, since, until in moments])
    assert (found.disk_size, found.size, found.bin_size, found.bins) == astuple(here)
    assert found.size == 4 * 2**20 + 2**16
    assert time.time() - 60 < found.as_of <= time.time()
    with pytest.raises(NoSnapshotError):
        apart.changes([(source(image), "gone", None)])


def test_numpy_stays_out_of_this_process(image: Path) -> None:
    code = f"import sys; from snapgui.qcow2 import apart, source; apart.figures(source.LocalFile({str(image)!r}));"
    code += "print('numpy' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert ran.stdout == "False\n"


def test_errors_are_the_reader_s_and_the_source_s_own(image: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"no image" * 1000)
    with pytest.raises(NotQcow2Error):
        apart.figures(LocalFile(tmp_path / "other"))
    with pytest.raises(TimeoutError, match="the host is gone"):
        apart.figures(Elsewhere(image, broken=True))
    source = LocalFile(image)
    image.unlink()
    with pytest.raises(OSError, match="No such file"):
        apart.figures(source)
    cut = tmp_path / "cut"
    with cut.open("wb") as file:
        file.write(b"QFI\xfb\0\0\0\3" + bytes(64))
    with pytest.raises(DamagedImageError):
        apart.figures(LocalFile(cut))


def test_what_progress_raises_ends_the_process(image: Path) -> None:
    def cancel(_part: float) -> None:
        raise KeyboardInterrupt

    before = _children()
    with pytest.raises(KeyboardInterrupt):
        apart.figures(LocalFile(image), cancel)
    assert _children() == before


def test_a_cancel_waits_for_one_piece_and_not_for_all(image: Path) -> None:
    source = FarAway(image)
    apart.figures(source)
    whole, source = source.given, FarAway(image)

    def cancel(_part: float) -> None:
        if source.given > 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        apart.figures(source, cancel)
    assert source.given == 2 < whole


def test_an_image_that_has_grown_since_it_was_opened_is_measured_again(image: Path) -> None:
    source = FarAway(image)
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write 600M 9M", image], check=True, stdout=subprocess.DEVNULL)
    found = apart.figures(source)
    assert found.alone[-1] == astuple(read_clusters(LocalFile(image)).active)
    assert read_clusters(FarAway(image)).active.disk > 9 * 2**20


def test_damage_is_told_while_the_source_has_more_to_give(image: Path, tmp_path: Path) -> None:
    spoilt = bytearray(image.read_bytes())
    l1 = int.from_bytes(spoilt[40:48], "big")
    spoilt[l1 : l1 + 8] = b"\xff" * 8
    (tmp_path / "spoilt").write_bytes(spoilt)
    with pytest.raises(DamagedImageError, match="entry 0 of the L1 table of the disk as it is now"):
        apart.figures(FarAway(tmp_path / "spoilt"))


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
