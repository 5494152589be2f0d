"""Taking a snapshot of everything, inside the images."""

from snapgui.core.plan import Call, Effect, EffectKind, Finding, Level, Plan
from snapgui.core.records import Disk, DomainConfig, DomainState, Mode, Situation
from snapgui.core.requests import Delete, Take
from snapgui.core.rules import facts
from snapgui.core.rules.naming import new_name_findings
from snapgui.core.text import size_text, translate
from snapgui.core.xml import XmlError, take_xml


def plan_take(request: Take, situation: Situation) -> Plan:
    """The plan of taking a snapshot."""
    findings = [
        *facts.unread(situation),
        *new_name_findings(request.name, situation),
        *_machine_findings(situation),
        *_image_findings(situation),
    ]
    try:
        xml = take_xml(request)
    except XmlError as error:
        xml = ""
        if not any(finding.rule == "name-characters" for finding in findings):
            findings.append(Finding("description-characters", Level.BLOCKER, str(error)))
    take = facts.step(situation, Call.SNAPSHOT_CREATE, request.name, xml)
    title = translate("Plan", "Take snapshot “{name}” of {machine}")
    return Plan(
        request,
        title.format(name=request.name, machine=situation.domain.name),
        steps=(take,) if xml and situation.config is not None else (),
        findings=tuple(findings),
        effects=tuple(_effects(request, situation)),
        undo=Delete(request.domain, (request.name,)),
    )


def _machine_findings(situation: Situation) -> list[Finding]:
    domain = situation.domain
    findings = []
    if domain.state is DomainState.PM_SUSPENDED:
        reason = translate("Plan", "The guest has put itself to sleep. QEMU can’t take a snapshot of it in that state.")
        findings.append(Finding("asleep", Level.BLOCKER, reason, translate("Plan", "Wake the machine up first.")))
    if domain.state is DomainState.SHUTTING_DOWN:
        reason = translate("Plan", "The machine is shutting down: the snapshot would hold it half-way.")
        findings.append(Finding("shutting-down", Level.WARNING, reason, translate("Plan", "Wait until it is off.")))
    if domain.managed_save and not domain.state.active:
        reason = translate("Plan", "The snapshot holds the disks as they are, but not the saved state of the machine.")
        remedy = translate("Plan", "Start the machine first, to take both together.")
        findings.append(Finding("managed-save", Level.WARNING, reason, remedy))
    if not domain.persistent:
        reason = translate("Plan", "The machine is transient: libvirt forgets its snapshots when it stops.")
        findings.append(Finding("transient", Level.WARNING, reason))
    if facts.overlays(situation).get(situation.snapshots.current) is not None:
        reason = translate(
            "Plan",
            "The machine stands on an external snapshot. With an internal one below it, neither is easy to delete.",
        )
        findings.append(Finding("mixed", Level.WARNING, reason))
    return findings


def _image_findings(situation: Situation) -> list[Finding]:
    config = situation.config
    if config is None or not facts.is_qemu(situation):
        return []
    active = situation.domain.state.active
    disks = facts.writable_disks(situation)
    findings = [finding for disk in disks for finding in _disk_findings(disk, active=active)]
    if not disks:
        text = (
            translate("Plan", "The machine has no writable disk to keep the snapshot and the memory in.")
            if active
            else translate("Plan", "The machine has no writable disk, so there is nothing to take.")
        )
        findings.append(Finding("diskless", Level.BLOCKER, text))
    if active and any(kind != "usb" for kind in config.host_devices):
        reason = translate(
            "Plan", "The machine uses a device of its host, whose state can’t be saved. libvirt may refuse."
        )
        remedy = translate("Plan", "Shut the machine off first, or detach the device.")
        findings.append(Finding("host-device", Level.WARNING, reason, remedy))
    unseen = [disk.target for disk in disks if disk.format == "qcow2" and disk.target not in situation.image_tags]
    if unseen and not active:
        reason = translate("Plan", "The image of disk {disks} could not be read to see whether the name is free in it.")
        findings.append(Finding("tags-unseen", Level.NOTE, reason.format(disks=", ".join(unseen))))
    return findings + _firmware_findings(config, situation)


def _disk_findings(disk: Disk, *, active: bool) -> list[Finding]:
    """libvirt's qemuSnapshotPrepare and qemuSnapshotPrepareDiskInternal."""
    kept = disk.format or "raw"
    if disk.snapshot in (Mode.NO, Mode.MANUAL):
        rule = "disk-left-out"
        reason = translate(
            "Plan", "Disk {disk} is set to be left out, but an internal snapshot has to hold every writable disk."
        )
        remedy = translate("Plan", "Allow snapshots of it in the machine’s configuration, or make it read-only.")
    elif disk.snapshot is Mode.EXTERNAL:
        rule = "disk-external"
        reason = translate("Plan", "Disk {disk} is set to keep its snapshots in files of their own.")
        remedy = translate("Plan", "Set it to internal snapshots in the machine’s configuration.")
    elif kept != "qcow2":
        rule = "disk-format"
        reason = translate("Plan", "Disk {disk} is {format}, and only qcow2 can hold snapshots.")
        remedy = translate("Plan", "Convert it to qcow2, or make it read-only.")
    elif not active and disk.source_type not in ("file", "block", "volume"):
        rule = "disk-remote"
        reason = translate("Plan", "Disk {disk} is not on this host’s own storage, so it can’t be taken while off.")
        remedy = translate("Plan", "Start the machine first.")
    elif active and disk.transient:
        rule = "disk-transient"
        reason = translate("Plan", "Disk {disk} is transient: a running machine’s memory can’t be saved beside it.")
        remedy = translate("Plan", "Shut the machine off first.")
    else:
        return []
    return [Finding(rule, Level.BLOCKER, reason.format(disk=disk.target, format=kept), remedy)]


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


def _effects(request: Take, situation: Situation) -> list[Effect]:
    current = situation.snapshots.current
    text = (
        translate("Plan", "Adds “{name}” as the first snapshot of its line.")
        if current is None
        else translate("Plan", "Adds “{name}” under “{parent}”.")
    )
    effects = [Effect(EffectKind.ADDS, text.format(name=request.name, parent=current), (request.name,))]
    if not situation.domain.state.active:
        return effects
    if situation.config is not None and situation.config.current_memory:
        text = translate("Plan", "Keeps the memory in an image: up to {size} more on disk.")
        effects.append(Effect(EffectKind.ADDS, text.format(size=size_text(situation.config.current_memory * 1024))))
    if situation.domain.state is DomainState.RUNNING:
        effects.append(Effect(EffectKind.PAUSES, _pause(situation.pauses)))
    return effects


def _pause(pauses: tuple[float, ...]) -> str:
    if not pauses:
        return translate("Plan", "The machine pauses while its memory is saved.")
    seconds = round(sorted(pauses)[len(pauses) // 2])  # the median
    if seconds < 1:
        return translate("Plan", "The machine pauses while its memory is saved: under a second, as before.")
    return translate(
        "Plan", "The machine pauses while its memory is saved: about %n second(s), as before.", "", seconds
    )
