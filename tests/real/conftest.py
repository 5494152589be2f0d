"""The real application, in this process, for whoever tests it on a real host."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot
from testbed.daemon import Daemon
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.app import Application, keep_responsive
from snapgui.settings import Settings


@pytest.fixture
def user(qtbot: QtBot, home: Path) -> Iterator[User]:
    """A user in front of the application, which is started as ``snapgui.app.run`` starts it."""
    garbage = keep_responsive()
    settings = Settings(QSettings(str(home / "settings.ini"), QSettings.Format.IniFormat))
    application = Application(settings, home / ".cache" / "snapgui")
    qtbot.addWidget(application.window)
    application.window.show()
    yield User(application, qtbot)
    application.window.close()
    application.close()
    garbage.stop()


@pytest.fixture
def small(daemon: Daemon) -> Iterator[Callable[[str], Path]]:
    """Makes a folder with room for as much as asked ("4m"), for the daemon's QEMU."""
    made: list[Path] = []

    def build(size: str) -> Path:
        folder = daemon.root / f"small-{size}"
        folder.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=False).returncode:
            folder.rmdir()
            pytest.skip("only root may mount a small file system")
        made.append(folder)
        return daemon.hand_over(folder)

    yield build
    for folder in made:
        subprocess.run(["umount", "--lazy", folder], check=True)  # a QEMU that ends may hold it for a moment
        folder.rmdir()


@pytest.fixture
def frail(daemon: Daemon) -> Iterator[str]:
    """A small machine that runs, with one snapshot. The daemon answers again afterwards, whatever was done to it."""
    disk = daemon.images / "frail.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "16M"], check=True)
    daemon.hand_over(disk)
    daemon.define(tiny_machine("frail", disk))
    daemon.virsh("start", "frail")
    daemon.virsh("snapshot-create-as", "frail", "before")
    yield "frail"
    if not daemon._answers():
        daemon.start()
    daemon.remove("frail")
    disk.unlink()
