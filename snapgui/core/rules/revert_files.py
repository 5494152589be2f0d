"""What reverting does to files, and what it needs of them: libvirt's qemuSnapshotRevertExternal…, seen on 11.3.

Going to an external snapshot, the disks go on in new overlays, and those that they were on are deleted where the
machine stood on an external snapshot. Going to an internal one from there, they are left behind.
"""

import posixpath

from snapgui.core import tree
from snapgui.core.plan import Effect, EffectKind, Finding, Level
from snapgui.core.records import DomainConfig, Mode, Situation, SnapshotRecord, Snapshots
from snapgui.core.requests import Take
from snapgui.core.rules import facts
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_config_then


def config_then(name: str, situation: Situation) -> DomainConfig | None:
    """What the machine was made of when the snapshot was taken; None where that has not been read."""
    xml = situation.snapshot_xml.get(name)
    try:
        return None if xml is None else read_config_then(xml)
    except XmlError:
        return None


def external_findings(record: SnapshotRecord, situation: Situation) -> list[Finding]:
    """What stands in the way of going to an external snapshot."""
    if not situation.host.external_revert:
        reason = translate("Plan", "This host’s libvirt can’t revert to external snapshots; 9.9 and later can.")
        return [Finding("external", Level.BLOCKER, reason)]
    findings = []
    config = config_then(record.name, situation) or situation.config
    disks = () if config is None else config.disks
    # qemuSnapshotRevertValidate
    other = [disk.target for disk in disks if disk.source_type != "file"]
    if other:
        reason = translate(
            "Plan", "Disk {disks} is not a file: libvirt can revert to external snapshots only of files."
        )
        findings.append(Finding("external-disk", Level.BLOCKER, reason.format(disks=", ".join(other))))
    inserted = [disk.source for disk in disks if disk.readonly and disk.source]
    if inserted:
        reason = translate("Plan", "libvirt also writes a new file beside {files}: that folder has to be writable.")
        findings.append(Finding("external-overlay", Level.WARNING, reason.format(files=", ".join(inserted))))
    return findings


def told_by_xml(name: str, snapshots: Snapshots) -> tuple[str, ...]:
    """The snapshots whose whole XML tells what a revert to that one does to files."""
    record = snapshots.records.get(name)
    names = [name] if snapshots.current is None else [name, snapshots.current]
    if record is not None and not facts.is_external(record):
        names += [other for other, each in snapshots.records.items() if facts.is_external(each)]
    return tuple(dict.fromkeys(names))


def resting_on(record: SnapshotRecord, situation: Situation) -> list[str]:
    """The snapshots whose data is in overlays above the images that a revert to this internal one changes.

    libvirt does not mind: seen on 11.3, where a later revert to such a one found another disk than it was taken of.
    """
    records = situation.snapshots.records
    overlays = facts.overlays(situation)
    above = tree.parents(situation.snapshots)
    first = [
        name
        for name, other in records.items()
        if facts.is_external(other)
        and overlays[above[name]] == overlays[record.name]
        and _share(record, other, situation)
    ]
    found = {name for each in first for name in (each, *tree.descendants(situation.snapshots, each))}
    return [name for name in tree.tree_order(situation.snapshots) if name in found - {record.name}]


def _share(inside: SnapshotRecord, outside: SnapshotRecord, situation: Situation) -> bool:
    """Whether both were taken of one image; where that has not been read, they may have been."""
    one, other = config_then(inside.name, situation), config_then(outside.name, situation)
    if one is None or other is None:
        return True
    kept = {disk.target for disk in inside.disks if disk.mode is Mode.INTERNAL}
    images = {disk.source for disk in one.disks if disk.target in kept}
    return any(disk.source in images for disk in other.disks)


def in_other_images(record: SnapshotRecord, situation: Situation) -> bool:
    """Whether this internal snapshot is in other images than the machine is on; where that is not read, by the tree."""
    then = config_then(record.name, situation)
    if then is None or situation.config is None:
        overlays = facts.overlays(situation)
        return overlays.get(situation.snapshots.current) != overlays[record.name]
    kept = {disk.target for disk in record.disks if disk.mode is Mode.INTERNAL}
    images = {disk.target: disk.source for disk in then.disks if disk.target in kept}
    return any(images.get(disk.target, disk.source) != disk.source for disk in situation.config.disks)


def left_behind(record: SnapshotRecord, situation: Situation) -> list[Finding]:
    """The files that nothing will use any more after going to an internal snapshot in other images."""
    known = facts.overlays(situation)
    stands_on = known.get(situation.snapshots.current) or record.name
    files = _present(situation)
    if files:
        reason = translate("Plan", "Reverting leaves {files} behind, of the external snapshot “{name}”.")
    else:
        reason = translate(
            "Plan", "The machine uses files of the external snapshot “{name}”. Reverting leaves them behind."
        )
    return [Finding("orphans", Level.WARNING, reason.format(files=", ".join(files), name=stands_on))]


def file_effects(situation: Situation, kept: Take | None) -> list[Effect]:
    """What becomes of the disks' files on the way to an external snapshot; ``kept``: the safety snapshot's request."""
    files = _present(situation)
    current = situation.snapshots.current
    on_overlays = current is not None and facts.overlays(situation).get(current) is not None
    effects = []
    if kept is None and on_overlays and files and facts.is_external(situation.snapshots.records[current or ""]):
        text = translate("Plan", "Deletes {files}, in which the disks are now.")
        effects.append(Effect(EffectKind.LOSES, text.format(files=", ".join(files))))
    folders = dict.fromkeys(posixpath.dirname(file) for file in files)
    text = translate("Plan", "The disks continue in new files.")
    if folders:
        text = translate("Plan", "The disks continue in new files in {folders}.").format(folders=", ".join(folders))
    effects.append(Effect(EffectKind.CHANGES, text))
    return effects


def _present(situation: Situation) -> list[str]:
    return [disk.source for disk in facts.writable_disks(situation) if disk.source]
