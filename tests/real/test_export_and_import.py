"""The XML of every snapshot of a real machine goes into one folder, and comes back from its files in any order."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog
from testbed.daemon import Daemon
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.ui.actions import Act
from snapgui.ui.dialogs.import_snapshots import ImportDialog

pytestmark = pytest.mark.since(9, 9)

NAME = "libra"
TREE = {"off": "", "running": "off", "files": "running", "disks": "files"}


@pytest.fixture
def machine(daemon: Daemon) -> Iterator[str]:
    """A machine with a password on its screen and a snapshot of every kind."""
    disk = daemon.images / f"{NAME}.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "8M"], check=True)
    screen = "<graphics type='vnc' autoport='yes' passwd='s3cr3t'/>"
    daemon.define(tiny_machine(NAME, daemon.hand_over(disk), screen))
    daemon.virsh("snapshot-create-as", NAME, "off")
    daemon.virsh("start", NAME)
    daemon.virsh("snapshot-create-as", NAME, "running")
    daemon.virsh("snapshot-create-as", NAME, "files", "--memspec", f"{daemon.images}/{NAME}.mem")
    daemon.virsh("snapshot-create-as", NAME, "disks", "--disk-only")
    daemon.virsh("destroy", NAME)
    yield NAME
    daemon.remove(NAME)
    for file in daemon.images.glob(f"{NAME}*"):
        file.unlink()
    daemon.virsh("pool-refresh", "images")


def _texts(daemon: Daemon) -> dict[str, str]:
    return {name: daemon.virsh("snapshot-dumpxml", NAME, name, "--security-info") for name in daemon.snapshots(NAME)}


def _exported(user: User, daemon: Daemon, folder: Path, *, secure: bool) -> dict[str, Path]:
    """All of them in one go; the files by the snapshots' names."""
    user.choose_machine(daemon.uri, NAME)
    user.until(lambda: user.complete() == len(TREE), "the snapshots")
    done: list[str] = []
    user.window.exporting.exported.connect(done.append)
    domain = user.window.machines.domain()
    user.window.exporting.export(domain, tuple(TREE), str(folder), secure=secure, single=False)
    user.until(lambda: done, "the files")
    return {path.stem: path for path in Path(done[0]).iterdir()}


def _choosers() -> list[QFileDialog]:
    return [each for each in QApplication.topLevelWidgets() if isinstance(each, QFileDialog) and each.isVisible()]


def _forget(user: User, daemon: Daemon) -> None:
    for name in TREE:
        daemon.virsh("snapshot-delete", NAME, name, "--metadata")
    user.until(lambda: user.parents() == {}, "the tree to be empty")


@pytest.mark.parametrize("secure", [True, False])
def test_every_kind_comes_back_as_it_was_and_can_be_reverted_to(
    user: User, daemon: Daemon, machine: str, tmp_path: Path, *, secure: bool
) -> None:
    before = _texts(daemon)
    files = _exported(user, daemon, tmp_path, secure=secure)
    assert files.keys() == TREE.keys()
    assert all(("s3cr3t" in path.read_text()) is secure for path in files.values())
    _forget(user, daemon)

    user.window.actions_[Act.IMPORT].trigger()
    user.until(lambda: user.window.findChildren(ImportDialog), "the dialog")
    user.until(_choosers, "the choice of files")
    for chooser in _choosers():
        chooser.reject()
    (dialog,) = user.window.findChildren(ImportDialog)
    dialog.want([str(files[name]) for name in ("disks", "off", "files", "running")])  # as nobody would sort them
    user.until(lambda: dialog._reading == 0 and not dialog.waiting, "the files")
    user.accept(dialog)

    assert daemon.parents(machine) == TREE
    assert daemon.virsh("snapshot-current", machine, "--name") == "disks"
    if secure:
        assert _texts(daemon) == before
    else:
        assert _texts(daemon) == {name: text.replace(" passwd='s3cr3t'", "") for name, text in before.items()}
    user.until(lambda: user.parents() == TREE, "the tree")
    for name, state in (("files", "running"), ("disks", "off")):
        user.revert(name)
        user.until(lambda state=state: user.machine_state() == state, state)


def test_virsh_takes_the_files_as_they_are(user: User, daemon: Daemon, machine: str, tmp_path: Path) -> None:
    before = _texts(daemon)
    files = _exported(user, daemon, tmp_path, secure=True)
    _forget(user, daemon)
    for name in TREE:
        options = ["--disk-only"] if "<state>disk-snapshot<" in before[name] else []
        daemon.virsh("snapshot-create", machine, str(files[name]), "--redefine", *options)
    assert _texts(daemon) == before
