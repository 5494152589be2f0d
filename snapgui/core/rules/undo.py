"""Taking a revert back: to the safety snapshot that was taken before it, which then goes."""

from dataclasses import replace

from snapgui.core.plan import Effect, EffectKind, Finding, Level, Plan
from snapgui.core.records import DomainState, Mode, Pause, Situation, SnapshotRecord, SnapshotState
from snapgui.core.requests import Delete, Revert, Undo
from snapgui.core.rules import facts
from snapgui.core.rules.delete import plan_delete
from snapgui.core.rules.left_files import left_by_revert, left_by_undo, left_effects
from snapgui.core.rules.revert import plan_revert
from snapgui.core.rules.revert_files import config_then
from snapgui.core.text import translate

_AFTER = {SnapshotState.RUNNING: DomainState.RUNNING, SnapshotState.PAUSED: DomainState.PAUSED}


def plan_undo(request: Undo, situation: Situation) -> Plan:
    """The plan of undoing. Where libvirt can't delete the safety snapshot afterwards, it stays, and that is said."""
    title = translate("Plan", "Undo the revert of {machine} by “{name}”").format(
        machine=situation.domain.name, name=request.snapshot
    )
    record = situation.snapshots.records.get(request.snapshot)
    if record is None:
        return Plan(request, title, findings=tuple(facts.missing(situation, (request.snapshot,))))
    if record.complete and record.problem is None and not record.safety:
        reason = translate("Plan", "“{name}” is no safety snapshot: it was not taken before a revert.")
        return Plan(request, title, findings=(Finding("no-safety", Level.BLOCKER, reason.format(name=record.name)),))
    back = plan_revert(Revert(request.domain, request.snapshot, remove_managed_save=True), situation)
    steps, findings, effects = list(back.steps), list(back.findings), list(back.effects)
    gone = plan_delete(Delete(request.domain, (request.snapshot,)), _there(record, situation))
    obstacle = next((each for each in gone.findings if each.level is Level.BLOCKER), None)
    if obstacle is not None and obstacle.rule == "merge-paused":
        obstacle = _not_yet(obstacle)
    becomes_current = [effect for effect in effects if effect.names == (record.name,)]
    if obstacle is None:
        otherwise = [*becomes_current, *left_effects(left_by_revert(record, situation))]
        effects = [effect for effect in effects if effect not in otherwise]
        text = translate("Plan", "“{name}” is deleted then: the machine itself holds all of it.")
        effects.append(Effect(EffectKind.CHANGES, text.format(name=record.name), (record.name,)))
        effects += left_effects(left_by_undo(record, situation))
        # The machine is where it should be by then: whatever becomes of the snapshot is no failure of the undoing.
        steps += [replace(step, may_fail=True) for step in gone.steps] if steps else []
    else:
        text = translate("Plan", "“{name}” stays: {reason}").format(name=record.name, reason=obstacle.reason)
        findings.append(Finding("safety-stays", Level.NOTE, text, obstacle.remedy))
    return Plan(request, title, tuple(steps), tuple(findings), tuple(effects))


def _not_yet(obstacle: Finding) -> Finding:
    """The same, of a time to come."""
    reason = translate("Plan", "the machine is paused then, and QEMU can’t merge its files before it has run.")
    return replace(obstacle, reason=reason, remedy=translate("Plan", "Delete it once the machine has run."))


def _there(record: SnapshotRecord, situation: Situation) -> Situation:
    """The situation once the machine stands on the snapshot, as far as deleting looks at it."""
    config = config_then(record.name, situation) or situation.config
    state = _AFTER.get(record.state, DomainState.SHUT_OFF)
    domain = replace(situation.domain, state=state, managed_save=False, pause=Pause.REVERTED)
    if config is not None and any(disk.mode is Mode.EXTERNAL for disk in record.disks):
        # On new overlays, whose names only libvirt knows.
        config = replace(config, disks=tuple(replace(disk, source="") for disk in config.disks))
    snapshots = replace(situation.snapshots, current=record.name)
    return replace(situation, snapshots=snapshots, domain=domain, config=config)
