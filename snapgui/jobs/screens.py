"""Pictures of machines' screens as they were when a snapshot was taken, in a folder of the user's cache."""

import itertools
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCryptographicHash

from snapgui import virt
from snapgui.core import health
from snapgui.core.errors import SnapguiError
from snapgui.core.plan import Call, DeleteFlag, Plan
from snapgui.core.records import SnapshotRecord
from snapgui.jobs.bridge import Bridge
from snapgui.jobs.lane import Lane
from snapgui.virt.host import Host

if TYPE_CHECKING:
    from snapgui.core.health.inventory import Picture


_NO_PICTURE = b"snapgui: no picture: "  # what stands in a picture's place where there is none, before the reason
_NOT_RUNNING = 55  # VIR_ERR_OPERATION_INVALID


def photograph(host: Host, uuid: str) -> bytes | None:
    """A machine's screen to be kept with a snapshot, or why there is none; None of a machine that is off. Blocks."""
    try:
        return host.screenshot(uuid)
    except SnapguiError as error:  # the snapshot matters, the picture does not
        return None if error.problem.code == _NOT_RUNNING else _NO_PICTURE + error.problem.why.encode()


def why_not(picture: bytes | None) -> str:
    """Why there was no picture of the screen when the snapshot was taken; "" where there is one, or it is not known."""
    if picture is None or not picture.startswith(_NO_PICTURE):
        return ""
    return picture.removeprefix(_NO_PICTURE).decode(errors="replace")


def going(plan: Plan, known: Mapping[str, SnapshotRecord]) -> tuple[SnapshotRecord, ...]:
    """The snapshots whose pictures go with a plan.

    Not those that libvirt only forgets: their data is still there, and it may know them again.
    """
    deletes = (step for step in plan.steps if step.call is Call.SNAPSHOT_DELETE)
    return tuple(
        known[step.snapshot] for step in deletes if step.snapshot in known and not step.flags & DeleteFlag.METADATA_ONLY
    )


class Screens:
    """One file for each snapshot. A picture is a comfort: what can't be written or read is simply not there.

    All but ``want``, ``want_now`` and ``rename`` block, and are for worker threads.
    """

    def __init__(self, folder: Path, bridge: Bridge) -> None:
        self._folder = folder
        self._bridge = bridge
        self._lane = Lane("screens")
        self._live_lane = Lane("live screen")  # its own: a machine that is busy may keep it waiting for long
        self._numbers = itertools.count()
        self._wanted: dict[int, Callable[[bytes | None], None]] = {}  # not given to workers: see Connection.ask

    @property
    def folder(self) -> Path:
        """Where they are kept."""
        return self._folder

    def want(self, uuid: str, snapshot: SnapshotRecord, answered: Callable[[bytes | None], None]) -> None:
        """Load a picture on a worker; it, or None, comes back on the UI thread."""
        self._submit(self._lane, lambda: self.load(uuid, snapshot), answered)

    def want_now(self, host: Host, uuid: str, answered: Callable[[bytes | None], None]) -> None:
        """Take a picture of a running machine's screen on a worker; it, or None, comes back on the UI thread."""
        self._submit(self._live_lane, lambda: _now(host, uuid), answered)

    def _submit(self, lane: Lane, read: Callable[[], bytes | None], answered: Callable[[bytes | None], None]) -> None:
        number = next(self._numbers)
        self._wanted[number] = answered

        def work() -> None:
            picture = read()
            self._bridge.post(lambda: self._wanted.pop(number)(picture))

        lane.submit(work)

    def keep(self, host: Host, uuid: str, name: str, picture: bytes) -> None:
        """Keep the picture of a snapshot that has just been taken."""
        try:
            host.list_snapshots(uuid)
            for batch in host.read_snapshots(uuid, [name]):
                for record in batch:
                    self.save(uuid, record, picture)
        except SnapguiError:
            return  # the snapshot is there, and that is what matters

    def save(self, uuid: str, snapshot: SnapshotRecord, picture: bytes) -> None:
        """Keep the picture, an image file's bytes as libvirt gave them."""
        path = self._path(uuid, snapshot)
        part = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.write_bytes(picture)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)

    def load(self, uuid: str, snapshot: SnapshotRecord) -> bytes | None:
        """The picture's bytes, None where there is none."""
        try:
            return self._path(uuid, snapshot).read_bytes()
        except OSError:
            return None

    def remove(self, uuid: str, snapshot: SnapshotRecord) -> None:
        """Drop the picture of a snapshot that is gone."""
        try:
            self._path(uuid, snapshot).unlink(missing_ok=True)
        except OSError:
            return

    def drop(self, uuid: str, snapshots: Iterable[SnapshotRecord], host: Host) -> None:
        """Remove those of them that the host does not have any more. Raises SnapguiError."""
        left = set(host.list_snapshots(uuid).names)
        for snapshot in snapshots:
            if snapshot.name not in left:
                self.remove(uuid, snapshot)

    def rename(self, uuid: str, snapshot: SnapshotRecord, name: str) -> None:
        """The snapshot is called otherwise now. Does not block; pictures that are asked for later wait for it."""
        self._lane.submit(
            partial(self._move, self._path(uuid, snapshot), self._path(uuid, replace(snapshot, name=name)))
        )

    @staticmethod
    def _move(before: Path, after: Path) -> None:
        try:
            before.replace(after)
        except OSError:
            return

    def orphans(self, uuid: str, snapshots: Iterable[SnapshotRecord], names: Collection[str]) -> tuple["Picture", ...]:
        """The pictures of this machine that are neither of these snapshots nor of any of these names."""
        kept = {self._path(uuid, snapshot).name for snapshot in snapshots}
        named = {self._path(uuid, SnapshotRecord(name)).name.partition("-")[0] for name in names}
        found = []
        try:
            for entry in os.scandir(self._folder / uuid):
                is_kept = entry.name in kept or entry.name.partition("-")[0] in named
                if not is_kept and entry.is_file(follow_symlinks=False):
                    about = entry.stat(follow_symlinks=False)
                    found.append(health.inventory.Picture(entry.path, about.st_size, virt.files.proof_of(about)))
        except OSError:
            return ()  # the machine has none
        return tuple(sorted(found, key=lambda picture: picture.path))

    def _path(self, uuid: str, snapshot: SnapshotRecord) -> Path:
        # A name may hold what a file name can't; its creation time tells a snapshot from a later one of the same name.
        name = QCryptographicHash.hash(
            snapshot.name.encode(errors="surrogatepass"), QCryptographicHash.Algorithm.Sha256
        )
        return self._folder / uuid / f"{name.toHex().toStdString()[:32]}-{snapshot.created}"


def _now(host: Host, uuid: str) -> bytes | None:
    try:
        return host.screenshot(uuid)
    except SnapguiError:
        return None  # it has no screen, or is no longer there
