"""The screen that the desktop tests share, and the application on it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from testbed import many
from testbed.daemon import Daemon
from testbed.desktop import Application, Screen
from testbed.tiny import tiny_machine


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    """An X display with a window manager and an accessibility bus, for the whole session."""
    screen = Screen()
    yield screen
    screen.close()


@pytest.fixture
def machine(daemon: Daemon) -> Iterator[str]:
    """A running machine without a guest, and without snapshots."""
    name = "pisces"
    disk = daemon.images / f"{name}.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
    daemon.hand_over(disk)
    daemon.virsh("pool-refresh", "images")
    many.real_host(daemon.uri, disk, 0, name)
    daemon.virsh("start", name)
    daemon.define(tiny_machine("aquarius", disk))  # the first by name, which nobody asks for
    yield name
    daemon.remove("aquarius")
    daemon.remove(name)
    disk.unlink()


@pytest.fixture
def application(screen: Screen, daemon: Daemon, machine: str, home: Path) -> Iterator[Application]:
    """The application as a user starts it, showing the machine."""
    with screen.application("-m", "snapgui", "-c", daemon.uri, "--domain", machine, home=home) as application:
        application.find("Snapshots", "tree")
        yield application
