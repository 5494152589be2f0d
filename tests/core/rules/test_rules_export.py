"""A snapshot's data as files: what is written, where, and what stands against it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core.plan import Call, Level, Plan
from snapgui.core.records import (
    Disk,
    DomainState,
    Folder,
    Layer,
    Mode,
    Prepared,
    Situation,
    Size,
    SnapshotDisk,
    SnapshotRecord,
    SnapshotState,
)
from snapgui.core.requests import Export, Form
from snapgui.core.rules import make_plan

MakeSituation = Callable[..., Situation]
_IMAGE = "/images/vda.qcow2"
_XML = (
    "<domainsnapshot><name>s</name><state>running</state><creationTime>1</creationTime>"
    "<disks><disk name='vda' snapshot='{mode}'/></disks><domain type='kvm'><name>pisces</name><uuid>u</uuid>{os}"
    "<devices><disk type='file'><driver type='{form}'/><source file='{image}'/><target dev='vda'/></disk>{more}"
    "</devices></domain></domainsnapshot>"
)


@pytest.fixture
def read(situation: MakeSituation) -> Callable[..., Situation]:
    """pisces, off, with the snapshot “s” of disk vda, and all read that the plan needs."""

    def build(
        mode: Mode = Mode.INTERNAL, *, memory: Mode = Mode.NO, os: str = "", more: str = "", **changes: Any
    ) -> Situation:
        record = SnapshotRecord(
            "s",
            state=SnapshotState.SHUT_OFF if memory is Mode.NO else SnapshotState.RUNNING,
            memory=memory,
            memory_file="/images/s.mem" if memory is Mode.EXTERNAL else "",
            disks=(SnapshotDisk("vda", mode),),
        )
        known = {
            "snapshot_xml": {"s": _XML.format(mode=mode.value, form="qcow2", image=_IMAGE, os=os, more=more)},
            "prepared": {
                _IMAGE: Prepared("qcow2", tags=frozenset({"s", "other"}), near=True),
                "/images/s.mem": Prepared("", near=True),
            },
            "here": {"/out": Folder(1 << 30, frozenset({"old.raw"}), writable=True)},
            "chains": {"vda": (Layer("/images/now", "qcow2", 5), Layer(_IMAGE, "qcow2", 300 << 20))},
            "sizes": {"s": Size(100 << 20)},
            "disks": (Disk("vda", source="/images/now", format="qcow2"),),
        }
        return situation(record, **{**known, **changes})

    return build


def _plan(read: Situation, form: Form = Form.QCOW2, name: str = "new", folder: str = "/out") -> Plan:
    return make_plan(Export(read.domain.id, "s", folder, name, form), read)


def _blockers(plan: Plan) -> set[str]:
    return {finding.rule for finding in plan.findings if finding.level is Level.BLOCKER}


def _commands(plan: Plan) -> list[str]:
    return [" ".join(step.program) for step in plan.steps if step.call is Call.PROGRAM]


def test_an_image_is_written_in_its_form(read: MakeSituation) -> None:
    source = f"-f qcow2 -l snapshot.name=s {{}} {_IMAGE} /out/new"
    convert = "qemu-img convert -p " + source
    assert _commands(_plan(read())) == [convert.format("-O qcow2") + ".qcow2"]
    assert _commands(_plan(read(), Form.COMPRESSED)) == [convert.format("-c -O qcow2") + ".qcow2"]
    assert _commands(_plan(read(), Form.RAW)) == [convert.format("-O raw") + ".raw"]
    assert _commands(_plan(read(), name="new.qcow2")) == [convert.format("-O qcow2") + ".qcow2"], "no suffix twice"
    assert "-U" in _plan(read(state=DomainState.RUNNING)).steps[0].program


def test_how_much_is_written_is_said_and_that_there_is_no_room(read: MakeSituation) -> None:
    (effect,) = _plan(read(Mode.EXTERNAL)).effects
    assert effect.text == "Writes about 300.0 MiB to /out/new.qcow2."
    (effect,) = _plan(read()).effects
    assert effect.text == "Writes at most 300.0 MiB to /out/new.qcow2.", "its clusters are not counted yet"
    (effect,) = _plan(read(Mode.EXTERNAL, memory=Mode.EXTERNAL), Form.BUNDLE).effects
    assert effect.text == "Writes about 400.0 MiB to /out/new."
    (effect,) = _plan(read(memory=Mode.INTERNAL), Form.BUNDLE).effects
    assert effect.text == "Writes at most 300.0 MiB to /out/new.", "the whole image, until the rest of it is deleted"
    little = {"/out": Folder(200 << 20, frozenset(), writable=True)}
    assert "space" in {finding.rule for finding in _plan(read(here=little)).findings}


@pytest.mark.parametrize(
    ("name", "folder", "rule"),
    [
        ("", "/out", "export-name"),
        ("..", "/out", "export-name"),
        ("a/b", "/out", "export-name"),
        ("x" * 250, "/out", "export-name"),
        ("new", "out", "export-folder"),
        ("new", "/none", "folder-missing"),
        ("new", "/closed", "room-closed"),
        ("old", "/out", "file-exists"),
    ],
)
def test_a_place_that_can_not_be_is_said(read: MakeSituation, name: str, folder: str, rule: str) -> None:
    known = read()
    places = {**known.here, "/none": Folder(missing=True), "/closed": Folder(1 << 40, frozenset())}
    assert _blockers(_plan(replace(known, here=places), Form.RAW, name, folder)) == {rule}


def test_what_a_cut_off_export_has_left_is_said(read: MakeSituation) -> None:
    left = {"/out": Folder(1 << 30, frozenset({".new.part"}), writable=True)}
    plan = _plan(read(here=left), Form.BUNDLE)
    assert [finding.reason for finding in plan.findings if finding.level is Level.BLOCKER] == [
        "An export of that name that was cut off has left /out/.new.part behind."
    ]
    assert _plan(read(here=left)).ready


def test_an_image_on_the_host_is_fetched_whole_where_that_can_be(read: MakeSituation) -> None:
    far = {_IMAGE: _far()}
    plan = _plan(read(prepared=far))
    fetched = "/out/.new-vda.fetched0"
    assert [(step.call, step.path) for step in plan.steps] == [
        (Call.VOLUME_DOWNLOAD, fetched),
        (Call.PROGRAM, "/out/new.qcow2"),
        (Call.REMOVE, fetched),
    ]
    assert fetched in plan.steps[1].program
    assert plan.effects[0].text == "Writes at most 600.0 MiB to /out/new.qcow2."
    assert _blockers(_plan(read(prepared=far, state=DomainState.RUNNING))) == {"far-running"}
    assert _blockers(_plan(read(prepared={_IMAGE: _far(options="")}))) == {"far-odd"}


def _far(**changes: Any) -> Prepared:
    return Prepared("qcow2", **{"tags": frozenset("s"), "options": "compat=1.1", **changes})


_CHAIN = (Layer("/images/now", "qcow2", 5), Layer(_IMAGE, "qcow2", 300 << 20), Layer("/images/base", "raw", 7 << 20))


def test_an_image_on_the_host_is_fetched_with_all_that_it_stands_on(read: MakeSituation) -> None:
    far = {_IMAGE: _far(backing="base")}
    plan = _plan(read(prepared=far, chains={"vda": _CHAIN}))
    fetched = ["/out/.new-vda.fetched0", "/out/.new-vda.fetched1"]
    assert [(step.call, step.source or step.path) for step in plan.steps] == [
        (Call.VOLUME_DOWNLOAD, _IMAGE),
        (Call.VOLUME_DOWNLOAD, "/images/base"),
        (Call.PROGRAM, ""),
        (Call.PROGRAM, "/out/new.qcow2"),
        (Call.REMOVE, fetched[0]),
        (Call.REMOVE, fetched[1]),
    ]
    assert _commands(plan) == [
        f"qemu-img rebase -u -f qcow2 -b {fetched[1]} -F raw {fetched[0]}",
        f"qemu-img convert -p -f qcow2 -l snapshot.name=s -O qcow2 {fetched[0]} /out/new.qcow2",
    ]
    assert plan.effects[0].text == "Writes at most 614.0 MiB to /out/new.qcow2.", "both, and the copy of both"
    assert _blockers(_plan(read(prepared=far, chains={}))) == {"far-below"}
    below = {**far, "/images/base": Prepared("qcow2")}  # with a data file, as one without options is
    chain = (*_CHAIN[:2], replace(_CHAIN[2], format="qcow2"))
    assert _blockers(_plan(read(prepared=below, chains={"vda": chain}))) == {"far-odd"}
    odd = (_CHAIN[0], replace(_CHAIN[1], format="vmdk"), _CHAIN[2])
    assert _blockers(_plan(read(prepared=far, chains={"vda": odd}))) == {"far-below"}


def test_a_bundle_of_what_is_on_the_host_is_fetched_too(read: MakeSituation) -> None:
    far = {_IMAGE: _far(), "/images/s.mem": Prepared("")}
    part = "/out/.new.part"
    plan = _plan(read(Mode.EXTERNAL, memory=Mode.EXTERNAL, prepared=far), Form.BUNDLE)
    assert [(step.call, step.path) for step in plan.steps[1:5]] == [
        (Call.VOLUME_DOWNLOAD, f"{part}/disk-vda.qcow2.fetched0"),
        (Call.PROGRAM, f"{part}/disk-vda.qcow2"),
        (Call.REMOVE, f"{part}/disk-vda.qcow2.fetched0"),
        (Call.VOLUME_DOWNLOAD, f"{part}/memory.save"),
    ]
    assert plan.effects[0].text == "Writes about 700.0 MiB to /out/new."
    unread = {_IMAGE: _far(), "/images/s.mem": None}
    known = read(Mode.EXTERNAL, memory=Mode.EXTERNAL, prepared=unread)
    assert _blockers(_plan(known, Form.BUNDLE)) == {"copy-unreadable"}


def test_an_image_with_the_memory_is_fetched_into_its_place_and_its_base_beside_it(read: MakeSituation) -> None:
    far = {_IMAGE: _far(backing="base")}
    known = read(memory=Mode.INTERNAL, prepared=far, chains={"vda": _CHAIN})
    part = "/out/.new.part/disk-vda"
    plan = _plan(known, Form.BUNDLE)
    assert [(step.call, step.path) for step in plan.steps[1:6]] == [
        (Call.VOLUME_DOWNLOAD, f"{part}.qcow2"),
        (Call.VOLUME_DOWNLOAD, f"{part}-base.qcow2.fetched0"),
        (Call.PROGRAM, f"{part}-base.qcow2"),
        (Call.PROGRAM, ""),
        (Call.REMOVE, f"{part}-base.qcow2.fetched0"),
    ]
    running = replace(known, domain=replace(known.domain, state=DomainState.RUNNING))
    assert "bundle-running" in _blockers(_plan(running, Form.BUNDLE))
    assert _blockers(_plan(read(memory=Mode.INTERNAL, prepared=far, chains={}), Form.BUNDLE)) == {"far-below"}


def test_what_can_not_be_copied_is_said(read: MakeSituation) -> None:
    assert _blockers(_plan(read(prepared={_IMAGE: None}))) == {"copy-unreadable"}
    assert _blockers(_plan(read(prepared={_IMAGE: Prepared("qcow2", near=True)}))) == {"copy-lost"}
    assert _blockers(_plan(read(Mode.NO))) == {"diskless"}
    assert _blockers(_plan(read(driver="TEST"))) == {"not-qemu"}
    gone = make_plan(Export(read().domain.id, "x", "/out", "new"), read())
    assert _blockers(gone) == {"gone"}
    assert _blockers(_plan(read(snapshot_xml={}))) == {"unread"}


def test_memory_in_an_image_is_copied_with_the_whole_of_it_while_the_machine_is_off(read: MakeSituation) -> None:
    known = read(memory=Mode.INTERNAL)
    part = "/out/.new.part/disk-vda.qcow2"
    assert _commands(_plan(known, Form.BUNDLE))[:3] == [
        f"qemu-img convert -p -f raw -O raw {_IMAGE} {part}",
        f"qemu-img snapshot -a s {part}",
        f"qemu-img snapshot -d other {part}",
    ]
    running = replace(known, domain=replace(known.domain, state=DomainState.RUNNING))
    assert _blockers(_plan(running, Form.BUNDLE)) == {"bundle-running"}
    assert _plan(running).ready


def test_what_such_an_image_stands_on_comes_with_it(read: MakeSituation) -> None:
    below = (Layer(_IMAGE, "qcow2", 5), Layer("/images/base", "raw", 7))
    on_a_base = {_IMAGE: Prepared("qcow2", backing="base", tags=frozenset("s"), near=True)}
    plan = _plan(read(memory=Mode.INTERNAL, chains={"vda": below}, prepared=on_a_base), Form.BUNDLE)
    part = "/out/.new.part/disk-vda"
    assert _commands(plan)[1:3] == [
        f"qemu-img convert -p -f raw -O qcow2 /images/base {part}-base.qcow2",
        f"qemu-img rebase -u -f qcow2 -b disk-vda-base.qcow2 -F qcow2 {part}.qcow2",
    ]
    unknown = read(memory=Mode.INTERNAL, chains={}, prepared=on_a_base)
    assert _blockers(_plan(unknown, Form.BUNDLE)) == {"bundle-below"}


def test_a_bundle_is_built_beside_its_place_and_taken_back_where_anything_fails(read: MakeSituation) -> None:
    plan = _plan(read(Mode.EXTERNAL, memory=Mode.EXTERNAL), Form.BUNDLE)
    first, *_, last = plan.steps
    assert (first.call, first.path) == (Call.FOLDER_MAKE, "/out/.new.part")
    assert (last.call, last.source, last.path) == (Call.MOVE, "/out/.new.part", "/out/new")
    assert all(step.undone_by is not None for step in plan.steps if step.path)
    assert {step.path for step in plan.steps[1:-1]} == {
        f"/out/.new.part/{name}"
        for name in ("disk-vda.qcow2", "memory.save", "domain.xml", "snapshot.xml", "bundle.json", "SHA256SUMS")
    }


def test_what_a_bundle_lacks_is_said(read: MakeSituation) -> None:
    tpm = "<tpm model='tpm-tis'><backend type='emulator'/></tpm>"
    other = "<disk type='file'><driver type='raw'/><source file='/images/b'/><target dev='vdb'/></disk>"
    firmware = "<os><nvram>/nvram/pisces.fd</nvram></os>"
    plan = _plan(read(more=tpm + other, os=firmware), Form.BUNDLE)
    warned = {finding.rule for finding in plan.findings if finding.level is Level.WARNING}
    assert {"bundle-tpm", "disk-left-out", "nvram-unread"} <= warned
    no_memory = read(Mode.EXTERNAL, memory=Mode.EXTERNAL, prepared={_IMAGE: Prepared("qcow2", near=True)})
    assert _blockers(_plan(no_memory, Form.BUNDLE)) == {"copy-unreadable"}
