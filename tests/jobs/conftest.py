"""A store, its host and its jobs on libvirt's test driver, and a second client that changes things meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest
from pytestqt.qtbot import QtBot
from testbed.stage import URI, Stage

from snapgui.jobs.backend import Backend
from snapgui.models.store import Store
from snapgui.virt import eventloop


@pytest.fixture
def stage(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage]:
    eventloop.start()
    other = libvirt.open(URI)  # first, and closed last: the driver's world lasts as long as a connection to it
    store = Store()
    backend = Backend(store, tmp_path / "cache")
    backend.hosts.connect_host(URI)
    qtbot.waitUntil(lambda: bool(store.domains(URI)))
    yield Stage(store, backend, other, store.domains(URI)[0].id)
    backend.close()
    other.close()
