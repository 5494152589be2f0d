"""The whole application on libvirt's test driver, drawn nowhere."""

from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot
from testbed.stage import URI

from snapgui.app import Application
from snapgui.settings import Settings
from snapgui.virt import eventloop


@pytest.fixture
def other() -> Iterator[libvirt.virConnect]:
    """Somebody else's connection; the driver's world lasts as long as it."""
    eventloop.start()
    connection = libvirt.open(URI)
    assert connection.lookupByName("test").snapshotNum() == 0, "an earlier test holds its world open"
    yield connection
    connection.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(QSettings(str(tmp_path / "snapgui.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def app(qtbot: QtBot, other: libvirt.virConnect, settings: Settings, tmp_path: Path) -> Iterator[Application]:  # noqa: ARG001 - first
    application = Application(settings, tmp_path / "cache")
    qtbot.addWidget(application.window)
    application.window.show()
    application.connect([URI])
    qtbot.waitUntil(lambda: application.window.machines.domain() is not None)
    qtbot.waitUntil(lambda: application.store.snapshots_known(application.window.machines.domain()))
    yield application
    application.close()
