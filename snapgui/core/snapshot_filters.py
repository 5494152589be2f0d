"""Which snapshots a list shows, exactly as the options of ``virsh snapshot-list`` choose them."""

from collections.abc import Set
from enum import Enum
from typing import Final

from snapgui.core.records import Mode, SnapshotRecord, Snapshots, SnapshotState
from snapgui.core.tree import parents


class SnapshotFilter(Enum):
    """virDomainSnapshotListFlags, by virsh's words."""

    ROOTS = "roots"  # there is none above it
    LEAVES = "leaves"
    BRANCHES = "no-leaves"
    ACTIVE = "active"  # the machine ran, or was paused
    INACTIVE = "inactive"
    DISK_ONLY = "disk-only"
    INTERNAL = "internal"
    EXTERNAL = "external"
    METADATA = "metadata"  # libvirt knows them, as all that QEMU's driver lists
    NO_METADATA = "no-metadata"  # only an image knows them: none of those; a check of the machine's health finds them


# Of one group, any will do; of each group, one has to (virDomainSnapshotObjListGetNames in virdomainmomentobjlist.c).
_GROUPS: Final = (
    frozenset({SnapshotFilter.ROOTS}),
    frozenset({SnapshotFilter.LEAVES}),  # with the next, none is left; virsh doesn't take the two together
    frozenset({SnapshotFilter.BRANCHES}),
    frozenset({SnapshotFilter.ACTIVE, SnapshotFilter.INACTIVE, SnapshotFilter.DISK_ONLY}),
    frozenset({SnapshotFilter.INTERNAL, SnapshotFilter.EXTERNAL}),
    frozenset({SnapshotFilter.METADATA, SnapshotFilter.NO_METADATA}),
)


def matching(snapshots: Snapshots, filters: Set[SnapshotFilter]) -> set[str]:
    """The names that the filters leave. One that has not been read matches only by its place in the tree."""
    above = parents(snapshots)
    with_children = set(above.values())
    found = set()
    for name, record in snapshots.records.items():
        kinds = _kinds(record) if record.complete and record.problem is None else set()
        kinds.add(SnapshotFilter.METADATA)
        kinds.add(SnapshotFilter.BRANCHES if name in with_children else SnapshotFilter.LEAVES)
        if above[name] is None:
            kinds.add(SnapshotFilter.ROOTS)
        if all(not (wanted := group & filters) or wanted & kinds for group in _GROUPS):
            found.add(name)
    return found


def _kinds(record: SnapshotRecord) -> set[SnapshotFilter]:
    """By its state and by where it is kept, as virDomainSnapshotFilter and virDomainSnapshotIsExternal tell it."""
    states = {
        SnapshotState.SHUT_OFF: SnapshotFilter.INACTIVE,
        SnapshotState.DISK_ONLY: SnapshotFilter.DISK_ONLY,
    }
    outside = Mode.EXTERNAL in {record.memory, *(disk.mode for disk in record.disks)}
    place = SnapshotFilter.EXTERNAL if outside else SnapshotFilter.INTERNAL
    return {states.get(record.state, SnapshotFilter.ACTIVE), place}
