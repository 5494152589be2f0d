"""Going from one external snapshot to another, where libvirt would delete what is needed, or crash."""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog
from testbed.asking import run, survey
from testbed.daemon import Daemon
from testbed.heard import Events
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.core.health.ailments import Ill
from snapgui.core.health.examine import examine
from snapgui.core.plan import Level
from snapgui.core.records import DomainId
from snapgui.core.requests import Delete, Revert, Scope
from snapgui.core.rules import make_plan
from snapgui.ui.actions import Act
from snapgui.virt.host import Host

pytestmark = pytest.mark.since(9, 9)

_APART = 1.1  # seconds: libvirt names overlays by the second; the application waits for that by itself


class Branches:
    """A machine that is off, with the external snapshots ``b`` and, below it, ``c``, on which it stands.

    What a guest had written last before them is 1 and 2; since then, it is 3.
    """

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        disk = daemon.images / "branches.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "1M"], check=True)
        daemon.hand_over(disk)
        daemon.define(tiny_machine("branches", disk))
        self.write(1)
        for number, name in enumerate(("b", "c"), start=2):
            daemon.virsh("snapshot-create-as", "branches", name, "--disk-only")
            self.write(number)

    def _image(self) -> Path:
        return Path(self._daemon.virsh("domblklist", "branches").split()[-1])

    def write(self, number: int) -> None:
        """As a guest would."""
        subprocess.run(["qemu-io", "-c", f"write -q -P {number} 0 64K", self._image()], check=True)

    def read(self) -> int:
        """What the guest would find."""
        raw = self._daemon.root / "branches.raw"
        subprocess.run(["qemu-img", "convert", "-O", "raw", self._image(), raw], check=True)
        return raw.read_bytes()[0]


@pytest.fixture
def branches(daemon: Daemon) -> Iterator[Branches]:
    yield Branches(daemon)
    daemon.remove("branches")
    for path in daemon.images.glob("branches.*"):
        path.unlink()


@pytest.fixture
def open_revert(user: User) -> Callable[[str], QDialog]:
    """The dialog of a revert to a snapshot, once it knows all that it needs."""

    def build(name: str) -> QDialog:
        user.select(name)
        user.use(Act.REVERT)
        dialog = user.dialog()
        user.until(lambda: not dialog.waiting, "the reading")
        return dialog

    return build


def test_the_files_of_a_snapshot_outlast_a_revert_that_was_undone(
    user: User, daemon: Daemon, branches: Branches, open_revert: Callable[[str], QDialog]
) -> None:
    pid = daemon.pid
    user.choose_machine(daemon.uri, "branches")
    user.revert("b")
    branches.write(4)
    user.revert("c", safety=True)
    assert branches.read() == 2
    user.undo("before-revert-1")
    assert branches.read() == 4

    # libvirt has forgotten by now in which file the machine is, and would delete the one that "c" was taken of.
    dialog = open_revert("c")
    box = user.safety_box(dialog)
    assert box.isChecked()
    box.click()
    assert not dialog.ok.isEnabled()
    assert "without which “c” can" in dialog.ok.toolTip()
    box.click()
    user.accept(dialog)
    user.until(lambda: user.here() == "c", "the revert")
    assert branches.read() == 2
    for name, held in (("b", 1), ("c", 2), ("before-revert-1", 4)):
        user.revert(name)
        assert branches.read() == held, name
    assert daemon.running(pid)


def test_a_machine_at_no_snapshot_gets_one_before_it_goes_to_an_external_one(
    user: User, daemon: Daemon, branches: Branches, open_revert: Callable[[str], QDialog]
) -> None:
    pid = daemon.pid
    daemon.virsh("snapshot-create-as", "branches", "d", "--disk-only")
    user.choose_machine(daemon.uri, "branches")
    user.until(lambda: user.complete() == 3, "the snapshots")
    user.revert("b")
    daemon.virsh("snapshot-delete", "branches", "b", "--metadata")
    user.until(lambda: set(user.parents()) == {"c", "d"}, "the tree to follow")

    user.select("c")
    user.use(Act.DELETE)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the reading")
    assert "libvirt would crash" in dialog.ok.toolTip()
    user.cancel(dialog)

    dialog = open_revert("c")
    box = user.safety_box(dialog)
    assert box.isChecked()
    box.click()
    assert not dialog.ok.isEnabled()
    assert "libvirt would crash" in dialog.ok.toolTip()
    box.click()
    user.accept(dialog)
    user.until(lambda: user.here() == "c", "the revert")
    assert branches.read() == 2
    user.revert("before-revert-1")
    assert branches.read() == 1
    assert daemon.running(pid)


def test_the_file_that_libvirt_forgets_is_named_before_and_found_afterwards(daemon: Daemon, branches: Branches) -> None:
    machine = DomainId(daemon.uri, daemon.virsh("domuuid", "branches"))
    daemon.virsh("snapshot-create-as", "branches", "i")  # in the file of "c"
    time.sleep(_APART)
    daemon.virsh("snapshot-revert", "branches", "c")
    left = daemon.virsh("domblklist", "branches").split()[-1]
    branches.write(4)
    daemon.virsh("snapshot-revert", "branches", "i")
    assert branches.read() == 3
    host = Host.open(daemon.uri, Events().append)
    try:
        assert examine(host.inventory(machine.uuid)).ailments == (), "“c” has a note of it still"
        request = Revert(machine, "c")
        plan = make_plan(request, survey(host, machine, request))
        assert any(effect.text.startswith(f"Leaves {left} behind") for effect in plan.effects)
        time.sleep(_APART)
        assert run(host, plan.steps) is None
        assert branches.read() == 2
        assert [(each.ill, each.name) for each in examine(host.inventory(machine.uuid)).ailments] == [
            (Ill.UNUSED, left)
        ]
        again = make_plan(request, survey(host, machine, request))
        assert not any("behind" in effect.text for effect in again.effects), "libvirt deletes the new one itself"
    finally:
        host.close()


def test_the_file_that_the_last_of_its_snapshots_leaves_is_named_before_and_found_afterwards(
    daemon: Daemon, branches: Branches
) -> None:
    machine = DomainId(daemon.uri, daemon.virsh("domuuid", "branches"))
    kept = daemon.virsh("domblklist", "branches").split()[-1]  # of "c"
    daemon.virsh("snapshot-create-as", "branches", "i")
    branches.write(4)
    daemon.virsh("snapshot-create-as", "branches", "d", "--disk-only")
    daemon.virsh("snapshot-revert", "branches", "b")
    assert branches.read() == 1
    host = Host.open(daemon.uri, Events().append)
    try:
        assert examine(host.inventory(machine.uuid)).ailments == (), "“i” is in it, and “d” above it"
        one = Delete(machine, ("d",))
        plan = make_plan(one, survey(host, machine, one))
        assert not any("behind" in effect.text for effect in plan.effects)
        whole = Delete(machine, ("c",), Scope.WITH_CHILDREN)
        plan = make_plan(whole, survey(host, machine, whole))
        assert any(effect.text.startswith(f"Leaves {kept} behind") for effect in plan.effects), plan.effects
        assert run(host, plan.steps) is None
        assert branches.read() == 1
        assert [(each.ill, each.name) for each in examine(host.inventory(machine.uuid)).ailments] == [
            (Ill.UNUSED, kept)
        ]
    finally:
        host.close()


def test_what_libvirt_would_crash_on_is_deleted_by_the_way_that_is_named(daemon: Daemon, branches: Branches) -> None:
    """Below "b", "d" is another branch than the one that the machine is on."""
    machine, pid = DomainId(daemon.uri, daemon.virsh("domuuid", "branches")), daemon.pid
    daemon.virsh("snapshot-create-as", "branches", "d", "--disk-only")
    time.sleep(_APART)
    daemon.virsh("snapshot-revert", "branches", "c")
    assert branches.read() == 2
    host = Host.open(daemon.uri, Events().append)
    try:
        alone = Delete(machine, ("b",))
        plan = make_plan(alone, survey(host, machine, alone))
        (finding,) = [each for each in plan.findings if each.level is Level.BLOCKER]
        assert finding.rule == "branch"
        assert finding.remedy == "Delete “d” first."
        for request in (Delete(machine, ("d",)), alone):
            plan = make_plan(request, survey(host, machine, request))
            assert plan.ready, plan.findings
            assert run(host, plan.steps) is None
        assert branches.read() == 2
    finally:
        host.close()
    assert daemon.running(pid)


def test_files_that_have_another_one_between_them_are_not_merged(daemon: Daemon, branches: Branches) -> None:
    machine = DomainId(daemon.uri, daemon.virsh("domuuid", "branches"))
    daemon.virsh("snapshot-delete", "branches", "c", "--metadata")
    host = Host.open(daemon.uri, Events().append)
    try:
        request = Delete(machine, ("b",))
        plan = make_plan(request, survey(host, machine, request))
        (finding,) = [each for each in plan.findings if each.level is Level.BLOCKER]
        assert finding.rule == "merge-parted"
        assert f"{daemon.images}/branches.b is between" in finding.reason
        problem = run(host, plan.steps)
        assert problem is not None
        assert "are not the same" in problem.raw
        assert branches.read() == 3
    finally:
        host.close()


@pytest.mark.usefixtures("branches")
def test_new_files_of_one_name_are_seen_before_libvirt_has_stopped_the_machine(daemon: Daemon) -> None:
    """The medium of a drive is called as the disk, up to the last dot."""
    machine = DomainId(daemon.uri, daemon.virsh("domuuid", "branches"))
    medium = daemon.images / "branches.iso"
    medium.write_bytes(bytes(1 << 16))
    daemon.hand_over(medium)
    drive = ("--targetbus", "ide", "--type", "cdrom", "--mode", "readonly", "--config")
    daemon.virsh("attach-disk", "branches", str(medium), "hdc", *drive)
    daemon.virsh("snapshot-create-as", "branches", "d", "--disk-only", "--diskspec", "hdc,snapshot=no")
    daemon.virsh("start", "branches")
    host = Host.open(daemon.uri, Events().append)
    try:
        request = Revert(machine, "d")
        plan = make_plan(request, survey(host, machine, request))
        (finding,) = [each for each in plan.findings if each.level is Level.BLOCKER]
        assert finding.rule == "overlay-name"
        problem = run(host, plan.steps)
        assert problem is not None
        assert "collision with disk" in problem.raw
        assert daemon.virsh("domstate", "branches") == "shut off", "it was stopped for nothing"
    finally:
        host.close()
