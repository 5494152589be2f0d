"""Plans of snapshots in files of their own: where files go, what stands in the way, what will be hard later."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core.plan import Call, CreateFlag, EffectKind, Level, Plan
from snapgui.core.records import (
    Agent,
    Disk,
    DomainId,
    DomainState,
    Folder,
    Kind,
    Layer,
    Mode,
    Prepared,
    Situation,
    SnapshotRecord,
    SnapshotState,
)
from snapgui.core.requests import DiskChoice, Take
from snapgui.core.rules import make_plan
from snapgui.core.rules.take_disks import overlay
from snapgui.core.xml.take import simple_snapshot

VDA = Disk("vda", source="/images/vda.qcow2", format="qcow2")
VDB = Disk("vdb", source="/images/data.raw", format="raw")
BLOCK = Disk("vdb", source_type="block", source="/dev/sdb", format="raw")
RUNNING, PAUSED, OFF = DomainState.RUNNING, DomainState.PAUSED, DomainState.SHUT_OFF
ROOM = {"/images": Folder(2**40, frozenset({"vda.qcow2"}))}


@pytest.fixture
def take(domain: DomainId, situation: Callable[..., Situation]) -> Callable[..., Plan]:
    """The plan of an external snapshot "x" in a situation of the words given; ``asked`` has the request's fields."""

    def build(*records: SnapshotRecord, asked: Mapping[str, Any] | None = None, **words: Any) -> Plan:
        fields = {"name": "x", "kind": Kind.EXTERNAL, **(asked or {})}
        return make_plan(Take(domain, **fields), situation(*records, **{"folders": ROOM, "disks": (VDA,), **words}))

    return build


def rules(plan: Plan, level: Level | None = None) -> set[str]:
    return {finding.rule for finding in plan.findings if level in (None, finding.level)}


def asked(plan: Plan) -> Any:
    return simple_snapshot(plan.steps[0].xml)


def flags(plan: Plan) -> CreateFlag:
    return CreateFlag(next(step for step in plan.steps if step.takes).flags)


def said(plan: Plan) -> str:
    return "\n".join(effect.text for effect in plan.effects)


def test_a_running_machine_goes_on_in_new_files_and_its_memory_is_in_another(take: Callable[..., Plan]) -> None:
    plan = take(state=RUNNING, disks=(VDA, VDB))
    assert plan.ready
    assert not plan.findings
    assert asked(plan).memory_file == "/images/pisces-x.mem"
    assert asked(plan).disks == ()  # libvirt's own default
    assert flags(plan) == CreateFlag.NONE
    assert plan.steps[0].abortable
    assert "vda goes on in the new file /images/vda.x; vda.qcow2 stays" in said(plan)
    assert "/images/data.x" in said(plan)
    assert "Keeps the memory in /images/pisces-x.mem." in said(plan)
    assert "pauses while its memory is saved" in said(plan)


def test_while_off_and_of_disks_alone_there_is_no_memory(take: Callable[..., Plan]) -> None:
    off, alone = take(asked={"memory_file": "/images/m"}), take(state=RUNNING, asked={"kind": Kind.DISK_ONLY})
    for plan in (off, alone):
        assert plan.ready
        assert asked(plan).memory_file == ""
        assert flags(plan) == CreateFlag.DISK_ONLY
        assert not plan.steps[0].abortable
    assert rules(off) == set() | {"hazard-readable"}
    assert rules(alone) == {"power-cut"}
    assert "does not pause" in said(alone)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("/a/vda.qcow2", "/a/vda.x"),
        ("/a/vda", "/a/vda.x"),
        ("/a.b/vda", "/a.b/vda.x"),
        ("/a/.hidden", "/a/.x"),
        ("/a/vda.qcow2.old", "/a/vda.qcow2.x"),
    ],
)
def test_new_files_are_named_as_libvirt_names_them(source: str, expected: str) -> None:
    assert overlay(replace(VDA, source=source), "x") == expected


def test_the_memory_s_own_place_is_free(take: Callable[..., Plan]) -> None:
    names = frozenset({"pisces-x.mem", "pisces-x-2.mem"})
    plan = take(state=RUNNING, folders={"/images": Folder(2**40, names)})
    assert asked(plan).memory_file == "/images/pisces-x-3.mem"
    assert plan.ready


def test_options_become_libvirt_s_flags(take: Callable[..., Plan]) -> None:
    live = take(state=RUNNING, asked={"live": True, "halt": True, "validate": True})
    assert flags(live) == CreateFlag.LIVE | CreateFlag.HALT | CreateFlag.VALIDATE
    assert "goes on while its memory is saved" in said(live)
    lost = take(state=RUNNING, asked={"kind": Kind.DISK_ONLY, "halt": True})
    assert [effect.kind for effect in lost.effects].count(EffectKind.LOSES) == 1
    unknown = take(asked={"no_metadata": True})
    assert flags(unknown) == CreateFlag.DISK_ONLY | CreateFlag.NO_METADATA
    assert "no-metadata" in rules(unknown, Level.WARNING)
    assert unknown.undo is None


@pytest.mark.parametrize(
    ("words", "fields", "rule"),
    [
        ({"state": OFF}, {"live": True}, "live"),
        ({"state": RUNNING}, {"live": True, "kind": Kind.DISK_ONLY}, "live"),
        ({"state": RUNNING}, {"quiesce": True}, "quiesce"),
        ({"state": PAUSED}, {"quiesce": True, "kind": Kind.DISK_ONLY}, "quiesce-paused"),
        ({"state": RUNNING}, {"quiesce": True, "kind": Kind.DISK_ONLY}, "agent"),
        (
            {"state": RUNNING, "config": {"agent": Agent.SILENT}},
            {"quiesce": True, "kind": Kind.DISK_ONLY},
            "agent",
        ),
        ({"state": RUNNING, "persistent": False}, {"halt": True}, "halt-transient"),
        ({"checkpoints": 2}, {}, "checkpoints"),
        ({"state": RUNNING, "block_jobs": frozenset({"vda"})}, {}, "block-job"),
        ({"state": RUNNING, "block_jobs": frozenset({"vda"})}, {"kind": Kind.DISK_ONLY}, "block-job"),
        ({"state": RUNNING, "block_jobs": frozenset({"vda"})}, {"kind": Kind.INTERNAL}, "block-job"),
        ({"state": RUNNING, "disks": (VDA, replace(VDB, transient=True))}, {}, "disk-transient"),
        ({"state": RUNNING, "disks": (replace(VDA, transient=True),)}, {"kind": Kind.DISK_ONLY}, "disk-transient"),
        ({"disks": (VDA, replace(VDB, snapshot=Mode.INTERNAL))}, {}, "disk-internal"),
        ({"disks": (VDA, BLOCK)}, {}, "disk-place"),
        ({"state": RUNNING, "disks": (VDA, replace(BLOCK, source_type="network"))}, {}, "disk-place"),
        ({"disks": (VDA, replace(BLOCK, source_type="network"))}, {}, "disk-remote"),
        ({"state": RUNNING, "disks": (VDA, replace(BLOCK, device="lun"))}, {}, "disk-lun"),
        ({"disks": (replace(VDA, snapshot=Mode.NO),)}, {}, "diskless"),
        (
            {"state": RUNNING, "disks": (BLOCK,)},
            {"disks": (DiskChoice("vdb", Mode.EXTERNAL, "/images/b"),)},
            "memory-place",
        ),
        ({"folders": {"/images": Folder(2**40, frozenset({"vda.x"}))}}, {}, "file-exists"),
        ({"folders": {"/images": Folder(missing=True)}}, {}, "folder-missing"),
        ({}, {"name": "a,b"}, "file-comma"),
        ({}, {"disks": (DiskChoice("vda", Mode.EXTERNAL, "a"),)}, "file-relative"),
        ({}, {"disks": (DiskChoice("vda", Mode.EXTERNAL, "/a/"),)}, "file-folder"),
        ({}, {"disks": (DiskChoice("vda", Mode.EXTERNAL, "/" + "é" * 128),)}, "file-long"),
        ({}, {"disks": (DiskChoice("vda", Mode.EXTERNAL, "/a", "raw"),)}, "file-format"),
        ({"disks": (VDA, replace(VDA, target="vdb"))}, {}, "file-twice"),
        (
            {"disks": (VDA, Disk("sda", device="cdrom", readonly=True))},
            {"disks": (DiskChoice("sda", Mode.EXTERNAL, "/images/sda"),)},
            "disk-empty",
        ),
        ({"state": RUNNING}, {"memory_file": "/images/vda.qcow2"}, "memory-on-disk"),
        ({"state": RUNNING}, {"memory_file": "/images/vda.x"}, "memory-on-disk"),
        ({"state": RUNNING}, {"memory_file": "m"}, "file-relative"),
        ({"state": RUNNING, "folders": {"/images": Folder(0, frozenset())}}, {}, "memory-full"),
        ({"asked": {}}, {"reuse": True}, "reuse-missing"),
        ({"driver": "TEST"}, {}, "kind"),
    ],
)
def test_what_stands_in_the_way_is_said(
    take: Callable[..., Plan], words: dict[str, Any], fields: dict[str, Any], rule: str
) -> None:
    words.pop("asked", None)
    plan = take(asked=fields, **words)
    assert rules(plan, Level.BLOCKER) == {rule}
    assert not plan.ready


def test_the_agent_is_asked_for_only_where_it_can_answer(take: Callable[..., Plan]) -> None:
    fields = {"quiesce": True, "kind": Kind.DISK_ONLY}
    plan = take(state=RUNNING, asked=fields, config={"agent": Agent.CONNECTED})
    assert plan.ready
    assert rules(plan) == set()
    assert flags(plan) == CreateFlag.DISK_ONLY | CreateFlag.QUIESCE
    assert [step.call for step in plan.steps] == [
        Call.AGENT_TIMEOUT,
        Call.AGENT_ASK,
        Call.SNAPSHOT_CREATE,
        Call.AGENT_TIMEOUT,
    ]
    assert [step.always for step in plan.steps] == [False, False, False, True]
    assert "hold still for a moment" in said(plan)
    assert len(take(asked=fields).steps) == 1
    assert take(asked=fields).ready  # off: nothing writes


def test_a_disk_of_another_kind_needs_a_path(take: Callable[..., Plan]) -> None:
    chosen = {"disks": (DiskChoice("vdb", Mode.EXTERNAL, "/images/b"),)}
    plan = take(state=RUNNING, disks=(VDA, BLOCK), asked=chosen)
    assert rules(plan) == {"no-revert"}  # every disk has to be a file for that
    assert asked(plan).disks == chosen["disks"]


def test_what_is_left_out_is_said(take: Callable[..., Plan]) -> None:
    cdrom = Disk("hdc", device="cdrom", source="/i", readonly=True)
    plan = take(state=RUNNING, disks=(VDA, replace(VDB, snapshot=Mode.NO), cdrom))
    assert rules(plan) == {"disk-left-out"}
    assert "data" not in said(plan)
    chosen = take(state=RUNNING, disks=(VDA, VDB), asked={"disks": (DiskChoice("vdb", Mode.NO),)})
    assert rules(chosen, Level.WARNING) == {"disk-left-out"}
    job = frozenset({"vdb"})
    alone = {"kind": Kind.DISK_ONLY, "disks": (DiskChoice("vdb", Mode.NO),)}
    assert take(state=RUNNING, disks=(VDA, VDB), asked=alone, block_jobs=job).ready


def test_memory_without_any_disk_can_be_taken(take: Callable[..., Plan]) -> None:
    assert take(state=RUNNING, asked={"disks": (DiskChoice("vda", Mode.NO),)}).ready


@pytest.mark.parametrize(
    ("prepared", "found"),
    [
        (Prepared("qcow2", "/images/vda.qcow2"), None),
        (Prepared("qcow2", "vda.qcow2"), None),
        (Prepared("qcow2", "./vda.qcow2"), None),
        (Prepared("qcow2", "other.qcow2"), ("reuse-backing", Level.BLOCKER)),
        (Prepared("qcow2"), ("reuse-backing", Level.BLOCKER)),
        (Prepared(""), ("reuse-format", Level.BLOCKER)),
        (None, ("reuse-unseen", Level.WARNING)),
    ],
)
def test_a_prepared_file_has_the_right_image_behind_it(
    take: Callable[..., Plan], prepared: Prepared | None, found: tuple[str, Level] | None
) -> None:
    there = {"/images": Folder(2**40, frozenset({"vda.x"}))}
    plan = take(state=RUNNING, asked={"reuse": True}, folders=there, prepared={"/images/vda.x": prepared})
    assert [(finding.rule, finding.level) for finding in plan.findings] == ([found] if found else [])
    assert flags(plan) == CreateFlag.REUSE_EXT


@pytest.mark.parametrize(
    ("made", "disk", "fits"),
    [
        (2**23, Prepared("qcow2", size=2**23), True),
        (2**22, Prepared("qcow2", size=2**23), False),
        (2**24, Prepared("qcow2", size=2**23), False),
        (2**22, Prepared("qcow2"), True),
        (2**22, None, True),
        (2**22, Prepared("", size=2**23), True),  # by its header it is not what the machine takes it for
    ],
)
def test_a_prepared_file_holds_a_disk_of_the_same_size(
    take: Callable[..., Plan], made: int, disk: Prepared | None, *, fits: bool
) -> None:
    there = {"/images": Folder(2**40, frozenset({"vda.x"}))}
    images = {"/images/vda.x": Prepared("qcow2", "vda.qcow2", made), "/images/vda.qcow2": disk}
    plan = take(state=RUNNING, asked={"reuse": True}, folders=there, prepared=images)
    assert rules(plan, Level.BLOCKER) == (set() if fits else {"reuse-size"})


def test_the_size_of_a_raw_disk_is_its_file_s_in_whole_sectors(take: Callable[..., Plan]) -> None:
    there = {"/images": Folder(2**40, frozenset({"vda.x"}))}
    raw = Disk("vda", source="/images/vda.raw", format="raw")
    for length, fits in ((2**20 - 100, True), (2**20, True), (2**20 + 1, False)):
        images = {"/images/vda.x": Prepared("qcow2", "vda.raw", 2**20), "/images/vda.raw": Prepared("", size=length)}
        plan = take(state=RUNNING, asked={"reuse": True}, folders=there, prepared=images, disks=(raw,))
        assert rules(plan, Level.BLOCKER) == (set() if fits else {"reuse-size"})


def test_room_is_compared_with_what_may_be_written(take: Callable[..., Plan]) -> None:
    little = {"/images": Folder(2**28, frozenset())}
    assert rules(take(state=RUNNING, folders=little)) == {"memory-space", "space"}
    assert rules(take(folders=little), Level.WARNING) == {"space"}
    assert rules(take(state=RUNNING, folders=little, asked={"kind": Kind.INTERNAL})) == {"memory-space"}
    assert rules(take(folders=little, asked={"kind": Kind.INTERNAL})) == set()


def test_a_folder_that_can_not_be_seen_is_warned_of(take: Callable[..., Plan]) -> None:
    assert rules(take(state=RUNNING, folders={"/images": Folder()})) == {"file-unseen", "memory-unseen"}
    other = take(state=RUNNING, asked={"memory_file": "/else/m"}, folders={**ROOM, "/else": Folder(2**40, frozenset())})
    assert rules(other) == {"memory-allowed"}


def test_devices_whose_state_may_not_be_saved(take: Callable[..., Plan]) -> None:
    config = {"unsaved": ("invtsc", "virtiofs", "shmem"), "host_devices": ("pci",)}
    expected = {"unsaved-invtsc", "unsaved-virtiofs", "host-device"}
    for kind in (Kind.EXTERNAL, Kind.INTERNAL):
        plan = take(state=RUNNING, config=config, asked={"kind": kind})
        assert rules(plan, Level.WARNING) == expected
        assert rules(plan, Level.BLOCKER) == {"unsaved-shmem"}
    assert rules(take(state=RUNNING, config=config, asked={"kind": Kind.DISK_ONLY})) == {"power-cut"}


def test_what_will_be_hard_later_is_warned_of(
    take: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    assert rules(take(snapshot("i"), current="i", state=RUNNING)) == {"mixed"}
    assert rules(take(state=RUNNING, config={"uefi": True, "nvram_format": "qcow2"})) == {"nvram"}
    assert rules(take(state=RUNNING, external_revert=False)) == {"no-revert"}
    assert "no-delete" in rules(take(state=RUNNING, version=8_000_000))
    assert "hazard-readable" not in rules(take(version=11_010_000))
    paused = snapshot("p", **{**external, "state": SnapshotState.PAUSED})
    assert "saved-twice" in rules(take(paused, current="p", state=PAUSED), Level.WARNING)
    disks = snapshot("d", "p", **{**external, "state": SnapshotState.DISK_ONLY, "memory": Mode.NO})
    assert "saved-twice" in rules(take(paused, disks, current="d", state=PAUSED), Level.WARNING)
    for disk in (replace(VDA, transient=True), replace(VDA, source_type="volume", source="")):
        choice = DiskChoice("vda", Mode.EXTERNAL, "/images/new")
        assert "no-delete" in rules(take(disks=(disk,), asked={"disks": (choice,)}), Level.WARNING)


@pytest.mark.parametrize(
    ("depth", "version", "found"),
    [
        (14, 11_004_000, None),
        (15, 11_004_000, ("depth", Level.WARNING)),
        (25, 11_004_000, ("hazard-depth", Level.WARNING)),
        (25, 12_000_000, ("depth", Level.WARNING)),
        (200, 12_000_000, ("depth", Level.BLOCKER)),
    ],
)
def test_many_files_above_one_another_are_warned_of(  # noqa: PLR0917 - fixtures and parameters
    take: Callable[..., Plan],
    snapshot: Callable[..., Any],
    external: Mapping[str, Any],
    depth: int,
    version: int,
    found: tuple[str, Level] | None,
) -> None:
    names = [f"s{number}" for number in range(depth)]
    tree = [snapshot(name, parent, **external) for name, parent in zip(names, [None, *names], strict=False)]
    by_tree = take(*tree, current=names[-1], state=RUNNING, version=version)
    by_chain = take(state=RUNNING, version=version, chains={"vda": (Layer("/a"),) * depth})
    for plan in (by_tree, by_chain):
        assert [(each.rule, each.level) for each in plan.findings] == ([found] if found else [])


def test_many_disks_are_listed_and_not_told_one_by_one(take: Callable[..., Plan]) -> None:
    disks = tuple(replace(VDA, target=f"vd{n}", source=f"/images/{n}.qcow2") for n in range(5))
    plan = take(disks=disks)
    (effect,) = [effect for effect in plan.effects if "5 disks" in effect.text]
    assert effect.names == tuple(f"/images/{n}.x" for n in range(5))
    assert {posixpath.dirname(path) for path in effect.names} == {"/images"}
