"""Room for what a plan writes: what it needs against what is free, and what could be deleted to make some."""

import posixpath
from typing import Final

from snapgui.core.costs import costs
from snapgui.core.plan import Finding, Level
from snapgui.core.records import Situation
from snapgui.core.text import size_text, translate

_NAMED: Final = 3


def free_in(situation: Situation, path: str) -> int | None:
    """Bytes that can still be written in a folder; None: not known."""
    folder = situation.folders.get(path)
    return folder.free if folder is not None else None


def place_of(situation: Situation, path: str) -> str:
    """What a folder's room is of: a file system's mount point or a pool's name; the folder where that is not known."""
    folder = situation.folders.get(path)
    return folder.place if folder is not None and folder.place else path


def shortage(rule: str, reason: str, situation: Situation, path: str, size: int) -> Finding | None:
    """The warning that more is needed than is free in a folder; None where it is not, or nobody knows.

    ``reason`` has the names {size}, {path} and {free}.
    """
    free = free_in(situation, path)
    if free is None or free >= size:
        return None
    reason = reason.format(size=size_text(size), path=path, free=size_text(free))
    return Finding(rule, Level.WARNING, reason, make_room(situation, path))


def make_room(situation: Situation, path: str) -> str:
    """The advice to make room, with the machine's snapshots there that give most back, as far as they were counted."""
    text = translate("Plan", "Make room there first.")
    disks = () if situation.config is None else situation.config.disks
    folders = {posixpath.dirname(disk.source) for disk in disks if disk.writable and disk.source}
    place = place_of(situation, path)
    if situation.usage is None or all(place_of(situation, folder) != place for folder in folders):
        return text
    known = costs(situation.usage, situation.snapshots.records)
    sizes = sorted(((cost.frees.bytes or 0, name) for name, cost in known.items()), reverse=True)
    largest = [(size, name) for size, name in sizes[:_NAMED] if size]
    if not largest:
        return text
    item = translate("Plan", "“{name}” ({size})")
    names = ", ".join(item.format(name=name, size=size_text(size)) for size, name in largest)
    return text + " " + translate("Plan", "What deleting snapshots gives back: {names}.").format(names=names)
