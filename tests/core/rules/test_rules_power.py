"""Plans for the machine as a whole: offered where they make sense, with the reason where not."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core.plan import EffectKind, Level, Plan
from snapgui.core.records import DomainId, DomainState, Mode, Situation, SnapshotRecord
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


def rules(plan: Plan) -> list[str]:
    return [finding.rule for finding in plan.findings if finding.level is Level.WARNING]


@pytest.mark.parametrize("kind", ["internal", "external"])
def test_a_saved_state_is_not_gone_on_from_unasked_where_the_disks_are_as_a_snapshot_has_them(
    domain: DomainId, situation: Callable[..., Situation], external: Mapping[str, Any], kind: str
) -> None:
    record = SnapshotRecord("a", **external if kind == "external" else {"memory": Mode.INTERNAL})
    tag = "" if kind == "external" else "a"
    start = Power(domain, PowerAction.START)
    reverted = situation(record, current="a", managed_save=True, equal_tags={"vda": frozenset({tag})})
    assert rules(make_plan(start, reverted)) == ["stale-save"]
    assert "“a”" in make_plan(start, reverted).findings[0].remedy
    written = replace(reverted, equal_tags={"vda": frozenset()})
    assert rules(make_plan(start, written)) == []
    fresh = replace(reverted, domain=replace(reverted.domain, managed_save=False))
    assert rules(make_plan(start, fresh)) == []
    no_snapshot = situation(managed_save=True, equal_tags={"vda": frozenset({""})})
    assert rules(make_plan(start, no_snapshot)) == []


def test_what_ends_a_machine_beside_an_older_saved_state_says_what_the_next_start_does(
    domain: DomainId, situation: Callable[..., Situation]
) -> None:
    beside = situation(managed_save=True, state=DomainState.RUNNING)
    for action in (PowerAction.SHUT_DOWN, PowerAction.FORCE_OFF):
        assert rules(make_plan(Power(domain, action), beside)) == ["stale-save"]
    assert rules(make_plan(Power(domain, PowerAction.PAUSE), beside)) == []
