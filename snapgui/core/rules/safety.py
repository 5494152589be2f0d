"""The safety snapshot: taken before a revert, so that the revert can be undone."""

from collections.abc import Container
from dataclasses import replace
from itertools import count
from typing import Final

from snapgui.core.differences.compare import Configuration, compare, of_snapshot
from snapgui.core.plan import Level
from snapgui.core.records import (
    Disk,
    DomainState,
    Kind,
    Layer,
    Mode,
    Situation,
    SnapshotDisk,
    SnapshotRecord,
    Snapshots,
    SnapshotState,
)
from snapgui.core.requests import Revert, Take
from snapgui.core.rules import facts
from snapgui.core.rules.default_kind import default_kind
from snapgui.core.rules.revert_files import config_then, lost_without_safety
from snapgui.core.rules.take import plan_take
from snapgui.core.rules.take_disks import disk_places, suffixes_used
from snapgui.core.safety_mark import is_marked, marked, unmarked
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError, can_carry

_NAME: Final = "before-revert-{n}"  # not translated: a running QEMU takes English letters only
_STATES: Final = {
    DomainState.RUNNING: SnapshotState.RUNNING,
    DomainState.PAUSED: SnapshotState.PAUSED,
    DomainState.SHUTTING_DOWN: SnapshotState.RUNNING,
    DomainState.CRASHED: SnapshotState.CRASHED,
}


def propose(snapshot: str, situation: Situation) -> Take:
    """The request for the safety snapshot before a revert to ``snapshot``, of the kind that suits the machine.

    It keeps the memory where that can be done, also of a machine whose own snapshots are of its disks only.
    """
    taken = {*situation.snapshots.records, *suffixes_used(situation)}.union(*situation.image_tags.values())
    text = translate("Safety", "The machine as it was before the revert to “{name}”.").format(
        name=snapshot if can_carry(snapshot) else "?"
    )
    kind, _ = default_kind(situation)
    take = Take(situation.domain.id, _free(taken), marked(text), kind)
    if kind is not Kind.DISK_ONLY:
        return take
    whole = replace(take, kind=Kind.EXTERNAL)
    stopped = any(finding.level is Level.BLOCKER for finding in plan_take(whole, situation).findings)
    return take if stopped else whole


def holds_nvram(kind: Kind, situation: Situation) -> bool:
    """Whether a snapshot of that kind has the firmware's settings, or the machine has none of its own."""
    config = situation.config
    return config is None or config.nvram_format == "" or (kind is Kind.INTERNAL and config.nvram_format == "qcow2")


def not_kept(kept: Take, request: Revert, situation: Situation) -> tuple[str, ...]:
    """What the safety snapshot does not hold of the machine as it is before the revert, in words."""
    active = situation.domain.state.active
    found = []
    if active and kept.kind is Kind.DISK_ONLY:
        found.append(translate("Safety", "the memory"))
    if request.remove_managed_save and situation.domain.managed_save and not active:
        found.append(translate("Safety", "the saved state"))
    if not holds_nvram(kept.kind, situation):
        found.append(translate("Safety", "the firmware’s settings (NVRAM)"))
    return tuple(found)


def _free(taken: Container[str]) -> str:
    return next(name for n in count(1) if (name := _NAME.format(n=n)) not in taken)


def is_unchanged(situation: Situation) -> bool:
    """Whether the machine is proven to be as its current snapshot has it: off, each disk the same, configured alike.

    What can't be proven counts as changed, and so does whatever runs.
    """
    record = situation.snapshots.records.get(situation.snapshots.current or "")
    off = not situation.domain.state.active and not situation.domain.managed_save
    if record is None or not off or not is_configured_alike(record, situation):
        return False
    then = config_then(record.name, situation)
    images = {} if then is None else {disk.target: disk.source for disk in then.disks}
    disks = facts.writable_disks(situation)
    return all(_holds_the_same(record, disk, images.get(disk.target), situation) for disk in disks)


def is_configured_alike(record: SnapshotRecord, situation: Situation) -> bool:
    """Whether the machine is proven to have the settings that it had in the snapshot."""
    xml = situation.snapshot_xml.get(record.name)
    if xml is None or situation.config is None:
        return False
    try:
        then = of_snapshot(xml)
        xml_now = situation.config.xml  # of an active machine, what it runs with
        now = Configuration(live=xml_now) if situation.domain.state.active else Configuration(persistent=xml_now)
        differing = None if then is None else [each.path for each in compare(then, now)]
    except XmlError:
        differing = None
    # An external snapshot has the disks go on in other files; the machine's own XML is read without passwords.
    moved = {f"devices/disk[{disk.target}]/source/@file" for disk in record.disks if disk.mode is Mode.EXTERNAL}
    return differing is not None and all(path in moved or path.endswith("/@passwd") for path in differing)


def _holds_the_same(record: SnapshotRecord, disk: Disk, image: str | None, situation: Situation) -> bool:
    """``image`` is what the disk was on when the snapshot was taken."""
    equal = situation.equal_tags.get(disk.target, frozenset())
    mode = next((each.mode for each in record.disks if each.target == disk.target), Mode.NO)
    if mode is Mode.INTERNAL:
        return record.name in equal and disk.source == image
    behind = situation.chains.get(disk.target, ())[1:2]
    return mode is Mode.EXTERNAL and "" in equal and [layer.path for layer in behind] == [image]


def is_wanted(snapshot: str, situation: Situation) -> bool:
    """Whether a safety snapshot is worth while before that revert: something would be lost without it."""
    record = situation.snapshots.records.get(snapshot)
    stranded = record is not None and lost_without_safety(record, situation)
    return stranded or not is_unchanged(situation)


def after_take(take: Take, situation: Situation) -> Situation:
    """The situation once that snapshot has been taken, as far as plans look at it."""
    active = situation.domain.state.active
    disk_only = take.kind is Kind.DISK_ONLY or (take.kind is Kind.EXTERNAL and not active)
    places = {place.disk.target: place for place in disk_places(take, situation)}
    memory = Mode.NO
    if active and not disk_only:
        memory = Mode.INTERNAL if take.kind is Kind.INTERNAL else Mode.EXTERNAL
    state = _STATES.get(situation.domain.state, SnapshotState.SHUT_OFF)
    # libvirt calls a snapshot of a machine that is off so, even where it is one of disks only.
    record = SnapshotRecord(
        take.name,
        parent=situation.snapshots.current,
        state=SnapshotState.DISK_ONLY if disk_only and active else state,
        description=unmarked(take.description),
        safety=is_marked(take.description),
        memory=memory,
        disks=tuple(SnapshotDisk(target, place.mode, place.path) for target, place in places.items()),
    )
    config, chains, tags = situation.config, dict(situation.chains), dict(situation.image_tags)
    if config is not None:
        moved = {target: place.path for target, place in places.items() if place.mode is Mode.EXTERNAL and place.path}
        disks = tuple(
            replace(disk, source=moved[disk.target], format="qcow2") if disk.target in moved else disk
            for disk in config.disks
        )
        config = replace(config, disks=disks)
        for target, path in moved.items():
            tags.pop(target, None)
            if target in chains:
                chains[target] = (Layer(path, "qcow2"), *chains[target])
        for target, place in places.items():
            if place.mode is Mode.INTERNAL and target in tags:
                tags[target] |= {take.name}
    snapshots = Snapshots({**situation.snapshots.records, take.name: record}, take.name)
    return replace(situation, snapshots=snapshots, config=config, chains=chains, image_tags=tags, equal_tags={})
