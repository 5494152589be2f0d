"""A revert is undone to the exact state, on a real Linux guest; and the reverts that virt-manager's own tests do."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from testbed.daemon import Daemon
from testbed.guest import Guest
from testbed.user import User

from snapgui.core.plan import Call
from snapgui.core.records import Kind
from snapgui.ui.actions import Act

_WRITE = "head -c 1000000 /dev/urandom >/disk/late; sync"
_SUM = "md5sum /disk/late | cut -d' ' -f1"


def files(daemon: Daemon) -> set[str]:
    """What lies beside the images."""
    return {path.name for path in daemon.images.iterdir()}


@pytest.fixture(params=[Kind.INTERNAL, pytest.param(Kind.EXTERNAL, marks=pytest.mark.since(9, 9))])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Of the snapshots that the machine stands on."""
    found: Kind = request.param
    return found


@pytest.fixture
def at_work(user: User, daemon: Daemon, guest: Guest, kind: Kind) -> Iterator[Guest]:
    """A guest with a snapshot "clean" of that kind, which counts since, chosen by the user."""
    guest.start()
    memory = ("--memspec", f"file={daemon.images}/clean.mem") if kind is Kind.EXTERNAL else ()
    daemon.virsh("snapshot-create-as", guest.name, "clean", *memory)
    user.choose_machine(daemon.uri, guest.name)
    user.until(lambda: user.complete() == 1, "the snapshot")
    guest.begin_counting()
    yield guest
    daemon.remove(guest.name)
    for path in daemon.images.glob("*"):
        if path != guest.disk:
            path.unlink()


def test_undoing_brings_back_a_running_guest_with_what_it_wrote_a_second_before(
    user: User, daemon: Daemon, at_work: Guest, kind: Kind
) -> None:
    lay = files(daemon)
    at_work.run(_WRITE)
    written, counted = at_work.run(_SUM), at_work.counted()
    time.sleep(1)
    job = user.revert("clean", safety=True)
    assert [step.call for step in job.plan.steps] == [Call.SNAPSHOT_CREATE, Call.SNAPSHOT_REVERT]
    assert at_work.run("ls /disk/late 2>/dev/null") == ""
    assert at_work.counted() == 0
    assert user.parents() == {"clean": "", "before-revert-1": "clean"}

    user.undo("before-revert-1")
    assert at_work.run(_SUM) == written
    then = at_work.counted()
    assert then >= counted > 0
    assert at_work.counted(later=1) > then
    assert daemon.parents(at_work.name) == {"clean": ""}
    assert user.here() == "clean"
    assert files(daemon) == lay, f"{kind}: nothing is left behind"
    at_work.run("sync")
    daemon.virsh("destroy", at_work.name)
    at_work.start()
    assert at_work.run(_SUM) == written


def test_undoing_brings_back_a_paused_guest(user: User, daemon: Daemon, at_work: Guest, kind: Kind) -> None:
    at_work.run(_WRITE)
    written, counted = at_work.run(_SUM), at_work.counted()
    user.power(Act.PAUSE, "paused")
    user.revert("clean", safety=True)
    assert daemon.state(at_work.name) == "running"
    job = user.undo("before-revert-1", stays=kind is Kind.EXTERNAL)
    assert daemon.state(at_work.name) == "paused"
    # QEMU can't merge the files of a machine that has not run since: the plan said so
    assert any(finding.rule == "safety-stays" for finding in job.plan.findings) == (kind is Kind.EXTERNAL)
    user.power(Act.RESUME, "running")
    assert at_work.run(_SUM) == written
    assert at_work.counted() >= counted


def test_undoing_brings_back_a_machine_that_is_off(user: User, daemon: Daemon, at_work: Guest) -> None:
    lay = files(daemon)
    at_work.run(_WRITE)
    written = at_work.run(_SUM)
    user.power(Act.SHUT_DOWN, "off")
    user.revert("clean", safety=True)
    assert at_work.run("ls /disk/late 2>/dev/null") == ""
    user.undo("before-revert-1")
    assert daemon.state(at_work.name) == "shut off"
    assert files(daemon) == lay
    at_work.start()
    assert at_work.run(_SUM) == written


def test_a_machine_that_is_as_its_snapshot_has_it_is_not_kept_before_a_revert_unasked(
    user: User, daemon: Daemon, guest: Guest
) -> None:
    user.choose_machine(daemon.uri, guest.name)
    user.take("empty")
    guest.start()
    guest.run(_WRITE)
    user.until(lambda: user.machine_state() == "running", "the machine to run")
    user.power(Act.SHUT_DOWN, "off")
    user.select("empty")
    for expected in (True, False):
        user.use(Act.REVERT)
        dialog = user.dialog()
        user.until(lambda shown=dialog: not shown.waiting, "the reading")
        box = user.safety_box(dialog)
        assert box.isChecked() is expected
        user.accept(dialog)
        user.until(lambda: user.here() == "empty", "“You are here” to follow")
    user.undo("before-revert-1", asked=False)  # nothing has changed since: nothing is lost
    guest.start()
    assert guest.run("ls /disk/late") == "/disk/late"


@pytest.mark.parametrize(
    ("before", "afterwards", "state"),
    [
        ("running", "as taken", "running"),
        ("running", "paused", "paused"),
        ("paused", "as taken", "paused"),
        ("paused", "running", "running"),
        ("shut off", "as taken", "shut off"),
        ("shut off", "running", "running"),
        ("shut off", "paused", "paused"),
    ],
)
def test_run_running_paused_and_offline(
    user: User, daemon: Daemon, guest: Guest, *, before: str, afterwards: str, state: str
) -> None:
    """virt-manager's "run" cases, and what it can't: a choice of how the machine goes on."""
    if before != "shut off":
        daemon.virsh("start", guest.name)
    if before == "paused":
        daemon.virsh("suspend", guest.name)
    daemon.virsh("snapshot-create-as", guest.name, "snap")
    daemon.virsh("destroy", guest.name, check=False)
    user.choose_machine(daemon.uri, guest.name)
    user.revert("snap", afterwards)
    assert daemon.state(guest.name) == state


def test_a_saved_state_is_removed_or_kept_as_the_user_says(user: User, daemon: Daemon, guest: Guest) -> None:
    daemon.virsh("snapshot-create-as", guest.name, "off")
    guest.start()
    daemon.virsh("managedsave", guest.name)
    user.choose_machine(daemon.uri, guest.name)
    user.select("off")
    user.use(Act.REVERT)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the reading")
    assert not dialog.ok.isEnabled()
    assert "saved state" in dialog.ok.toolTip()
    user.button(dialog, "Keep the saved state, and revert all the same (force)").click()
    user.accept(dialog)
    user.until(lambda: user.here() == "off", "the revert")
    assert guest.name in daemon.virsh("list", "--all", "--name", "--with-managed-save")

    user.use(Act.START)  # would put the memory of before on the disks of the snapshot
    dialog = user.dialog()
    assert any(finding.rule == "stale-save" and "“off”" in finding.reason for finding in dialog.plan.findings)
    dialog.reject()
    assert daemon.state(guest.name) == "shut off"

    user.use(Act.REVERT)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the reading")
    user.button(dialog, "Remove the saved state first").click()
    user.accept(dialog)
    user.until(lambda: guest.name not in daemon.virsh("list", "--all", "--name", "--with-managed-save"), "its end")


def test_a_saved_machine_starts_unasked_where_its_disks_go_on_from_no_snapshot(
    user: User, daemon: Daemon, guest: Guest
) -> None:
    daemon.virsh("snapshot-create-as", guest.name, "off")
    guest.start()
    guest.run(_WRITE)
    daemon.virsh("managedsave", guest.name)
    user.choose_machine(daemon.uri, guest.name)
    user.power(Act.START, "running")
    assert guest.run("ls /disk/late") == "/disk/late"


def test_a_machine_that_runs_beside_an_older_saved_state_is_not_stopped_unasked(
    user: User, daemon: Daemon, guest: Guest
) -> None:
    guest.start()
    daemon.virsh("snapshot-create-as", guest.name, "runs")
    daemon.virsh("managedsave", guest.name)
    daemon.virsh("snapshot-revert", guest.name, "runs", "--force")
    user.choose_machine(daemon.uri, guest.name)
    user.until(lambda: user.machine_state() == "running", "the machine to run")
    user.use(Act.SHUT_DOWN)
    dialog = user.dialog()
    assert any("saved state" in finding.reason for finding in dialog.plan.findings)
    dialog.reject()
    daemon.virsh("destroy", guest.name)
    assert guest.name in daemon.virsh("list", "--all", "--name", "--with-managed-save")


def test_the_guest_s_clock_is_set_after_a_running_revert(
    user: User,
    daemon: Daemon,
    guest_files: Path,  # noqa: ARG001 - built first
) -> None:
    guest = Guest(daemon, "clocked", agent=True)
    try:
        guest.start()
        daemon.virsh("snapshot-create-as", guest.name, "then")
        guest.run("killall qemu-ga")
        daemon.virsh("snapshot-create-as", guest.name, "without")
        user.choose_machine(daemon.uri, guest.name)
        time.sleep(5)
        job = user.revert("then")
        assert job.plan.steps[-1].call is Call.SET_TIME
        assert not job.warnings
        assert abs(int(guest.run("date +%s")) - time.time()) < 2.5  # less than it slept

        time.sleep(5)
        job = user.revert("without")  # nobody answers there: the revert is none the worse
        assert not job.warnings
        assert time.time() - int(guest.run("date +%s")) > 4  # it has slept
    finally:
        guest.remove()
