"""Redefining, renaming and importing on a real libvirt: what a plan lets through works, and nothing is lost by it."""

import posixpath
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from testbed.daemon import Daemon

from snapgui.core.errors import SnapguiError
from snapgui.core.plan import Call, Level, Plan, Step
from snapgui.core.records import DomainId, Mode, Situation, Snapshots
from snapgui.core.requests import Describe, Import, Redefine, Rename, Request
from snapgui.core.rules import make_plan
from snapgui.core.virsh import script
from snapgui.core.xml.fault import libvirt_fault
from snapgui.virt.host import Host

_DOMAIN = """\
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>16</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/>
    </disk>
    <graphics type='vnc' autoport='yes' listen='127.0.0.1' passwd='s3cr3t'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""


class Machine:
    """A machine of the daemon, read as the application reads one."""

    def __init__(self, daemon: Daemon, host: Host, name: str) -> None:
        self.daemon, self.host, self.name = daemon, host, name
        self.id = DomainId(host.uri, daemon.virsh("domuuid", name))

    def read(self) -> Situation:
        uuid = self.id.uuid
        record = self.host.read_domain(uuid)
        assert record is not None
        listed = self.host.list_snapshots(uuid)
        records = {each.name: each for batch in self.host.read_snapshots(uuid, listed.names) for each in batch}
        config = self.host.read_config(uuid)
        return Situation(
            self.host.read_host(),
            record,
            Snapshots(records, listed.current),
            config,
            image_tags=self.host.image_tags(config),
            folders=self.host.folders([posixpath.dirname(disk.source) for disk in config.disks]),
            snapshot_xml={name: self.xml(name) for name in listed.names},
        )

    def xml(self, name: str) -> str:
        return self.host.snapshot_xml(self.id.uuid, name, secure=True)

    def xmls(self) -> dict[str, str]:
        return {name: self.xml(name) for name in self.host.list_snapshots(self.id.uuid).names}

    def plan(self, request: Request) -> Plan:
        return make_plan(request, self.read())  # type: ignore[arg-type]  # of one machine

    def do(self, request: Request) -> Plan:
        plan = self.plan(request)
        assert plan.ready, plan.findings
        for step in plan.steps:
            self.host.run(step)
        return plan

    def snapshot(self, name: str, *options: str) -> None:
        self.daemon.virsh("snapshot-create-as", self.name, name, *options)

    def outside(self, name: str, *, memory: bool) -> None:
        """Take an external snapshot."""
        path = self.daemon.images / f"{self.name}-{name}.mem"
        kind = ["--memspec", str(path)] if memory else ["--disk-only"]
        self.snapshot(name, "--diskspec", "vda,snapshot=external", *kind)

    def tree(self) -> tuple[dict[str, str], str | None]:
        return self.daemon.parents(self.name), self.host.list_snapshots(self.id.uuid).current


@pytest.fixture
def make_machine(daemon: Daemon, connect: Callable[[str], Host]) -> Iterator[Callable[[str], Machine]]:
    made: list[str] = []

    def make(name: str) -> Machine:
        disk = daemon.images / f"{name}.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "8M"], check=True)
        daemon.hand_over(disk)
        daemon.define(_DOMAIN.format(name=name, disk=disk))
        made.append(name)
        return Machine(daemon, connect(daemon.uri), name)

    yield make
    for name in made:
        daemon.remove(name)
        for path in daemon.images.glob(f"{name}*"):
            path.unlink()


@pytest.fixture
def machine(make_machine: Callable[[str], Machine]) -> Machine:
    return make_machine("edited")


def test_a_changed_xml_is_kept_and_so_are_password_and_mark(machine: Machine) -> None:
    for name in ("one", "two", "three"):
        machine.snapshot(name)
    before = machine.xml("two")
    assert "s3cr3t" in before
    wanted = before.replace("<state>", "<description>why &amp; how</description>\n<state>")
    plan = machine.do(Redefine(machine.id, "two", wanted, base=before, validate=True))
    assert machine.read().snapshots.records["two"].description == "why & how"
    assert "s3cr3t" in machine.xml("two")
    assert machine.tree() == ({"one": "", "two": "one", "three": "two"}, "three")
    assert plan.undo is not None
    machine.do(replace(plan.undo, base=machine.xml("two")))  # type: ignore[type-var]  # a Redefine
    assert machine.xml("two") == before
    machine.do(Describe(machine.id, "two", "else"))
    assert "s3cr3t" in machine.xml("two")


def test_the_script_of_a_redefinition_does_the_same(machine: Machine) -> None:
    machine.snapshot("one")
    wanted = machine.xml("one").replace("<state>", '<description>it\'s "$HOME"</description>\n<state>')
    plan = machine.plan(Redefine(machine.id, "one", wanted))
    subprocess.run(["sh", "-c", script(plan)], check=True, capture_output=True)
    assert machine.read().snapshots.records["one"].description == 'it\'s "$HOME"'
    assert "s3cr3t" in machine.xml("one")


_CHANGES = {
    "name": (r"<name>two</name>", "<name>zwei</name>"),
    "tag": (r"<name>two</name>", "<name>two</nam>"),
    "uuid": (r"<uuid>..", "<uuid>ff"),
    "machine": (r"<name>edited</name>", "<name>other</name>"),
    "state online": (r"<state>shutoff", "<state>running"),
    "state disk-only": (r"<state>shutoff", "<state>disk-snapshot"),
    "state unknown": (r"<state>shutoff", "<state>bogus"),
    "no state": (r"<state>shutoff</state>", ""),
    "no time": (r"<creationTime>.*?</creationTime>", ""),
    "parent unknown": (r"<name>one</name>", "<name>nope</name>"),
    "parent itself": (r"<name>one</name>", "<name>two</name>"),
    "parent below": (r"<name>one</name>", "<name>three</name>"),
    "memory": (r"<memory snapshot='no'/>", "<memory snapshot='internal'/>"),
    "root": (r"domainsnapshot>", "snapshot>"),
}


@pytest.mark.parametrize("what", _CHANGES)
def test_what_the_plan_refuses_libvirt_refuses_too(machine: Machine, what: str) -> None:
    for name in ("one", "two", "three"):
        machine.snapshot(name)
    before, tree = machine.xmls(), machine.tree()
    wanted = re.sub(*_CHANGES[what], before["two"])
    assert wanted != before["two"]
    refused = machine.plan(Redefine(machine.id, "two", wanted))
    assert any(each.level is Level.BLOCKER for each in refused.findings)
    if what == "name":  # libvirt makes another snapshot of it, of which there is no data
        return
    step = machine.plan(Describe(machine.id, "two", "x")).steps[0]
    with pytest.raises(SnapguiError):
        machine.host.run(replace(step, xml=wanted))
    assert (machine.xmls(), machine.tree()) == (before, tree)


def test_what_only_libvirt_knows_is_told_in_its_words_and_nothing_changes(machine: Machine) -> None:
    machine.snapshot("one")
    before = machine.xml("one")
    unknown = before.replace("<state>", "<bogus/><state>")
    plan = machine.plan(Redefine(machine.id, "one", unknown, validate=True))
    assert plan.ready
    with pytest.raises(SnapguiError) as caught:
        machine.host.run(plan.steps[0])
    assert "bogus" in caught.value.problem.raw
    with pytest.raises(SnapguiError) as caught:
        machine.host.run(replace(plan.steps[0], xml="<domainsnapshot>\n<name>\n</domainsnapshot>"))
    assert libvirt_fault(caught.value.problem.raw).line == 3
    other_memory = re.sub(r"<memory unit='KiB'>\d+", "<memory unit='KiB'>32768", before)
    with pytest.raises(SnapguiError) as caught:
        machine.host.run(machine.plan(Redefine(machine.id, "one", other_memory)).steps[0])
    assert "32768" in caught.value.problem.raw
    assert machine.xml("one") == before


@pytest.mark.parametrize("running", [False, True])
def test_a_renamed_external_snapshot_is_reverted_to_and_deleted_like_any_other(
    machine: Machine, *, running: bool
) -> None:
    if not machine.host.read_host().external_revert:
        pytest.skip("this libvirt can't revert to external snapshots")
    if running:
        machine.daemon.virsh("start", machine.name)
    for name in ("one", "two", "three"):
        machine.outside(name, memory=running)
    before = machine.xmls()
    machine.do(Rename(machine.id, "two", "zwei Wörter"))
    assert machine.tree() == ({"one": "", "zwei Wörter": "one", "three": "zwei Wörter"}, "three")
    assert machine.xml("zwei Wörter") == before["two"].replace("<name>two<", "<name>zwei Wörter<")
    machine.do(Rename(machine.id, "three", "-3"))
    assert machine.tree() == ({"one": "", "zwei Wörter": "one", "-3": "zwei Wörter"}, "-3")
    virsh = machine.daemon.virsh
    virsh("snapshot-revert", machine.name, "zwei Wörter")
    machine.do(Rename(machine.id, "zwei Wörter", "two"))  # the files of the revert are noted in it
    machine.outside("four", memory=running)
    machine.do(Rename(machine.id, "two", "2b"))
    assert machine.tree() == ({"one": "", "2b": "one", "-3": "2b", "four": "2b"}, "four")
    for name in ("four", "-3", "2b", "one"):
        virsh("snapshot-delete", machine.name, f"--snapshotname={name}")
    assert machine.tree() == ({}, None)
    assert "s3cr3t" in virsh("dumpxml", machine.name, "--security-info")


def test_the_script_of_a_renaming_does_the_same(machine: Machine) -> None:
    for name in ("one", "two", "three"):
        machine.outside(name, memory=False)
    plan = machine.plan(Rename(machine.id, "three", "it's"))
    subprocess.run(["sh", "-c", script(plan)], check=True, capture_output=True)
    plan = machine.plan(Rename(machine.id, "one", "first"))
    subprocess.run(["sh", "-c", script(plan)], check=True, capture_output=True)
    assert machine.tree() == ({"first": "", "two": "first", "it's": "two"}, "it's")


def test_an_internal_snapshot_is_not_renamed_for_its_revert_would_fail(machine: Machine) -> None:
    machine.snapshot("one")
    plan = machine.plan(Rename(machine.id, "one", "eins"))
    assert [each.rule for each in plan.findings] == ["rename-internal"]
    record = machine.read().snapshots.records["one"]
    assert Mode.INTERNAL in {disk.mode for disk in record.disks}
    # What the rule rests on: libvirt itself would take it, and then not find the data.
    xml = machine.xml("one").replace("<name>one<", "<name>eins<")
    machine.host.run(replace(machine.plan(Describe(machine.id, "one", "x")).steps[0], snapshot="eins", xml=xml))
    with pytest.raises(SnapguiError):
        machine.host.run(_revert(machine, "eins"))


def _revert(machine: Machine, name: str) -> Step:
    return Step(Call.SNAPSHOT_REVERT, machine.id, machine.name, name)


def test_a_tree_that_was_taken_away_comes_back_from_its_xml(machine: Machine) -> None:
    virsh = machine.daemon.virsh
    for name in ("z root", "a child", "m grandchild"):  # by name, children come before their parents
        machine.snapshot(name)
    virsh("snapshot-revert", machine.name, "z root")
    machine.snapshot("branch")
    virsh("snapshot-revert", machine.name, "a child")
    before, tree = machine.xmls(), machine.tree()
    for name in before:
        virsh("snapshot-delete", machine.name, f"--snapshotname={name}", "--metadata")
    assert machine.tree() == ({}, None)
    texts = tuple(before[name] for name in sorted(before))
    plan = machine.do(Import(machine.id, texts, current="a child"))
    assert not plan.findings, "all data is there"
    assert (machine.xmls(), machine.tree()) == (before, tree)
    virsh("snapshot-revert", machine.name, "m grandchild")


def test_the_script_of_an_import_does_the_same(machine: Machine) -> None:
    for name in ("it's", "a child", "last"):
        machine.snapshot(name)
    before, tree = machine.xmls(), machine.tree()
    for name in before:
        machine.daemon.virsh("snapshot-delete", machine.name, f"--snapshotname={name}", "--metadata")
    plan = machine.plan(Import(machine.id, tuple(before.values()), current="last"))
    subprocess.run(["sh", "-c", script(plan)], check=True, capture_output=True)
    assert (machine.xmls(), machine.tree()) == (before, tree)


def test_an_import_that_fails_in_the_middle_leaves_nothing(machine: Machine) -> None:
    for name in ("one", "two"):
        machine.snapshot(name)
    before = machine.xmls()
    for name in before:
        machine.daemon.virsh("snapshot-delete", machine.name, f"--snapshotname={name}", "--metadata")
    bad = before["two"].replace("<disk name='vda' snapshot='internal'/>", "<disk name='vdz' snapshot='internal'/>")
    plan = machine.plan(Import(machine.id, (bad, before["one"])))
    assert plan.ready
    machine.host.run(plan.steps[0])
    with pytest.raises(SnapguiError):
        machine.host.run(plan.steps[1])
    assert plan.steps[0].undone_by is not None
    machine.host.run(plan.steps[0].undone_by)
    assert machine.tree() == ({}, None)


def test_an_import_warns_of_data_that_is_gone(machine: Machine) -> None:
    machine.snapshot("inside")
    machine.outside("outside", memory=False)
    before = machine.xmls()
    path = Path(machine.daemon.images / f"{machine.name}.outside")
    assert path.exists()
    for name in before:
        machine.daemon.virsh("snapshot-delete", machine.name, f"--snapshotname={name}", "--metadata")
    original = machine.daemon.images / f"{machine.name}.qcow2"
    subprocess.run(["qemu-img", "snapshot", "-d", "inside", original], check=True)
    plan = machine.plan(Import(machine.id, tuple(before.values()), sources=tuple(before)))
    assert [each.rule for each in plan.findings] == ["file-data"]
    assert plan.findings[0].subject == "inside"
    other = before["outside"].replace(original.name, f"{machine.name}.gone")
    plan = machine.plan(Import(machine.id, (before["inside"], other), sources=("inside", "outside")))
    assert {each.subject for each in plan.findings} == {"inside", "outside"}


def test_a_snapshot_of_another_machine_is_refused_by_libvirt_too(
    machine: Machine, make_machine: Callable[[str], Machine]
) -> None:
    other = make_machine("other")
    other.snapshot("one")
    text = other.xml("one")
    plan = machine.plan(Import(machine.id, (text,), sources=("one.xml",)))
    assert [each.rule for each in plan.findings] == ["file-machine"]
    with pytest.raises(SnapguiError):
        machine.host.run(replace(other.plan(Describe(other.id, "one", "x")).steps[0], domain=machine.id))
    assert machine.tree() == ({}, None)
