"""A bundle imported onto a host across the network, as a user does it: only its storage pools are within reach."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QMenu
from testbed.bundles import make_bundle
from testbed.daemon import Daemon
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.core.activity import JobState
from snapgui.ui.actions import Act
from snapgui.virt import volume


@pytest.fixture
def there() -> Iterator[Daemon]:
    """The host, with a second pool."""
    other = Daemon(listens=True)
    other.start()
    other.virsh("pool-create-as", "more", "dir", "--target", str(other.hand_over_new("more")))
    yield other
    other.stop()


@pytest.fixture
def bundle(daemon: Daemon, tmp_path: Path) -> Path:
    """Of a machine that is no longer there."""
    disk = daemon.images / "aries.qcow2"
    daemon.virsh("vol-create-as", "images", disk.name, "64M", "--format", "qcow2")
    daemon.define(tiny_machine("aries", disk))
    daemon.virsh("snapshot-create-as", "aries", "s")
    made = make_bundle(tmp_path / "bundle", daemon.virsh("snapshot-dumpxml", "aries", "s"))
    daemon.remove("aries")
    daemon.virsh("vol-delete", str(disk))
    return made


def _field(dialog: QDialog, name: str) -> QLineEdit:
    return next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == name)


def _asked(user: User, there: Daemon, bundle: Path) -> QDialog:
    user.choose_host(there.far_uri)
    user.until(user.window.actions_[Act.IMPORT_MACHINE].isEnabled, "the action")
    user.use(Act.IMPORT_MACHINE)
    dialog = user.dialog()
    user.until(lambda: _field(dialog, "Folder").text() == str(there.images), "the folder of its usual pool")
    _field(dialog, "Bundle").setText(str(bundle))
    user.until(lambda: _field(dialog, "Name").text() == "aries", "the name")
    return dialog


def _offered(user: User, dialog: QDialog) -> list[QAction]:
    user.button(dialog, "Browse…").click()
    menus = (each for each in QApplication.topLevelWidgets() if isinstance(each, QMenu) and each.isVisible())
    return user.until(lambda: next(menus, None), "the menu").actions()


def test_it_goes_into_the_pool_that_is_chosen(user: User, there: Daemon, bundle: Path) -> None:
    dialog = _asked(user, there, bundle)
    offered = _offered(user, dialog)
    assert [action.text().partition(" (")[0] for action in offered] == [str(there.images), str(there.root / "more")]
    offered[1].trigger()
    user.accept(dialog)
    assert [path.name for path in (there.root / "more").iterdir()] == ["aries.qcow2"]
    assert there.snapshots("aries") == ["s"]
    there.virsh("start", "aries")
    there.remove("aries")


def test_volumes_of_an_upload_whose_connection_breaks_are_deleted_once_it_is_back(
    user: User, there: Daemon, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = volume._send
    monkeypatch.setattr(volume, "_send", lambda *words: (time.sleep(0.5), send(*words)))
    dialog = _asked(user, there, bundle)
    user.until(lambda: not dialog.waiting and dialog.ok.isEnabled(), "the reading")
    dialog.ok.click()
    user.until((there.images / "aries.qcow2").exists, "the volume")
    there.crash()
    user.until(lambda: all(job.state.ended for job in user.jobs.values()), "the end")
    (job,) = user.jobs.values()
    assert job.state is JobState.FAILED
    assert job.warnings[0].remedy == "This is made up for as soon as the host is connected again."
    there.start()
    user.application.backend.hosts.connect_host(there.far_uri)
    user.until(lambda: not (there.images / "aries.qcow2").exists(), "what is owed to be done")
    user.until(lambda: not user.application.backend.runner.owing, "nothing to be owed")
