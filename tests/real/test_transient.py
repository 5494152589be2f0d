"""A transient machine ("virsh create"): what can be done with its snapshots, and that all of it goes when it stops."""

import subprocess
from collections.abc import Iterator

import pytest
from testbed.asking import survey
from testbed.daemon import Daemon
from testbed.planned import Planned, planned
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.core.plan import EffectKind, Level
from snapgui.core.records import Kind
from snapgui.core.requests import (
    Configure,
    Delete,
    Describe,
    MachineRequest,
    Power,
    PowerAction,
    Revert,
    RunState,
    Take,
    Undo,
)
from snapgui.core.rules import make_plan
from snapgui.core.rules.safety import propose
from snapgui.ui.actions import Act

pytestmark = pytest.mark.since(9, 9)

NAME = "fleeting"


@pytest.fixture
def machine(daemon: Daemon) -> Iterator[Planned]:
    """It runs, and has no definition to start from again."""
    with planned(daemon, NAME) as made:
        xml = daemon.root / f"{NAME}.xml"
        xml.write_text(tiny_machine(NAME, made.disk))
        daemon.virsh("create", str(xml))
        yield made


def refuse(machine: Planned, request: MachineRequest, rule: str) -> None:
    """libvirt is against it, too."""
    problem = machine.refused(request, rule)
    assert problem is not None
    assert "transient" in problem.raw


@pytest.mark.parametrize("kind", [Kind.INTERNAL, Kind.EXTERNAL, Kind.DISK_ONLY])
def test_a_take_works_and_its_plan_says_how_long_it_lasts(machine: Planned, kind: Kind) -> None:
    request = Take(machine.id, "a", kind=kind)
    (warning,) = [each for each in machine.plan(request).findings if each.rule == "transient"]
    assert "forgets its snapshots when it stops" in warning.reason
    assert ("from the new files" in warning.remedy) is (kind is not Kind.INTERNAL)
    machine.do(request)
    assert machine.daemon.snapshots(NAME) == ["a"]
    refuse(machine, Take(machine.id, "b", kind=kind, halt=True), "halt-transient")
    machine.do(Describe(machine.id, "a", "described"))
    machine.do(Delete(machine.id, ("a",)))
    assert machine.daemon.snapshots(NAME) == []


def test_what_had_no_memory_comes_back_only_running_or_paused(machine: Planned) -> None:
    machine.do(Take(machine.id, "disks", kind=Kind.DISK_ONLY))
    refuse(machine, Revert(machine.id, "disks"), "transient")
    for run_state, state in ((RunState.PAUSED, "paused"), (RunState.RUNNING, "running")):
        machine.do(Revert(machine.id, "disks", run_state))
        assert machine.daemon.state(NAME) == state


def test_a_revert_with_a_safety_snapshot_is_undone(machine: Planned) -> None:
    machine.do(Take(machine.id, "a"))
    safety = propose("a", survey(machine.host, machine.id))
    machine.do(Revert(machine.id, "a", safety=safety))
    assert machine.daemon.parents(NAME) == {"a": "", safety.name: "a"}
    machine.do(Undo(machine.id, safety.name))
    assert machine.daemon.snapshots(NAME) == ["a"]
    assert machine.daemon.state(NAME) == "running"


def test_settings_for_a_next_start_are_refused(machine: Planned) -> None:
    xml = survey(machine.host, machine.id).config.xml
    request = Configure(machine.id, xml.replace("16384", "20480"), xml)
    plan = make_plan(request, survey(machine.host, machine.id, next_xml=True))
    assert [each.rule for each in plan.findings if each.level is Level.BLOCKER] == ["transient"]


def test_turned_off_it_goes_with_all_that_the_plan_named(machine: Planned, user: User) -> None:
    daemon = machine.daemon
    user.choose_machine(daemon.uri, NAME)
    for name in ("a", "b"):
        machine.do(Take(machine.id, name))
    user.until(lambda: user.complete() == 2, "the snapshots")
    plan = machine.plan(Power(machine.id, PowerAction.FORCE_OFF))
    lost = [set(each.names) for each in plan.effects if each.kind is EffectKind.LOSES and each.names]
    assert lost == [{"a", "b"}]
    user.use(Act.FORCE_OFF)
    user.accept(user.dialog())
    user.until(lambda: user.application.store.domain(machine.id) is None, "the machine to go")
    assert NAME not in daemon.virsh("list", "--all", "--name").split()
    assert not user.window.actions_[Act.TAKE].isEnabled()
    subprocess.run(["qemu-img", "check", "-q", machine.disk], check=True)


def test_what_a_failed_revert_leaves_of_it_can_still_be_seen(machine: Planned, user: User) -> None:
    """libvirt keeps it on its list, off and without a configuration."""
    daemon = machine.daemon
    user.choose_machine(daemon.uri, NAME)
    daemon.virsh("checkpoint-create-as", NAME, "kept")
    daemon.virsh("snapshot-create-as", NAME, "a")
    with pytest.raises(AssertionError, match="active dirty bitmaps"):
        daemon.virsh("snapshot-revert", NAME, "a")
    assert daemon.state(NAME) == "shut off"
    user.until(lambda: user.machine_state() == "off", "the row to follow")
    record = user.application.store.domain(machine.id)
    assert record is not None
    assert record.problem is None
