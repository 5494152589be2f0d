"""Reverts that go wrong in the middle: it is said what happened, nothing is lost, and the way back is there."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QApplication
from testbed.daemon import Daemon
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.plan import Call
from snapgui.core.records import HostState
from snapgui.ui.actions import Act
from snapgui.ui.dialogs.confirm import ConfirmDialog


@pytest.fixture
def small(daemon: Daemon) -> Iterator[Path]:
    """The disk of a running machine "small" with a snapshot "before", on a file system of 4 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    folder = daemon.root / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        disk = folder / "small.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "16M"], check=True)
        daemon.hand_over(folder)
        daemon.hand_over(disk)
        daemon.define(tiny_machine("small", disk))
        daemon.virsh("snapshot-create-as", "small", "before")
        daemon.virsh("start", "small")
        yield disk
        daemon.remove("small")
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


def _qemu(daemon: Daemon, machine: str) -> int:
    """The machine's process; 0 without one."""
    try:
        return int((daemon.root / "run" / "libvirt" / "qemu" / "run" / f"{machine}.pid").read_text())
    except (OSError, ValueError):
        return 0


def _whole(disk: Path) -> bool:
    ran = subprocess.run(["qemu-img", "check", "-q", "-U", disk], capture_output=True, check=False)
    return ran.returncode in (0, 3)  # 3: clusters that nothing refers to take room, and no more


def _start_revert(user: User, daemon: Daemon, machine: str, then: Callable[[], object] = lambda: None) -> None:
    """Ask for a revert of the machine to its snapshot "before", and do something else before OK is pressed."""
    user.choose_machine(daemon.uri, machine)
    user.until(lambda: user.parents() == {"before": ""}, "the snapshot")
    user.until(lambda: user.machine_state() == "running", "the machine to run")
    user.select("before")
    user.use(Act.REVERT)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the reading")
    then()
    dialog.ok.click()


def _ended(user: User) -> JobRecord:
    user.until(lambda: any(job.state.ended for job in user.jobs.values()), "the job to end", 120)
    return next(job for job in user.jobs.values() if job.state.ended)


def _at_the_revert(user: User, do: Callable[[], object]) -> None:
    """Do it once, when the safety snapshot is there and the revert begins."""
    done: list[bool] = []

    def changed(job: JobRecord) -> None:
        running = job.state is JobState.RUNNING and job.plan.steps[job.step].call is Call.SNAPSHOT_REVERT
        if running and not done:
            done.append(True)
            do()

    user.application.backend.runner.job_changed.connect(changed)


def _undo_by_the_banner(user: User) -> None:
    known = set(user.jobs)
    offered = user.window.banner.findChildren
    user.until(lambda: any(each.text() == "&Undo revert…" for each in offered(QAbstractButton)), "the offer")
    user.button(user.window.banner, "Undo revert…").click()

    def confirmed() -> bool:
        """Where something is lost by it, that is asked; where the disks are still as they were, it is not."""
        dialog = next((each for each in QApplication.topLevelWidgets() if isinstance(each, ConfirmDialog)), None)
        if dialog is not None and dialog.isVisible():
            dialog.ok.click()
        return bool(set(user.jobs) - known)

    user.until(confirmed, "the undoing to begin")
    user.until(lambda: set(user.jobs) - known and all(job.state.ended for job in user.jobs.values()), "its end", 120)
    job = user.jobs[max(user.jobs)]
    assert job.state is JobState.DONE, job.problem


def test_without_room_for_the_safety_snapshot_nothing_is_reverted(user: User, daemon: Daemon, small: Path) -> None:
    qemu = _qemu(daemon, "small")

    def fill() -> None:
        filling = os.open(small.parent / "filling", os.O_WRONLY | os.O_CREAT)
        with contextlib.suppress(OSError):
            while True:
                os.write(filling, bytes(4096))
        os.close(filling)

    _start_revert(user, daemon, "small", fill)
    job = _ended(user)
    assert job.state is JobState.FAILED
    assert job.plan.steps[job.step].call is Call.SNAPSHOT_CREATE
    assert "before-revert-1" in job.problem.tried
    assert user.window.banner.isVisible()
    shown = [each.text() for each in user.window.banner.findChildren(QAbstractButton) if each.isVisible()]
    assert "Details…" in shown
    assert "&Undo revert…" not in shown
    assert _qemu(daemon, "small") == qemu, "the machine goes on"
    assert daemon.state("small") == "running"
    assert daemon.snapshots("small") == ["before"]
    (small.parent / "filling").unlink()
    assert _whole(small)
    user.until(lambda: user.parents() == {"before": ""}, "the tree as libvirt has it")


def test_a_host_lost_between_safety_snapshot_and_revert_leaves_the_way_back(
    user: User, daemon: Daemon, frail: str
) -> None:
    _at_the_revert(user, daemon.crash)
    _start_revert(user, daemon, frail)
    job = _ended(user)
    assert job.state is JobState.FAILED
    daemon.start()
    store = user.application.store
    user.until(lambda: store.host(daemon.uri).state is HostState.CONNECTED, "the way back", 60)
    assert "before-revert-1" in daemon.snapshots(frail)
    user.until(lambda: "before-revert-1" in user.parents(), "the tree as libvirt has it")
    user.until(lambda: len(user.jobs[job.id].problem.why) > len(job.problem.why), "what became of it", 60)
    said = user.jobs[job.id].problem.why
    reverted = daemon.virsh("snapshot-current", frail, "--name") == "before"
    assert ("stands on this snapshot now" if reverted else "Only the safety snapshot was taken") in said

    _undo_by_the_banner(user)
    assert daemon.snapshots(frail) == ["before"]
    assert daemon.state(frail) == "running"
    assert _whole(daemon.images / f"{frail}.qcow2")


def test_a_qemu_killed_during_the_revert_costs_nothing_that_can_not_be_undone(
    user: User, daemon: Daemon, frail: str
) -> None:
    before = _qemu(daemon, frail)

    def kill() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            now = _qemu(daemon, frail)
            if now not in (0, before):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(now, signal.SIGKILL)
                return
            time.sleep(0.002)

    killer = threading.Thread(target=kill, name="pytest killer")
    _at_the_revert(user, killer.start)
    _start_revert(user, daemon, frail)
    job = _ended(user)
    killer.join()
    assert job.state is JobState.FAILED
    assert job.problem.why
    assert sorted(daemon.snapshots(frail)) == ["before", "before-revert-1"]
    assert daemon.state(frail) == "shut off"
    user.until(lambda: user.machine_state() == "off", "the tree to say so")

    _undo_by_the_banner(user)
    assert daemon.state(frail) == "running"
    assert daemon.snapshots(frail) == ["before"]
    assert _whole(daemon.images / f"{frail}.qcow2")
