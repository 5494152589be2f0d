"""A host that goes away under the application: it says so, claims nothing it can't know, and comes back by itself."""

import os
import signal

from PySide6.QtCore import Qt
from testbed.daemon import Daemon
from testbed.user import User

from snapgui.core.activity import JobState
from snapgui.core.records import DomainState, HostState
from snapgui.ui.actions import Act


def _host_state(user: User, daemon: Daemon) -> HostState:
    record = user.application.store.host(daemon.uri)
    assert record is not None
    return record.state


def test_a_host_that_is_lost_says_why_and_is_read_again_when_it_is_back(user: User, daemon: Daemon, frail: str) -> None:
    user.choose_machine(daemon.uri, frail)
    user.until(lambda: user.parents() == {"before": ""}, "the snapshot")
    daemon.crash()
    user.until(lambda: _host_state(user, daemon) is HostState.FAILED, "the loss")
    problem = user.application.store.host(daemon.uri).problem
    assert problem.why
    assert user.parents() == {"before": ""}, "what was read stays on screen"
    states = {record.state for record in user.application.store.domains(daemon.uri)}
    assert states == {DomainState.UNKNOWN}, "nobody can vouch for a state"
    take = user.window.actions_[Act.TAKE]
    assert not take.isEnabled()
    assert "not connected" in take.toolTip()

    daemon.start()
    daemon.virsh("snapshot-create-as", frail, "meanwhile")
    user.until(lambda: _host_state(user, daemon) is HostState.CONNECTED, "the way back", 60)
    user.until(lambda: user.parents() == {"before": "", "meanwhile": "before"}, "what happened meanwhile")
    user.until(lambda: user.machine_state() == "running", "the state")


def test_a_job_whose_connection_dies_fails_and_says_later_what_it_left(user: User, daemon: Daemon, frail: str) -> None:
    user.choose_machine(daemon.uri, frail)
    user.until(lambda: user.parents() == {"before": ""}, "the snapshot")
    qemu = int((daemon.root / "run" / "libvirt" / "qemu" / "run" / f"{frail}.pid").read_text())
    os.kill(qemu, signal.SIGSTOP)  # so that the take can't end before the daemon does
    try:
        user.use(Act.TAKE)
        dialog = user.dialog()
        user.until(lambda: not dialog.waiting, "the reading", 60)
        user.press(Qt.Key.Key_Return)
        user.until(lambda: any(job.state is JobState.RUNNING for job in user.jobs.values()), "the job")
        user.rest(0.5)
        daemon.crash()
        user.until(lambda: [job.state for job in user.jobs.values()] == [JobState.FAILED], "its end")
    finally:
        os.kill(qemu, signal.SIGCONT)
    (job,) = user.jobs.values()
    assert job.problem.why
    assert user.window.banner.isVisible()
    before = job.problem.why
    daemon.start()
    user.until(lambda: _host_state(user, daemon) is HostState.CONNECTED, "the way back", 60)

    def settled() -> str:
        (latest,) = user.jobs.values()
        return latest.problem.why if latest.problem.why != before else ""

    said = user.until(settled, "what became of it", 60)
    there = "frail-1" in daemon.snapshots(frail)
    assert ("is there now" if there else "was not taken") in said
    user.until(lambda: set(user.parents()) == set(daemon.snapshots(frail)), "the tree as libvirt has it")
