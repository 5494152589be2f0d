"""A file's bytes into a volume of a real libvirtd, across the network."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from testbed.daemon import Daemon

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.plan import Call, Step
from snapgui.core.records import DomainId
from snapgui.core.xml.volume import raw_volume
from snapgui.virt.host import Host

_PIECE = 256 * 1024


@pytest.fixture
def host(daemon: Daemon, connect: Callable[[str], Host]) -> Host:
    return connect(daemon.far_uri)


@pytest.fixture
def volume(daemon: Daemon, host: Host) -> Iterator[Callable[[int], Path]]:
    """Makes the volume “up” with so many bytes."""
    domain, path = DomainId(daemon.far_uri, ""), daemon.images / "up"

    def build(length: int) -> Path:
        host.run(Step(Call.VOLUME_CREATE, domain, "", source="images", path=str(path), xml=raw_volume("up", length)))
        return path

    yield build
    host.run(Step(Call.VOLUME_DELETE, domain, "", path=str(path)))
    assert not path.exists()


def _write(path: Path, *parts: int) -> bytes:
    """So many random bytes, then so long a hole, and so on."""
    with path.open("wb") as file:
        for number, length in enumerate(parts):
            file.write(os.urandom(length)) if number % 2 == 0 else file.seek(length, os.SEEK_CUR)
        file.truncate()
    return path.read_bytes()


@pytest.mark.parametrize(
    "parts",
    [
        (1,),
        (4097,),
        (_PIECE,),
        (3 * _PIECE + 5,),
        (0, 1 << 20),
        (9, 1 << 20, 9),
        (9, 1 << 20),
        (0, 1 << 20, 9, 4 << 20),
    ],
)
def test_it_holds_what_the_file_does_with_and_without_holes(
    host: Host, volume: Callable[[int], Path], tmp_path: Path, parts: tuple[int, ...]
) -> None:
    data = _write(tmp_path / "file", *parts)
    path = volume(len(data))
    assert path.stat().st_blocks * 512 >= len(data), "its room is its own before"
    told: list[float] = []
    with (tmp_path / "file").open("rb") as file:
        host.upload(str(path), file, told.append)
    assert path.read_bytes() == data
    assert told == sorted(told)
    assert all(0 <= done < 1 for done in told)


def test_what_it_is_told_to_end_by_ends_it(host: Host, volume: Callable[[int], Path], tmp_path: Path) -> None:
    path = volume(len(_write(tmp_path / "file", 8 * _PIECE)))

    def go_on(done: float) -> None:
        if done >= 0.5:
            raise SnapguiError(Problem("Uploading", "enough"))

    with (tmp_path / "file").open("rb") as file, pytest.raises(SnapguiError, match="enough"):
        host.upload(str(path), file, go_on)


def test_a_volume_that_is_not_there_is_said(daemon: Daemon, host: Host, tmp_path: Path) -> None:
    _write(tmp_path / "file", 9)
    with (tmp_path / "file").open("rb") as file, pytest.raises(SnapguiError) as caught:
        host.upload(str(daemon.images / "none"), file, lambda _: None)
    assert str(daemon.images / "none") in caught.value.problem.tried
