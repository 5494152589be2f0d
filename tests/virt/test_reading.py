"""What a host tells, as records. On libvirt's mock driver."""

from collections.abc import Callable, Iterable

import pytest
from testbed.many import mock_host
from testbed.mock import Machine

from snapgui.core.errors import SnapguiError
from snapgui.core.records import DomainId, DomainState, HostState, Mode, SnapshotRecord, SnapshotState
from snapgui.virt import reading
from snapgui.virt.host import Host

Mock = Callable[..., Host]


def read_all(host: Host, machine: Machine, names: Iterable[str]) -> dict[str, SnapshotRecord]:
    return {record.name: record for batch in host.read_snapshots(machine.uuid, list(names)) for record in batch}


def test_a_host_says_what_it_is(mock: Mock) -> None:
    record = mock().read_host()
    assert (record.state, record.driver, record.external_revert) == (HostState.CONNECTED, "TEST", False)
    assert record.hostname
    assert record.libvirt_version >= 9_000_000


def test_a_host_that_is_not_there_is_a_problem_that_names_it() -> None:
    with pytest.raises(SnapguiError) as caught:
        Host.open("qemu+unix:///session?socket=/nowhere/libvirt-sock", lambda _: None)
    assert "/nowhere/libvirt-sock" in caught.value.problem.tried
    assert caught.value.problem.why
    assert caught.value.problem.raw


def test_a_driver_that_libvirt_does_not_know_is_told_as_such() -> None:
    with pytest.raises(SnapguiError) as caught:
        Host.open("foo:///", lambda _: None)
    assert "foo" in caught.value.problem.why
    assert "driver" in caught.value.problem.why


def test_machines_are_listed_with_state_and_number_of_snapshots(mock: Mock) -> None:
    machines = [Machine("runs", title="The <books>"), Machine("stands", state=3), Machine("is off", state=5)]
    machines[1].snapshot("a")
    machines[1].snapshot("b", parent="a")
    host = mock(*machines)
    found = {record.name: record for record in host.list_domains()}
    assert {name: (record.state, record.snapshot_count) for name, record in found.items()} == {
        "runs": (DomainState.RUNNING, 0),
        "stands": (DomainState.PAUSED, 2),
        "is off": (DomainState.SHUT_OFF, 0),
    }
    assert (found["runs"].title, found["stands"].title) == ("The <books>", "")
    assert found["stands"].id == DomainId(host.uri, machines[1].uuid)
    assert all(record.persistent and not record.managed_save for record in found.values())
    for record in found.values():
        assert host.read_domain(record.id.uuid) == record


def test_a_machine_that_is_gone_is_none(mock: Mock) -> None:
    assert mock().read_domain(Machine("never").uuid) is None


def test_a_host_without_machines_lists_none(mock: Mock) -> None:
    assert mock().list_domains() == ()


def test_snapshots_are_listed_with_the_current_one(mock: Mock) -> None:
    machine = Machine("m")
    for name in ("a", "b", "c"):
        machine.snapshot(name)
    machine.current = "b"
    listing = mock(machine).list_snapshots(machine.uuid)
    assert (sorted(listing.names), listing.current) == (["a", "b", "c"], "b")


def test_no_snapshot_need_be_the_current_one(mock: Mock) -> None:
    machine = Machine("m")
    machine.snapshot("a")
    machine.current = None
    listing = mock(machine, empty := Machine("empty")).list_snapshots(machine.uuid)
    assert (listing.names, listing.current) == (("a",), None)
    assert empty.snapshots == {}


def test_snapshots_are_read_as_they_were_taken(mock: Mock) -> None:
    machine = Machine("m", disks=["/a.qcow2"])
    machine.snapshot("root", state="shutoff", memory="no")
    machine.snapshot("leaf", parent="root")
    host = mock(machine)
    found = read_all(host, machine, host.list_snapshots(machine.uuid).names)
    assert (found["root"].parent, found["root"].state, found["root"].memory) == (None, SnapshotState.SHUT_OFF, Mode.NO)
    assert (found["leaf"].parent, found["leaf"].memory) == ("root", Mode.INTERNAL)
    assert (found["leaf"].created, found["leaf"].description) == (1_700_000_001, "about leaf")


def test_snapshots_can_be_read_that_were_not_listed(mock: Mock) -> None:
    machine = Machine("m")
    machine.snapshot("a")
    assert set(read_all(mock(machine), machine, ["a"])) == {"a"}


def test_snapshots_that_are_gone_are_left_out(mock: Mock) -> None:
    machine = Machine("m")
    machine.snapshot("a")
    assert set(read_all(mock(machine), machine, ["gone", "a"])) == {"a"}


def test_reading_no_snapshots_of_no_machine_is_nothing(mock: Mock) -> None:
    assert list(mock().read_snapshots(Machine("never").uuid, [])) == []


@pytest.mark.parametrize("name", ["<b>x</b>", 'a "quoted" & b', "日本 🦊", "\u202egnirts", "x" * 255, " spaces "])
def test_any_name_comes_through(mock: Mock, name: str) -> None:
    machine = Machine("m")
    machine.snapshot(name)
    host = mock(machine)
    assert host.list_snapshots(machine.uuid).names == (name,)
    assert set(read_all(host, machine, [name])) == {name}
    assert "<domainsnapshot>" in host.snapshot_xml(machine.uuid, name)
    assert "<domainsnapshot>" in host.snapshot_xml(machine.uuid, name, secure=True)


def test_unreadable_xml_costs_one_row_with_a_reason() -> None:
    record = reading.record_of("a", "<domainsnapshot><name>a")
    assert record.name == "a"
    assert record.problem is not None
    assert record.problem.why
    assert record.problem.raw == "<domainsnapshot><name>a"


def test_the_name_that_libvirt_lists_counts_where_the_xml_says_another() -> None:
    assert reading.record_of("a\r", "<domainsnapshot><name>a\n</name></domainsnapshot>").name == "a\r"


def test_a_thousand_snapshots_come_whole_and_in_batches(connect: Callable[[str], Host], tmp_path: object) -> None:
    host = connect(mock_host(tmp_path, 1000))
    (machine,) = host.list_domains()
    names = host.list_snapshots(machine.id.uuid).names
    batches = list(host.read_snapshots(machine.id.uuid, names))
    assert sorted(record.name for batch in batches for record in batch) == sorted(names)
    assert len(batches) > 10


def test_a_machine_says_what_it_is_made_of(mock: Mock) -> None:
    machine = Machine("m", disks=["/a.qcow2", "/b.qcow2"])
    config = mock(machine).read_config(machine.uuid)
    assert [(disk.target, disk.source, disk.format) for disk in config.disks] == [
        ("vda", "/a.qcow2", "qcow2"),
        ("vdb", "/b.qcow2", "qcow2"),
    ]
    assert config.memory == 65536


def test_what_is_asked_of_a_machine_that_is_gone_is_a_problem(mock: Mock) -> None:
    host = mock()
    for ask in (host.read_config, host.list_snapshots, host.screenshot):
        with pytest.raises(SnapguiError) as caught:
            ask(Machine("never").uuid)
        assert caught.value.problem.code == 42


def test_a_picture_of_the_screen_is_an_image_file(mock: Mock) -> None:
    machine = Machine("m")
    assert mock(machine).screenshot(machine.uuid).startswith(b"\x89PNG")


def test_a_closed_host_refuses_and_can_be_closed_again(mock: Mock) -> None:
    host = mock()
    host.close()
    host.close()
    with pytest.raises(SnapguiError, match="has been closed"):
        host.list_domains()
