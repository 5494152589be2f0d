"""Closing the window while jobs wait or run, on libvirt's test driver."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from snapgui.app import Application
from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.plan import Call, Plan, Step
from snapgui.core.records import DomainId
from snapgui.core.requests import Delete, Power, PowerAction
from snapgui.jobs.runner import Runner
from snapgui.virt.host import Host

LATER = "The window closes when what runs has ended."


@pytest.fixture
def release(qtbot: QtBot, app: Application, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """What the job that runs waits for; another one waits behind it, and the window is asked to close."""
    release, real = threading.Event(), Host.run

    def slow(host: Host, step: Step) -> None:
        release.wait(10)
        real(host, step)

    monkeypatch.setattr(Host, "run", slow)
    runner, domain = app.backend.runner, app.window.machines.domain()
    for action, call, title in (
        (PowerAction.PAUSE, Call.SUSPEND, "Pause test"),
        (PowerAction.RESUME, Call.RESUME, "Resume test"),
    ):
        runner.start(Plan(Power(domain, action), title, (Step(call, domain, "test"),)))
    qtbot.waitUntil(lambda: len(app.backend.runner.busy) > 1)
    app.window.close()
    yield release
    release.set()


def _box(qtbot: QtBot) -> QMessageBox:
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), QMessageBox))
    return QApplication.activeModalWidget()


def _press(box: QMessageBox, text: str) -> None:
    next(each for each in box.findChildren(QPushButton) if each.text().replace("&", "") == text).click()


def _ended(qtbot: QtBot, app: Application) -> None:
    qtbot.waitUntil(lambda: not app.backend.runner.busy)
    qtbot.wait(50)


def _notice(app: Application) -> bool:
    return any(each.isVisible() and each.text() == LATER for each in app.window.statusBar().findChildren(QLabel))


def _dont_close(app: Application) -> QPushButton:
    return next(each for each in app.window.statusBar().findChildren(QPushButton) if each.isVisible())


def test_what_would_not_be_done_is_named_and_no_answer_is_needed_once_it_is(
    qtbot: QtBot, app: Application, release: threading.Event
) -> None:
    box = _box(qtbot)
    assert app.window.isVisible()
    broken = "This breaks off before its end:\n• Pause test"  # the test driver is in this process
    assert box.informativeText() == f"This will not be done:\n• Resume test\n\n{broken}"
    release.set()
    qtbot.waitUntil(lambda: not app.window.isVisible())


def test_it_closes_later_only_where_that_was_said_and_says_so_meanwhile(
    qtbot: QtBot, app: Application, release: threading.Event
) -> None:
    _press(_box(qtbot), "Close when it has ended")
    assert _notice(app)
    release.set()
    qtbot.waitUntil(lambda: not app.window.isVisible())


def test_closing_later_can_be_taken_back(qtbot: QtBot, app: Application, release: threading.Event) -> None:
    _press(_box(qtbot), "Close when it has ended")
    _dont_close(app).click()
    assert not _notice(app)
    release.set()
    _ended(qtbot, app)
    assert app.window.isVisible()


@pytest.mark.parametrize("way", ["button", "escape", "frame"])
@pytest.mark.parametrize("before", [True, False])
def test_not_closing_stays_so_when_all_is_done(
    qtbot: QtBot, app: Application, release: threading.Event, way: str, *, before: bool
) -> None:
    if before:  # what was said before does not count
        _press(_box(qtbot), "Close when it has ended")
        app.window.close()
    box = _box(qtbot)
    if way == "button":
        _press(box, "Don\N{RIGHT SINGLE QUOTATION MARK}t close")
    elif way == "escape":
        qtbot.keyClick(box, Qt.Key.Key_Escape)
    else:
        box.close()
    assert not _notice(app)
    release.set()
    _ended(qtbot, app)
    assert app.window.isVisible()


def test_closing_now_closes_now(qtbot: QtBot, app: Application, release: threading.Event) -> None:
    _press(_box(qtbot), "Close now")
    qtbot.waitUntil(lambda: not app.window.isVisible())
    assert not release.is_set()


def test_a_failure_is_told_before_the_window_closes(
    qtbot: QtBot, app: Application, release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_host: Host, _step: Step) -> None:
        release.wait(10)
        raise SnapguiError(Problem("Pause test", "It is broken.", ""))

    _press(_box(qtbot), "Close when it has ended")
    monkeypatch.setattr(Host, "run", fail)
    release.set()
    _ended(qtbot, app)
    assert app.window.isVisible()
    assert "It is broken." in app.window.banner.text()
    assert not _notice(app)


def test_a_file_that_is_being_made_is_named_and_goes_where_it_is_given_up(
    qtbot: QtBot, app: Application, tmp_path: Path
) -> None:
    domain = app.window.machines.domain()
    folder = tmp_path / "to"
    folder.mkdir()
    slow = ("sh", "-c", 'printf x >"$0"; exec sleep 60', str(folder / "copy"))
    step = Step(Call.PROGRAM, domain, "test", program=slow, path=str(folder / "copy"), abortable=True)
    app.backend.runner.start(Plan(Power(domain, PowerAction.START), "Copy it", (step,)))
    qtbot.waitUntil(lambda: len(list(folder.glob(".*.part"))) == 1)
    app.window.close()
    box = _box(qtbot)
    assert box.informativeText() == "This will not be done:\n• Copy it"
    _press(box, "Close now")
    qtbot.waitUntil(lambda: not app.window.isVisible())
    assert list(folder.iterdir()) == []


def _stuck(monkeypatch: pytest.MonkeyPatch, app: Application, uri: str, title: str) -> threading.Event:
    """Of a machine on that host a job runs, whose last step is under way until this is set."""
    release = threading.Event()
    monkeypatch.setattr(Runner, "_run", lambda *_: release.wait(10) and None)
    domain = DomainId(uri, "1")
    step = Step(Call.SNAPSHOT_DELETE, domain, "pisces", snapshot="e1")
    app.backend.runner.start(Plan(Delete(domain, ("e1",)), title, (step,)))
    app.window.close()
    return release


@pytest.mark.parametrize(
    ("uri", "becomes"),
    [
        (
            "qemu:///system",
            "This goes on without snapgui, which then can\N{RIGHT SINGLE QUOTATION MARK}t say how it ends:",
        ),
        ("qemu:///embed?root=/srv/lab", "This breaks off before its end:"),
    ],
)
def test_the_last_step_of_a_job_is_asked_about_too_and_what_becomes_of_it_is_said(
    qtbot: QtBot, app: Application, monkeypatch: pytest.MonkeyPatch, uri: str, becomes: str
) -> None:
    release = _stuck(monkeypatch, app, uri, "Merge it")
    box = _box(qtbot)
    assert box.informativeText() == f"{becomes}\n• Merge it"
    assert box.defaultButton().text().replace("&", "") == "Close when it has ended"
    release.set()
    qtbot.waitUntil(lambda: not app.window.isVisible())


def test_the_demo_s_own_jobs_are_gone_with_it_and_not_asked_about(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = _stuck(monkeypatch, app, "qemu:///embed?root=/tmp/snapgui-demo-x", "Merge it")
    assert not app.window.isVisible()
    release.set()


def test_the_question_follows_what_ends_meanwhile(
    qtbot: QtBot, app: Application, release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = threading.Event()
    box = _box(qtbot)
    real = Host.run

    def slow(host: Host, step: Step) -> None:
        if step.call is Call.RESUME:
            again.wait(10)
        real(host, step)

    monkeypatch.setattr(Host, "run", slow)
    release.set()
    qtbot.waitUntil(lambda: box.informativeText() == "This breaks off before its end:\n• Resume test")
    again.set()
    qtbot.waitUntil(lambda: not app.window.isVisible())
