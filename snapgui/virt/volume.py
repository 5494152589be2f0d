"""The bytes of a storage volume, read through the connection."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import libvirt

from snapgui.core.text import translate
from snapgui.qcow2.source import stretches
from snapgui.virt.line import Line

_PIECE = 256 * 1024  # bytes per receive: libvirt's largest stream packet
# A read is two trips and hardly any work for the daemon, so that many at once wait for each other's trips. They count
# as one of the line's callers.
_READS_AT_ONCE = 32
_BYTES_AT_ONCE = 16 * 1024 * 1024
_STRETCH = 1024 * 1024
_GAP = 128 * 1024  # bytes that take as long as one of so many reads, on a line of 10 ms


class Volume:
    """A ``snapgui.qcow2.source.ByteSource`` over a volume of an active storage pool. Raises SnapguiError.

    Nothing is kept between reads: an image in use changes.
    """

    def __init__(self, line: Line, path: str) -> None:
        self._line = line
        self._tried = translate("Volume", "Reading {path} through the host’s storage pools").format(path=path)
        with line.calling(self._tried) as connection:
            self._volume = connection.storageVolLookupByPath(path)
            # With this flag the third figure is the length of the file, which for a qcow2 is neither of the other two.
            self._size: int = self._volume.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2]

    def size(self) -> int:
        """Bytes that can be read."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """``length`` bytes from ``offset``; fewer only at the end."""
        length = min(length, self._size - offset)
        if length <= 0:
            return b""
        with self._line.calling(self._tried) as connection:
            return self._download(connection, offset, length)

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        """As a ``DistantSource``: the bytes of ascending ranges, with many reads under way at once."""
        with self._line.calling(self._tried) as connection:
            yield from read_ranges(partial(self._download, connection), ranges)

    def _download(self, connection: libvirt.virConnect, offset: int, length: int) -> bytes:
        stream = connection.newStream()
        self._volume.download(stream, offset, length)
        return receive(stream, length)

    def close(self) -> None:
        """Nothing is held open between reads."""


def read_ranges(read: Callable[[int, int], bytes], ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """The bytes of ascending ranges. ``read`` is called with offset and length, in several threads at once."""
    waiting: deque[tuple[list[tuple[int, int]], int, Future[bytes]]] = deque()
    under_way = 0
    with ThreadPoolExecutor(_READS_AT_ONCE) as pool:
        try:
            for stretch in stretches(ranges, gap=_GAP, most=_STRETCH):
                begin = stretch[0][0]
                length = sum(stretch[-1]) - begin
                while waiting and (under_way + length > _BYTES_AT_ONCE or len(waiting) >= _READS_AT_ONCE):
                    ready, size, future = waiting.popleft()
                    under_way -= size
                    yield from _parts(ready, future)
                waiting.append((stretch, length, pool.submit(read, begin, length)))
                under_way += length
            while waiting:
                ready, _, future = waiting.popleft()
                yield from _parts(ready, future)
        finally:
            for _, _, future in waiting:
                future.cancel()


def _parts(stretch: list[tuple[int, int]], future: Future[bytes]) -> Iterator[bytes]:
    """The ranges of a stretch, from its bytes."""
    whole = future.result()
    begin = stretch[0][0]
    for offset, length in stretch:
        yield whole[offset - begin : offset - begin + length]


def receive(stream: libvirt.virStream, most: int) -> bytes:
    """All that comes, cut off after ``most`` bytes. Raises libvirtError."""
    parts: list[bytes] = []
    left = most
    try:
        while left > 0 and (part := stream.recv(min(left, _PIECE))):
            parts.append(part)
            left -= len(part)
        ended = left > 0 or not stream.recv(1)
    except libvirt.libvirtError:
        stream.abort()
        raise
    if ended:
        stream.finish()
    else:
        stream.abort()
    return b"".join(parts)
