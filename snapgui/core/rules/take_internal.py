"""Taking a snapshot inside the images: libvirt's qemuSnapshotPrepare and qemuSnapshotPrepareDiskInternal."""

from collections.abc import Sequence

from snapgui.core.plan import Finding, Level
from snapgui.core.records import DomainConfig, Mode, Situation
from snapgui.core.requests import Take
from snapgui.core.rules import facts
from snapgui.core.rules.asleep import asleep_finding
from snapgui.core.rules.take_disks import DiskPlace
from snapgui.core.text import translate


def internal_findings(request: Take, situation: Situation, places: Sequence[DiskPlace]) -> list[Finding]:
    """What stands against it, or should be known before it."""
    del request
    config = situation.config
    if config is None:
        return []
    active = situation.domain.state.active
    kept = (Mode.INTERNAL, Mode.EXTERNAL)
    held = [place for place in places if place.disk.writable or place.mode in kept]
    findings = [finding for place in held for finding in _disk_findings(place, active=active)]
    if not held:
        findings.append(_diskless() if active else facts.nothing_to_take())
    unseen = [p.disk.target for p in held if p.disk.format == "qcow2" and p.disk.target not in situation.image_tags]
    if unseen and not active:
        reason = translate("Plan", "The image of disk {disks} could not be read to see whether the name is free in it.")
        findings.append(Finding("tags-unseen", Level.NOTE, reason.format(disks=", ".join(unseen))))
    if (finding := asleep_finding("take-paused", situation)) is not None:
        findings.append(finding)
    if facts.overlays(situation).get(situation.snapshots.current) is not None:
        reason = translate(
            "Plan",
            "The machine stands on an external snapshot. With an internal one below it, neither is easy to delete.",
        )
        findings.append(Finding("mixed", Level.WARNING, reason))
    refused = facts.before(situation, facts.SINCE_INTERNAL_BESIDE_CHECKPOINTS) and not active
    if situation.checkpoints and refused:
        reason = translate(
            "Plan",
            "The machine has %n checkpoint(s), beside which this libvirt can’t take a snapshot while it is off.",
            "",
            situation.checkpoints,
        )
        findings.append(Finding("checkpoints", Level.BLOCKER, reason, translate("Plan", "Start the machine first.")))
    elif situation.checkpoints:
        # Neither QEMU nor qemu-img loads a snapshot into an image with bitmaps, which is what checkpoints are.
        reason = translate(
            "Plan",
            "The machine has %n checkpoint(s): it can be reverted to this snapshot only once there are none.",
            "",
            situation.checkpoints,
        )
        findings.append(Finding("checkpoints", Level.WARNING, reason))
    return findings + _firmware_findings(config, situation)


def _disk_findings(place: DiskPlace, *, active: bool) -> list[Finding]:
    disk = place.disk
    kept = disk.format or "raw"
    if place.mode in (Mode.NO, Mode.MANUAL):
        rule = "disk-left-out"
        reason = (
            translate("Plan", "Disk {disk} is left out, but an internal snapshot has to hold every writable disk.")
            if place.chosen
            else translate(
                "Plan", "Disk {disk} is set to be left out, but an internal snapshot has to hold every writable disk."
            )
        )
        remedy = translate("Plan", "Choose for it to be inside its image, or keep the snapshot in files of its own.")
    elif place.mode is Mode.EXTERNAL:
        rule = "disk-external"
        reason = translate("Plan", "Disk {disk} is set to keep its snapshots in files of their own.")
        remedy = translate("Plan", "Choose for it to be inside its image, or keep the whole snapshot in such files.")
    elif not disk.has_medium:
        # [run] libvirt 11.3 takes it of a running machine, and the revert then ends the machine: "image of disk 'sda'
        # does not have internal snapshot"
        rule = "disk-empty"
        reason = translate("Plan", "There is no medium in drive {disk}, so there is nothing to take of it.")
        remedy = translate("Plan", "Leave it out.")
    elif kept != "qcow2":
        rule = "disk-format"
        reason = translate("Plan", "Disk {disk} is {format}, and only qcow2 can hold snapshots.")
        remedy = translate("Plan", "Keep the snapshot in files of its own, or convert the disk to qcow2.")
    elif not active and disk.source_type not in ("file", "block", "volume"):
        rule = "disk-remote"
        reason = translate("Plan", "Disk {disk} is not on this host’s own storage, so it can’t be taken while off.")
        remedy = translate("Plan", "Start the machine first.")
    elif active and not disk.writable:
        # [run] QEMU 10.0: "Device … is writable but does not support snapshots", which says the opposite
        rule = "disk-readonly"
        reason = translate("Plan", "Disk {disk} is read-only: a running machine can’t keep a snapshot in its image.")
        remedy = translate("Plan", "Leave it out: what can’t be written does not change.")
    elif active and disk.transient:
        rule = "disk-transient"
        reason = translate("Plan", "Disk {disk} is transient: a running machine’s memory can’t be saved beside it.")
        remedy = translate("Plan", "Shut the machine off first.")
    else:
        return []
    return [Finding(rule, Level.BLOCKER, reason.format(disk=disk.target, format=kept), remedy)]


def _diskless() -> Finding:
    reason = translate("Plan", "The machine has no writable disk to keep the snapshot and the memory in.")
    remedy = translate("Plan", "Keep the memory in a file of its own.")
    return Finding("diskless", Level.BLOCKER, reason, remedy)


def _firmware_findings(config: DomainConfig, situation: Situation) -> list[Finding]:
    if not config.uefi:
        return []
    raw = config.nvram_format not in ("", "qcow2")
    if situation.domain.state.active:
        return _running_firmware_findings(config, situation, raw=raw)
    if facts.before(situation, facts.SINCE_UEFI_OFF):
        reason = translate("Plan", "This libvirt takes no internal snapshots of machines with UEFI; 9.3 and later do.")
        return [Finding("uefi", Level.BLOCKER, reason)]
    if raw:
        reason = translate("Plan", "The firmware’s settings (NVRAM) are not in the snapshot: their file is not qcow2.")
        return [Finding("nvram", Level.WARNING, reason)]
    return []


def _running_firmware_findings(config: DomainConfig, situation: Situation, *, raw: bool) -> list[Finding]:
    remedy = translate("Plan", "Shut the machine off first.")
    if facts.before(situation, facts.SINCE_JOBS):
        reason = translate("Plan", "This libvirt takes no snapshot of a running machine with UEFI; 10.9 and later can.")
        helps = not facts.before(situation, facts.SINCE_UEFI_OFF)
        return [Finding("uefi", Level.BLOCKER, reason, remedy if helps else "")]
    if raw:
        reason = translate(
            "Plan", "The firmware’s settings (NVRAM) are {format}; while running, they must be in qcow2."
        )
        return [Finding("nvram", Level.BLOCKER, reason.format(format=config.nvram_format), remedy)]
    if facts.before(situation, facts.SINCE_UEFI_REVERT):
        reason = translate("Plan", "libvirt 10.9 may fail to revert to a snapshot with UEFI; 10.10 does not.")
        return [Finding("hazard-uefi", Level.WARNING, reason)]
    return []
