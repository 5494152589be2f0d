"""Going back to a snapshot."""

from dataclasses import replace
from typing import Final

from snapgui.core.plan import Call, Effect, EffectKind, Finding, Level, Plan, RevertFlag
from snapgui.core.records import Agent, DomainState, Kind, Mode, Pause, Situation, SnapshotRecord, SnapshotState
from snapgui.core.requests import Revert, RunState, Take, Undo
from snapgui.core.rules import facts
from snapgui.core.rules.naming import fit_for_a_job, may_be_mistaken
from snapgui.core.rules.revert_files import (
    config_then,
    external_findings,
    file_effects,
    in_other_images,
    left_alone,
    left_behind,
    missing_findings,
    resting_on,
)
from snapgui.core.rules.safety import after_take, holds_nvram, is_configured_alike, is_unchanged, not_kept
from snapgui.core.rules.take import plan_take
from snapgui.core.text import translate

_FLAGS = {
    RunState.AS_TAKEN: RevertFlag.NONE,
    RunState.RUNNING: RevertFlag.RUNNING,
    RunState.PAUSED: RevertFlag.PAUSED,
}
# Warnings about a new snapshot that a revert says itself, or that matter only to one that is to last
_NOT_OF_A_SAFETY: Final = ("managed-save", "transient", "nvram")


def plan_revert(request: Revert, situation: Situation) -> Plan:
    """The plan of reverting. A safety snapshot that can't be taken is left out, and that is said."""
    title = translate("Plan", "Revert {machine} to “{name}”").format(
        machine=situation.domain.name, name=request.snapshot
    )
    record = situation.snapshots.records.get(request.snapshot)
    if record is None:
        return Plan(request, title, findings=tuple(facts.missing(situation, (request.snapshot,))))
    safety = None if request.safety is None else plan_take(request.safety, situation)
    obstacle = (
        None if safety is None or request.safety is None else _obstacle(safety, request.safety, record, situation)
    )
    kept = request.safety if obstacle is None else None  # what holds the machine as it is now
    then = situation if kept is None else after_take(kept, situation)
    steps = [] if safety is None or kept is None else [*safety.steps]
    if request.remove_managed_save and situation.domain.managed_save:
        steps.append(facts.step(situation, Call.MANAGED_SAVE_REMOVE))
    flags = _flags(request, record, situation)
    steps.append(facts.step(situation, Call.SNAPSHOT_REVERT, record.name, flags=flags))
    if _sets_clock(request, record, situation):
        # Best done at once; where no agent runs in the guest, or it does not know how, the guest goes on without.
        steps.append(replace(facts.step(situation, Call.SET_TIME), may_fail=True))
    findings = [*facts.unread(situation), *_record_findings(record)]
    if not findings or situation.config is None:
        findings += _state_findings(request, record, situation)
        findings += _nvram_findings(request, record, then)
        findings += _checkpoint_findings(record, situation)
        findings += external_findings(record, then) if facts.is_external(record) else []
        findings += _nvram_left(request, record, situation)
        findings += _internal_findings(record, then) if not facts.is_external(record) else []
        findings += missing_findings(record, situation)
        findings += _safety_findings(safety, obstacle)
    return Plan(
        request,
        title,
        steps=tuple(steps) if situation.config is not None and record.complete else (),
        findings=tuple(findings),
        effects=tuple(_effects(request, record, situation, kept)),
        undo=None if kept is None else Undo(request.domain, kept.name),
        lacks=() if kept is None else not_kept(kept, request, situation),
    )


def _obstacle(plan: Plan, take: Take, record: SnapshotRecord, situation: Situation) -> Finding | None:
    """Why no safety snapshot can be taken, or would be lost by the revert."""
    if blocker := next((finding for finding in plan.findings if finding.level is Level.BLOCKER), None):
        return blocker
    if facts.is_external(record) or not facts.is_qemu(situation):
        return None
    if take.name not in resting_on(record, after_take(take, situation)):
        return None
    reason = translate("Plan", "its files would be above the images that the revert changes.")
    return Finding("spoils", Level.BLOCKER, reason)


def _flags(request: Revert, record: SnapshotRecord, situation: Situation) -> RevertFlag:
    flags = _FLAGS[request.run]
    if request.force and situation.domain.managed_save and not request.remove_managed_save:
        flags |= RevertFlag.FORCE
    if request.reset_nvram and can_reset_nvram(situation) and not _ends_off(request, record):
        flags |= RevertFlag.RESET_NVRAM
    return flags


def can_reset_nvram(situation: Situation) -> bool:
    """Whether the machine has firmware settings that this host can make anew."""
    uefi = situation.config is not None and situation.config.uefi
    return uefi and facts.is_qemu(situation) and not facts.before(situation, facts.SINCE_RESET_NVRAM)


def _ends_off(request: Revert, record: SnapshotRecord) -> bool:
    return request.run is RunState.AS_TAKEN and not facts.has_memory(record)


def _ends_paused(request: Revert, record: SnapshotRecord) -> bool:
    as_taken = request.run is RunState.AS_TAKEN
    return request.run is RunState.PAUSED or (as_taken and record.state is SnapshotState.PAUSED)


def _sets_clock(request: Revert, record: SnapshotRecord, situation: Situation) -> bool:
    """Whether the guest goes on with an old clock, and may have an agent that can set it."""
    if situation.config is None or not facts.is_qemu(situation) or not facts.has_memory(record):
        return False
    config = config_then(record.name, situation) or situation.config
    return config.agent is not Agent.NONE and not _ends_paused(request, record)


def _safety_findings(safety: Plan | None, obstacle: Finding | None) -> list[Finding]:
    if safety is None:
        return []
    if obstacle is not None:
        reason = translate("Plan", "No safety snapshot, so the revert can’t be undone: {reason}")
        return [Finding("no-safety", Level.WARNING, reason.format(reason=obstacle.reason), obstacle.remedy)]
    text = translate("Plan", "Safety snapshot: {reason}")
    told = [each for each in safety.findings if each.level is Level.WARNING and each.rule not in _NOT_OF_A_SAFETY]
    return [replace(each, rule=f"safety-{each.rule}", reason=text.format(reason=each.reason)) for each in told]


def _record_findings(record: SnapshotRecord) -> list[Finding]:
    if not record.complete:
        reason = translate("Plan", "The snapshot has not been read yet.")
        return [Finding("unread", Level.NOTE, reason)]
    if record.problem is not None:
        reason = translate("Plan", "The snapshot’s description can’t be read, so what reverting would do is not known.")
        return [Finding("unreadable", Level.BLOCKER, reason)]
    if not record.has_domain:
        # qemuSnapshotRevertValidate, "lacks domain rollback info"; FORCE does not help
        reason = translate("Plan", "The snapshot does not have the machine’s settings, so libvirt can’t revert to it.")
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
        findings += _kept_save_findings(request, situation, memory=memory)
    return findings


def _kept_save_findings(request: Revert, situation: Situation, *, memory: bool) -> list[Finding]:
    """[run] 11.3: beside a memory, and by FORCE, libvirt leaves the saved state, and starts from it on other disks."""
    reason = translate("Plan", "The machine’s saved state stays, and starting from it later would damage the disks.")
    remedy = translate("Plan", "Remove the saved state first.")
    if not facts.is_qemu(situation):
        return [Finding("managed-save", Level.WARNING, reason, remedy)] if memory else []
    if request.force:
        return [Finding("managed-save", Level.WARNING, reason, remedy)]
    reason = translate(
        "Plan", "The machine has a saved state: starting from it after the revert would damage the disks."
    )
    if not situation.domain.state.active:
        remedy = translate(
            "Plan", "To keep what was saved, start the machine first; to give it up, remove the saved state first."
        )
    return [Finding("managed-save", Level.BLOCKER, reason, remedy)]


def _internal_findings(record: SnapshotRecord, situation: Situation) -> list[Finding]:
    if not facts.is_qemu(situation):
        return []
    findings = []
    memory = facts.has_memory(record)
    if resting := resting_on(record, situation):
        reason = translate(
            "Plan",
            "This would damage {names}: their files are above the images that this snapshot is kept in, "
            "and the machine would go on writing to these.",
        )
        remedy = translate(
            "Plan",
            "To give them up, delete them, or let libvirt only forget them; then revert. To keep them, stay here.",
        )
        findings.append(Finding("spoils", Level.BLOCKER, reason.format(names=facts.quoted(resting)), remedy))
    if in_other_images(record, situation):
        findings += left_behind(record, situation)
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
            "Plan",
            "This host’s libvirt, {version}, may fail to revert, unless the distribution has corrected it.",
        )
        remedy = translate("Plan", "If reverting fails, update it: 11.4 is corrected, and so is Debian’s 11.3.0-2.")
        version = facts.version_text(situation.host.libvirt_version)
        return [Finding("hazard-revert", Level.NOTE, reason.format(version=version), remedy)]
    return []


def _nvram_left(request: Revert, record: SnapshotRecord, situation: Situation) -> list[Finding]:
    """[run] 11.3: a revert to an external snapshot leaves the NVRAM alone in any format, one to an internal in raw."""
    if not facts.is_qemu(situation) or request.reset_nvram or holds_nvram(record.kind, situation):
        return []
    reason = translate("Plan", "The firmware’s settings (NVRAM) stay as they are now: the snapshot has none.")
    return [Finding("nvram", Level.WARNING, reason)]


def _firmware_findings(situation: Situation) -> list[Finding]:
    if situation.config is None or not situation.config.uefi:
        return []
    if situation.config.nvram_format in ("", "qcow2") and facts.before(situation, facts.SINCE_UEFI_REVERT):
        reason = translate("Plan", "Before libvirt 10.10, reverting with UEFI may fail.")
        return [Finding("hazard-uefi", Level.WARNING, reason)]
    return []


def _nvram_findings(request: Revert, record: SnapshotRecord, situation: Situation) -> list[Finding]:
    if not request.reset_nvram or situation.config is None:
        return []
    if not can_reset_nvram(situation):
        reason = translate("Plan", "The firmware’s settings (NVRAM) can be made anew only with UEFI, by libvirt 8.1.")
        return [Finding("reset-nvram", Level.BLOCKER, reason)]
    if _ends_off(request, record):
        # qemuProcessStart does it, and here nothing starts
        reason = translate("Plan", "The firmware’s settings (NVRAM) are made anew only where the machine starts.")
        remedy = translate("Plan", "Choose that it goes on running or paused.")
        return [Finding("reset-nvram-off", Level.BLOCKER, reason, remedy)]
    inside = [each.name for each in situation.snapshots.records.values() if not facts.is_external(each)]
    if situation.config.nvram_format == "qcow2" and inside:
        # Here, on 11.3: the file is written anew, without the snapshots in it; a revert to one of them then fails with
        # "the cause is unknown", when the disks have gone back already.
        reason = translate(
            "Plan", "Made anew, the file of the firmware’s settings (NVRAM) would lose its part of {names}."
        )
        remedy = translate("Plan", "Leave the option off: libvirt could revert to none of them any more.")
        return [Finding("reset-nvram-snapshots", Level.BLOCKER, reason.format(names=facts.quoted(inside)), remedy)]
    if situation.config.nvram_format == "qcow2":
        # On 11.3: "conversion of the nvram template to another target format is not supported"
        reason = translate(
            "Plan", "The firmware’s settings (NVRAM) are in qcow2: libvirt can’t make them from a raw file."
        )
        return [Finding("reset-nvram-format", Level.WARNING, reason, translate("Plan", "Leave the option off."))]
    return []


def _checkpoint_findings(record: SnapshotRecord, situation: Situation) -> list[Finding]:
    """QEMU and qemu-img load no snapshot into an image that has bitmaps (checkpoints): seen on 11.3."""
    if not situation.checkpoints or not facts.is_qemu(situation):
        return []
    if facts.is_external(record):
        reason = translate(
            "Plan", "The machine’s %n checkpoint(s) [is|are] useless afterwards.", "", situation.checkpoints
        )
        return [Finding("checkpoints", Level.WARNING, reason)]
    reason = translate(
        "Plan",
        "The machine has %n checkpoint(s), and QEMU can’t revert while there are any.",
        "",
        situation.checkpoints,
    )
    remedy = translate("Plan", "Let the backup program that made them remove them, or use virsh checkpoint-delete.")
    return [Finding("checkpoints", Level.BLOCKER, reason, remedy)]


def _disks_without(record: SnapshotRecord, situation: Situation) -> list[str]:
    disks = () if situation.config is None or not situation.domain.state.active else situation.config.disks
    thrown_away = {disk.target for disk in disks if disk.transient}  # what was read of these, the machine runs on only
    tags = {target: names for target, names in situation.image_tags.items() if target not in thrown_away}
    return [
        disk.target
        for disk in record.disks
        if disk.mode is Mode.INTERNAL and disk.target in tags and record.name not in tags[disk.target]
    ]


def _effects(request: Revert, record: SnapshotRecord, situation: Situation, kept: Take | None) -> list[Effect]:
    active = situation.domain.state.active
    effects = _changes_since(situation, kept)
    if active and (kept is None or kept.kind is Kind.DISK_ONLY):
        effects += _memory_lost(situation)
    if request.remove_managed_save and situation.domain.managed_save:
        effects.append(Effect(EffectKind.LOSES, _removed_save(situation)))
    if request.reset_nvram and _flags(request, record, situation) & RevertFlag.RESET_NVRAM:
        text = translate("Plan", "The firmware’s settings (NVRAM), such as the boot order, are made anew.")
        effects.append(Effect(EffectKind.LOSES, text))
    if kept is not None and situation.domain.state is DomainState.RUNNING and kept.kind is not Kind.DISK_ONLY:
        text = translate("Plan", "The machine pauses while its memory is saved.")
        effects.append(Effect(EffectKind.PAUSES, text))
    if facts.is_external(record):
        effects += file_effects(record, situation, kept)
    else:
        effects += left_alone(record, situation)
    effects.append(Effect(EffectKind.CHANGES, _ending(request, record)))
    if active and facts.is_qemu(situation):
        # Since libvirt 7.10, every revert starts a new QEMU.
        text = (
            translate("Plan", "An open console loses its connection.")
            if _ends_off(request, record)
            else translate("Plan", "QEMU restarts: an open console loses its connection.")
        )
        effects.append(Effect(EffectKind.CHANGES, text))
    if _sets_clock(request, record, situation):
        text = translate("Plan", "The guest’s clock is set to now, where its agent answers.")
        effects.append(Effect(EffectKind.CHANGES, text))
    if situation.config is not None and not is_configured_alike(record, situation):
        text = translate("Plan", "The machine’s settings go back to that time, too.")
        effects.append(Effect(EffectKind.CHANGES, text))
    if situation.snapshots.current != record.name:
        text = translate("Plan", "“{name}” becomes the current snapshot.").format(name=record.name)
        effects.append(Effect(EffectKind.CHANGES, text, (record.name,)))
    return effects


def _memory_lost(situation: Situation) -> list[Effect]:
    """Nothing ends in a machine that stands still; one that has not run since a revert holds nothing new."""
    if situation.domain.state is not DomainState.PAUSED:
        text = translate("Plan", "What runs in the machine now ends at once, without being saved.")
    elif situation.domain.pause is not Pause.REVERTED:
        text = translate("Plan", "What the paused machine’s memory holds is lost.")
    else:
        return []
    return [Effect(EffectKind.LOSES, text)]


def _removed_save(situation: Situation) -> str:
    if situation.domain.state.active:  # only after a revert that left it, since a start uses it up
        return translate("Plan", "A saved state from before, which the disks don’t fit any more, is removed.")
    return translate("Plan", "What ran in the machine when it was saved is lost for good: no snapshot has it.")


def _changes_since(situation: Situation, kept: Take | None) -> list[Effect]:
    """What becomes of the changes since the current snapshot, which only the machine itself holds."""
    current = situation.snapshots.current
    names = () if current is None else (current,)
    if is_unchanged(situation):
        if kept is None:
            return []
        text = translate("Plan", "The machine as it is now is kept in a new safety snapshot, “{safety}”.")
    elif kept is None:
        text = (
            translate("Plan", "What the machine holds now is lost: no snapshot has it.")
            if current is None
            else translate("Plan", "What changed since “{name}” is lost: no snapshot has it.")
        )
    else:
        text = (
            translate("Plan", "What the machine holds now is kept in a new safety snapshot, “{safety}”.")
            if current is None
            else translate("Plan", "What changed since “{name}” is kept in a new safety snapshot, “{safety}”.")
        )
    if kept is None:
        return [Effect(EffectKind.LOSES, text.format(name=current), names)]
    return [Effect(EffectKind.ADDS, text.format(name=current, safety=kept.name), (kept.name,))]


def _ending(request: Revert, record: SnapshotRecord) -> str:
    paused = _ends_paused(request, record)
    if not facts.has_memory(record):
        if request.run is RunState.AS_TAKEN:
            return translate("Plan", "Afterwards the machine is off.")
        if paused:
            return translate("Plan", "Afterwards the machine is paused, at the very start of its boot.")
        return translate("Plan", "Afterwards the machine boots and runs.")
    if paused:
        return translate("Plan", "Afterwards the machine is paused at the moment of the snapshot.")
    return translate("Plan", "Afterwards the machine runs on from the moment of the snapshot.")
