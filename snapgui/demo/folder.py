"""The folders that demos live in: each is locked by its demo, and whatever a crashed one left is cleared away."""

import fcntl
import os
import shutil
import signal
import tempfile
from pathlib import Path

from snapgui.core.uris import DEMO_PREFIX

# Not TMPDIR: sockets lie below it, and the path of a socket ends at 108 characters.
PLACE = Path("/tmp")  # noqa: S108 - mkdtemp makes a folder there that nobody else can enter or foresee
_LOCK = "lock"


def create(place: Path = PLACE) -> tuple[Path, int]:
    """A new folder, and the descriptor that keeps it locked until ``remove`` or the end of the process."""
    folder = Path(tempfile.mkdtemp(prefix=DEMO_PREFIX, dir=place))
    # It gets its name once it is locked, so that no other demo sees it unlocked.
    waiting = folder / f"{_LOCK}.new"
    lock = os.open(waiting, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    waiting.rename(folder / _LOCK)
    return folder, lock


def remove(folder: Path, lock: int) -> None:
    """End the processes that use it, delete it and unlock it."""
    _end_processes(folder)
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def remove_abandoned(place: Path = PLACE) -> None:
    """Remove our own folders whose demo is no longer there."""
    for folder in place.glob(f"{DEMO_PREFIX}*"):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # gone meanwhile, or not finished
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)  # its demo runs
            continue
        remove(folder, lock)


def _end_processes(folder: Path) -> None:
    """Kill the QEMUs that were started for this folder: its path, which is like no other, is in their arguments."""
    mark = os.fsencode(folder) + b"/"
    for process in Path("/proc").glob("[0-9]*"):
        try:
            # Held from before the look at it, so that the number can't come to mean another process.
            held = os.pidfd_open(int(process.name))
        except OSError:
            continue
        try:
            command = (process / "cmdline").read_bytes()
            if b"qemu" in command.partition(b"\0")[0] and mark in command:
                signal.pidfd_send_signal(held, signal.SIGKILL)
        except OSError:
            pass  # it ended by itself, or is another user's
        finally:
            os.close(held)
