"""A smaller image in the place of one that holds the same: at once or not at all, and only while nobody works with it.

QEMU holds a lock on some bytes of each image that it has open (its block/file-posix.c), and can't open one while
somebody else has locked them for itself. So all bytes are locked until the new image is in place.
"""

import fcntl
import os
import shutil
import stat
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.text import translate

_SETLK: Final = getattr(fcntl, "F_OFD_SETLK", 37)
_FLOCK: Final = struct.Struct("@hhqqi4x")


def replace(new: Path, old: Path, tried: str) -> None:
    """Put ``new`` in the place of ``old``; remove it where it takes as much.

    Raises SnapguiError where that must not be, OSError where it can't.
    """
    descriptor = os.open(old, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        if not _locked_for_us(descriptor):
            why = translate(
                "Making", "Another program is working with {path}: the machine runs, or another one upon it."
            )
            remedy = translate("Making", "Shut it off, and do this again.")
            raise SnapguiError(Problem(tried, why.format(path=old), remedy))
        before, made = os.fstat(descriptor), new.stat()
        why = _obstacle(before, made)
        if why:
            raise SnapguiError(Problem(tried, why.format(path=old)))
        if made.st_blocks >= before.st_blocks:  # nothing is gained by it
            new.unlink()
            return
        _make_alike(new, old, before)
        new.replace(old)
        _sync_folder(old.parent)
    finally:
        os.close(descriptor)


def _locked_for_us(descriptor: int) -> bool:
    """Whether nobody has it open as QEMU does, and nobody can from now on."""
    try:
        fcntl.fcntl(descriptor, _SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    except BlockingIOError:
        return False
    return True


def _obstacle(before: os.stat_result, made: os.stat_result) -> str:
    if not stat.S_ISREG(before.st_mode) or before.st_nlink > 1:
        return translate("Making", "{path} is no file of one name only: it stays as it is.")
    if before.st_mtime_ns > made.st_mtime_ns:
        return translate("Making", "{path} has been written to meanwhile: it stays as it is.")
    return ""


def _make_alike(new: Path, old: Path, before: os.stat_result) -> None:
    """The same people may do the same with it. Raises OSError where its owner can't be kept."""
    made = new.stat()
    if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
        os.chown(new, before.st_uid, before.st_gid)
    shutil.copymode(old, new)
    for name in os.listxattr(old):  # security labels and access lists
        with suppress(OSError):
            os.setxattr(new, name, os.getxattr(old, name))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some file systems can't
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
