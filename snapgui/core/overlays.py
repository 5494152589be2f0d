"""Which image files go when external snapshots are deleted: libvirt's qemuSnapshotDeleteExternalPrepareData.

Seen on 11.3: where the machine stands on a snapshot's overlay, the overlay is committed into the file below it;
elsewhere the file goes that only this snapshot's state was in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from snapgui.core import tree
from snapgui.core.chains import FilesOf, Merging
from snapgui.core.records import Mode, SnapshotRecord, Snapshots

Sources = Mapping[str, str]  # the image of each disk, by its target; "" where it is no file


@dataclass(frozen=True, slots=True)
class Layout:
    """A machine's snapshots and the images that its disks are on: ``now``, and in each ``then``, by its name.

    ``then`` is empty for a snapshot whose XML has not been read.
    """

    snapshots: Snapshots
    now: Sources
    then: Callable[[str], Sources]

    def line(self) -> list[str]:
        """The external snapshots whose overlays the machine stands on, from the root."""
        current = self.snapshots.current
        if current is None or current not in self.snapshots.records:
            return []
        names = [current, *tree.ancestors(self.snapshots, current)]
        return [name for name in reversed(names) if self.snapshots.records[name].external]

    def merges(self, name: str, line: list[str]) -> list[Merging]:
        """For each disk in a snapshot of the line. Its first overlay may have given way to another at a revert."""
        bases = self.then(name)
        after = line[line.index(name) + 1 :]
        files = self.then(after[0]) if after else self.now
        targets = external_disks(self.snapshots.records[name])
        return [Merging(target, files.get(target, ""), bases.get(target, "")) for target in targets]

    def dropped(self, name: str) -> list[str]:
        """The files that go with a snapshot that is not of the line; "" where a name is not known."""
        parents, bases = tree.parents(self.snapshots), self.then(name)
        targets = external_disks(self.snapshots.records[name])
        return [bases.get(target, "") for target in targets if goes(self.snapshots, parents, name, target)]

    def has_external(self) -> bool:
        """Whether any snapshot keeps anything in files of its own."""
        return any(record.external for record in self.snapshots.records.values())

    def files(self) -> dict[str, FilesOf]:
        """What deleting each of the external snapshots does to files, by its name."""
        line = self.line()
        has_children = {parent for parent in tree.parents(self.snapshots).values() if parent is not None}
        found = {}
        for name, record in self.snapshots.records.items():
            if record.external and name in line:
                found[name] = FilesOf(tuple(self.merges(name, line)), memory=record.memory_file)
            elif record.external:
                dropped = () if name in has_children else tuple(self.dropped(name))
                found[name] = FilesOf(dropped=dropped, memory=record.memory_file, stuck=name in has_children)
        return found


def goes(snapshots: Snapshots, parents: Mapping[str, str | None], name: str, target: str) -> bool:
    """Whether the image that a disk in a snapshot was on goes with that, where its overlay is not merged.

    libvirt leaves an image that it did not make: the nearest snapshot above that has the disk has to be external
    (qemuSnapshotFindParentSnapForDisk, seen on 11.3).
    """
    above = parents[name]
    while above is not None:
        record = snapshots.records[above]
        if any(disk.target == target and disk.mode is not Mode.NO for disk in record.disks):
            return record.external
        above = parents[above]
    return False


def external_disks(record: SnapshotRecord) -> list[str]:
    """The targets of the disks that it has overlays of."""
    return [disk.target for disk in record.disks if disk.mode is Mode.EXTERNAL]
