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
        findings=() if blocker is None else (blocker,),
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
