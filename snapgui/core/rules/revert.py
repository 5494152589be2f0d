"""Going back to a snapshot."""

from snapgui.core import tree
from snapgui.core.plan import Call, Effect, EffectKind, Finding, Level, Plan, RevertFlag
from snapgui.core.records import Mode, Situation, SnapshotRecord, SnapshotState
from snapgui.core.requests import Revert, RunState
from snapgui.core.rules import facts
from snapgui.core.rules.naming import fit_for_a_job, may_be_mistaken
from snapgui.core.text import translate

_FLAGS = {
    RunState.AS_TAKEN: RevertFlag.NONE,
    RunState.RUNNING: RevertFlag.RUNNING,
    RunState.PAUSED: RevertFlag.PAUSED,
}


def plan_revert(request: Revert, situation: Situation) -> Plan:
    """The plan of reverting."""
    title = translate("Plan", "Revert {machine} to “{name}”").format(
        machine=situation.domain.name, name=request.snapshot
    )
    record = situation.snapshots.records.get(request.snapshot)
    if record is None:
        return Plan(request, title, findings=tuple(facts.missing(situation, (request.snapshot,))))
    removes = request.remove_managed_save and situation.domain.managed_save
    steps = [facts.step(situation, Call.MANAGED_SAVE_REMOVE)] if removes else []
    steps.append(facts.step(situation, Call.SNAPSHOT_REVERT, record.name, flags=_FLAGS[request.run]))
    findings = [*facts.unread(situation), *_record_findings(record)]
    if not findings or situation.config is None:
        findings += _state_findings(request, record, situation)
        findings += _external_findings(situation) if facts.is_external(record) else []
        findings += _internal_findings(record, situation) if not facts.is_external(record) else []
    return Plan(
        request,
        title,
        steps=tuple(steps) if situation.config is not None and record.complete else (),
        findings=tuple(findings),
        effects=tuple(_effects(request, record, situation)),
    )


def _record_findings(record: SnapshotRecord) -> list[Finding]:
    if not record.complete:
        reason = translate("Plan", "The snapshot has not been read yet.")
        return [Finding("unread", Level.NOTE, reason)]
    if record.problem is not None:
        reason = translate("Plan", "The snapshot’s description can’t be read, so what reverting would do is not known.")
        return [Finding("unreadable", Level.BLOCKER, reason)]
    if not record.has_domain:
        # qemuSnapshotRevertValidate, "lacks domain rollback info"; FORCE does not help
        reason = translate(
            "Plan", "The snapshot does not say how the machine was configured, so libvirt can’t revert to it."
        )
        return [Finding("no-domain", Level.BLOCKER, reason)]
    return []


def _state_findings(request: Revert, record: SnapshotRecord, situation: Situation) -> list[Finding]:
    findings = []
    memory = facts.has_memory(record)
    if record.state in (SnapshotState.PM_SUSPENDED, SnapshotState.UNKNOWN):
        reason = translate("Plan", "libvirt can’t bring back the state that the machine was in then.")
        findings.append(Finding("state", Level.BLOCKER, reason))
    if not situation.domain.persistent and not memory and request.run is RunState.AS_TAKEN:
        reason = translate("Plan", "The machine is transient and was not running in this snapshot: it would vanish.")
        remedy = translate("Plan", "Choose that it goes on running or paused.")
        findings.append(Finding("transient", Level.BLOCKER, reason, remedy))
    if situation.domain.managed_save and not request.remove_managed_save:
        remedy = translate("Plan", "Remove the saved state first.")
        if memory:
            # libvirt reverts and keeps the saved state: a later start would load it upon disks that it does not fit.
            reason = translate(
                "Plan", "The machine’s saved state stays, and starting from it later would damage the disks."
            )
            findings.append(Finding("managed-save", Level.WARNING, reason, remedy))
        elif facts.is_qemu(situation):
            reason = translate("Plan", "The machine has a saved state, which would not fit the reverted disks.")
            findings.append(Finding("managed-save", Level.BLOCKER, reason, remedy))
    return findings


def _internal_findings(record: SnapshotRecord, situation: Situation) -> list[Finding]:
    if not facts.is_qemu(situation):
        return []
    findings = []
    memory = facts.has_memory(record)
    overlays = facts.overlays(situation)
    stands_on = overlays.get(situation.snapshots.current)
    if stands_on != overlays[record.name]:
        reason = translate(
            "Plan", "The machine uses files of the external snapshot “{name}”. Reverting leaves them behind."
        )
        findings.append(Finding("orphans", Level.WARNING, reason.format(name=stands_on or record.name)))
    elif lacking := _disks_without(record, situation):
        # qemu-img goes through the disks one by one: those before the failure are already reverted.
        reason = translate(
            "Plan", "The image of disk {disks} does not hold this snapshot. Reverting would fail half-way."
        )
        findings.append(Finding("tag-missing", Level.BLOCKER, reason.format(disks=", ".join(lacking))))
    if may_be_mistaken(record.name, situation):
        reason = translate(
            "Plan", "QEMU may take a name of digits only for a snapshot’s number, and revert to another one."
        )
        findings.append(Finding("name-number", Level.WARNING, reason))
    if memory and not fit_for_a_job(record.name, situation, facts.SINCE_UEFI_REVERT):
        reason = translate(
            "Plan", "QEMU can’t load its memory: it accepts only names of English letters, digits, “-”, “.” and “_”."
        )
        findings.append(Finding("name-job", Level.BLOCKER, reason))
    return findings + _version_findings(record, situation) + _firmware_findings(situation)


def _version_findings(record: SnapshotRecord, situation: Situation) -> list[Finding]:
    """Known faults of releases; distributions correct some of them without a new number."""
    if facts.has_memory(record) and facts.before(situation, facts.SINCE_SAFE_REVERT):
        reason = translate("Plan", "Before libvirt 9.10, reverting could crash QEMU; this host may be affected.")
        return [Finding("hazard-crash", Level.WARNING, reason)]
    if facts.at_least(situation, facts.SINCE_BROKEN_REVERT) and facts.before(situation, facts.SINCE_MENDED_REVERT):
        reason = translate(
            "Plan", "libvirt 11.2 and 11.3 could fail to revert, unless the distribution corrected them."
        )
        return [Finding("hazard-revert", Level.NOTE, reason)]
    return []


def _firmware_findings(situation: Situation) -> list[Finding]:
    if situation.config is None or not situation.config.uefi:
        return []
    if situation.config.nvram_format not in ("", "qcow2"):
        return [
            Finding("nvram", Level.WARNING, translate("Plan", "The firmware’s settings (NVRAM) stay as they are now."))
        ]
    if facts.before(situation, facts.SINCE_UEFI_REVERT):
        reason = translate("Plan", "Before libvirt 10.10, reverting with UEFI may fail.")
        return [Finding("hazard-uefi", Level.WARNING, reason)]
    return []


def _disks_without(record: SnapshotRecord, situation: Situation) -> list[str]:
    tags = situation.image_tags
    return [
        disk.target
        for disk in record.disks
        if disk.mode is Mode.INTERNAL and disk.target in tags and record.name not in tags[disk.target]
    ]


def _external_findings(situation: Situation) -> list[Finding]:
    if not situation.host.external_revert:
        reason = translate("Plan", "This host’s libvirt can’t revert to external snapshots; 9.9 and later can.")
        return [Finding("external", Level.BLOCKER, reason)]
    findings = []
    config = situation.config
    # qemuSnapshotRevertValidate; it looks at the disks of the time of the snapshot, which are mostly those of now.
    other = [] if config is None else [disk.target for disk in config.disks if disk.source_type != "file"]
    if other:
        reason = translate(
            "Plan", "Disk {disks} is not a file: libvirt can revert to external snapshots only of files."
        )
        findings.append(Finding("external-disk", Level.BLOCKER, reason.format(disks=", ".join(other))))
    inserted = [] if config is None else [disk.source for disk in config.disks if disk.readonly and disk.source]
    if inserted:
        reason = translate("Plan", "libvirt also writes a new file beside {files}: that folder has to be writable.")
        findings.append(Finding("external-overlay", Level.WARNING, reason.format(files=", ".join(inserted))))
    return findings


def _effects(request: Revert, record: SnapshotRecord, situation: Situation) -> list[Effect]:
    current = situation.snapshots.current
    active = situation.domain.state.active
    if current is None:
        text = translate("Plan", "What the machine holds now is lost: no snapshot has it.")
    else:
        text = translate("Plan", "What changed since “{name}” is lost: no snapshot has it.")
    effects = [Effect(EffectKind.LOSES, text.format(name=current), () if current is None else (current,))]
    if active:
        text = translate("Plan", "What runs in the machine now ends at once, without being saved.")
        effects.append(Effect(EffectKind.LOSES, text))
    if request.remove_managed_save and situation.domain.managed_save:
        effects.append(Effect(EffectKind.LOSES, translate("Plan", "The machine’s saved state is removed.")))
    if facts.is_external(record) and (below := tree.descendants(situation.snapshots, record.name)):
        text = translate(
            "Plan", "The disks continue in new files; the files of the machine’s present state are deleted."
        )
        effects.append(Effect(EffectKind.CHANGES, text, tuple(below)))
    effects.append(Effect(EffectKind.CHANGES, _ending(request, record)))
    if active:
        # Since libvirt 7.10, every revert starts a new QEMU.
        text = translate("Plan", "QEMU restarts: an open console loses its connection.")
        effects.append(Effect(EffectKind.CHANGES, text))
    text = translate("Plan", "The machine’s configuration goes back to that time, too.")
    effects.append(Effect(EffectKind.CHANGES, text))
    if current != record.name:
        text = translate("Plan", "“{name}” becomes the current snapshot.").format(name=record.name)
        effects.append(Effect(EffectKind.CHANGES, text, (record.name,)))
    return effects


def _ending(request: Revert, record: SnapshotRecord) -> str:
    paused = request.run is RunState.PAUSED or (
        request.run is RunState.AS_TAKEN and record.state is SnapshotState.PAUSED
    )
    if not facts.has_memory(record):
        if request.run is RunState.AS_TAKEN:
            return translate("Plan", "Afterwards the machine is off.")
        if paused:
            return translate("Plan", "Afterwards the machine is paused, at the very start of its boot.")
        return translate("Plan", "Afterwards the machine boots and runs.")
    if paused:
        return translate("Plan", "Afterwards the machine is paused where it was.")
    return translate("Plan", "Afterwards the machine runs from where it was.")
