"""Counts images' clusters in a process of its own.

So the application keeps neither numpy nor a large image's tables in its memory, its threads don't wait for each other
while it counts, and whatever an image does to its reader stays there. The process opens a file of this computer itself,
for reading; of any other source it asks for each range.

Both sides send lines of JSON. The child: ``{"read": [[offset, length], …], "of": 0}`` with the image's place,
``{"measure": 0}``, ``{"part": 0.5}``, and last ``{"found": …}`` or ``{"error": [class, text]}``. The parent: what is
wanted, and then an answer to each ``measure``, the image's size, and to each ``read``: for each range, as they come
from the source, a length and so many bytes. Neither side ever has all of them.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, astuple, dataclass
from functools import partial
from io import BufferedRWPair
from pathlib import Path
from typing import Any, Final

from snapgui.qcow2.errors import DamagedImageError, Qcow2Error
from snapgui.qcow2.source import ByteSource, LocalFile, is_distant

_PACKAGES: Final = Path(__file__).resolve().parents[2]
_ERRORS: Final[dict[str, type[Qcow2Error]]] = {each.__name__: each for each in Qcow2Error.__subclasses__()}

Progress = Callable[[float], None]
Bytes = tuple[int, int, int]  # of the disk's data, memory and tables


@dataclass(frozen=True, slots=True)
class Figures:
    """What ``Clusters`` says, without arrays. The states are the snapshots and the disk as it is now.

    ``groups``: what exactly the states of a bit mask hold together. ``as_of`` is in seconds since the epoch.
    """

    snapshots: tuple[str, ...]  # their names, as the image's table has them
    alone: tuple[Bytes, ...]
    shared: tuple[Bytes, ...]
    groups: tuple[tuple[int, Bytes], ...]
    as_of: float


def figures(source: ByteSource, progress: Progress | None = None) -> Figures:
    """Who holds what. Raises Qcow2Error, what the source raises, and what ``progress`` raises: the way to cancel."""
    found = _run("figures", [source], progress)
    return Figures(
        tuple(found["snapshots"]),
        tuple(tuple(each) for each in found["alone"]),
        tuple(tuple(each) for each in found["shared"]),
        tuple((int(owners, 16), tuple(held)) for owners, held in found["groups"]),
        found["as_of"],
    )


def merges(
    sources: Sequence[ByteSource], *, raw: bool = False, progress: Progress | None = None
) -> dict[tuple[int, int], tuple[int, int]]:
    """For each base and top: the bytes that a merge writes, and by how many the base grows.

    As ``snapgui.qcow2.merging.read_merges``, which says what is taken and raised.
    """
    found = _run("merges", sources, progress, raw=raw)
    return {(base, top): (written, grows) for base, top, written, grows in found["merges"]}


@dataclass(frozen=True, slots=True)
class Differing:
    """What ``Changes`` says. ``as_of``: when the reading began, in seconds since the epoch."""

    disk_size: int
    size: int
    bin_size: int
    bins: tuple[int, ...]
    as_of: float


def changes(pieces: Sequence[tuple[ByteSource, str | None, str | None]], progress: Progress | None = None) -> Differing:
    """What differs of a disk that stands on these images, as ``snapgui.qcow2.changes.read_pieces`` says.

    Moments are snapshots by their names, None: now, or ``NOTHING``. Raises as ``figures`` does.
    """
    moments = [(since, until) for _source, since, until in pieces]
    found = _run("changes", [source for source, _since, _until in pieces], progress, moments=moments)
    return Differing(found["disk_size"], found["size"], found["bin_size"], tuple(found["bins"]), found["as_of"])


def _run(task: str, sources: Sequence[ByteSource], progress: Progress | None, **options: Any) -> dict[str, Any]:
    images = [{"size": one.size(), "path": one.path if isinstance(one, LocalFile) else None} for one in sources]
    wanted = {"task": task, "images": images, **options}
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", __name__, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": str(_PACKAGES)},
        )
        theirs.close()
        try:
            with ours.makefile("rwb") as stream:
                _say(stream, wanted)
                return _attend(stream, sources, progress or (lambda _: None))
        except BrokenPipeError as error:
            raise DamagedImageError(_ENDED) from error
        finally:
            child.kill()
            child.wait()


_ENDED: Final = "the process that counts its clusters has ended without a word"


def _attend(stream: BufferedRWPair, sources: Sequence[ByteSource], progress: Progress) -> dict[str, Any]:
    part = 0.0
    while line := stream.readline():
        said = json.loads(line)
        if "read" in said:
            for found in _read(sources[said["of"]], said["read"]):
                stream.write(b"%d\n" % len(found))
                stream.write(found)
                progress(part)  # a source may be slow: so that it can be cancelled
            stream.flush()
        elif "measure" in said:
            source = sources[said["measure"]]
            stream.write(b"%d\n" % (source.measure() if is_distant(source) else source.size()))
            stream.flush()
        elif "part" in said:
            part = said["part"]
            progress(part)
        elif "error" in said:
            name, text = said["error"]
            raise _ERRORS[name](text) if name in _ERRORS else OSError(text)
        else:
            return dict(said["found"])
    raise DamagedImageError(_ENDED)


def _read(source: ByteSource, ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    if is_distant(source):
        return source.read_ranges(ranges)
    return (source.read(offset, length) for offset, length in ranges)


def _say(stream: BufferedRWPair, said: dict[str, Any]) -> None:
    stream.write(json.dumps(said).encode() + b"\n")
    stream.flush()


# The child's side


class _Parent:
    """The stream of answers, and the ranges that are still to come on it, whoever wants them."""

    def __init__(self, stream: BufferedRWPair) -> None:
        self.stream = stream
        self._left = 0

    def ask(self, said: dict[str, Any], ranges: int = 0) -> None:
        self.drain()
        _say(self.stream, said)
        self._left = ranges

    def next(self) -> bytes:
        self._left -= 1
        return self.stream.read(int(self.stream.readline()))

    def drain(self) -> None:
        while self._left:
            self.next()


class _AtParent:
    """An image that the parent reads and closes: a ``DistantSource``."""

    def __init__(self, parent: _Parent, place: int, size: int) -> None:
        self._parent = parent
        self._place = place
        self._size = size

    def size(self) -> int:
        return self._size

    def measure(self) -> int:
        self._parent.ask({"measure": self._place})
        self._size = int(self._parent.stream.readline())
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        return next(self.read_ranges([(offset, length)]))

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        self._parent.ask({"read": [*ranges], "of": self._place}, len(ranges))
        for _ in ranges:
            yield self._parent.next()

    def close(self) -> None:
        """Take what is still to come."""
        self._parent.drain()


def _count(source: ByteSource, progress: Progress) -> dict[str, Any]:
    """Here and below alone numpy is loaded."""
    from snapgui.qcow2.clusters import read_clusters  # noqa: PLC0415 - not in the parent

    clusters = read_clusters(source, shared=True, progress=progress)
    return {
        "snapshots": [snapshot.name for snapshot in clusters.snapshots],
        "alone": [astuple(held) for held in clusters.exclusive],
        "shared": [astuple(held) for held in clusters.shared or ()],
        "groups": [(hex(owners), astuple(held)) for owners, held in clusters.groups().items()],
        "as_of": clusters.as_of,
    }


def _merge(sources: Sequence[ByteSource], progress: Progress, *, raw: bool) -> dict[str, Any]:
    from snapgui.qcow2.merging import read_merges  # noqa: PLC0415 - not in the parent

    found = read_merges(sources, raw=raw, progress=progress)
    return {"merges": [(*place, merge.written, merge.grows) for place, merge in found.items()]}


def _compare(
    sources: Sequence[ByteSource], progress: Progress, moments: Sequence[tuple[str | None, str | None]]
) -> dict[str, Any]:
    from snapgui.qcow2.changes import Piece, read_pieces  # noqa: PLC0415 - not in the parent

    as_of = time.time()
    pieces = [Piece(source, since, until) for source, (since, until) in zip(sources, moments, strict=True)]
    return {**asdict(read_pieces(pieces, progress=progress)), "as_of": as_of}


def _main() -> None:
    with socket.socket(fileno=int(sys.argv[1])) as parent, parent.makefile("rwb") as stream:
        wanted = json.loads(stream.readline())
        answers = _Parent(stream)
        progress = partial(_tell, stream)
        try:
            with ExitStack() as opened:
                sources: list[ByteSource] = []
                for place, image in enumerate(wanted["images"]):
                    path = image["path"]
                    source = LocalFile(path) if path else _AtParent(answers, place, image["size"])
                    sources.append(opened.enter_context(closing(source)))
                if wanted["task"] == "merges":
                    found = _merge(sources, progress, raw=wanted["raw"])
                elif wanted["task"] == "changes":
                    found = _compare(sources, progress, wanted["moments"])
                else:
                    found = _count(sources[0], progress)
        except (Qcow2Error, OSError) as error:
            _say(stream, {"error": [type(error).__name__, str(error)]})
        else:
            _say(stream, {"found": found})


def _tell(stream: BufferedRWPair, part: float) -> None:
    _say(stream, {"part": part})


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # nobody wants the figures any more
        _main()
