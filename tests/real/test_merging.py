"""Deleting an external snapshot merges what may be gigabytes: how far it is, cancelling, and what can go wrong."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from testbed.daemon import Daemon
from testbed.user import User

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.health.ailments import Ill
from snapgui.core.health.examine import examine
from snapgui.core.records import HostState
from snapgui.ui.actions import Act
from snapgui.virt.host import Host

pytestmark = pytest.mark.since(9, 9)

_MEBIBYTES = 768
_MACHINE = """\
<domain type='qemu'>
  <name>heavy</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
    <controller type='usb' model='none'/>
  </devices>
</domain>
"""


class Heavy:
    """A machine whose external snapshots ``e1`` and ``e2`` each have an overlay; that of ``e1`` is large."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.disk = daemon.images / "heavy.qcow2"
        self.overlays = [daemon.images / f"heavy.{name}" for name in ("e1", "e2")]
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", self.disk, "1G"], check=True)
        daemon.hand_over(self.disk)
        daemon.define(_MACHINE.format(disk=self.disk))
        daemon.virsh("snapshot-create-as", "heavy", "e1", "--disk-only")
        writes = [word for at in range(0, _MEBIBYTES, 64) for word in ("-c", f"write -P {at % 251 + 1} {at}M 64M")]
        subprocess.run(["qemu-io", *writes, self.overlays[0]], check=True, stdout=subprocess.DEVNULL)
        daemon.hand_over(self.overlays[0])
        daemon.virsh("snapshot-create-as", "heavy", "e2", "--disk-only")

    def qemu(self) -> int:
        """The process that the machine runs in, or that libvirt has started to merge."""
        return int((self.daemon.root / "run/libvirt/qemu/run/heavy.pid").read_text())

    def data(self) -> str:
        """What a guest would read from its disk, as a checksum."""
        top = next(path for path in (*self.overlays[::-1], self.disk) if path.exists())
        raw = self.daemon.root / "heavy.raw"
        subprocess.run(["qemu-img", "convert", "-U", "-O", "raw", top, raw], check=True)
        told = subprocess.run(["sha1sum", raw], check=True, capture_output=True, text=True).stdout.split()[0]
        raw.unlink()
        return told

    def images_are_whole(self) -> bool:
        """What qemu-img finds in every image; clusters that nothing uses any more do no harm."""
        checks = [
            subprocess.run(["qemu-img", "check", "-q", "-U", path], check=False, capture_output=True).returncode
            for path in (*self.overlays, self.disk)
            if path.exists()
        ]
        return set(checks) <= {0, 3}

    def remove(self) -> None:
        self.daemon.remove("heavy")
        for path in (*self.overlays, self.disk):
            path.unlink(missing_ok=True)


@pytest.fixture
def heavy(daemon: Daemon) -> Iterator[Heavy]:
    machine = Heavy(daemon)
    yield machine
    if not daemon._answers():
        daemon.start()
    machine.remove()


def begin_to_delete(user: User, daemon: Daemon, *names: str) -> None:
    """Press Delete for these; the merge runs then."""
    user.application.backend.runner._ask_progress.setInterval(50)  # a running guest's is merged within a second
    user.choose_machine(daemon.uri, "heavy")
    user.until(lambda: user.complete() == 2, "the snapshots")
    user.select(*names)
    user.use(Act.DELETE)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the reading")
    user.press(Qt.Key.Key_Return)


def latest(user: User) -> JobRecord:
    return user.jobs[max(user.jobs)]


def half_way(user: User) -> JobRecord:
    return user.until(lambda: latest(user).progress and latest(user), "some progress")


@pytest.mark.parametrize("running", [False, True])
def test_it_says_how_far_it_is(user: User, daemon: Daemon, heavy: Heavy, *, running: bool) -> None:
    before = heavy.data()
    if running:
        daemon.virsh("start", "heavy")
    seen: list[float] = []
    user.application.backend.runner.job_changed.connect(lambda job: seen.append(job.progress or 0.0))
    begin_to_delete(user, daemon, "e1")
    job = half_way(user)
    assert job.cancellable is not running, "what can't be cancelled offers no cancel"
    user.until(lambda: latest(user).state is JobState.DONE, "its end", 120)
    assert any(0 < each < 1 for each in seen)
    assert daemon.snapshots("heavy") == ["e2"]
    assert daemon.state("heavy") == ("running" if running else "shut off")
    assert heavy.data() == before
    assert not heavy.overlays[0].exists()


def test_cancelled_it_leaves_everything_as_it_was_and_can_be_done_again(
    user: User, daemon: Daemon, heavy: Heavy
) -> None:
    before = heavy.data()
    begin_to_delete(user, daemon, "e1")
    half_way(user)
    cancel = user.window.activity.cancel
    user.until(cancel.isEnabled, "the cancel button")
    cancel.trigger()
    user.until(lambda: latest(user).state.ended, "its end", 60)
    assert latest(user).state is JobState.CANCELLED
    assert latest(user).problem.why == "It was cancelled."
    assert sorted(daemon.snapshots("heavy")) == ["e1", "e2"]
    assert daemon.state("heavy") == "shut off"
    assert heavy.images_are_whole()
    assert heavy.data() == before

    user.delete("e1", "e2")
    assert daemon.snapshots("heavy") == []
    assert heavy.data() == before


@pytest.mark.parametrize("running", [False, True])
def test_a_qemu_that_is_killed_in_the_middle_costs_nothing(
    user: User, daemon: Daemon, heavy: Heavy, *, running: bool
) -> None:
    before = heavy.data()
    if running:
        daemon.virsh("start", "heavy")
    begin_to_delete(user, daemon, "e1")
    half_way(user)
    os.kill(heavy.qemu(), signal.SIGKILL)
    user.until(lambda: latest(user).state is JobState.FAILED, "its end", 60)
    assert latest(user).problem.why == "QEMU ended in the middle of it."
    assert user.window.banner.isVisible()
    assert heavy.images_are_whole()
    assert heavy.data() == before
    user.until(lambda: set(user.parents()) == set(daemon.snapshots("heavy")) == {"e1", "e2"}, "the tree as it is")
    user.until(lambda: user.machine_state() == "off", "the machine's state")

    user.delete("e1", "e2")
    assert daemon.snapshots("heavy") == []
    assert heavy.data() == before


def test_a_host_that_is_lost_in_the_middle(user: User, daemon: Daemon, heavy: Heavy) -> None:
    before = heavy.data()
    begin_to_delete(user, daemon, "e1")
    half_way(user)
    qemu = heavy.qemu()
    os.kill(qemu, signal.SIGSTOP)  # or it would be through before the daemon is back
    daemon.crash()
    user.until(lambda: latest(user).state is JobState.FAILED, "its end", 60)
    os.kill(qemu, signal.SIGKILL)
    daemon.start()
    host = user.application.store.host
    user.until(lambda: host(daemon.uri).state is HostState.CONNECTED, "the way back", 60)
    user.until(lambda: "still there" in latest(user).problem.why, "what became of it")
    assert heavy.images_are_whole()
    assert heavy.data() == before
    user.delete("e1", "e2")
    assert heavy.data() == before


def test_a_merge_that_nobody_waits_for_any_more_is_told_of_with_the_way_out(
    user: User, daemon: Daemon, heavy: Heavy
) -> None:
    """libvirt finds the QEMU again that it had started for it, and leaves it with a job that is never finished."""
    before = heavy.data()
    begin_to_delete(user, daemon, "e1")
    half_way(user)
    daemon.crash()
    user.until(lambda: latest(user).state is JobState.FAILED, "its end", 60)
    daemon.start()
    host = user.application.store.host
    user.until(lambda: host(daemon.uri).state is HostState.CONNECTED, "the way back", 60)
    user.until(lambda: user.machine_state() == "paused", "the state")
    user.select("e1")
    user.use(Act.DELETE)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the reading")
    assert not dialog.ok.isEnabled()
    assert any("it never does: force the machine off, and delete again" in text for text in dialog.plan_view.texts())
    user.cancel(dialog)

    daemon.virsh("destroy", "heavy")
    user.until(lambda: user.machine_state() == "off", "the state")
    user.delete("e1", "e2")
    assert heavy.data() == before


@pytest.mark.parametrize("running", [False, True])
def test_closing_the_window_meanwhile_is_asked_about_and_libvirt_ends_it_alone(
    user: User, daemon: Daemon, heavy: Heavy, *, running: bool
) -> None:
    before = heavy.data()
    if running:
        daemon.virsh("start", "heavy")
    begin_to_delete(user, daemon, "e1")
    half_way(user)
    user.window.close()
    box = user.dialog()
    assert isinstance(box, QMessageBox)
    assert box.informativeText().startswith("This goes on without snapgui")
    assert latest(user).plan.title in box.informativeText()
    user.button(box, "Close now").click()
    assert not user.window.isVisible()
    assert not latest(user).state.ended
    user.application.close()
    user.until(lambda: daemon.snapshots("heavy") == ["e2"], "its end", 120)
    user.until(lambda: daemon.state("heavy") == ("running" if running else "shut off"), "the machine as it was")
    assert heavy.data() == before
    assert not heavy.overlays[0].exists()


def test_what_somebody_else_deletes_meanwhile_is_said(user: User, daemon: Daemon, heavy: Heavy) -> None:
    begin = user.choose_machine
    begin(daemon.uri, "heavy")
    user.until(lambda: user.complete() == 2, "the snapshots")
    user.select("e1", "e2")
    user.use(Act.DELETE)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the reading")
    daemon.virsh("snapshot-delete", "heavy", "e2", "--metadata")
    user.until(lambda: not dialog.ok.isEnabled(), "the dialog to follow")
    assert any("There is no snapshot “e2”" in text for text in dialog.plan_view.texts())
    user.cancel(dialog)
    assert heavy.images_are_whole()


def test_a_file_that_qemu_may_not_write_is_named_and_the_way_out_is_known_afterwards(
    user: User, daemon: Daemon, heavy: Heavy
) -> None:
    before = heavy.data()
    below = heavy.overlays[0]
    if os.geteuid() == 0:
        os.chown(below, 0, 0)
    below.chmod(0o444)
    begin_to_delete(user, daemon, "e2")
    user.until(lambda: latest(user).state is JobState.FAILED, "its end", 60)
    assert latest(user).problem.why.endswith(f" or QEMU may not write {below}.")
    assert heavy.data() == before
    daemon.hand_over(below)
    below.chmod(0o600)
    host = Host.open(daemon.uri, lambda _: None)
    (found,) = examine(host.inventory(daemon.virsh("domuuid", "heavy"))).ailments
    host.close()
    assert (found.ill, found.name, found.why_not) == (Ill.UNFINISHED, "e1", "Delete “e2” again, which merges the rest.")

    user.select("e1")
    user.use(Act.DELETE)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the reading")
    assert any("Deleting the snapshot after “e1” broke off" in text for text in dialog.plan_view.texts())
    user.cancel(dialog)
    user.delete("e2")
    user.delete("e1")
    assert heavy.data() == before
