"""The hierarchy of a domain's snapshots. All is linear (apart from sorting siblings); nothing recurses."""

from collections.abc import Iterable

from snapgui.core.records import SnapshotRecord, Snapshots


def by_time(record: SnapshotRecord) -> tuple[bool, int, str]:
    """The key that sorts records in the order in which they were taken; those of unknown time come last, by name."""
    return record.created is None, record.created or 0, record.name


def parents(snapshots: Snapshots) -> dict[str, str | None]:
    """Each snapshot's parent. A parent that is not there is None; a cycle is opened above its oldest member."""
    records = snapshots.records
    found = {name: record.parent if record.parent in records else None for name, record in records.items()}
    walked: dict[str, str] = {}  # each name, and the name that the walk over it began at
    for start in found:
        name: str | None = start
        while name is not None and name not in walked:
            walked[name] = start
            name = found[name]
        if name is not None and walked[name] == start and found[name] is not None:
            cycle = _cycle(found, name)
            found[min(cycle, key=lambda member: by_time(records[member]))] = None
    return found


def children(snapshots: Snapshots) -> dict[str | None, list[str]]:
    """The children of each snapshot that has any, oldest first; the roots under None. Each name is there once."""
    records = snapshots.records
    found: dict[str | None, list[str]] = {}
    for name, parent in parents(snapshots).items():
        found.setdefault(parent, []).append(name)
    for names in found.values():
        names.sort(key=lambda name: by_time(records[name]))
    return found


def tree_order(snapshots: Snapshots) -> list[str]:
    """All names, each parent before its children, siblings oldest first."""
    below = children(snapshots)
    return _walk(below, below.get(None, ()))


def descendants(snapshots: Snapshots, name: str) -> list[str]:
    """What lies below a snapshot, in tree order."""
    below = children(snapshots)
    return _walk(below, below.get(name, ()))


def ancestors(snapshots: Snapshots, name: str) -> list[str]:
    """What lies above a snapshot, its parent first."""
    above = parents(snapshots)
    found = []
    parent = above.get(name)
    while parent is not None:
        found.append(parent)
        parent = above[parent]
    return found


def _cycle(above: dict[str, str | None], name: str) -> list[str]:
    members = [name]
    parent = above[name]
    while parent is not None and parent != name:
        members.append(parent)
        parent = above[parent]
    return members


def _walk(below: dict[str | None, list[str]], tops: Iterable[str]) -> list[str]:
    found = []
    waiting = list(tops)[::-1]
    while waiting:
        name = waiting.pop()
        found.append(name)
        waiting.extend(reversed(below.get(name, ())))
    return found
