"""Plans for the machine as a whole: offered where they make sense, with the reason where not."""

from collections.abc import Callable

import pytest

from snapgui.core.plan import EffectKind
from snapgui.core.records import DomainId, DomainState, Situation
from snapgui.core.requests import Power, PowerAction
from snapgui.core.rules import make_plan

POSSIBLE = {
    DomainState.RUNNING: {PowerAction.PAUSE, PowerAction.SHUT_DOWN, PowerAction.REBOOT, PowerAction.FORCE_OFF},
    DomainState.PAUSED: {PowerAction.RESUME, PowerAction.FORCE_OFF},
    DomainState.SHUT_OFF: {PowerAction.START},
    DomainState.CRASHED: {PowerAction.RESUME, PowerAction.FORCE_OFF},
    DomainState.SHUTTING_DOWN: {PowerAction.FORCE_OFF},
    DomainState.PM_SUSPENDED: {PowerAction.FORCE_OFF},
    DomainState.UNKNOWN: set(),
}


@pytest.mark.parametrize("state", DomainState)
@pytest.mark.parametrize("action", PowerAction)
def test_what_is_possible_in_each_state(
    domain: DomainId, situation: Callable[..., Situation], state: DomainState, action: PowerAction
) -> None:
    plan = make_plan(Power(domain, action), situation(state=state))
    assert plan.ready == (action in POSSIBLE[state])
    assert plan.ready or plan.findings[0].reason
    assert plan.effects
    assert "pisces" in plan.title


def test_pausing_and_resuming_undo_each_other(domain: DomainId, situation: Callable[..., Situation]) -> None:
    pause, resume = Power(domain, PowerAction.PAUSE), Power(domain, PowerAction.RESUME)
    assert make_plan(pause, situation(state=DomainState.RUNNING)).undo == resume
    assert make_plan(resume, situation(state=DomainState.PAUSED)).undo == pause


def test_forcing_off_loses_what_is_not_written(domain: DomainId, situation: Callable[..., Situation]) -> None:
    plan = make_plan(Power(domain, PowerAction.FORCE_OFF), situation(state=DomainState.RUNNING, persistent=False))
    lost = [effect.text for effect in plan.effects if effect.kind is EffectKind.LOSES]
    assert len(lost) == 2
    assert "vanishes" in lost[1]


def test_starting_goes_on_from_a_saved_state(domain: DomainId, situation: Callable[..., Situation]) -> None:
    plan = make_plan(Power(domain, PowerAction.START), situation(managed_save=True))
    assert "saved state" in plan.effects[0].text
