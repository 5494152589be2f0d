"""New machines from snapshots: what is copied or linked, what the new one has of its own, what stands against it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core.plan import Call, Level, Plan
from snapgui.core.records import (
    DomainState,
    Folder,
    Layer,
    Mode,
    Prepared,
    Situation,
    SnapshotDisk,
    SnapshotRecord,
    SnapshotState,
)
from snapgui.core.requests import Clone
from snapgui.core.rules import make_plan
from snapgui.core.usage import NOW, Held, ImageUsage, Usage
from snapgui.core.xml.read import read_domain

MakeSituation = Callable[..., Situation]
_BASE, _NVRAM = "/images/base.qcow2", "/nvram/pisces_VARS.fd"
_DISK = (
    "<disk type='file' device='disk'><driver name='qemu' type='{1}'/><source file='{0}'/><target dev='{2}'/></disk>"
    "<interface type='user'><mac address='52:54:00:00:00:01'/></interface>"
)
_FIRMWARE = f"<os><loader type='pflash'>/code</loader><nvram>{_NVRAM}</nvram></os>"


def _xml(name: str, mode: str, devices: str, rest: str = "") -> str:
    return (
        f"<domainsnapshot><name>{name}</name><state>shutoff</state><creationTime>1</creationTime>"
        f"<disks><disk name='vda' snapshot='{mode}'/></disks>"
        f"<domain type='kvm'><name>pisces</name><uuid>u</uuid>{rest}<devices>{devices}</devices></domain>"
        "</domainsnapshot>"
    )


@pytest.fixture
def read(situation: MakeSituation) -> Callable[..., Situation]:
    """pisces with the snapshot “s” of disk vda, and everything around it read."""

    def build(
        mode: Mode = Mode.INTERNAL, devices: str = "", rest: str = "", form: str = "qcow2", **changes: Any
    ) -> Situation:
        inside = mode is Mode.INTERNAL
        memory = mode if changes.pop("memory", False) else Mode.NO
        state = SnapshotState.SHUT_OFF if memory is Mode.NO else SnapshotState.RUNNING
        record = SnapshotRecord("s", state=state, memory=memory, created=1, disks=(SnapshotDisk("vda", mode),))
        image = "/images/vda.qcow2" if inside else _BASE
        xml = _xml("s", mode.value, _DISK.format(image, form, "vda") + devices, rest)
        tags = frozenset("s") if inside else frozenset()
        found = {
            "prepared": {image: Prepared(form, tags=tags, size=1 << 30, near=True), _NVRAM: Prepared("", near=True)},
            "folders": {"/images": Folder(1 << 40, frozenset(), writable=True), "/nvram": Folder(1, frozenset())},
            "snapshot_xml": {"s": xml},
            "machines": frozenset({"pisces", "taurus"}),
        }
        return situation(record, **{**found, **changes})

    return build


def _plan(situation: Situation, name: str = "virgo", **changes: Any) -> Plan:
    return make_plan(Clone(situation.domain.id, "s", name, **changes), situation)


def _rules(plan: Plan, level: Level | None = Level.BLOCKER) -> list[str]:
    return [finding.rule for finding in plan.findings if level in (None, finding.level)]


def test_an_internal_snapshot_is_copied_out_of_its_image(read: MakeSituation) -> None:
    plan = _plan(read())
    copy, define = plan.steps
    assert copy.program[:4] == ("qemu-img", "convert", "-p", "-f")
    assert "snapshot.name=s" in copy.program
    assert copy.program[-2:] == ("/images/vda.qcow2", "/images/virgo.qcow2")
    assert copy.undone_by is not None
    assert (copy.undone_by.call, copy.undone_by.path) == (Call.REMOVE, "/images/virgo.qcow2")
    assert (define.call, define.domain_name) == (Call.DEFINE_NEW, "virgo")
    assert [disk.source for disk in read_domain(define.xml).disks] == ["/images/virgo.qcow2"]
    assert "<uuid>" not in define.xml
    assert "<mac" not in define.xml
    assert plan.ready


def test_an_external_one_is_copied_from_the_image_below_or_linked_to_it(read: MakeSituation) -> None:
    situation = read(Mode.EXTERNAL, form="raw")
    copy, _ = _plan(situation).steps
    assert copy.program == ("qemu-img", "convert", "-p", "-f", "raw", "-O", "qcow2", _BASE, "/images/virgo.qcow2")
    plan = _plan(situation, linked=True)
    link, define = plan.steps
    create = ("qemu-img", "create", "-q", "-f", "qcow2", "-b", _BASE, "-F", "raw", "/images/virgo.qcow2")
    assert link.program == create
    assert read_domain(define.xml).disks[0].format == "qcow2"
    assert "linked" in _rules(plan, Level.NOTE)


def test_what_is_inside_an_image_can_not_be_linked_to(read: MakeSituation) -> None:
    plan = _plan(read(), linked=True)
    assert _rules(plan) == ["linked-internal"]
    assert not plan.ready
    assert plan.findings[0].remedy == "Make a full copy."


def test_several_disks_are_told_apart_and_go_where_they_shall(read: MakeSituation) -> None:
    situation = read()
    second = SnapshotDisk("vdb", Mode.INTERNAL)
    record = situation.snapshots.records["s"]
    situation.snapshots.records["s"] = replace(record, disks=(*record.disks, second))  # type: ignore[index]
    devices = _DISK.format("/images/vda.qcow2", "qcow2", "vda") + _DISK.format("/other/b.qcow2", "qcow2", "vdb")
    situation = replace(situation, snapshot_xml={"s": _xml("s", "internal", devices)})
    assert [step.path for step in _plan(situation).steps[:-1]] == ["/images/virgo-vda.qcow2", "/other/virgo-vdb.qcow2"]
    paths = [step.path for step in _plan(situation, folder="/new").steps[:-1]]
    assert paths == ["/new/virgo-vda.qcow2", "/new/virgo-vdb.qcow2"]


def test_the_memory_stays_behind_and_that_is_said(read: MakeSituation) -> None:
    texts = [effect.text for effect in _plan(read(memory=True)).effects]
    assert any("memory stays behind" in text for text in texts)
    assert not any("memory" in effect.text for effect in _plan(read()).effects)


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\nb", "x" * 300, "taurus", "pisces", "\x01"])
def test_a_name_that_libvirt_refuses_is_refused(read: MakeSituation, name: str) -> None:
    assert _rules(_plan(read(), name))[0] == "machine-name"


def test_nothing_that_is_there_is_replaced(read: MakeSituation) -> None:
    folder = {"/images": Folder(1 << 40, frozenset({"virgo.qcow2"}), writable=True)}
    assert _rules(_plan(read(folders=folder))) == ["file-exists"]
    assert _plan(read(folders=folder), "libra").ready


def test_a_folder_that_is_missing_closed_or_full_is_said(read: MakeSituation) -> None:
    assert _rules(_plan(read(folders={"/new": Folder(missing=True)}), folder="/new")) == ["folder-missing"]
    assert _rules(_plan(read(folders={"/new": Folder(1 << 40)}), folder="/new")) == ["room-closed"]
    assert _rules(_plan(read(), folder="new")) == ["file-relative"]
    image = ImageUsage("/images/vda.qcow2", ("s", NOW), (Held(6 << 30), Held()), (Held(1 << 30), Held()), ())
    small = {"/images": Folder(5 << 30, frozenset(), writable=True)}
    plan = _plan(read(folders=small, usage=Usage({"vda": image})))
    (finding,) = [each for each in plan.findings if each.level is Level.WARNING]
    assert "7.0 GiB in /images, where 5.0 GiB are free" in finding.reason
    assert plan.steps[0].bytes == 7 << 30
    assert (
        _plan(read(folders={"/images": Folder(8 << 30, frozenset(), writable=True)})).findings[0].rule == "same-inside"
    )


def test_the_size_of_an_external_one_is_that_of_its_chain(read: MakeSituation) -> None:
    chain = (
        Layer("/images/vda.qcow2", "qcow2", 9 << 30),
        Layer(_BASE, "qcow2", 2 << 30),
        Layer("/images/0", "raw", 1 << 30),
    )
    plan = _plan(read(Mode.EXTERNAL, chains={"vda": chain}))
    assert plan.steps[0].bytes == 3 << 30
    assert any("about 3.0 GiB" in effect.text for effect in plan.effects)


def test_the_firmware_s_settings_are_copied(read: MakeSituation) -> None:
    plan = _plan(read(rest=_FIRMWARE))
    _, nvram, define = plan.steps
    assert nvram.program == ("qemu-img", "convert", "-f", "raw", "-O", "raw", _NVRAM, "/nvram/virgo_VARS.fd")
    assert "/nvram/virgo_VARS.fd" in define.xml
    assert "nvram-now" in _rules(plan, Level.NOTE)
    assert _plan(read(rest=_FIRMWARE), folder="/images").steps[1].path == "/images/virgo_VARS.fd"


def test_settings_of_the_firmware_that_the_snapshot_holds_are_those_of_then(read: MakeSituation) -> None:
    found = read(rest=_FIRMWARE.replace("'pflash'", "'pflash' format='qcow2'"))
    tagged = {**found.prepared, _NVRAM: Prepared("qcow2", tags=frozenset("s"), near=True)}
    plan = _plan(replace(found, prepared=tagged))
    assert plan.steps[1].program[2:8] == ("-f", "qcow2", "-l", "snapshot.name=s", "-O", "qcow2")
    assert "nvram-now" not in _rules(plan, Level.NOTE)


def test_settings_of_the_firmware_that_nobody_may_read_are_made_anew(read: MakeSituation) -> None:
    found = read(rest=_FIRMWARE)
    plan = _plan(replace(found, prepared={**found.prepared, _NVRAM: None}))
    assert [step.call for step in plan.steps] == [Call.PROGRAM, Call.DEFINE_NEW]
    assert "nvram-unread" in _rules(plan, Level.WARNING)
    assert "/nvram/virgo_VARS.fd" in plan.steps[-1].xml


def test_what_only_one_machine_can_have_is_said(read: MakeSituation) -> None:
    devices = "<hostdev type='pci'/><tpm model='tpm-crb'><backend type='emulator'/></tpm>"
    extra = _DISK.format("/images/c.img", "raw", "vdc")
    plan = _plan(read(devices=devices + extra))
    assert _rules(plan, Level.WARNING) == ["disk-left-out", "tpm", "shared-device"]
    assert [disk.target for disk in read_domain(plan.steps[-1].xml).disks] == ["vda"]
    assert plan.ready


def test_what_has_not_been_read_yet_is_no_obstacle(read: MakeSituation) -> None:
    waiting = replace(read(), snapshot_xml={}, config=None)
    assert _rules(_plan(waiting), None) == ["unread"]
    assert _rules(_plan(replace(read(), snapshot_xml={}))) == ["unread"]


def test_a_snapshot_without_a_machine_in_it_can_not_become_one(read: MakeSituation) -> None:
    bare = "<domainsnapshot><name>s</name></domainsnapshot>"
    assert _rules(_plan(read(snapshot_xml={"s": bare}))) == ["no-settings"]
    gone = make_plan(Clone(read().domain.id, "t", "virgo"), read())
    assert _rules(gone) == ["gone"]
    assert _rules(_plan(read(driver="TEST"))) == ["not-qemu"]


def test_a_running_machine_s_snapshot_is_copied_beside_qemu(read: MakeSituation) -> None:
    plan = _plan(read(state=DomainState.RUNNING, rest=_FIRMWARE))
    assert all("-U" in step.program for step in plan.steps[:-1])
    assert "copy-running" in _rules(plan, Level.NOTE)
