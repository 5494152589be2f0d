"""What reverting does to files, and what it needs of them: libvirt's qemuSnapshotRevertExternal…, seen on 11.3.

Going to an external snapshot, the disks go on in new overlays. libvirt takes the files for given up that it has noted
of the current snapshot, where that is external, and deletes them: the overlays of the last revert to it, or else its
own. It does not look whether the machine is on them, nor whether another snapshot was taken of them; and it crashes
where no snapshot is the current one. Going to an internal one from there, the files are left behind: as long as the
snapshot notes them, they count as used, and the next revert to it writes the new overlays in their place.
"""

import posixpath
from collections.abc import Sequence

from snapgui.core import tree
from snapgui.core.plan import Effect, EffectKind, Finding, Level
from snapgui.core.records import Disk, DomainConfig, Mode, Situation, SnapshotRecord, Snapshots
from snapgui.core.requests import Take
from snapgui.core.rules import facts
from snapgui.core.rules.left_files import given_up, left_by_revert, left_effects
from snapgui.core.rules.standing import standing_findings
from snapgui.core.rules.take_disks import alike
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
    findings += _colliding(disks)
    inserted = [disk.source for disk in disks if disk.readonly and disk.source]
    if inserted:
        reason = translate("Plan", "libvirt also writes a new file beside {files}: that folder has to be writable.")
        findings.append(Finding("external-overlay", Level.WARNING, reason.format(files=", ".join(inserted))))
    return findings + _leaving_findings(situation)


def _colliding(disks: Sequence[Disk]) -> list[Finding]:
    """[run] 11.3 calls the new files as the images, all with one ending; it sees that after QEMU has been stopped."""
    reason = translate("Plan", "The new files above {files} would have one name: libvirt can’t revert.")
    remedy = translate(
        "Plan",
        "Move one of the files to another folder, and say so in the snapshot’s XML; "
        "the medium of a drive can also be taken out there.",
    )
    return [
        Finding("overlay-name", Level.BLOCKER, reason.format(files=facts.listed(files)), remedy)
        for files in alike(disks)
    ]


def lost_without_safety(record: SnapshotRecord, situation: Situation) -> bool:
    """Whether going to that snapshot would fail or harm others as the machine is, and not once it is in a new one."""
    if not facts.is_qemu(situation) or not facts.is_external(record):
        return False
    return any(finding.level is not Level.NOTE for finding in _leaving_findings(situation))


def _leaving_findings(situation: Situation) -> list[Finding]:
    """What libvirt does wrong on leaving where the machine is, on the way to an external snapshot."""
    remedy = translate("Plan", "Take a snapshot of the machine as it is first; a safety snapshot will do.")
    if situation.snapshots.current not in situation.snapshots.records:
        reason = translate(
            "Plan", "No snapshot is the current one. libvirt would crash on the way from there to an external snapshot."
        )
        return [Finding("no-current", Level.BLOCKER, reason, remedy)]
    deleted = given_up(situation)
    standing = standing_findings(sorted(deleted), situation, remedy)
    losing = [name for name in situation.snapshots.records if not deleted.isdisjoint(_images(name, situation))]
    if not losing:
        return standing
    reason = translate("Plan", "libvirt would delete {files}, without which {names} can’t be reverted to any more.")
    reason = reason.format(files=", ".join(sorted(deleted)), names=facts.quoted(losing))
    return [Finding("needed", Level.BLOCKER, reason, remedy), *standing]


def _images(name: str, situation: Situation) -> frozenset[str]:
    """The files that the disks in a snapshot were on when it was taken, and those behind them that are known."""
    then = config_then(name, situation)
    kept = {disk.target for disk in situation.snapshots.records[name].disks if disk.mode is not Mode.NO}
    images = {disk.source for disk in then.disks if disk.target in kept} if then is not None else set()
    for chain in situation.chains.values():
        paths = [layer.path for layer in chain]
        images.update(*(paths[at:] for at, path in enumerate(paths) if path in images))
    return frozenset(images)


def told_by_xml(name: str, snapshots: Snapshots) -> tuple[str, ...]:
    """The snapshots whose whole XML tells what a revert to that one does to files.

    From one external snapshot to another, these are all: any may need a file that would go.
    """
    record, current = snapshots.records.get(name), snapshots.records.get(snapshots.current or "")
    names = [name] if snapshots.current is None else [name, snapshots.current]
    if record is not None and not facts.is_external(record):
        names += [other for other, each in snapshots.records.items() if facts.is_external(each)]
    elif current is not None and facts.is_external(current):
        names += snapshots.records
    return tuple(dict.fromkeys(names))


def gives_up_files(name: str, snapshots: Snapshots) -> bool:
    """Whether a revert to that snapshot may take images from others.

    It may delete some, or merge them once it is undone, or write to one that overlays stand upon.
    """
    return name in snapshots.records and any(facts.is_external(record) for record in snapshots.records.values())


def goes_below(name: str, situation: Situation) -> bool:
    """Whether it puts the machine on images below those that it is on, as far as these have been read."""
    record = situation.snapshots.records.get(name)
    if record is None or facts.is_external(record) or situation.config is None:
        return False
    return config_then(name, situation) is not None and in_other_images(record, situation)


def resting_on(record: SnapshotRecord, situation: Situation) -> list[str]:
    """The snapshots whose data is in overlays above the images that a revert to this internal one changes.

    libvirt does not mind: seen on 11.3, where a later revert to such a one found another disk than it was taken of. So
    it would where nothing was written between the two: after the revert, the machine itself writes to these images.
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
    # A transient disk that runs is on a file that goes when it stops.
    lasting = [disk for disk in situation.config.disks if not disk.transient]
    return any(images.get(disk.target, disk.source) != disk.source for disk in lasting)


def left_behind(record: SnapshotRecord, situation: Situation) -> list[Finding]:
    """The files that the machine leaves for an internal snapshot in other images, some of which nothing uses then."""
    known = facts.overlays(situation)
    stands_on = known.get(situation.snapshots.current) or record.name
    files = list(dict.fromkeys((*_present(situation), *left_by_revert(record, situation))))
    if files:
        reason = translate("Plan", "Reverting leaves {files} behind, of the external snapshot “{name}”.")
    else:
        reason = translate(
            "Plan", "The machine uses files of the external snapshot “{name}”. Reverting leaves them behind."
        )
    orphans = Finding("orphans", Level.WARNING, reason.format(files=", ".join(files), name=stands_on))
    # The machine goes on in images that overlays were put upon, others than its own among them perhaps.
    then = config_then(record.name, situation)
    kept = {disk.target for disk in record.disks if disk.mode is Mode.INTERNAL}
    images = [disk.source for disk in then.disks if disk.target in kept] if then is not None else []
    return [orphans, *standing_findings(images, situation, "")]


def missing_findings(record: SnapshotRecord, situation: Situation) -> list[Finding]:
    """What is not there any more of the machine's images: of what it holds now, or of what the snapshot needs too."""
    if not facts.is_qemu(situation):  # libvirt's test driver has no files
        return []
    then = config_then(record.name, situation)
    kept = {disk.target for disk in record.disks if disk.mode is not Mode.NO}
    needed = {disk.source for disk in then.disks if disk.target in kept} if then is not None else set()
    findings = []
    for target, path in situation.missing.items():
        if path in needed:
            reason = translate("Plan", "{path} is missing, which “{name}” needs.").format(path=path, name=record.name)
            findings.append(Finding("image-needed", Level.BLOCKER, reason, translate("Plan", "Bring the file back.")))
        elif target in {disk.target for disk in facts.writable_disks(situation)}:
            reason = translate("Plan", "{path} is missing: what disk {disk} held is gone already.")
            findings.append(Finding("image-missing", Level.WARNING, reason.format(path=path, disk=target)))
    return findings


def left_alone(record: SnapshotRecord, situation: Situation) -> list[Effect]:
    """The disks that a revert to an internal snapshot does not touch."""
    out = {disk.target for disk in record.disks if disk.mode is Mode.NO}
    disks = [disk.target for disk in facts.writable_disks(situation) if disk.target in out]
    text = translate("Plan", "Disk {disk} was left out of the snapshot, and stays as it is.")
    return [Effect(EffectKind.CHANGES, text.format(disk=target)) for target in disks]


def file_effects(record: SnapshotRecord, situation: Situation, kept: Take | None) -> list[Effect]:
    """What becomes of the disks' files on the way to an external snapshot; ``kept``: the safety snapshot's request."""
    files = _present(situation)
    deleted = sorted(given_up(situation) - set(situation.missing.values()))
    effects = []
    if kept is None and deleted:
        text = translate("Plan", "Deletes {files}.")
        if deleted == sorted(files):
            text = translate("Plan", "Deletes {files}, in which the disks are now.")
        effects.append(Effect(EffectKind.LOSES, text.format(files=", ".join(deleted))))
    effects += left_effects(left_by_revert(record, situation, kept))
    then = config_then(record.name, situation)
    if then is None:
        folders = ", ".join(dict.fromkeys(posixpath.dirname(file) for file in files))
        text = translate("Plan", "The disks continue in new files in {folders}.")
        return [*effects, Effect(EffectKind.CHANGES, text.format(folders=folders))]
    effects += [_goes_on(disk, record, situation, kept) for disk in then.disks if disk.has_medium]
    before = {disk.target for disk in then.disks}
    text = translate("Plan", "Disk {disk} goes, which the machine did not have then.")
    new = [disk.target for disk in facts.writable_disks(situation) if disk.target not in before]
    return effects + [Effect(EffectKind.CHANGES, text.format(disk=target)) for target in new]


def _goes_on(disk: Disk, record: SnapshotRecord, situation: Situation, kept: Take | None) -> Effect:
    """[run] 11.3 puts a file above every image of then, whatever the snapshot holds, and notes it as the snapshot's."""
    kind = EffectKind.CHANGES
    now = next((each.source for each in facts.writable_disks(situation) if each.target == disk.target), disk.source)
    if any(each.target == disk.target and each.mode is not Mode.NO for each in record.disks):
        text = translate("Plan", "Disk {disk} goes on in a new file above {image}.")
    elif not disk.writable:
        text = translate(
            "Plan", "Drive {disk} goes on in a new file above {image}, and is in the snapshot from then on."
        )
    elif now == disk.source:
        text = translate(
            "Plan",
            "Disk {disk} was left out of the snapshot: it keeps what it holds now, in a new file above {image}, "
            "and is in the snapshot from then on.",
        )
    else:
        kind = EffectKind.LOSES if kept is None else kind
        text = translate(
            "Plan",
            "Disk {disk} was left out of the snapshot: it goes back to what {image} holds now, in a new file above it, "
            "and is in the snapshot from then on.",
        )
    return Effect(kind, text.format(disk=disk.target, image=disk.source))


def _present(situation: Situation) -> list[str]:
    return [disk.source for disk in facts.writable_disks(situation) if disk.source]
