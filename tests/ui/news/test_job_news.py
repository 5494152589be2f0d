"""What the banner says of a job that failed, and for how long."""

import time

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QStatusBar
from pytestqt.qtbot import QtBot

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.errors import Problem
from snapgui.core.plan import Call, Plan, Step
from snapgui.core.records import DomainId
from snapgui.core.requests import Delete
from snapgui.models.activity import ActivityModel
from snapgui.ui.news.banner import Banner
from snapgui.ui.news.jobs import JobNews

_ID = DomainId("test:///default", "1f0c")
_PROBLEM = Problem("Deleting the snapshot “a” of pisces", "QEMU is gone.")


class _Jobs(QObject):
    job_changed = Signal(object)

    def tell(self, number: int, snapshot: str, state: JobState, problem: Problem | None = None) -> None:
        plan = Plan(Delete(_ID, (snapshot,)), f"Delete “{snapshot}”", (Step(Call.SNAPSHOT_DELETE, _ID, "pisces"),))
        self.job_changed.emit(JobRecord(number, plan, "pisces", state, time.time(), problem=problem))


def test_a_failure_is_told_until_the_same_is_tried_again(qtbot: QtBot) -> None:
    jobs, banner, status = _Jobs(), Banner(), QStatusBar()
    qtbot.addWidget(banner)
    qtbot.addWidget(status)
    news = JobNews(jobs, ActivityModel(), banner, status)
    jobs.tell(1, "a", JobState.FAILED, _PROBLEM)
    assert "QEMU is gone." in banner.text()
    jobs.tell(2, "b", JobState.RUNNING)
    jobs.tell(2, "b", JobState.DONE)
    assert "QEMU is gone." in banner.text()
    jobs.tell(3, "a", JobState.RUNNING)
    assert banner.text() == ""
    assert news.taken
