"""What the banner offers once a revert has ended."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.errors import Problem
from snapgui.core.plan import Call, Plan, Step
from snapgui.core.records import DomainId, SnapshotRecord, Snapshots
from snapgui.core.requests import Revert, Take, Undo
from snapgui.models.store import Store
from snapgui.ui.news.banner import Banner
from snapgui.ui.news.undo import UndoNews

_ID = DomainId("test:///default", "1f0c")
_UNDO = Undo(_ID, "before-revert-1")
_STEPS = tuple(Step(call, _ID, "pisces") for call in (Call.SNAPSHOT_CREATE, Call.SNAPSHOT_REVERT, Call.SET_TIME))
_REVERTED = JobRecord(
    1, Plan(Revert(_ID, "a", safety=Take(_ID, "before-revert-1")), "", _STEPS, undo=_UNDO), "pisces", JobState.DONE
)
_WITH = Snapshots({name: SnapshotRecord(name) for name in ("a", "before-revert-1")}, "a")
_WITHOUT = Snapshots({"a": SnapshotRecord("a")}, "a")
_PROBLEM = Problem("Reverting pisces", "QEMU is gone.", "Look there.")


class _Jobs(QObject):
    job_changed = Signal(object)


@pytest.fixture
def jobs(qtbot: QtBot) -> _Jobs:  # noqa: ARG001 - signals want an application
    return _Jobs()


@pytest.fixture
def store() -> Store:
    store = Store()
    store.put_snapshots(_ID, _WITH)
    return store


@pytest.fixture
def banner(qtbot: QtBot, store: Store, jobs: _Jobs) -> Banner:
    banner = Banner()
    qtbot.addWidget(banner)
    banner.news = UndoNews(store, jobs, banner)
    banner.wanted = []
    banner.news.undo_wanted.connect(lambda *what: banner.wanted.append(what))
    return banner


def _offered(banner: Banner) -> QPushButton | None:
    buttons = banner.findChildren(QPushButton)
    return next((each for each in buttons if each.text() == "&Undo revert…" and not each.isHidden()), None)


def test_a_revert_with_a_safety_snapshot_can_be_undone(banner: Banner, jobs: _Jobs) -> None:
    jobs.job_changed.emit(_REVERTED)
    assert banner.text() == "pisces is back at “a” “before-revert-1” has it as it was before."
    _offered(banner).click()
    assert banner.wanted == [(_ID, "before-revert-1")]


def test_what_the_safety_snapshot_does_not_hold_is_said(banner: Banner, jobs: _Jobs) -> None:
    plan = replace(_REVERTED.plan, lacks=("the memory", "the saved state"))
    jobs.job_changed.emit(replace(_REVERTED, plan=plan))
    assert "“before-revert-1” has it as it was before, but for the memory, the saved state." in banner.text()


def test_one_without_is_not_spoken_of(banner: Banner, jobs: _Jobs) -> None:
    jobs.job_changed.emit(replace(_REVERTED, plan=replace(_REVERTED.plan, undo=None)))
    assert banner.text() == ""


def test_a_clock_that_could_not_be_set_is_told(banner: Banner, jobs: _Jobs) -> None:
    late = Problem("Setting the clock of pisces", "The agent does not answer.")
    jobs.job_changed.emit(replace(_REVERTED, warnings=(late,)))
    assert "Setting the clock of pisces: The agent does not answer." in banner.text()
    assert _offered(banner) is not None


def test_a_revert_that_failed_after_the_safety_snapshot_can_be_undone_too(banner: Banner, jobs: _Jobs) -> None:
    failed = replace(_REVERTED, state=JobState.FAILED, problem=_PROBLEM)
    jobs.job_changed.emit(replace(failed, step=0))
    assert _offered(banner) is None
    jobs.job_changed.emit(replace(failed, step=1))
    assert "QEMU is gone" in banner.text()
    assert _offered(banner) is not None


def test_the_offer_comes_and_goes_with_its_safety_snapshot(banner: Banner, jobs: _Jobs, store: Store) -> None:
    store.put_snapshots(_ID, _WITHOUT)
    jobs.job_changed.emit(_REVERTED)
    assert _offered(banner) is None, "it has not been read yet"
    unread = {"before-revert-1": SnapshotRecord("before-revert-1", complete=False)}
    store.put_snapshots(_ID, Snapshots({**_WITHOUT.records, **unread}, "a"))
    assert _offered(banner) is None
    store.put_snapshots(_ID, _WITH)
    assert _offered(banner) is not None
    store.put_snapshots(_ID, _WITHOUT)
    assert banner.isHidden()


def test_undoing_takes_the_offer_away_and_tells_what_is_left(banner: Banner, jobs: _Jobs) -> None:
    jobs.job_changed.emit(_REVERTED)
    undone = replace(_REVERTED, plan=Plan(_UNDO, "", _STEPS), state=JobState.RUNNING)
    jobs.job_changed.emit(undone)
    assert banner.isHidden()
    jobs.job_changed.emit(replace(undone, state=JobState.DONE))
    assert banner.isHidden()
    jobs.job_changed.emit(replace(undone, state=JobState.DONE, warnings=(_PROBLEM,)))
    assert banner.text() == "The revert is undone, but “before-revert-1” is still there QEMU is gone. Look there."


def test_another_message_stays(banner: Banner, jobs: _Jobs) -> None:
    jobs.job_changed.emit(_REVERTED)
    banner.show_problem(_PROBLEM)
    jobs.job_changed.emit(replace(_REVERTED, plan=Plan(_UNDO, "", _STEPS), state=JobState.RUNNING))
    assert "QEMU is gone" in banner.text()
