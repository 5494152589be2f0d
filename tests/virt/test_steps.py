"""Steps of plans run on a host, and what it tells meanwhile. On libvirt's mock driver."""

import time
from collections.abc import Callable

import pytest
from testbed.heard import Events
from testbed.mock import Machine

from snapgui.core.errors import SnapguiError
from snapgui.core.plan import Call, CreateFlag, DeleteFlag, RevertFlag, Step
from snapgui.core.records import DomainId, DomainState
from snapgui.virt.host import Host

Mock = Callable[..., Host]


def run(host: Host, machine: Machine, call: Call, snapshot: str = "", *, xml: str = "", flags: int = 0) -> None:
    host.run(Step(call, DomainId(host.uri, machine.uuid), machine.name, snapshot, xml, flags))


def state(host: Host, machine: Machine) -> DomainState:
    record = host.read_domain(machine.uuid)
    assert record is not None
    return record.state


def test_a_snapshot_is_taken_reverted_to_and_deleted(mock: Mock) -> None:
    machine = Machine("m")
    host = mock(machine)
    run(host, machine, Call.SNAPSHOT_CREATE, "a", xml="<domainsnapshot><name>a</name></domainsnapshot>")
    assert host.list_snapshots(machine.uuid).current == "a"
    run(host, machine, Call.DESTROY)
    run(host, machine, Call.SNAPSHOT_REVERT, "a", flags=RevertFlag.PAUSED)
    assert state(host, machine) is DomainState.PAUSED
    run(host, machine, Call.SNAPSHOT_DELETE, "a")
    assert host.list_snapshots(machine.uuid).names == ()


def test_flags_reach_libvirt(mock: Mock) -> None:
    machine = Machine("m")
    for name, parent in (("a", ""), ("b", "a"), ("c", "b")):
        machine.snapshot(name, parent=parent)
    host = mock(machine)
    run(host, machine, Call.SNAPSHOT_DELETE, "b", flags=DeleteFlag.CHILDREN)
    assert host.list_snapshots(machine.uuid).names == ("a",)


def test_a_machine_is_started_paused_resumed_rebooted_and_stopped(mock: Mock) -> None:
    machine = Machine("m", state=5)
    host = mock(machine)
    for call, expected in (
        (Call.CREATE, DomainState.RUNNING),
        (Call.SUSPEND, DomainState.PAUSED),
        (Call.RESUME, DomainState.RUNNING),
        (Call.SHUTDOWN, DomainState.SHUT_OFF),
        (Call.CREATE, DomainState.RUNNING),
        (Call.DESTROY, DomainState.SHUT_OFF),
    ):
        run(host, machine, call)
        assert state(host, machine) is expected


@pytest.mark.parametrize(
    ("call", "snapshot", "flags", "words"),
    [
        (Call.SNAPSHOT_CREATE, "a", 0, "Taking the snapshot “a” of m"),
        (Call.SNAPSHOT_CREATE, "a", CreateFlag.REDEFINE, "Changing the snapshot “a” of m"),
        (Call.SNAPSHOT_REVERT, "a", 0, "Reverting m to the snapshot “a”"),
        (Call.SNAPSHOT_DELETE, "a", 0, "Deleting the snapshot “a” of m"),
        (Call.MANAGED_SAVE_REMOVE, "", 0, "Removing the saved state of m"),
        (Call.CREATE, "", 0, "Starting m"),
        (Call.RESUME, "", 0, "Resuming m"),
        (Call.SUSPEND, "", 0, "Pausing m"),
        (Call.SHUTDOWN, "", 0, "Shutting down m"),
        (Call.REBOOT, "", 0, "Rebooting m"),
        (Call.DESTROY, "", 0, "Forcing m off"),
    ],
)
def test_a_step_that_fails_says_what_was_tried(mock: Mock, call: Call, snapshot: str, flags: int, words: str) -> None:
    with pytest.raises(SnapguiError) as caught:
        run(mock(), Machine("m"), call, snapshot, flags=flags)
    assert (caught.value.problem.tried, caught.value.problem.code) == (words, 42)


def test_events_tell_what_happens_to_a_machine(mock: Mock, events: Events) -> None:
    machine = Machine("m", state=5)
    host = mock(machine)
    before = time.time()
    for call, event in ((Call.CREATE, "started"), (Call.SUSPEND, "suspended"), (Call.RESUME, "resumed")):
        run(host, machine, call)
        told = events.wait_for(lambda told, event=event: told.event == event)
        assert told.id == DomainId(host.uri, machine.uuid)
        assert before <= told.at <= time.time()
    run(host, machine, Call.DESTROY)
    events.wait_for(lambda told: told.event == "stopped")


def test_nothing_is_told_after_close(events: Events, connect: Callable[[str], Host]) -> None:
    # The machines of test:///default are one world for all connections of a process.
    first, second = connect("test:///default"), connect("test:///default")
    (record,) = first.list_domains()
    machine = Machine(record.name, uuid=record.id.uuid)
    first.close()
    run(second, machine, Call.SUSPEND)
    run(second, machine, Call.RESUME)
    events.wait_for(lambda told: told.event == "resumed")
    assert [told.event for told in events] == ["suspended", "resumed"]


def test_a_listener_that_fails_does_not_end_the_events() -> None:
    heard: list[str] = []

    def listen(event: object) -> None:
        heard.append(event.event)
        raise ValueError("from a listener")

    host = Host.open("test:///default", listen)
    try:
        (record,) = host.list_domains()
        machine = Machine(record.name, uuid=record.id.uuid)
        run(host, machine, Call.SUSPEND)
        run(host, machine, Call.RESUME)
        deadline = time.monotonic() + 5
        while len(heard) < 2 and time.monotonic() < deadline:
            time.sleep(0.005)
    finally:
        host.close()
    assert heard == ["suspended", "resumed"]
