"""What a plan says is what libvirt then does, tried on libvirt's test driver with trees of every shape."""

from collections.abc import Iterator
from itertools import pairwise
from random import Random

import libvirt
import pytest

from snapgui.core.plan import Call, EffectKind, Plan, Step
from snapgui.core.records import DomainId, DomainRecord, DomainState, HostRecord, HostState, Situation, Snapshots
from snapgui.core.requests import (
    Delete,
    Describe,
    Power,
    PowerAction,
    Request,
    Revert,
    RunState,
    Scope,
    SetCurrent,
    Take,
)
from snapgui.core.rules import make_plan
from snapgui.core.xml.read import read_domain, read_snapshot

STATES = {
    libvirt.VIR_DOMAIN_RUNNING: DomainState.RUNNING,
    libvirt.VIR_DOMAIN_PAUSED: DomainState.PAUSED,
    libvirt.VIR_DOMAIN_SHUTOFF: DomainState.SHUT_OFF,
}
NAMES = ("plain", "-x", "two words", 'it\'s "q"', "é😀", "<b>&amp;", "\u202eabc", "9", "line\nbreak", "x" * 247)


class Machine:
    """libvirt's test machine, read as the application reads one and told what a plan says."""

    def __init__(self) -> None:
        self.connection = libvirt.open("test:///default")
        self.domain = self.connection.listAllDomains()[0]
        self.id = DomainId("test:///default", self.domain.UUIDString())

    def read(self) -> Situation:
        found = {snapshot.getName(): snapshot for snapshot in self.domain.listAllSnapshots()}
        return Situation(
            HostRecord(self.id.uri, HostState.CONNECTED, driver=self.connection.getType().upper()),
            DomainRecord(self.id, self.domain.name(), STATES[self.domain.state()[0]]),
            Snapshots({name: read_snapshot(snapshot.getXMLDesc()) for name, snapshot in found.items()}, self.current()),
            read_domain(self.domain.XMLDesc()),
            snapshot_xml={name: snapshot.getXMLDesc(1) for name, snapshot in found.items()},
        )

    def current(self) -> str | None:
        return self.domain.snapshotCurrent().getName() if self.domain.hasCurrentSnapshot() else None

    def parents(self) -> dict[str, str | None]:
        return {name: record.parent for name, record in self.read().snapshots.records.items()}

    def do(self, request: Request) -> Plan:
        plan = make_plan(request, self.read())
        assert plan.ready, plan.findings
        for step in plan.steps:
            self.run(step)
        return plan

    def run(self, step: Step) -> None:
        match step.call:
            case Call.SNAPSHOT_CREATE:
                self.domain.snapshotCreateXML(step.xml, step.flags)
            case Call.SNAPSHOT_REVERT:
                self.domain.revertToSnapshot(self.domain.snapshotLookupByName(step.snapshot), step.flags)
            case Call.SNAPSHOT_DELETE:
                self.domain.snapshotLookupByName(step.snapshot).delete(step.flags)
            case Call.CREATE:
                self.domain.create()
            case Call.SUSPEND:
                self.domain.suspend()
            case Call.RESUME:
                self.domain.resume()
            case Call.SHUTDOWN:
                self.domain.shutdown()
            case Call.REBOOT:
                self.domain.reboot()
            case Call.DESTROY:
                self.domain.destroy()
            case _:
                raise AssertionError(step.call)

    def grow(self, parents: list[int | None]) -> None:
        """A tree of the names s0, s1 and so on; each parent by its number."""
        for number, parent in enumerate(parents):
            if parent is not None and self.current() != f"s{parent}":
                self.do(SetCurrent(self.id, f"s{parent}"))
            self.do(Take(self.id, f"s{number}"))


@pytest.fixture
def machine() -> Iterator[Machine]:
    found = Machine()
    yield found
    found.connection.close()


def named(plan: Plan, kind: EffectKind) -> set[str]:
    return {name for effect in plan.effects if effect.kind is kind for name in effect.names}


@pytest.mark.parametrize("name", NAMES)
def test_any_name_that_a_plan_lets_through_is_taken_described_and_deleted(machine: Machine, name: str) -> None:
    machine.do(Take(machine.id, name, "why\n<&>'\""))
    assert machine.read().snapshots.records[name].description == "why\n<&>'\""
    machine.do(Describe(machine.id, name, "else"))
    assert machine.read().snapshots.records[name].description == "else"
    assert machine.current() == name
    machine.do(Delete(machine.id, (name,)))
    assert machine.parents() == {}


@pytest.mark.parametrize("name", ["a/b", ".a", "a\x01"])
def test_a_name_that_a_plan_refuses_is_refused_by_libvirt(machine: Machine, name: str) -> None:
    plan = make_plan(Take(machine.id, name), machine.read())
    assert not plan.ready
    written = plan.steps[0].xml if plan.steps else f"<domainsnapshot><name>{name}</name></domainsnapshot>"
    try:
        taken = machine.domain.snapshotCreateXML(written)
    except libvirt.libvirtError:
        return
    # Only the drivers that keep snapshots in files mind the first two.
    assert name in ("a/b", ".a")
    taken.delete()


def test_a_name_that_is_taken_is_refused_by_libvirt_too(machine: Machine) -> None:
    machine.do(Take(machine.id, "a"))
    plan = make_plan(Take(machine.id, "a"), machine.read())
    assert not plan.ready
    with pytest.raises(libvirt.libvirtError):
        machine.run(plan.steps[0])


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("seed", range(12))
def test_what_goes_what_moves_up_and_what_is_current_is_as_the_plan_said(
    machine: Machine, scope: Scope, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - shapes of trees, not secrets
    size = random.randint(4, 9)
    machine.grow([None, *(random.randrange(number) for number in range(1, size))])
    machine.do(Revert(machine.id, f"s{random.randrange(size)}"))
    before, current = machine.parents(), machine.current()
    chosen = tuple(random.sample(sorted(before), random.randint(1, 3)))
    request = Delete(machine.id, chosen, scope)
    if not make_plan(request, machine.read()).steps:
        assert scope is Scope.CHILDREN_ONLY
        assert not any(parent in chosen for parent in before.values())
        return
    plan = machine.do(request)
    after = machine.parents()
    assert named(plan, EffectKind.LOSES) == set(before) - set(after)
    moved = {name for name in after if after[name] != before[name]}
    assert named(plan, EffectKind.MOVES) == moved
    for effect in plan.effects:
        if effect.kind is EffectKind.MOVES:
            assert len({after[name] for name in effect.names}) == 1
            assert (f"to “{after[effect.names[0]]}”" in effect.text) == (after[effect.names[0]] is not None)
    marked = [effect for effect in plan.effects if effect.kind is EffectKind.CHANGES]
    assert bool(marked) == (machine.current() != current)
    for effect in marked:
        assert effect.names == (() if machine.current() is None else (machine.current(),))


@pytest.mark.parametrize("run", RunState)
@pytest.mark.parametrize("taken", [PowerAction.RESUME, PowerAction.PAUSE, PowerAction.FORCE_OFF])
@pytest.mark.parametrize("now", [PowerAction.RESUME, PowerAction.PAUSE, PowerAction.FORCE_OFF])
def test_a_revert_ends_in_the_state_that_the_plan_names(
    machine: Machine, taken: PowerAction, now: PowerAction, run: RunState
) -> None:
    for action, name in ((taken, "a"), (now, "b")):
        if machine.read().domain.state is DomainState.SHUT_OFF:
            machine.do(Power(machine.id, PowerAction.START))
        if machine.read().domain.state is DomainState.PAUSED:
            machine.do(Power(machine.id, PowerAction.RESUME))
        if action is not PowerAction.RESUME:
            machine.do(Power(machine.id, action))
        machine.do(Take(machine.id, name))
    was_off = taken is PowerAction.FORCE_OFF
    plan = machine.do(Revert(machine.id, "a", run))
    assert machine.current() == "a"
    assert named(plan, EffectKind.LOSES) == {"b"}
    words = "\n".join(effect.text for effect in plan.effects)
    if was_off and run is not RunState.AS_TAKEN:
        return  # the test driver does not start the machine then, as QEMU's driver does
    found = machine.read().domain.state
    assert ("is off" in words) == (found is DomainState.SHUT_OFF)
    assert ("is paused" in words) == (found is DomainState.PAUSED)
    assert ("machine runs" in words) == (found is DomainState.RUNNING)


def test_the_mark_moves_and_back(machine: Machine) -> None:
    machine.grow([None, 0, 1])
    plan = machine.do(SetCurrent(machine.id, "s0"))
    assert machine.current() == "s0"
    assert plan.undo is not None
    machine.do(plan.undo)
    assert machine.current() == "s2"
    assert machine.parents() == {"s0": None, "s1": "s0", "s2": "s1"}


def test_a_description_by_others_is_not_replaced_unasked(machine: Machine) -> None:
    machine.do(Take(machine.id, "a", "first"))
    machine.do(Describe(machine.id, "a", "by others"))
    late = make_plan(Describe(machine.id, "a", "mine", before=("first",)), machine.read())
    assert [finding.rule for finding in late.findings] == ["overtaken"]
    assert "“by others”" in late.findings[0].reason
    machine.do(Describe(machine.id, "a", "mine", before=("by others",)))
    assert machine.read().snapshots.records["a"].description == "mine"


def test_an_undo_brings_back_what_was(machine: Machine) -> None:
    taken = machine.do(Take(machine.id, "a", "first"))
    described = machine.do(Describe(machine.id, "a", "second"))
    assert described.undo is not None
    machine.do(described.undo)
    assert machine.read().snapshots.records["a"].description == "first"
    assert taken.undo is not None
    machine.do(taken.undo)
    assert machine.parents() == {}


def test_power_does_what_it_says(machine: Machine) -> None:
    states = []
    for action in (PowerAction.PAUSE, PowerAction.RESUME, PowerAction.SHUT_DOWN, PowerAction.START, PowerAction.REBOOT):
        machine.do(Power(machine.id, action))
        states.append(machine.read().domain.state)
    assert all(first is not second for first, second in pairwise(states[:4]))
