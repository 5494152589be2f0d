"""A guest that crashed, and whose QEMU libvirt keeps for whoever wants to look: what can be done with it."""

import subprocess
from collections.abc import Iterator

import pytest
from testbed.asking import survey
from testbed.daemon import Daemon
from testbed.planned import Planned, planned
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.core.plan import Level
from snapgui.core.records import Kind, SnapshotState
from snapgui.core.requests import Delete, Power, PowerAction, Revert, RunState, Take
from snapgui.ui.actions import Act

pytestmark = pytest.mark.since(9, 9)

NAME = "wreck"
# A boot sector that tells the device "pvpanic" of a panic, and then spins:
# mov dx, 0x505; mov al, 1; out dx, al; hlt; jmp $. https://www.qemu.org/docs/master/specs/pvpanic.html
_PANICS = bytes.fromhex("ba0505b001eef4ebfe").ljust(510, b"\0") + b"\x55\xaa"


@pytest.fixture
def machine(daemon: Daemon, user: User, request: pytest.FixtureRequest) -> Iterator[Planned]:
    """It has crashed; the parameter is libvirt's policy for that."""
    with planned(daemon, NAME) as made:
        sector = daemon.root / "sector"
        sector.write_bytes(_PANICS)
        write = f"write -q -s {sector} 0 512"
        subprocess.run(["qemu-io", "-c", write, made.disk], check=True, stdout=subprocess.DEVNULL)
        xml = tiny_machine(NAME, made.disk, "<panic model='isa'/>")
        policy = getattr(request, "param", "preserve")
        daemon.define(xml.replace("</os>", f"</os><on_crash>{policy}</on_crash>"))
        daemon.virsh("start", NAME)
        user.until(lambda: "crashed" in daemon.virsh("domstate", NAME, "--reason"), "the crash")
        yield made


@pytest.mark.parametrize("kind", [Kind.INTERNAL, Kind.EXTERNAL, Kind.DISK_ONLY])
def test_it_is_taken_and_told_that_only_the_disks_come_back(machine: Planned, kind: Kind) -> None:
    request = Take(machine.id, "a", kind=kind)
    warned = [each.rule for each in machine.plan(request).findings if each.level is Level.WARNING]
    assert warned == ([] if kind is Kind.DISK_ONLY else ["crashed"])
    machine.do(request)
    assert machine.daemon.state(NAME) == "crashed"
    record = survey(machine.host, machine.id).snapshots.records["a"]
    assert record.kind is kind
    assert record.state is (SnapshotState.DISK_ONLY if kind is Kind.DISK_ONLY else SnapshotState.CRASHED)
    plan = machine.plan(Revert(machine.id, "a"))
    assert "Afterwards the machine is off." in [effect.text for effect in plan.effects]
    machine.do(Revert(machine.id, "a"))
    assert machine.daemon.state(NAME) == "shut off"
    machine.do(Delete(machine.id, ("a",)))
    assert machine.daemon.snapshots(NAME) == []
    assert not list(machine.daemon.images.glob("*.mem"))


def test_a_revert_out_of_it_is_safe_and_starts_where_that_is_wanted(machine: Planned) -> None:
    machine.do(Take(machine.id, "a"))
    plan = machine.plan(Revert(machine.id, "a", RunState.PAUSED, safety=Take(machine.id, "safe")))
    assert "safety-crashed" in [each.rule for each in plan.findings]
    machine.do(plan.request)
    assert machine.daemon.state(NAME) == "paused"
    assert machine.daemon.parents(NAME) == {"a": "", "safe": "a"}


def test_only_what_libvirt_would_do_is_offered(machine: Planned) -> None:
    refused = machine.refused(Power(machine.id, PowerAction.START), "state")
    assert refused.why == "The machine is already running."
    assert machine.refused(Take(machine.id, "q", kind=Kind.DISK_ONLY, quiesce=True), "quiesce-paused") is not None
    machine.do(Power(machine.id, PowerAction.RESUME))
    assert machine.daemon.state(NAME) == "running"


def test_the_window_says_so_and_forces_it_off(machine: Planned, user: User) -> None:
    user.choose_machine(machine.daemon.uri, NAME)
    user.until(lambda: user.machine_state() == "crashed", "the state")
    start, resume = (user.window.actions_[act] for act in (Act.START, Act.RESUME))
    assert not start.isEnabled()
    assert "The machine has crashed." in start.toolTip()
    assert resume.isEnabled()
    assert resume.isVisible()
    user.take("as-it-crashed")
    user.use(Act.FORCE_OFF)
    user.accept(user.dialog())
    user.until(lambda: user.machine_state() == "off", "the machine to be off")


@pytest.mark.parametrize("machine", ["destroy", "coredump-destroy"], indirect=True)
def test_one_that_libvirt_does_not_keep_is_off(machine: Planned, user: User) -> None:
    user.choose_machine(machine.daemon.uri, NAME)
    user.until(lambda: user.machine_state() == "off", "the state")
    machine.do(Take(machine.id, "a"))
    assert [each.rule for each in machine.plan(Take(machine.id, "b")).findings if each.level is Level.WARNING] == []
