"""What is said of a guest that has been asked to shut down or to restart."""

import time

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QPushButton, QStatusBar
from pytestqt.qtbot import QtBot

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.plan import Call, Plan, Step
from snapgui.core.records import DomainId, DomainRecord, DomainState
from snapgui.core.requests import Power, PowerAction
from snapgui.jobs import reactions
from snapgui.jobs.reactions import Reactions
from snapgui.models.activity import ActivityModel, Column
from snapgui.models.store import Store
from snapgui.ui.news.asked import AskedNews
from snapgui.ui.news.banner import Banner
from snapgui.ui.news.jobs import JobNews
from snapgui.virt.events import DomainChanged

_ID = DomainId("test:///default", "1f0c")
_PATIENCE = 60  # milliseconds


class _Backend(QObject):
    job_changed = Signal(object)
    event_seen = Signal(object)

    def ended(self, action: PowerAction = PowerAction.SHUT_DOWN, seconds_ago: float = 0.0) -> None:
        now = time.time() - seconds_ago
        plan = Plan(Power(_ID, action), "Shut down pisces", (Step(Call.SHUTDOWN, _ID, "pisces"),))
        self.job_changed.emit(JobRecord(1, plan, "pisces", JobState.DONE, now, started=now, ended=now))

    def tell(self, event: str) -> None:
        self.event_seen.emit(DomainChanged(_ID, event, 0, time.time()))


@pytest.fixture
def backend(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> _Backend:  # noqa: ARG001 - signals want an application
    monkeypatch.setattr(reactions, "PATIENCE_MS", _PATIENCE)
    return _Backend()


@pytest.fixture
def store() -> Store:
    store = Store()
    store.put_domain(DomainRecord(_ID, "pisces", DomainState.RUNNING))
    return store


@pytest.fixture
def banner(qtbot: QtBot, store: Store, backend: _Backend) -> Banner:
    banner = Banner()
    qtbot.addWidget(banner)
    banner.news = AskedNews(Reactions(backend, backend, store, banner), banner)
    return banner


@pytest.mark.parametrize(("action", "word"), [(PowerAction.SHUT_DOWN, "shut down"), (PowerAction.REBOOT, "restart")])
def test_a_guest_that_does_not_react_is_told_of_with_the_way_out(
    qtbot: QtBot, backend: _Backend, banner: Banner, action: PowerAction, word: str
) -> None:
    wanted = []
    banner.news.force_off_wanted.connect(wanted.append)
    backend.ended(action)
    backend.tell("metadata")  # somebody's note is no answer
    qtbot.waitUntil(lambda: f"pisces has been asked to {word}, and does not react" in banner.text())
    next(each for each in banner.findChildren(QPushButton) if each.text() == "&Force off…").click()
    assert wanted == [_ID]
    backend.tell("stopped")
    assert banner.text() == ""


@pytest.mark.parametrize("event", ["shutdown", "stopped", "reboot"])
@pytest.mark.parametrize("first", [True, False])
def test_a_guest_that_reacts_is_not(
    qtbot: QtBot, backend: _Backend, banner: Banner, event: str, *, first: bool
) -> None:
    if first:  # libvirt may tell before the job has been told to have ended
        backend.tell(event)
        backend.ended(seconds_ago=1)
    else:
        backend.ended()
        backend.tell(event)
    qtbot.wait(3 * _PATIENCE)
    assert banner.text() == ""


def test_a_machine_that_does_not_run_any_more_is_not(
    qtbot: QtBot, backend: _Backend, banner: Banner, store: Store
) -> None:
    backend.ended()
    store.put_domain(DomainRecord(_ID, "pisces", DomainState.SHUT_OFF))  # its event was lost with a connection
    qtbot.wait(3 * _PATIENCE)
    assert banner.text() == ""


@pytest.mark.parametrize(
    ("action", "words"), [(PowerAction.SHUT_DOWN, "asked to shut down"), (PowerAction.REBOOT, "asked to restart")]
)
def test_what_has_only_been_asked_for_is_not_called_done(
    qtbot: QtBot, backend: _Backend, action: PowerAction, words: str
) -> None:
    model, banner, status = ActivityModel(), Banner(), QStatusBar()
    qtbot.addWidget(banner)
    qtbot.addWidget(status)
    news = JobNews(backend, model, banner, status)
    backend.ended(action)
    assert status.currentMessage() == f"pisces: {words}"
    assert model.index(0, Column.RESULT).data() == words
    backend.ended(PowerAction.PAUSE)
    assert status.currentMessage().startswith("Done: ")
    assert news.parent() is model
