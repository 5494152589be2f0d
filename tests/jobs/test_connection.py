"""The store follows its hosts: their machines, their snapshots, and what others change."""

import time

import libvirt
import pytest
from testbed.stage import URI, Stage

from snapgui.core.records import DomainState, HostState, Size, SnapshotRecord
from snapgui.jobs.backend import Backend
from snapgui.models.store import Store
from snapgui.virt.host import Host

_SECOND = 1000
_MACHINE = "<domain type='test'><name>new</name><memory>1024</memory><os><type>hvm</type></os></domain>"


def test_a_connected_host_tells_its_name_and_lists_its_machines(stage: Stage):
    host = stage.store.host("test:///default")
    assert host is not None
    assert host.state is HostState.CONNECTED
    assert host.driver == "TEST"
    (machine,) = stage.store.domains("test:///default")
    assert (machine.name, machine.state, machine.snapshot_count) == ("test", DomainState.RUNNING, 0)


def test_a_host_that_cannot_be_reached_stays_as_a_row_with_the_reason(qtbot, tmp_path):
    store = Store()
    backend = Backend(store, tmp_path)
    uri = "qemu+unix:///system?socket=/nowhere/libvirt-sock"
    backend.hosts.connect_host(uri)
    qtbot.waitUntil(lambda: store.host(uri).state is HostState.FAILED)
    problem = store.host(uri).problem
    assert problem.why
    assert problem.remedy
    assert "/nowhere/libvirt-sock" in problem.raw
    backend.close()


def test_a_machine_follows_within_a_second_when_it_appears_stops_and_goes(qtbot, stage: Stage):
    new = stage.other.defineXML(_MACHINE)

    def states() -> dict[str, DomainState]:
        return {record.name: record.state for record in stage.store.domains("test:///default")}

    qtbot.waitUntil(lambda: states().get("new") is DomainState.SHUT_OFF, timeout=_SECOND)
    new.create()
    qtbot.waitUntil(lambda: states()["new"] is DomainState.RUNNING, timeout=_SECOND)
    new.suspend()
    qtbot.waitUntil(lambda: states()["new"] is DomainState.PAUSED, timeout=_SECOND)
    new.destroy()
    qtbot.waitUntil(lambda: states()["new"] is DomainState.SHUT_OFF, timeout=_SECOND)
    new.undefine()
    qtbot.waitUntil(lambda: "new" not in states(), timeout=_SECOND)


def test_what_others_take_and_delete_shows_within_two_seconds_while_the_machine_is_watched(qtbot, stage: Stage):
    stage.backend.hosts.watch(stage.domain)
    qtbot.waitUntil(lambda: stage.store.snapshots_known(stage.domain))
    stage.take("a")
    stage.take("b")
    stage.take("c")
    qtbot.waitUntil(lambda: stage.names() == {"a", "b", "c"}, timeout=2 * _SECOND)
    qtbot.waitUntil(lambda: all(r.complete for r in stage.store.snapshots(stage.domain).records.values()))
    assert stage.store.snapshots(stage.domain).current == "c"
    assert stage.store.domain(stage.domain).snapshot_count == 3
    stage.others.snapshotLookupByName("b").delete()
    qtbot.waitUntil(lambda: stage.names() == {"a", "c"}, timeout=2 * _SECOND)
    assert stage.store.snapshots(stage.domain).records["c"].parent == "a", "a child that moved up names its new parent"


def test_an_edit_by_somebody_else_shows_once_the_snapshots_xml_is_looked_at(qtbot, stage: Stage):
    stage.take("a")
    stage.backend.hosts.watch(stage.domain)
    qtbot.waitUntil(lambda: stage.names() == {"a"})
    qtbot.waitUntil(lambda: stage.store.snapshots(stage.domain).records["a"].complete)
    xml = stage.others.snapshotLookupByName("a").getXMLDesc()
    edited = xml.replace("<name>a</name>", "<name>a</name><description>edited</description>")
    stage.others.snapshotCreateXML(edited, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
    seen = []
    stage.backend.hosts.read_xml(stage.domain, "a", seen.append, seen.append)
    qtbot.waitUntil(lambda: bool(seen))
    assert "edited" in seen[0]
    qtbot.waitUntil(lambda: stage.store.snapshots(stage.domain).records["a"].description == "edited")


def test_a_survey_brings_what_a_plan_needs(qtbot, stage: Stage):
    stage.take("a")
    stage.backend.hosts.refresh(stage.domain)
    qtbot.waitUntil(lambda: stage.names() == {"a"})
    found = []
    stage.backend.hosts.survey(stage.domain, ("a",), found.append, found.append)
    qtbot.waitUntil(lambda: bool(found))
    (situation,) = found
    assert situation.config.memory == 8 * 1024 * 1024
    assert situation.host.driver == "TEST"
    assert "<name>a</name>" in situation.snapshot_xml["a"]
    assert set(situation.snapshots.records) == {"a"}


def test_a_survey_of_a_machine_that_is_gone_says_so(qtbot, stage: Stage):
    new = stage.other.defineXML(_MACHINE)
    domain = stage.domain._replace(uuid=new.UUIDString())
    new.undefine()
    found = []
    stage.backend.hosts.survey(domain, (), found.append, found.append)
    qtbot.waitUntil(lambda: bool(found))
    assert "not exist" in found[0].why


def test_a_disconnected_host_leaves_the_store(stage: Stage):
    stage.backend.hosts.disconnect_host("test:///default")
    assert stage.store.hosts() == ()
    assert stage.store.domains("test:///default") == ()


def test_a_size_that_cannot_be_known_says_why(qtbot, stage: Stage):
    stage.take("a")
    stage.backend.hosts.watch(stage.domain)
    qtbot.waitUntil(lambda: "a" in stage.store.sizes(stage.domain))
    size = stage.store.sizes(stage.domain)["a"]
    assert size.bytes is None
    assert size.why
    deadline = time.monotonic() + 0.1
    while time.monotonic() < deadline:
        qtbot.wait(10)
    assert stage.store.sizes(stage.domain)["a"] == size


def test_refresh_reads_machines_edits_and_sizes_anew(qtbot, stage: Stage, monkeypatch: pytest.MonkeyPatch):
    sizes = iter((1, 2))

    def measured(_host: Host, _uuid: str, records: tuple[SnapshotRecord, ...]) -> dict[str, Size]:
        size = next(sizes)
        return {record.name: Size(size) for record in records}

    monkeypatch.setattr(Host, "memory_sizes", measured)
    stage.take("a")
    stage.backend.hosts.watch(stage.domain)
    qtbot.waitUntil(lambda: stage.store.sizes(stage.domain) == {"a": Size(1)})
    xml = stage.others.snapshotLookupByName("a").getXMLDesc()
    xml = xml.replace("<state>", "<description>edited</description><state>")
    stage.others.snapshotCreateXML(xml, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
    with qtbot.waitSignal(stage.backend.hosts.refreshed) as told:
        stage.backend.hosts.refresh_host(URI)
    assert told.args == [URI]
    qtbot.waitUntil(lambda: stage.store.sizes(stage.domain) == {"a": Size(2)})
    assert stage.store.snapshots(stage.domain).records["a"].description == "edited"


def test_refresh_connects_to_a_host_that_failed(qtbot, tmp_path):
    path = tmp_path / "world.xml"
    store = Store()
    backend = Backend(store, tmp_path)
    uri = f"test://{path}"
    backend.hosts.connect_host(uri)
    qtbot.waitUntil(lambda: store.host(uri).state is HostState.FAILED)
    path.write_text(f"<node>{_MACHINE}</node>")
    backend.hosts.refresh_host(uri)
    qtbot.waitUntil(lambda: [record.name for record in store.domains(uri)] == ["new"])
    backend.close()
