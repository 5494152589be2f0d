"""Jobs run plans: one after another for a machine, told at each turn, and the store is read again after each."""

import threading

import pytest
from testbed.stage import Stage

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.plan import Plan
from snapgui.core.requests import Delete, Describe, Power, PowerAction, Request, Revert, SetCurrent, Take
from snapgui.core.rules import make_plan
from snapgui.jobs.runner import outcome
from snapgui.virt.host import Host, SnapshotNames


def _plan(qtbot, stage: Stage, request: Request, *redefined: str) -> Plan:
    found = []
    stage.backend.hosts.survey(request.domain, redefined, found.append, found.append)
    qtbot.waitUntil(lambda: bool(found))
    return make_plan(request, found[0])


def _run(qtbot, stage: Stage, request: Request, *redefined: str) -> JobRecord:
    told: list[JobRecord] = []
    stage.backend.runner.job_changed.connect(told.append)
    stage.backend.runner.start(_plan(qtbot, stage, request, *redefined))
    qtbot.waitUntil(lambda: told[-1].state.ended)
    stage.backend.runner.job_changed.disconnect(told.append)
    assert [record.state for record in told][:2] == [JobState.WAITING, JobState.RUNNING]
    return told[-1]


def test_a_take_a_revert_a_description_and_a_delete_show_in_the_store(qtbot, stage: Stage):
    assert _run(qtbot, stage, Take(stage.domain, "a", "first")).state is JobState.DONE
    qtbot.waitUntil(lambda: stage.names() == {"a"})
    assert _run(qtbot, stage, Take(stage.domain, "b")).state is JobState.DONE
    qtbot.waitUntil(lambda: stage.names() == {"a", "b"})
    assert stage.store.snapshots(stage.domain).records["b"].parent == "a"

    assert _run(qtbot, stage, Revert(stage.domain, "a")).state is JobState.DONE
    qtbot.waitUntil(lambda: stage.store.snapshots(stage.domain).current == "a")

    assert _run(qtbot, stage, Describe(stage.domain, "b", "other words"), "b").state is JobState.DONE
    qtbot.waitUntil(lambda: stage.store.snapshots(stage.domain).records["b"].description == "other words")

    assert _run(qtbot, stage, SetCurrent(stage.domain, "b"), "b").state is JobState.DONE
    qtbot.waitUntil(lambda: stage.store.snapshots(stage.domain).current == "b")

    assert _run(qtbot, stage, Delete(stage.domain, ("a",))).state is JobState.DONE
    qtbot.waitUntil(lambda: stage.names() == {"b"})
    qtbot.waitUntil(lambda: stage.store.snapshots(stage.domain).records["b"].parent is None)


def test_a_job_that_fails_says_what_was_tried_and_why(qtbot, stage: Stage):
    stage.take("a")
    stage.backend.hosts.refresh(stage.domain)
    qtbot.waitUntil(lambda: stage.names() == {"a"})
    plan = _plan(qtbot, stage, Revert(stage.domain, "a"))
    stage.others.snapshotLookupByName("a").delete()
    told: list[JobRecord] = []
    stage.backend.runner.job_changed.connect(told.append)
    stage.backend.runner.start(plan)
    qtbot.waitUntil(lambda: told[-1].state.ended)
    assert told[-1].state is JobState.FAILED
    assert told[-1].problem.code == 72
    assert "a" in told[-1].problem.tried
    assert told[-1].problem.why
    assert told[-1].problem.raw
    qtbot.waitUntil(lambda: stage.names() == set(), timeout=2000)


def test_a_plan_with_a_blocker_is_not_run(qtbot, stage: Stage):
    with pytest.raises(ValueError, match="blocker"):
        stage.backend.runner.start(_plan(qtbot, stage, Take(stage.domain, "a/b")))


def test_a_job_that_waits_for_its_machine_can_be_cancelled(qtbot, stage: Stage, monkeypatch: pytest.MonkeyPatch):
    release, real = threading.Event(), Host.run

    def slow(host: Host, step) -> None:
        release.wait(10)
        real(host, step)

    monkeypatch.setattr(Host, "run", slow)
    states: dict[int, JobState] = {}
    stage.backend.runner.job_changed.connect(lambda record: states.__setitem__(record.id, record.state))
    first = stage.backend.runner.start(_plan(qtbot, stage, Take(stage.domain, "first")))
    second = stage.backend.runner.start(_plan(qtbot, stage, Take(stage.domain, "second")))
    qtbot.waitUntil(lambda: states[first] is JobState.RUNNING)
    assert states[second] is JobState.WAITING
    stage.backend.runner.cancel(second)
    assert states[second] is JobState.CANCELLED
    release.set()
    qtbot.waitUntil(lambda: states[first] is JobState.DONE)
    qtbot.waitUntil(lambda: stage.names() == {"first"})


def test_power_actions_change_the_state_that_is_shown(qtbot, stage: Stage):
    for action, state in (
        (PowerAction.PAUSE, "paused"),
        (PowerAction.RESUME, "running"),
        (PowerAction.FORCE_OFF, "shut off"),
        (PowerAction.START, "running"),
    ):
        assert _run(qtbot, stage, Power(stage.domain, action)).state is JobState.DONE
        qtbot.waitUntil(lambda state=state: stage.store.domain(stage.domain).state.value == state)


def test_the_time_an_earlier_job_took_is_expected_of_the_next_one_like_it(qtbot, stage: Stage):
    assert _run(qtbot, stage, Take(stage.domain, "a")).expected is None
    assert _run(qtbot, stage, Take(stage.domain, "b")).expected >= 0


def test_a_picture_is_kept_with_a_snapshot_and_goes_with_it(qtbot, stage: Stage, tmp_path):
    _run(qtbot, stage, Take(stage.domain, "a"))
    qtbot.waitUntil(lambda: "a" in stage.names() and stage.store.snapshots(stage.domain).records["a"].complete)
    found = []
    record = stage.store.snapshots(stage.domain).records["a"]
    stage.backend.screens.want(stage.domain.uuid, record, found.append)
    qtbot.waitUntil(lambda: bool(found))
    assert found[0].startswith(b"\x89PNG")
    _run(qtbot, stage, Delete(stage.domain, ("a",)))
    qtbot.waitUntil(lambda: not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()])


@pytest.mark.parametrize(
    ("names", "current", "request_", "words"),
    [
        (("a",), "a", Take, "is there now"),
        ((), None, Take, "was not taken"),
        (("a",), "a", Revert, "stands on this snapshot now"),
        (("a",), "b", Revert, "does not stand"),
    ],
)
def test_a_job_whose_end_nobody_saw_is_explained_by_what_is_there_afterwards(names, current, request_, words, stage):
    assert words in outcome(request_(stage.domain, "a"), SnapshotNames(names, current))
