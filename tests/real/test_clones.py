"""A machine that other machines stand on: the dialogs of the application see them on a real host."""

import subprocess
from collections.abc import Iterator

import pytest
from testbed.daemon import Daemon
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.ui.actions import Act

pytestmark = pytest.mark.since(9, 9)  # reverts to external snapshots


@pytest.fixture
def cloned(daemon: Daemon) -> Iterator[str]:
    """A machine that is off, on the overlay of its snapshot "s1"; “clone” is made of that overlay."""
    base, clone = daemon.images / "cloned.qcow2", daemon.images / "clone.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", base, "8M"], check=True)
    daemon.define(tiny_machine("cloned", daemon.hand_over(base)))
    daemon.virsh("snapshot-create-as", "cloned", "s1", "--disk-only")
    overlay = daemon.images / "cloned.s1"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", overlay, "-F", "qcow2", clone], check=True)
    daemon.define(tiny_machine("clone", daemon.hand_over(clone)))
    yield "cloned"
    for name in ("clone", "cloned"):
        daemon.remove(name)
    for path in daemon.images.glob("clone*"):
        path.unlink()


def test_what_a_clone_stands_on_is_not_merged_and_a_revert_with_a_safety_snapshot_leaves_it(
    user: User, daemon: Daemon, cloned: str
) -> None:
    user.choose_machine(daemon.uri, cloned)
    user.until(lambda: user.complete() == 1, "the snapshot")
    user.select("s1")
    user.use(Act.DELETE)
    dialog = user.dialog()
    user.until(lambda: "“clone” stands on" in " ".join(dialog.plan_view.texts()), "the clone to be seen")
    assert not dialog.ok.isEnabled()
    user.cancel(dialog)
    user.use(Act.REVERT)
    dialog = user.dialog()
    box = user.safety_box(dialog)
    user.until(box.isChecked, "a safety snapshot to be proposed")
    box.click()
    user.until(lambda: "“clone” stands on" in " ".join(dialog.plan_view.texts()), "the clone to be seen")
    assert not dialog.ok.isEnabled()
    box.click()
    user.accept(dialog)
    assert (daemon.images / "cloned.s1").exists()
    user.until(lambda: user.complete() == 2, "the safety snapshot")
    user.rest(1.1)  # libvirt names the files that a revert makes by the second
    user.undo("before-revert-1", stays=True)
    assert (daemon.images / "cloned.s1").exists(), "it would have been merged below the clone"
    assert "before-revert-1" in daemon.snapshots(cloned)
    subprocess.run(["qemu-img", "check", "-q", daemon.images / "clone.qcow2"], check=True)


def test_a_machine_that_is_saved_is_called_so(user: User, daemon: Daemon, frail: str) -> None:
    user.choose_machine(daemon.uri, frail)
    user.until(lambda: user.machine_state() == "running", "the machine to run")
    daemon.virsh("managedsave", frail)
    user.until(lambda: user.machine_state() == "saved", "its state")
    daemon.virsh("start", frail)
    user.until(lambda: user.machine_state() == "running", "it to go on")
