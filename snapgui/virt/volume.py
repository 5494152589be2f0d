"""The bytes of a storage volume, read through the connection."""

import libvirt

from snapgui.core.text import translate
from snapgui.virt.line import Line

_PIECE = 256 * 1024  # bytes per receive: libvirt's largest stream packet


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
            stream = connection.newStream()
            self._volume.download(stream, offset, length)
            return receive(stream, length)

    def close(self) -> None:
        """Nothing is held open between reads."""


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
