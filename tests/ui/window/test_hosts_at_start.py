"""Which hosts and which machine a start shows: those named, else those of last time, else what answers here."""

from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from testbed.mock import Machine, mock_uri
from testbed.stage import URI

from snapgui.app import Application
from snapgui.jobs import default_host
from snapgui.settings import CONNECTIONS, Settings

_NOBODY = "qemu+unix:///system?socket=/nowhere/sock"


@pytest.fixture
def app(qtbot: QtBot, other: libvirt.virConnect, settings: Settings, tmp_path: Path) -> Iterator[Application]:  # noqa: ARG001 - first
    """Not connected yet."""
    application = Application(settings, tmp_path / "cache")
    qtbot.addWidget(application.window)
    application.window.show()
    yield application
    application.close()


def _hosts(app: Application) -> list[str]:
    return [host.uri for host in app.store.hosts()]


@pytest.mark.parametrize(
    ("candidates", "shown"),
    [((URI, "test:///nothing"), URI), ((_NOBODY, URI), URI)],
    ids=["the-system-answers", "only-the-session-answers"],
)
def test_without_a_name_the_first_local_host_that_answers_is_shown(
    qtbot: QtBot, app: Application, monkeypatch: pytest.MonkeyPatch, candidates: tuple[str, ...], shown: str
) -> None:
    monkeypatch.setattr("snapgui.jobs.default_host.CANDIDATES", candidates)
    app.connect([])
    qtbot.waitUntil(lambda: app.window.machines.domain() is not None)
    assert _hosts(app) == [shown]


def test_the_system_s_machines_come_before_the_session_s() -> None:

    assert default_host.CANDIDATES == ("qemu:///system", "qemu:///session")


def test_several_hosts_are_shown_at_once_and_a_machine_is_chosen_by_name(
    qtbot: QtBot, app: Application, tmp_path: Path
) -> None:
    other = mock_uri(tmp_path, Machine("aquarius"), Machine("pisces"))
    app.connect([URI, other, _NOBODY], "pisces")
    qtbot.waitUntil(lambda: app.window.focus().domain is not None and app.window.focus().domain.name == "pisces")
    assert _hosts(app) == [URI, other, _NOBODY]
    qtbot.waitUntil(lambda: app.store.host(_NOBODY).problem is not None)
    assert {record.name for host in (URI, other) for record in app.store.domains(host)} == {
        "test",
        "aquarius",
        "pisces",
    }


def test_those_of_last_time_are_shown_again(qtbot: QtBot, app: Application, settings: Settings, tmp_path: Path) -> None:
    other = mock_uri(tmp_path, Machine("aquarius"))
    settings.set(CONNECTIONS, [other, URI])
    app.connect([])
    qtbot.waitUntil(lambda: len(app.store.domains(URI)) == len(app.store.domains(other)) == 1)
    assert _hosts(app) == [other, URI]


def test_why_a_named_host_can_t_be_shown_is_seen_at_once(qtbot: QtBot, app: Application) -> None:
    app.connect(["foo"])
    qtbot.waitUntil(lambda: app.window.machines.uri() == "foo")
    problem = app.store.host("foo").problem
    assert problem is not None
    labels = "\n".join(label.text() for label in app.window.snapshots.findChildren(QLabel) if label.isVisible())
    assert problem.why in labels


def test_a_machine_that_no_host_has_is_told_once_all_have_answered(qtbot: QtBot, app: Application) -> None:
    app.connect([URI, _NOBODY], "nope")
    qtbot.waitUntil(lambda: "None of these hosts has a machine of this name." in app.window.banner.text())
    assert "“nope”" in app.window.banner.text()
    assert app.store.host(_NOBODY).problem is not None
    assert app.window.focus().domain.name == "test"


def test_a_machine_that_is_there_is_not_missed(qtbot: QtBot, app: Application) -> None:
    app.connect([_NOBODY, URI], "test")
    qtbot.waitUntil(lambda: app.window.machines.domain() is not None)
    qtbot.waitUntil(lambda: app.store.host(_NOBODY).problem is not None)
    qtbot.wait(20)
    assert app.window.banner.text() == ""
