"""The other files that a qcow2 image needs: its backing file and its external data file.

The format is QEMU's ``docs/interop/qcow2.txt``, sections "Header" and "Header extensions".
"""

import struct
from dataclasses import dataclass

from snapgui.qcow2.errors import DamagedImageError
from snapgui.qcow2.header import read_header
from snapgui.qcow2.source import ByteSource, read_exactly

_LONGEST_NAME = 1023
_EXTENSION = struct.Struct(">II")
_BACKING_FORMAT = 0xE2792ACA
_DATA_FILE = 0x44415441
_LENGTH_V2 = 72


@dataclass(frozen=True, slots=True)
class Needs:
    """Names as the image has them, "" for none: a path, perhaps relative to the image's folder, or QEMU's ``json:``."""

    backing: str = ""
    backing_format: str = ""
    data_file: str = ""


def read_needs(source: ByteSource) -> Needs:
    """What the image needs besides itself. Raises Qcow2Error, or what the source raises."""
    header = read_header(source)
    offset, length = header.backing_offset, header.backing_length
    if length > _LONGEST_NAME:
        raise DamagedImageError(f"a backing file's name of {length} bytes at byte 16: {_LONGEST_NAME} are possible")
    backing = read_exactly(source, offset, length, "the backing file's name") if offset else b""
    end = offset or header.cluster_size
    if not _LENGTH_V2 <= header.length <= end:
        raise DamagedImageError(f"a header of {header.length} bytes at byte 100: between 72 and {end} are possible")
    extensions = _extensions(source, header.length, end)
    data_file = _text(extensions.get(_DATA_FILE, b""))
    if header.data_file and not data_file:
        raise DamagedImageError("an external data file without a name at byte 72")
    return Needs(_text(backing), _text(extensions.get(_BACKING_FORMAT, b"")), data_file)


def _extensions(source: ByteSource, start: int, end: int) -> dict[int, bytes]:
    """The header extensions by type, in front of byte ``end``."""
    found: dict[int, bytes] = {}
    while start + _EXTENSION.size <= end:
        kind, length = _EXTENSION.unpack(read_exactly(source, start, _EXTENSION.size, "a header extension"))
        if kind == 0:
            break
        start += _EXTENSION.size
        if start + length > end:
            raise DamagedImageError(f"a header extension at byte {start} is {length} bytes long")
        found[kind] = read_exactly(source, start, length, "a header extension")
        start += length + -length % 8
    return found


def _text(raw: bytes) -> str:
    """A path as the file system has it, whatever its bytes."""
    return raw.decode(errors="surrogateescape")
