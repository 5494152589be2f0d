"""Which connections the next start shows again."""

from pathlib import Path

import libvirt
from pytestqt.qtbot import QtBot
from testbed.stage import URI

from snapgui.app import Application
from snapgui.core.records import HostState
from snapgui.settings import CONNECTIONS, Settings
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
