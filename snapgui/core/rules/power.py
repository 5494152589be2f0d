"""Starting, pausing and stopping the machine as a whole."""

from snapgui.core.plan import Call, Effect, EffectKind, Finding, Level, Plan
from snapgui.core.records import DomainState, Situation
from snapgui.core.requests import Power, PowerAction
from snapgui.core.rules import facts
from snapgui.core.text import translate

_CALLS = {
    PowerAction.START: Call.CREATE,
    PowerAction.PAUSE: Call.SUSPEND,
    PowerAction.RESUME: Call.RESUME,
    PowerAction.SHUT_DOWN: Call.SHUTDOWN,
    PowerAction.REBOOT: Call.REBOOT,
    PowerAction.FORCE_OFF: Call.DESTROY,
}
_RUNNING = frozenset({DomainState.RUNNING})
# libvirt passes the wish to shut down on to a guest that does not run, too, which can't hear it. A crashed one was
# stopped as it said so, before it dumps its memory or restarts: it does that once it is resumed.
_POSSIBLE = {
    PowerAction.START: frozenset({DomainState.SHUT_OFF}),
    PowerAction.PAUSE: _RUNNING,
    PowerAction.RESUME: frozenset({DomainState.PAUSED, DomainState.CRASHED}),
    PowerAction.SHUT_DOWN: _RUNNING,
    PowerAction.REBOOT: _RUNNING,
    PowerAction.FORCE_OFF: frozenset(DomainState) - {DomainState.SHUT_OFF, DomainState.UNKNOWN},
}
_UNDO = {PowerAction.PAUSE: PowerAction.RESUME, PowerAction.RESUME: PowerAction.PAUSE}


def plan_power(request: Power, situation: Situation) -> Plan:
    """The plan of an action on the machine."""
    undo = _UNDO.get(request.action)
    blocker = _blocker(request.action, situation)
    return Plan(
        request,
        _title(request.action).format(machine=situation.domain.name),
        steps=(facts.step(situation, _CALLS[request.action]),),
        findings=tuple(_stale_save(request.action, situation)) if blocker is None else (blocker,),
        effects=tuple(_effects(request.action, situation)),
        undo=None if undo is None else Power(request.domain, undo),
    )


def _title(action: PowerAction) -> str:
    return {
        PowerAction.START: translate("Plan", "Start {machine}"),
        PowerAction.PAUSE: translate("Plan", "Pause {machine}"),
        PowerAction.RESUME: translate("Plan", "Resume {machine}"),
        PowerAction.SHUT_DOWN: translate("Plan", "Shut down {machine}"),
        PowerAction.REBOOT: translate("Plan", "Reboot {machine}"),
        PowerAction.FORCE_OFF: translate("Plan", "Force {machine} off"),
    }[action]


def _blocker(action: PowerAction, situation: Situation) -> Finding | None:
    state = situation.domain.state
    if state in _POSSIBLE[action]:
        return None
    reason, remedy = {
        DomainState.UNKNOWN: (translate("Plan", "The machine’s state is not known."), ""),
        DomainState.RUNNING: (translate("Plan", "The machine is running."), ""),
        DomainState.PAUSED: (translate("Plan", "The machine is paused."), translate("Plan", "Resume it first.")),
        DomainState.SHUTTING_DOWN: (translate("Plan", "The machine is shutting down."), ""),
        DomainState.SHUT_OFF: (translate("Plan", "The machine is off."), translate("Plan", "Start it first.")),
        DomainState.CRASHED: (translate("Plan", "The machine has crashed."), translate("Plan", "Force it off.")),
        DomainState.PM_SUSPENDED: (translate("Plan", "The machine is asleep."), translate("Plan", "Wake it up first.")),
    }[state]
    pointless = action is PowerAction.FORCE_OFF or (action is PowerAction.PAUSE and state is DomainState.PAUSED)
    return Finding("state", Level.BLOCKER, reason, "" if pointless else remedy)


def _stale_save(action: PowerAction, situation: Situation) -> list[Finding]:
    """[run] 11.3: starting goes on from a saved state whatever the disks hold by then, as a forced revert leaves them.

    A machine that runs beside a saved state was reverted, for only that leaves one. Of one that is off, its disks tell:
    they hold what a snapshot holds as long as nothing is written after a revert.
    """
    if not situation.domain.managed_save or not facts.is_qemu(situation):
        return []
    if action in (PowerAction.SHUT_DOWN, PowerAction.FORCE_OFF):
        reason = translate(
            "Plan",
            "An older saved state lies beside the machine, which its disks do not fit any more: the next start would"
            " go on from it and damage them.",
        )
        remedy = translate("Plan", "A revert that removes the saved state first gives it up.")
        return [Finding("stale-save", Level.WARNING, reason, remedy)]
    if action is not PowerAction.START or not _as_a_snapshot_has_it(situation):
        return []
    reason = translate(
        "Plan",
        "The disks are just as “{name}” has them. If the machine was reverted to it after its state was saved, going on"
        " from the saved state damages them.",
    )
    remedy = translate("Plan", "To give the saved state up, revert to “{name}” and let it be removed first.")
    name = situation.snapshots.current
    return [Finding("stale-save", Level.WARNING, reason.format(name=name), remedy.format(name=name))]


def _as_a_snapshot_has_it(situation: Situation) -> bool:
    """Whether a disk holds what the current snapshot holds, in its image or below it."""
    current = situation.snapshots.records.get(situation.snapshots.current or "")
    if current is None:
        return False
    sign = "" if facts.is_external(current) else current.name
    return any(sign in tags for tags in situation.equal_tags.values())


def _effects(action: PowerAction, situation: Situation) -> list[Effect]:
    effects = []
    ends = action in (PowerAction.SHUT_DOWN, PowerAction.FORCE_OFF)
    match action:
        case PowerAction.START:
            text = translate("Plan", "The machine boots.")
            if situation.domain.managed_save:
                text = translate("Plan", "The machine continues from its saved state.")
            effects.append(Effect(EffectKind.CHANGES, text))
        case PowerAction.PAUSE:
            effects.append(
                Effect(EffectKind.PAUSES, translate("Plan", "The machine stands still until it is resumed."))
            )
        case PowerAction.RESUME:
            effects.append(Effect(EffectKind.CHANGES, translate("Plan", "The machine continues from where it was.")))
        case PowerAction.SHUT_DOWN:
            text = translate("Plan", "Asks the guest to shut down. It may ignore that.")
            effects.append(Effect(EffectKind.CHANGES, text))
        case PowerAction.REBOOT:
            text = translate("Plan", "Asks the guest to restart. It may ignore that.")
            effects.append(Effect(EffectKind.CHANGES, text))
        case PowerAction.FORCE_OFF:
            text = translate("Plan", "Like pulling the plug: what the guest has not written to its disks is lost.")
            effects.append(Effect(EffectKind.LOSES, text))
    if ends and not situation.domain.persistent:
        text = translate("Plan", "The machine is transient: it vanishes, and libvirt forgets its snapshots.")
        effects.append(Effect(EffectKind.LOSES, text, tuple(situation.snapshots.records)))
    return effects
