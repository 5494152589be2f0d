"""Jobs run plans: one after another for a machine, told at each turn, and the store is read again after each."""

import threading
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from testbed.stage import Stage

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.plan import Call, Plan, Step
from snapgui.core.records import DomainId, Snapshots
from snapgui.core.requests import (
    Delete,
    Describe,
    MachineRequest,
    Power,
    PowerAction,
    Revert,
    SetCurrent,
    Take,
    TakeTogether,
)
from snapgui.core.rules import make_plan
from snapgui.jobs.requests import outcome
from snapgui.jobs.screens import why_not
from snapgui.virt.host import Host, SnapshotNames


def _plan(qtbot, stage: Stage, request: MachineRequest, *redefined: str) -> Plan:
    found = []
    stage.backend.hosts.survey(request.domain, redefined, found.append, found.append)
    qtbot.waitUntil(lambda: bool(found))
    return make_plan(request, found[0])


def _run(qtbot, stage: Stage, request: MachineRequest, *redefined: str) -> JobRecord:
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


def test_a_job_that_a_machine_keeps_waiting_is_seen_to_be_cancelled(
    qtbot, stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    release = threading.Event()
    monkeypatch.setattr(Host, "screenshot", lambda *_: release.wait(10) and b"")
    told: list[JobRecord] = []
    plan = _plan(qtbot, stage, Take(stage.domain, "first"))
    stage.backend.runner.job_changed.connect(told.append)
    job = stage.backend.runner.start(plan)
    qtbot.wait(50)  # it has begun, and asks for the picture
    stage.backend.runner.cancel(job)
    assert (told[-1].state, told[-1].cancelling, told[-1].cancellable) == (JobState.WAITING, True, False)
    release.set()
    qtbot.waitUntil(lambda: told[-1].state is JobState.CANCELLED)


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
    assert _run(qtbot, stage, Power(stage.domain, PowerAction.REBOOT)).expected is None
    assert _run(qtbot, stage, Power(stage.domain, PowerAction.SHUT_DOWN)).expected is None


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


def test_a_picture_goes_too_where_the_snapshot_is_seen_to_be_gone_before_the_job_ends(qtbot, stage: Stage, tmp_path):
    def pictures() -> list[Path]:
        return [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]

    _run(qtbot, stage, Take(stage.domain, "a"))
    qtbot.waitUntil(lambda: "a" in stage.names() and stage.store.snapshots(stage.domain).records["a"].complete)
    qtbot.waitUntil(lambda: len(pictures()) == 1)
    plan = make_plan(Delete(stage.domain, ("a",)), stage.backend.runner.situation(stage.domain))
    stage.backend.runner.start(plan)
    stage.store.put_snapshots(stage.domain, Snapshots())
    qtbot.waitUntil(lambda: not pictures())


@pytest.mark.parametrize(("code", "told"), [(84, "No screen."), (55, "")])
def test_why_a_snapshot_has_no_picture_is_kept_in_its_place(
    qtbot, stage: Stage, monkeypatch: pytest.MonkeyPatch, code: int, told: str
):
    def fail(_host: Host, _uuid: str) -> bytes:
        raise SnapguiError(Problem("", "No screen.", "", code=code))

    monkeypatch.setattr(Host, "screenshot", fail)
    _run(qtbot, stage, Take(stage.domain, "a"))
    qtbot.waitUntil(lambda: "a" in stage.names() and stage.store.snapshots(stage.domain).records["a"].complete)
    found = []
    stage.backend.screens.want(stage.domain.uuid, stage.store.snapshots(stage.domain).records["a"], found.append)
    qtbot.waitUntil(lambda: bool(found))
    assert why_not(found[0]) == told
    assert (found[0] is None) is not bool(told)


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


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (("a",), "1 of the chosen snapshots is still there."),
        (("a", "b"), "2 of the chosen snapshots are still there."),
        (("a", "b", "c"), "The chosen snapshots are still there."),
        ((), "The chosen snapshots are gone."),
    ],
)
def test_how_many_a_broken_off_deletion_left_is_a_whole_sentence(left, words, stage):
    assert outcome(Delete(stage.domain, ("a", "b", "c")), SnapshotNames((*left, "x"), None)) == words


@pytest.mark.parametrize(
    ("left", "words"), [(("a",), "The chosen snapshot is still there."), ((), "The chosen snapshot is gone.")]
)
def test_of_one_snapshot_it_is_not_counted_how_many_a_deletion_left(left, words, stage):
    assert outcome(Delete(stage.domain, ("a",)), SnapshotNames(left, None)) == words


def _step(stage: Stage, call: Call, snapshot: str = "", **more) -> Step:
    return Step(call, stage.domain, "test", snapshot, **more)


def _taking(stage: Stage, name: str, **more) -> Step:
    return _step(stage, Call.SNAPSHOT_CREATE, name, xml=f"<domainsnapshot><name>{name}</name></domainsnapshot>", **more)


def _end(qtbot, stage: Stage, *steps: Step) -> JobRecord:
    told: list[JobRecord] = []
    stage.backend.runner.job_changed.connect(told.append)
    stage.backend.runner.start(Plan(Take(stage.domain, "a"), "steps", steps))
    qtbot.waitUntil(lambda: told[-1].state.ended)
    return told[-1]


def test_a_step_that_may_fail_is_told_of_and_the_job_goes_on(qtbot, stage: Stage):
    ended = _end(qtbot, stage, _step(stage, Call.SNAPSHOT_DELETE, "none", may_fail=True), _taking(stage, "a"))
    assert ended.state is JobState.DONE
    assert ["none" in warning.tried for warning in ended.warnings] == [True]
    assert stage.others.snapshotLookupByName("a")


def test_a_step_that_always_runs_does_so_after_a_failure_and_no_other_does(qtbot, stage: Stage):
    ended = _end(
        qtbot,
        stage,
        _step(stage, Call.SUSPEND),
        _step(stage, Call.SNAPSHOT_DELETE, "none"),
        _taking(stage, "a"),
        _step(stage, Call.RESUME, always=True),
    )
    assert ended.state is JobState.FAILED
    assert ended.problem.code == 72
    assert stage.others.state()[0] == 1
    assert not stage.others.snapshotNum()


def test_what_was_done_is_undone_backwards_where_a_later_step_fails(qtbot, stage: Stage):
    undo_a, undo_b = (_step(stage, Call.SNAPSHOT_DELETE, name) for name in ("a", "b"))
    ended = _end(
        qtbot,
        stage,
        _taking(stage, "a", undone_by=undo_a),
        _taking(stage, "b", undone_by=undo_b),
        _taking(stage, "c"),
        _step(stage, Call.SNAPSHOT_DELETE, "none"),
    )
    assert ended.state is JobState.FAILED
    assert not ended.warnings
    assert stage.others.snapshotListNames() == ["c"]


def _second(qtbot, stage: Stage) -> DomainId:
    xml = stage.others.XMLDesc().replace("<name>test<", "<name>second<").replace(stage.domain.uuid, str(uuid.uuid4()))
    second = DomainId(stage.domain.uri, stage.other.defineXML(xml).UUIDString())
    stage.other.lookupByUUIDString(second.uuid).create()
    qtbot.waitUntil(lambda: stage.store.domain(second) is not None)
    return second


def test_a_job_on_several_machines_waits_for_each_and_keeps_others_waiting(qtbot, stage: Stage, monkeypatch):
    second = _second(qtbot, stage)
    ran: list[str] = []
    release, real = threading.Event(), Host.run

    def slow(host: Host, step: Step) -> None:
        if step.snapshot == "slow":
            release.wait(10)
        real(host, step)
        ran.append(step.snapshot)

    monkeypatch.setattr(Host, "run", slow)
    xml = "<domainsnapshot><name>{}</name></domainsnapshot>"
    start = stage.backend.runner.start
    states: dict[int, JobState] = {}
    stage.backend.runner.job_changed.connect(lambda record: states.__setitem__(record.id, record.state))
    slow_one = Step(Call.SNAPSHOT_CREATE, second, "second", "slow", xml.format("slow"))
    both = TakeTogether((Take(stage.domain, "both"), Take(second, "both")))
    steps = tuple(Step(Call.SNAPSHOT_CREATE, take.domain, "", "both", xml.format("both")) for take in both.takes)
    start(Plan(Take(second, "slow"), "", (slow_one,)))
    together = start(Plan(both, "", steps))
    withdrawn = start(Plan(both, "", steps))
    last = start(Plan(Take(second, "last"), "", (replace(slow_one, snapshot="last", xml=xml.format("last")),)))
    stage.backend.runner.cancel(withdrawn)
    qtbot.wait(100)
    assert (ran, states[together]) == ([], JobState.WAITING)
    release.set()
    qtbot.waitUntil(lambda: states[last] is JobState.DONE)
    assert ran == ["slow", "both", "both", "last"]
    assert states[together] is JobState.DONE
    assert states[withdrawn] is JobState.CANCELLED
    for domain in (stage.domain, second):
        stage.backend.hosts.watch(domain)
        qtbot.waitUntil(lambda domain=domain: "both" in stage.store.snapshots(domain).records)
