"""Which overlays nothing leads to any more once a plan has run, though libvirt leaves them where they are.

What libvirt notes of a snapshot keeps files in use, and it forgets such notes on the way: qemuSnapshotCreate,
qemuSnapshotRevertExternalFinish and qemuSnapshotDeleteUpdateParent of libvirt 11.3, all seen there. Named are those
that something led to before; those that nothing led to then are for a check of the machine's health.
"""

from collections.abc import Collection, Sequence

from snapgui.core import tree
from snapgui.core.plan import Effect, EffectKind
from snapgui.core.records import Mode, Situation, SnapshotRecord, Ties
from snapgui.core.requests import Take
from snapgui.core.rules import facts
from snapgui.core.rules.removal import Facts, Tree
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_revert_disks


def given_up(situation: Situation) -> frozenset[str]:
    """The files that a revert to an external snapshot deletes, as far as their names are known."""
    current = situation.snapshots.current or ""
    record = situation.snapshots.records.get(current)
    if record is None or not facts.is_external(record):
        return frozenset()
    try:
        since = read_revert_disks(situation.snapshot_xml.get(current, ""))
    except XmlError:
        since = ()
    own = (disk.path for disk in record.disks if disk.mode is Mode.EXTERNAL)
    return frozenset(since or own) - {""}


def left_by_revert(record: SnapshotRecord, situation: Situation, kept: Take | None = None) -> list[str]:
    """The overlays that a revert leaves; ``kept``: the request of a safety snapshot that is taken first.

    Empty where nobody has looked.
    """
    return _reverted(record, situation, kept).left()


def left_by_undo(record: SnapshotRecord, situation: Situation) -> list[str]:
    """The overlays that are left by a revert to that snapshot that deletes it then. Empty where nobody has looked."""
    links = _reverted(record, situation, None)
    links.delete(record.name, tree.parents(situation.snapshots)[record.name], ())
    return links.left()


def _reverted(record: SnapshotRecord, situation: Situation, kept: Take | None) -> "_Links":
    links = _Links(situation)
    if kept is not None:
        links.take(kept.name, situation.snapshots.current)
    elif facts.is_external(record):
        links.give_up(situation.snapshots.current or "", given_up(situation))
    has_children = record.name in tree.parents(situation.snapshots).values()
    has_children |= kept is not None and record.name == situation.snapshots.current
    links.revert(record, has_children=has_children)
    return links


def left_by_delete(situation: Situation, known: Facts, order: Sequence[str]) -> list[str]:
    """The overlays that deleting these one after another leaves. Empty where nobody has looked."""
    links, now = _Links(situation), Tree(known)
    for name in order:
        dropped, parent = now.dropped(name), now.parent(name)
        now.remove(name)
        links.delete(name, parent, dropped)
    return links.left()


def left_by_forgetting(situation: Situation, order: Sequence[str]) -> list[str]:
    """The overlays that are left where libvirt only forgets these snapshots. Empty where nobody has looked."""
    links, now = _Links(situation), Tree(Facts(situation.snapshots))
    for name in order:
        parent = now.parent(name)
        now.remove(name)
        links.delete(name, parent, ())
    return links.left()


def left_effects(files: Sequence[str]) -> list[Effect]:
    """What a plan says of them."""
    text = translate(
        "Plan", "Leaves {files} behind, which nothing needs any more: “Check health” looks for such files."
    )
    return [Effect(EffectKind.CHANGES, text.format(files=", ".join(files)))] if files else []


class _Links:
    """What leads to overlays while a plan runs; see ``records.Ties``."""

    def __init__(self, situation: Situation) -> None:
        read = None if situation.dependents is None else situation.dependents.ties
        self._before = read or Ties()
        self._machine = self._before.machine
        self._images = dict(self._before.images)
        self._own, self._since = dict(self._before.own), dict(self._before.since)
        self._gone: set[str] = set()
        for name, record in situation.snapshots.records.items():
            if name not in self._images:  # it has been taken since
                self.take(name, record.parent)

    def take(self, name: str, current: str | None) -> None:
        """A snapshot of the machine as it is now: the note of the last revert goes."""
        self._images[name] = self._machine
        self._since.pop(current or "", None)

    def give_up(self, current: str, files: Collection[str]) -> None:
        """A revert deletes the files that are noted of the current snapshot."""
        self._gone.update(files)
        if not self._since.pop(current, None):
            self._own.pop(current, None)

    def revert(self, record: SnapshotRecord, *, has_children: bool) -> None:
        """The machine is on the images of then, or above them; one without children notes the new files as its own."""
        self._machine = self._images.get(record.name, frozenset())
        if facts.is_external(record):
            self._since.pop(record.name, None)
            if not has_children:
                self._own.pop(record.name, None)

    def delete(self, name: str, parent: str | None, files: Collection[str]) -> None:
        """With it go these files, and what is above it notes the files of its last revert as its own."""
        self._gone.update(files)
        for each in (self._images, self._own, self._since):
            each.pop(name, None)
        if parent is not None and self._since.get(parent):
            self._own[parent] = self._since.pop(parent)

    def left(self) -> list[str]:
        """The overlays that something led to before, and nothing does now."""
        ties = self._before
        before = ties.machine.union(*ties.images.values(), *ties.own.values(), *ties.since.values())
        now = self._machine.union(*self._images.values(), *self._own.values(), *self._since.values())
        return sorted(before - now - ties.elsewhere - self._gone)
