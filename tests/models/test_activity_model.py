"""The activity list: newest first, a hundred kept, times that count on."""

import time
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.errors import Problem
from snapgui.core.plan import Plan
from snapgui.core.records import DomainId
from snapgui.core.requests import Take
from snapgui.models.activity import ActivityModel, Column
from snapgui.models.format import clock_text
from snapgui.models.roles import Role

PLAN = Plan(Take(DomainId("u", "x"), "a"), "Take snapshot “a” of pisces")


@pytest.fixture
def model(qapp: Any) -> ActivityModel:  # noqa: ARG001 - its clock needs the application
    """By Qt's rules."""
    made = ActivityModel()
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    return made


def job(number: int, state: JobState = JobState.DONE, **fields: Any) -> JobRecord:
    return JobRecord(number, PLAN, "pisces", state, **fields)


def texts(model: ActivityModel, row: int = 0) -> list[str]:
    return [model.index(row, column).data() for column in Column]


def test_a_job_waits_runs_and_ends(model: ActivityModel) -> None:
    waiting = job(1, JobState.WAITING, asked=time.time() - 12)
    model.put(waiting)
    assert texts(model) == ["Take snapshot “a” of pisces", "pisces", "", "12 s", "", "waiting"]
    running = replace(waiting, state=JobState.RUNNING, started=time.time() - 65, progress=0.4)
    model.put(running)
    assert texts(model)[3:] == ["1 min 5 s", "", "running"]
    assert texts(model)[Column.STARTED] == clock_text(time.time() - 65, time.time())
    assert model.index(0, 0).data(Role.PROGRESS) == 0.4
    model.put(replace(running, expected=120.0))
    assert texts(model)[3] == "1 min 5 s of about 2 min 0 s"
    model.put(replace(running, expected=0.04))
    assert texts(model)[3] == "1 min 5 s"
    started = running.started or 0
    model.put(replace(running, state=JobState.DONE, ended=started + 70, paused=1.25))
    assert texts(model)[3:] == ["1 min 10 s", "1.3 s", "done"]
    assert model.index(0, 0).data(Role.PROGRESS) is None
    assert model.rowCount() == 1


def test_what_a_job_waits_for_is_told(model: ActivityModel) -> None:
    other = replace(PLAN, request=Take(DomainId("u", "y"), "b"), title="Take snapshot “b” of leo")
    for number, plan in ((1, replace(PLAN, title="Revert pisces to “z”")), (2, other)):
        model.put(JobRecord(number, plan, "", JobState.RUNNING, started=time.time()))
    model.put(job(3, JobState.WAITING, asked=time.time()))
    told = model.index(0, Column.RESULT).data(Qt.ItemDataRole.ToolTipRole)
    assert "waits for this to end: Revert pisces to “z”" in told
    model.put(JobRecord(1, PLAN, "", JobState.DONE, started=time.time(), ended=time.time()))
    assert "waits for the machine to answer" in model.index(0, Column.RESULT).data(Qt.ItemDataRole.ToolTipRole)


def test_a_cancel_shows_before_it_takes_effect(model: ActivityModel) -> None:
    model.put(job(1, JobState.WAITING, asked=time.time(), cancelling=True))
    assert texts(model)[Column.RESULT] == "cancelling…"
    model.put(job(1, JobState.CANCELLED, cancelling=True))
    assert texts(model)[Column.RESULT] == "cancelled"


def test_a_failed_job_says_why(model: ActivityModel) -> None:
    problem = Problem("Take a snapshot.", "The disk <vda> is raw.", "Convert it.")
    model.put(job(1, JobState.FAILED, problem=problem))
    assert texts(model)[Column.RESULT] == "failed: The disk <vda> is raw."
    assert model.index(0, 0).data(Role.PROBLEM) == problem


def test_newest_first_and_the_last_hundred_kept(model: ActivityModel) -> None:
    model.put(job(0, JobState.RUNNING, started=time.time()))
    for number in range(1, 120):
        model.put(job(number))
    assert model.rowCount() == 100
    assert model.index(0, 0).data(Role.KEY) == 119
    assert model.row_of(0) == 99  # it still runs, so it stays


def test_time_counts_on_only_while_something_runs(model: ActivityModel, qtbot: Any) -> None:
    model.put(job(1, JobState.RUNNING, started=time.time()))
    with qtbot.waitSignal(model.dataChanged, timeout=2000) as told:
        pass
    assert told.args[0].column() == Column.TOOK
    model.put(job(1, JobState.DONE, started=time.time(), ended=time.time()))
    with qtbot.assertNotEmitted(model.dataChanged, wait=1200):
        pass
