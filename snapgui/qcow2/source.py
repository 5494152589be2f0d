"""Where an image's bytes come from: a local file, or whatever else can read a range of bytes."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeGuard

from snapgui.qcow2.errors import DamagedImageError


class ByteSource(Protocol):
    """An image as bytes. What goes wrong while reading is raised as the source's own error, such as OSError."""

    def size(self) -> int:
        """Bytes that can be read, as known when the source was opened or, for an image that grows, now."""

    def read(self, offset: int, length: int) -> bytes:
        """``length`` bytes from ``offset``; fewer only where the source ends before."""

    def close(self) -> None:
        """Give back what it holds. Nothing is read afterwards."""


class DistantSource(ByteSource, Protocol):
    """A source where each read is a trip across a network: it is told all that is wanted at once."""

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        """The bytes of each range of offset and length, in their order: ascending, apart, and inside the image.

        What lies between two may be read along and thrown away, where that takes less time than another trip.
        """

    def measure(self) -> int:
        """Ask how long the image is by now: that of a running machine grows. From then on, ``size`` says that."""


def is_distant(source: ByteSource) -> TypeGuard[DistantSource]:
    """Whether the source is to be told all that is wanted at once."""
    return hasattr(source, "read_ranges")


def end_of(source: ByteSource, reached: int) -> int:
    """Where the image ends; asked anew where something reaches further than was known."""
    end = source.size()
    return source.measure() if reached > end and is_distant(source) else end


def stretches(ranges: Sequence[tuple[int, int]], *, gap: int, most: int) -> Iterator[list[tuple[int, int]]]:
    """Ranges that ascend, by what to read at once: what lies between is at most ``gap`` long, all of it ``most``."""
    found: list[tuple[int, int]] = []
    for offset, length in ranges:
        if found and (offset - sum(found[-1]) > gap or offset + length - found[0][0] > most):
            yield found
            found = []
        found.append((offset, length))
    if found:
        yield found


class LocalFile:
    """A regular file or a block device of this computer. Raises OSError where it can't be opened or read."""

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        # O_NONBLOCK: opening a named pipe that nobody writes to would wait for ever.
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        mode = os.fstat(self._descriptor).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
            self.close()
            raise OSError(errno.EINVAL, "neither a file nor a block device", str(path))

    def size(self) -> int:
        """Bytes that can be read now: a running machine's image grows."""
        return os.lseek(self._descriptor, 0, os.SEEK_END)  # st_size is 0 for a block device

    def read(self, offset: int, length: int) -> bytes:
        """``length`` bytes from ``offset``; fewer only at the end."""
        parts: list[bytes] = []
        while length > 0:
            part = os.pread(self._descriptor, length, offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return b"".join(parts)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill the buffer from ``offset`` on; how many bytes there were, fewer only at the end."""
        done = 0
        while done < len(buffer):
            part = os.preadv(self._descriptor, [buffer[done:]], offset + done)
            if not part:
                break
            done += part
        return done

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def read_into(source: ByteSource, offset: int, buffer: memoryview) -> int:
    """As ``LocalFile.read_into``, of any source: with a file, no memory is taken anew for each read."""
    if isinstance(source, LocalFile):
        return source.read_into(offset, buffer)
    found = source.read(offset, len(buffer))
    buffer[: len(found)] = found
    return len(found)


def read_exactly(source: ByteSource, offset: int, length: int, what: str) -> bytes:
    """``length`` bytes, all of them inside the image, else DamagedImageError. ``what`` names them for the message."""
    end = end_of(source, offset + length)
    if offset < 0 or length < 0 or offset + length > end:
        raise DamagedImageError(f"{what} at byte {offset} reaches past the end of the image at byte {end}")
    found = source.read(offset, length)
    if len(found) != length:
        raise DamagedImageError(f"{what} at byte {offset} ends after {len(found)} of {length} bytes")
    return found
