"""Taking a snapshot in files of its own: libvirt's qemuSnapshotPrepare and virDomainSnapshotAlignDisks.

What is marked [run] was seen on libvirt 11.3 and QEMU 10.0.2. Some of it libvirt does not refuse: it loses data, or the
machine does not start any more.
"""

import posixpath
from collections.abc import Sequence
from typing import Final

from snapgui.core.plan import Finding, Level
from snapgui.core.records import Kind, Mode, Prepared, Situation
from snapgui.core.requests import Take
from snapgui.core.rules import facts
from snapgui.core.rules.room import make_room
from snapgui.core.rules.take_disks import LONGEST_FILE, DiskPlace, alike, names_in
from snapgui.core.text import size_text, translate

_LOW_SPACE: Final = 2**30
_DEEP: Final = 15  # files above one another: from about here on, opening them and looking a block up takes longer
_MANY: Final = 25  # before libvirt 12.0 such machines could fail to start
_DEEPEST: Final = 200  # QEMU_DOMAIN_STORAGE_SOURCE_CHAIN_MAX_DEPTH
_FORMATS: Final = ("", "qcow2", "qed")


def external_findings(request: Take, situation: Situation, places: Sequence[DiskPlace]) -> list[Finding]:
    """What stands against it, or should be known before it."""
    held = [place for place in places if place.mode is Mode.EXTERNAL]
    findings = [finding for place in places for finding in _disk_findings(request, place, situation)]
    findings += _same_file(held) + _checkpoint_findings(situation)
    if not held and not (request.memory_file and request.kind is Kind.EXTERNAL):
        findings += _nothing_held(request, situation)
    findings += _space_findings(held, situation)
    findings += _depth_findings(held, situation)
    return findings + _later_findings(request, held, situation)


def _nothing_held(request: Take, situation: Situation) -> list[Finding]:
    """The advice is one that can be followed: where there is no disk, none can be chosen."""
    active = situation.domain.state.active
    if facts.writable_disks(situation):
        reason = translate("Plan", "No disk is in the snapshot, so there is nothing to take.")
        return [Finding("diskless", Level.BLOCKER, reason, translate("Plan", "Choose at least one disk."))]
    if not active:
        return [facts.nothing_to_take()]
    if request.kind is Kind.EXTERNAL:
        return []  # it is the memory that is taken, and what stands against that is said there
    reason = translate("Plan", "The machine has no writable disk, so there is nothing to take but its memory.")
    remedy = translate("Plan", "Keep the memory in a file of its own.")
    return [Finding("diskless", Level.BLOCKER, reason, remedy)]


def _disk_findings(request: Take, place: DiskPlace, situation: Situation) -> list[Finding]:
    if place.mode is Mode.INTERNAL:
        reason = translate("Plan", "Disk {disk} is set to keep its snapshots inside its image; kinds can’t be mixed.")
        remedy = translate("Plan", "Choose a file of its own for it, or leave it out.")
        return [Finding("disk-internal", Level.BLOCKER, reason.format(disk=place.disk.target), remedy)]
    if place.mode is not Mode.EXTERNAL:
        return _left_out(place)
    wrong = _unfit(place, active=situation.domain.state.active)
    return _file_findings(request, place, situation) if wrong is None else [wrong]


def _unfit(place: DiskPlace, *, active: bool) -> Finding | None:
    """Why no file can be put above the disk."""
    rule, reason, remedy = "", "", translate("Plan", "Leave it out.")
    if not place.disk.has_medium:
        # [run] libvirt 11.3 tries all the same, and fails at "Expected backing file name, got empty string"
        rule = "disk-empty"
        reason = translate("Plan", "There is no medium in drive {disk}, so there is nothing to take of it.")
    elif place.disk.transient and active:
        # [run] 11.3: "block jobs are not supported on transient disk"
        rule = "disk-transient"
        reason = translate("Plan", "Disk {disk} is transient: while the machine runs, no file can be put above it.")
    elif place.disk.device == "lun" and active:
        rule = "disk-lun"
        reason = translate("Plan", "Disk {disk} is a SCSI device of the host, which QEMU can’t put a file above.")
    elif not active and place.disk.source_type not in ("file", "block", "volume"):
        rule = "disk-remote"
        reason = translate("Plan", "Disk {disk} is not on this host’s own storage, so it can’t be taken while off.")
        remedy = translate("Plan", "Start the machine first, or leave it out.")
    elif not place.path:
        rule = "disk-place"
        reason = translate("Plan", "Disk {disk} is not a regular file, so libvirt finds no place for the new file.")
        remedy = translate("Plan", "Choose a path for it, or leave it out.")
    return Finding(rule, Level.BLOCKER, reason.format(disk=place.disk.target), remedy) if rule else None


def _left_out(place: DiskPlace) -> list[Finding]:
    if not place.disk.writable:
        return []
    text = (
        translate("Plan", "Disk {disk} is not in the snapshot: a revert leaves it as it is then.")
        if place.chosen
        else translate("Plan", "Disk {disk} is set to be left out of snapshots: a revert leaves it as it is then.")
    )
    return [Finding("disk-left-out", Level.WARNING, text.format(disk=place.disk.target))]


def _file_findings(request: Take, place: DiskPlace, situation: Situation) -> list[Finding]:
    path = place.path
    choice = next((choice for choice in request.disks if choice.target == place.disk.target), None)
    wrong = path_finding(path, situation)
    if wrong is not None:
        return [wrong]
    if choice is not None and choice.format not in _FORMATS:
        reason = translate("Plan", "{path} can’t be {format}: libvirt makes qcow2 only.")
        return [Finding("file-format", Level.BLOCKER, reason.format(path=path, format=choice.format))]
    if "," in path and not situation.domain.state.active and not request.reuse:
        # [run] libvirt tells qemu-img two commas, and it makes a file of that name; the machine then has no disk.
        reason = translate("Plan", "With a comma in {path}, libvirt gives the file another name, and loses it.")
        remedy = translate("Plan", "Choose a name or a path without a comma, or start the machine first.")
        return [Finding("file-comma", Level.BLOCKER, reason.format(path=path), remedy)]
    there = posixpath.basename(path) in names_in(situation.folders, place.folder)
    if request.reuse:
        return _reuse_findings(place, situation, there=there)
    return _exists_findings(place, situation, there=there)


def _exists_findings(place: DiskPlace, situation: Situation, *, there: bool) -> list[Finding]:
    folder = situation.folders.get(place.folder)
    if there:
        reason = translate("Plan", "{path} exists already.").format(path=place.path)
        remedy = translate("Plan", "Choose another name, or another path for disk {disk}.")
        return [Finding("file-exists", Level.BLOCKER, reason, remedy.format(disk=place.disk.target))]
    if folder is not None and folder.names is None:
        reason = translate("Plan", "Could not see whether {path} exists; libvirt refuses the snapshot if it does.")
        return [Finding("file-unseen", Level.NOTE, reason.format(path=place.path))]
    return []


def path_finding(path: str, situation: Situation) -> Finding | None:
    """What stands against a file there, whatever is in it; None where nothing does."""
    folder, name = posixpath.split(path)
    if not path.startswith("/"):
        reason = translate("Plan", "“{path}” is no whole path.").format(path=path)
        return Finding("file-relative", Level.BLOCKER, reason, translate("Plan", "Begin it with “/”."))
    if not name:
        reason = translate("Plan", "{path} is a folder.").format(path=path)
        return Finding("file-folder", Level.BLOCKER, reason, translate("Plan", "Add a file’s name."))
    if len(name.encode(errors="replace")) > LONGEST_FILE:
        reason = translate("Plan", "The file’s name would have more than {longest} bytes: {path}")
        remedy = translate("Plan", "Choose a shorter name for the snapshot or for the file.")
        return Finding("file-long", Level.BLOCKER, reason.format(path=path, longest=LONGEST_FILE), remedy)
    known = situation.folders.get(folder)
    if known is not None and known.missing:
        reason = translate("Plan", "There is no folder {folder}.").format(folder=folder)
        return Finding("folder-missing", Level.BLOCKER, reason, translate("Plan", "Make it first, or choose another."))
    return None


def _reuse_findings(place: DiskPlace, situation: Situation, *, there: bool) -> list[Finding]:
    folder = situation.folders.get(place.folder)
    if not there and folder is not None and folder.names is not None:
        reason = translate("Plan", "{path} is to be used, but does not exist.").format(path=place.path)
        remedy = translate("Plan", "Make it by qemu-img create, with the image of disk {disk} behind it.")
        return [Finding("reuse-missing", Level.BLOCKER, reason, remedy.format(disk=place.disk.target))]
    prepared = situation.prepared.get(place.path)
    if prepared is None:
        reason = translate("Plan", "{path} could not be read: it must be qcow2, with {image} behind it.")
        return [Finding("reuse-unseen", Level.WARNING, reason.format(path=place.path, image=place.disk.source))]
    if prepared.format != "qcow2":
        # [run] libvirt takes it, and the guest then finds another disk.
        reason = translate("Plan", "{path} is not qcow2.").format(path=place.path)
        return [Finding("reuse-format", Level.BLOCKER, reason, translate("Plan", "Convert it, or choose another."))]
    if not prepared.backing or posixpath.normpath(posixpath.join(place.folder, prepared.backing)) != place.disk.source:
        # [run] a running machine goes on as if all were well, and finds another disk at its next start.
        reason = translate("Plan", "{path} has not {image} behind it, but {backing}: the disk’s data would be lost.")
        backing = prepared.backing or translate("Plan", "nothing")
        reason = reason.format(path=place.path, image=place.disk.source, backing=backing)
        remedy = translate("Plan", "Make it anew by qemu-img create, with the right image behind it.")
        return [Finding("reuse-backing", Level.BLOCKER, reason, remedy)]
    return _size_findings(place, prepared, situation.prepared.get(place.disk.source))


def _size_findings(place: DiskPlace, made: Prepared, now: Prepared | None) -> list[Finding]:
    """[run] libvirt and QEMU take it: a running guest's disk then is shorter or longer from one moment to the next."""
    known = now is not None and now.format == {"qcow2": "qcow2", "raw": ""}.get(place.disk.format)
    if now is None or not known or None in (now.size, made.size) or _sectors(now) == _sectors(made):
        return []
    reason = translate("Plan", "{path} holds a disk of {size}, and disk {disk} has {now}.")
    reason = reason.format(
        path=place.path, size=size_text(made.size or 0), disk=place.disk.target, now=size_text(now.size or 0)
    )
    remedy = translate("Plan", "Make it anew by qemu-img create, without a size: it takes that of the image behind it.")
    return [Finding("reuse-size", Level.BLOCKER, reason, remedy)]


def _sectors(image: Prepared) -> int:
    """QEMU rounds the size of a disk up to them."""
    return -(-(image.size or 0) // 512)


def _checkpoint_findings(situation: Situation) -> list[Finding]:
    """[run] libvirt 11.3 takes all but these beside checkpoints."""
    if situation.domain.state.active or not situation.checkpoints:
        return []
    reason = translate(
        "Plan",
        "The machine has %n checkpoint(s), beside which libvirt can’t take such a snapshot while it is off.",
        "",
        situation.checkpoints,
    )
    return [Finding("checkpoints", Level.BLOCKER, reason, translate("Plan", "Start the machine first."))]


def _same_file(held: Sequence[DiskPlace]) -> list[Finding]:
    """[run] While off, libvirt gives both disks the one file, and the machine does not start any more."""
    paths = [place.path for place in held if place.path]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    reason = translate("Plan", "Two disks would go on in one file, {path}.")
    remedy = translate("Plan", "Choose another path for one of them.")
    return [Finding("file-twice", Level.BLOCKER, reason.format(path=path), remedy) for path in twice]


def _space_findings(held: Sequence[DiskPlace], situation: Situation) -> list[Finding]:
    findings = []
    for path in dict.fromkeys(place.folder for place in held if place.path):
        folder = situation.folders.get(path)
        if folder is not None and folder.free is not None and folder.free < _LOW_SPACE:
            reason = translate(
                "Plan", "{folder} has only {free} left, and everything that the guest writes goes there."
            )
            reason = reason.format(folder=path, free=size_text(folder.free))
            findings.append(Finding("space", Level.WARNING, reason, make_room(situation, path)))
    return findings


def _depth_findings(held: Sequence[DiskPlace], situation: Situation) -> list[Finding]:
    in_tree = facts.depth(situation)
    depth = max([in_tree, *(len(situation.chains.get(place.disk.target, ())) for place in held)], default=0)
    if depth < _DEEP:
        return []
    reason = translate("Plan", "The disks are on %n file(s) above one another: slower with each one.", "", depth)
    remedy = translate("Plan", "Delete snapshots that are not needed: libvirt merges their files.")
    if depth >= _DEEPEST:
        return [Finding("depth", Level.BLOCKER, reason, remedy)]
    if depth >= _MANY and facts.before(situation, facts.SINCE_MANY_FILES):
        reason = translate(
            "Plan", "With more than about 25 files above one another, this libvirt may fail to start it."
        )
        return [Finding("hazard-depth", Level.WARNING, reason, remedy)]
    return [Finding("depth", Level.WARNING, reason, remedy)]


def _later_findings(request: Take, held: Sequence[DiskPlace], situation: Situation) -> list[Finding]:
    """What will be hard with the snapshot once it is there."""
    findings = []
    active = situation.domain.state.active
    current = situation.snapshots.current
    below = situation.snapshots.records.get(current) if current is not None else None
    if below is not None and below.kind is Kind.INTERNAL:
        reason = translate(
            "Plan",
            "The machine stands on the internal snapshot “{name}”. This one can’t be deleted before that, "
            "and a revert to that leaves the new files behind.",
        )
        findings.append(Finding("mixed", Level.WARNING, reason.format(name=below.name)))
    if facts.before(situation, facts.SINCE_EXTERNAL_DELETE):
        reason = translate("Plan", "This libvirt can’t delete such a snapshot; 9.0 and later can.")
        findings.append(Finding("no-delete", Level.WARNING, reason))
    unmergeable = [p.disk.target for p in held if p.disk.transient or p.disk.source_type == "volume"]
    if unmergeable:
        reason = translate(
            "Plan", "libvirt may not be able to delete it: disk {disks} is transient, or a pool’s volume."
        )
        findings.append(Finding("no-delete", Level.WARNING, reason.format(disks=", ".join(unmergeable))))
    findings += _no_revert(held, situation)
    if situation.config is not None and situation.config.uefi:
        reason = translate("Plan", "The firmware’s settings (NVRAM) are not in the snapshot.")
        findings.append(Finding("nvram", Level.WARNING, reason))
    if active and request.kind is Kind.DISK_ONLY and not request.quiesce:
        reason = translate(
            "Plan", "A revert finds the disks as after a power cut: what the guest has not written is lost."
        )
        findings.append(Finding("power-cut", Level.NOTE, reason))
    if not active and held and facts.before(situation, facts.SINCE_PRIVATE_FILES):
        reason = translate(
            "Plan",
            "Every user of the host may be able to read the new files (CVE-2025-13193, mended in libvirt 11.10).",
        )
        findings.append(Finding("hazard-readable", Level.NOTE, reason))
    return findings


def _no_revert(held: Sequence[DiskPlace], situation: Situation) -> list[Finding]:
    """Why libvirt will not be able to revert to it."""
    if not situation.host.external_revert:
        reason = translate("Plan", "This host can’t revert to such a snapshot; libvirt 9.9 and later can.")
        return [Finding("no-revert", Level.WARNING, reason)]
    if elsewhere := [place.disk.target for place in held if place.disk.source_type != "file"]:
        reason = translate("Plan", "libvirt can’t revert to it: disk {disks} is no file.")
        return [Finding("no-revert", Level.WARNING, reason.format(disks=", ".join(elsewhere)))]
    reason = translate("Plan", "libvirt can’t revert to it: the new files above {files} would have one name then.")
    remedy = translate("Plan", "Eject the medium, or move one of the files to another folder first.")
    return [
        Finding("no-revert", Level.WARNING, reason.format(files=facts.listed(files)), remedy)
        for files in alike(() if situation.config is None else situation.config.disks)
    ]
