"""Which connections the next start shows again."""

from pathlib import Path

import libvirt
import pytest
from pytestqt.qtbot import QtBot
from testbed.mock import Machine, mock_uri
from testbed.stage import URI

from snapgui.app import Application
from snapgui.core.records import HostState
from snapgui.settings import CONNECTIONS, LAST_MACHINE, Settings
from snapgui.ui.actions import Act

_NOWHERE = "qemu+unix:///system?socket=/nowhere/sock"
_TYPO = "foo:///"


def _fail(qtbot: QtBot, app: Application, uri: str) -> None:
    app.backend.hosts.connect_host(uri)
    qtbot.waitUntil(lambda: app.store.host(uri) is not None and app.store.host(uri).state is HostState.FAILED)


def test_a_connection_that_never_worked_is_not_remembered(qtbot: QtBot, app: Application, settings: Settings) -> None:
    _fail(qtbot, app, _TYPO)
    assert "driver “foo”" in app.store.host(_TYPO).problem.why
    app.window.close()
    assert _TYPO not in settings.get(CONNECTIONS)
    assert len(settings.get(CONNECTIONS)) == 1


def test_one_that_worked_before_is_remembered_though_it_fails_today(
    qtbot: QtBot, settings: Settings, tmp_path: Path
) -> None:
    settings.set(CONNECTIONS, [_NOWHERE])
    application = Application(settings, tmp_path)
    qtbot.addWidget(application.window)
    application.connect([])
    qtbot.waitUntil(lambda: application.store.host(_NOWHERE).state is HostState.FAILED)
    application.close()
    assert settings.get(CONNECTIONS) == [_NOWHERE]


def test_hosts_named_at_the_start_are_no_reason_to_forget_the_others(
    qtbot: QtBot, other: libvirt.virConnect, settings: Settings, tmp_path: Path
) -> None:
    assert other.isAlive()
    settings.set(CONNECTIONS, [_NOWHERE, "qemu+ssh://build.example/system"])
    application = Application(settings, tmp_path)
    qtbot.addWidget(application.window)
    application.connect([_TYPO, URI])
    qtbot.waitUntil(lambda: application.store.host(URI).state is HostState.CONNECTED)
    qtbot.waitUntil(lambda: application.store.host(_TYPO).state is HostState.FAILED)
    assert [host.uri for host in application.store.hosts()] == [_TYPO, URI]
    application.close()
    assert settings.get(CONNECTIONS) == [_NOWHERE, "qemu+ssh://build.example/system", URI]


def test_a_host_that_is_disconnected_in_the_window_is_forgotten(
    qtbot: QtBot, app: Application, settings: Settings
) -> None:
    settings.set(CONNECTIONS, [_NOWHERE, URI])
    app.window.machines.choose(URI)
    app.window.actions_[Act.DISCONNECT].trigger()
    qtbot.waitUntil(lambda: not app.store.hosts())
    app.window.close()
    assert settings.get(CONNECTIONS) == [_NOWHERE]


@pytest.mark.parametrize(
    ("uri", "kept"), [("qemu:///embed?root=/srv/lab", True), ("qemu:///embed?root=/tmp/snapgui-demo-x", False)]
)
def test_an_embedded_host_is_remembered_and_the_demo_is_not(
    app: Application, settings: Settings, uri: str, *, kept: bool
) -> None:
    settings.set(CONNECTIONS, [uri])  # whatever wrote it
    app.window.close()
    assert (uri in settings.get(CONNECTIONS)) is kept


def _start(qtbot: QtBot, settings: Settings, cache: Path, *uris: str, domain: str = "") -> Application:
    application = Application(settings, cache)
    qtbot.addWidget(application.window)
    application.window.show()
    application.connect(list(uris), domain)
    return application


def _shown(application: Application) -> str:
    domain = application.window.focus().domain
    return domain.name if domain is not None else ""


def test_the_machine_that_was_shown_last_is_shown_again(qtbot: QtBot, settings: Settings, tmp_path: Path) -> None:
    first = mock_uri(tmp_path, Machine("aquarius"), Machine("pisces"))
    (tmp_path / "b").mkdir()
    second = mock_uri(tmp_path / "b", Machine("leo"), Machine("virgo"))
    application = _start(qtbot, settings, tmp_path, first, second)
    qtbot.waitUntil(lambda: len(application.store.domains(second)) == len(application.store.domains(first)) == 2)
    # Nothing is remembered: the first of the host that answers first.
    qtbot.waitUntil(lambda: _shown(application) in ("aquarius", "leo"))
    virgo = next(each.id for each in application.store.domains(second) if each.name == "virgo")
    application.window.machines.choose(virgo)
    application.window.close()
    assert settings.get(LAST_MACHINE) == [virgo.uri, virgo.uuid]

    again = _start(qtbot, settings, tmp_path)
    seen: list[str] = []
    again.window.machines.chosen.connect(lambda: seen.append(_shown(again)))
    qtbot.waitUntil(lambda: _shown(again) == "virgo")
    assert not {"aquarius", "leo"} & set(seen)
    again.close()
    named = _start(qtbot, settings, tmp_path, first, second, domain="pisces")  # what is asked for comes first
    qtbot.waitUntil(lambda: _shown(named) == "pisces")
    named.close()


@pytest.mark.parametrize("uri", [URI, _NOWHERE, "test:///elsewhere"])
def test_where_the_machine_of_last_time_is_gone_the_first_is_shown(
    qtbot: QtBot, other: libvirt.virConnect, settings: Settings, tmp_path: Path, uri: str
) -> None:
    assert other.isAlive()
    settings.set(LAST_MACHINE, [uri, "11111111-2222-3333-4444-555555555555"])
    application = _start(qtbot, settings, tmp_path, URI, *({_NOWHERE} & {uri}))
    qtbot.waitUntil(lambda: _shown(application) == "test")
    application.close()
