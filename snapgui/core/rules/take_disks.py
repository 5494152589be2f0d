"""What becomes of each disk of a machine in a snapshot, and where files of its own are written."""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final

from snapgui.core.records import Disk, Folder, Kind, Mode, Situation
from snapgui.core.requests import Take
from snapgui.core.rules.naming import portable

LONGEST_FILE: Final = 255  # bytes in a file's name
_LONGEST_PART: Final = 100  # of a machine's or a snapshot's name in a memory file's
_LEFT_OUT: Final = (Mode.NO, Mode.MANUAL)


@dataclass(frozen=True, slots=True)
class DiskPlace:
    """What becomes of one disk: INTERNAL, EXTERNAL with the ``path`` of its overlay ("": libvirt finds none), or NO.

    ``chosen``: the request says so, and not the kind or the machine's configuration.
    """

    disk: Disk
    mode: Mode
    path: str = ""
    chosen: bool = False

    @property
    def folder(self) -> str:
        """The folder that the overlay is written to."""
        return posixpath.dirname(self.path)


def disk_places(request: Take, situation: Situation) -> tuple[DiskPlace, ...]:
    """For every disk of the machine; empty while its configuration has not been read."""
    if situation.config is None:
        return ()
    choices = {choice.target: choice for choice in request.disks}
    places = []
    for disk in situation.config.disks:
        choice = choices.get(disk.target)
        mode = choice.mode if choice is not None else _own_mode(disk, request.kind)
        path = ""
        if mode is Mode.EXTERNAL:
            path = (choice.path if choice is not None else "") or overlay(disk, request.name)
        places.append(DiskPlace(disk, mode, path, choice is not None))
    return tuple(places)


def _own_mode(disk: Disk, kind: Kind) -> Mode:
    """libvirt's virDomainSnapshotAlignDisks; what its XML says of a disk holds for a read-only one too."""
    if disk.snapshot in _LEFT_OUT or not disk.has_medium:
        return Mode.NO
    if disk.snapshot in (Mode.INTERNAL, Mode.EXTERNAL):
        return disk.snapshot
    if not disk.writable:
        return Mode.NO
    return Mode.INTERNAL if kind is Kind.INTERNAL else Mode.EXTERNAL


def overlay(disk: Disk, snapshot: str) -> str:
    """The path that libvirt gives an overlay: the image's, its last ending replaced by the snapshot's name.

    "" where the image is no file (virDomainSnapshotDefAssignExternalNames).
    """
    if disk.source_type != "file" or not disk.source:
        return ""
    folder, name = posixpath.split(disk.source)
    stem = name.rpartition(".")[0] if "." in name else name
    return posixpath.join(folder, f"{stem}.{snapshot}")


def alike(disks: Iterable[Disk]) -> list[list[str]]:
    """The images whose overlays libvirt gives one path, as it does at a revert to an external snapshot."""
    named: dict[str, list[str]] = {}
    for disk in disks:
        if path := overlay(disk, ""):
            named.setdefault(path, []).append(disk.source)
    return [files for files in named.values() if len(files) > 1]


def memory_place(request: Take, situation: Situation) -> str:
    """The file that an active machine's memory is kept in; "" where none is kept in a file, or no folder is known.

    Unless chosen, it lies beside the first image that is a file, under a name that nothing there has.
    """
    if request.kind is not Kind.EXTERNAL or not situation.domain.state.active:
        return ""
    if request.memory_file:
        return request.memory_file
    places = disk_places(request, situation)
    folder = next((posixpath.dirname(p.disk.source) for p in places if _is_file(p.disk)), "")
    if not folder:
        return ""
    machine, snapshot = (portable(name)[:_LONGEST_PART] for name in (situation.domain.name, request.name))
    taken = names_in(situation.folders, folder) | {posixpath.basename(p.path) for p in places if p.folder == folder}
    stem = snapshot if snapshot.startswith(machine) else f"{machine}-{snapshot}"
    names = (f"{stem}.mem" if n == 1 else f"{stem}-{n}.mem" for n in count(1))
    return posixpath.join(folder, next(name for name in names if name not in taken))


def _is_file(disk: Disk) -> bool:
    return disk.writable and disk.source_type == "file" and disk.source.startswith("/")


def names_in(folders: Mapping[str, Folder], path: str) -> frozenset[str]:
    """What is known to be in a folder; nothing where that has not been read."""
    folder = folders.get(path)
    return (folder.names if folder is not None else None) or frozenset()


def suffixes_used(situation: Situation) -> frozenset[str]:
    """The names whose overlays exist already, by libvirt's way of naming them."""
    found: set[str] = set()
    for disk in () if situation.config is None else situation.config.disks:
        if _is_file(disk):
            folder, start = posixpath.split(overlay(disk, ""))
            names = names_in(situation.folders, folder)
            found.update(name.removeprefix(start) for name in names if name.startswith(start))
    return frozenset(found)
