"""The bytes of a storage volume, read through the connection."""

import errno
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import BinaryIO

import libvirt

from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError, parse
from snapgui.qcow2.source import stretches
from snapgui.virt.line import Line

_PIECE = 256 * 1024  # bytes per receive: libvirt's largest stream packet
# A read is two trips and hardly any work for the daemon, so that many at once wait for each other's trips. They count
# as one of the line's callers.
_READS_AT_ONCE = 32
_BYTES_AT_ONCE = 16 * 1024 * 1024
_HOLE = -3  # what virStreamRecvFlags says where there is no byte
_STRETCH = 1024 * 1024
_GAP = 128 * 1024  # bytes that take as long as one of so many reads, on a line of 10 ms


class Volume:
    """A ``snapgui.qcow2.source.ByteSource`` over a volume of an active storage pool. Raises SnapguiError.

    Of what is read, nothing is kept: an image in use changes.
    """

    def __init__(self, line: Line, path: str) -> None:
        self._line = line
        self._tried = translate("Volume", "Reading {path} through the host’s storage pools").format(path=path)
        with line.calling(self._tried) as connection:
            self._volume = connection.storageVolLookupByPath(path)
            self._size = self._length()

    def _length(self) -> int:
        # With this flag the third figure is the length of the file, which for a qcow2 is neither of the other two.
        found: int = self._volume.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2]
        return found

    def size(self) -> int:
        """Bytes that can be read, as far as that is known."""
        return self._size

    def measure(self) -> int:
        """As a ``DistantSource``: bytes that can be read by now."""
        with self._line.calling(self._tried):
            self._size = self._length()
        return self._size

    def allocated(self) -> int:
        """Bytes that it takes in its pool."""
        with self._line.calling(self._tried):
            taken: int = self._volume.info()[2]
            return taken

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


@dataclass(slots=True)
class _Read:
    """Ranges that are read at once."""

    ranges: list[tuple[int, int]]
    found: bytes = b""
    error: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def begin(self) -> int:
        return self.ranges[0][0]

    @property
    def length(self) -> int:
        return sum(self.ranges[-1]) - self.begin

    def parts(self) -> Iterator[bytes]:
        """Waits for them. Raises what reading raised."""
        self.done.wait()
        if self.error is not None:
            raise self.error
        for offset, length in self.ranges:
            yield self.found[offset - self.begin : offset - self.begin + length]


def _work(read: Callable[[int, int], bytes], wanted: "SimpleQueue[_Read | None]", stopped: threading.Event) -> None:
    """Read what is wanted, up to a None; once ``stopped``, nothing more."""
    while (one := wanted.get()) is not None:
        try:
            if not stopped.is_set():
                one.found = read(one.begin, one.length)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits for the bytes
            one.error = error
        one.done.set()


def read_ranges(read: Callable[[int, int], bytes], ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """The bytes of ascending ranges. ``read`` is called with offset and length, in several threads at once.

    None of them is left when this ends, but they are daemons: a call that never returns must not keep the process.
    """
    wanted: SimpleQueue[_Read | None] = SimpleQueue()
    stopped = threading.Event()

    threads = [
        threading.Thread(target=_work, args=(read, wanted, stopped), name="libvirt reads", daemon=True)
        for _ in range(_READS_AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    waiting: deque[_Read] = deque()
    under_way = 0
    try:
        for stretch in stretches(ranges, gap=_GAP, most=_STRETCH):
            one = _Read(stretch)
            while waiting and (under_way + one.length > _BYTES_AT_ONCE or len(waiting) >= _READS_AT_ONCE):
                first = waiting.popleft()
                under_way -= first.length
                yield from first.parts()
            waiting.append(one)
            under_way += one.length
            wanted.put(one)
        while waiting:
            yield from waiting.popleft().parts()
    finally:
        stopped.set()
        for _ in threads:
            wanted.put(None)
        for thread in threads:
            thread.join()


def download(connection: libvirt.virConnect, path: str, into: BinaryIO, go_on: Callable[[float], None]) -> None:
    """Write the volume's bytes to a new file, with its holes.

    ``go_on`` is told how much of it is done, from 0 to 1; what it raises ends the download. Raises libvirtError and
    OSError.
    """
    volume = connection.storageVolLookupByPath(path)
    size = max(1, volume.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2])
    stream = connection.newStream()
    volume.download(stream, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
    try:
        while (piece := stream.recvFlags(_PIECE, libvirt.VIR_STREAM_RECV_STOP_AT_HOLE)) != b"":
            if piece == _HOLE:
                into.seek(stream.recvHole(), os.SEEK_CUR)
            else:
                into.write(piece)
            go_on(min(1.0, into.tell() / size))
        into.truncate()
        stream.finish()
    except BaseException:
        with suppress(libvirt.libvirtError):
            stream.abort()
        raise


def written(connection: libvirt.virConnect, path: str) -> str:
    """When the volume was last written to, as the host's file system knows it; "" where nobody does.

    Raises libvirtError.
    """
    try:
        return parse(connection.storageVolLookupByPath(path).XMLDesc()).findtext("target/timestamps/mtime", "")
    except XmlError:
        return ""


def upload(connection: libvirt.virConnect, path: str, source: BinaryIO, go_on: Callable[[float], None]) -> None:
    """Write a file's bytes into a volume that has been empty so far; its holes are skipped.

    ``go_on`` is told how much of it is done, from 0 to 1; what it raises ends the upload. Raises libvirtError and
    OSError. The volume must have room for all: [run] libvirtd 11.3 ends at a disk that becomes full, "double free".
    """
    file, size, at = source.fileno(), os.fstat(source.fileno()).st_size, 0
    volume = connection.storageVolLookupByPath(path)
    stream = connection.newStream()
    volume.upload(stream, 0, 0, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
    try:
        while at < size:
            begin, end = _data(file, at, size)
            if begin > at:
                stream.sendHole(begin - at)
            for at in range(begin, end, _PIECE):
                go_on(at / size)
                _send(stream, os.pread(file, min(_PIECE, end - at), at))
            at = end
        stream.finish()
    except BaseException:
        with suppress(libvirt.libvirtError):
            stream.abort()
        raise


def _data(file: int, at: int, size: int) -> tuple[int, int]:
    """Where in a file the next bytes from ``at`` on are that are no hole; at its end, nothing. Raises OSError."""
    try:
        begin = os.lseek(file, at, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return size, size
    return begin, min(size, os.lseek(file, begin, os.SEEK_HOLE))


def _send(stream: libvirt.virStream, piece: bytes) -> None:
    """All of it. Raises libvirtError."""
    while piece:
        piece = piece[stream.send(piece) :]


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
