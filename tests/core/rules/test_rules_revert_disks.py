"""What plans of reverting say of each disk, and of images that are not there."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core.plan import EffectKind, Level, Plan
from snapgui.core.records import Disk, DomainId, Kind, Mode, Situation, SnapshotDisk
from snapgui.core.requests import DiskChoice, Revert, Take
from snapgui.core.rules import make_plan
from snapgui.core.rules.safety import propose

_VDA, _VDB = "/images/a.qcow2", "/images/b.qcow2"


def _disk(target: str, source: str, more: str = "") -> str:
    return f"<disk type='file' {more}><source file='{source}'/><target dev='{target}'/></disk>"


_CDROM = "device='cdrom'"
_THEN = _disk("vda", _VDA) + _disk("vdb", _VDB) + _disk("sda", "/x.iso", _CDROM) + "<disk device='cdrom'/>"


@pytest.fixture
def machine(
    situation: Callable[..., Situation], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> Callable[..., Situation]:
    """One that "a" was taken of, with vdb and the drives left out."""

    def build(vdb: str = _VDB, *more: Disk, **words: Any) -> Situation:
        xml = f"<domainsnapshot><name>a</name><domain type='x'><devices>{_THEN}</devices></domain></domainsnapshot>"
        disks = (SnapshotDisk("vda", Mode.EXTERNAL, "/images/a.a"), SnapshotDisk("vdb", Mode.NO))
        now = (Disk("vda", source="/images/a.a", format="qcow2"), Disk("vdb", source=vdb, format="qcow2"), *more)
        record = snapshot("a", **{**external, "disks": disks})
        return situation(record, current="a", disks=now, snapshot_xml={"a": xml}, **words)

    return build


def said(plan: Plan, kind: EffectKind = EffectKind.CHANGES) -> list[str]:
    return [each.text for each in plan.effects if each.kind is kind]


def blockers(plan: Plan) -> list[str]:
    return [each.rule for each in plan.findings if each.level is Level.BLOCKER]


def test_what_becomes_of_each_disk_is_said_of_left_out_ones_and_drives_too(
    domain: DomainId, machine: Callable[..., Situation]
) -> None:
    plan = make_plan(Revert(domain, "a"), machine("/images/b.qcow2", Disk("vdc", source="/images/c", format="raw")))
    assert said(plan)[:4] == [
        "Disk vda goes on in a new file above /images/a.qcow2.",
        (
            "Disk vdb was left out of the snapshot: it keeps what it holds now, in a new file above /images/b.qcow2, "
            "and is in the snapshot from then on."
        ),
        "Drive sda goes on in a new file above /x.iso, and is in the snapshot from then on.",
        "Disk vdc goes, which the machine did not have then.",
    ]
    assert "Deletes /images/a.a." in said(plan, EffectKind.LOSES)


def test_a_left_out_disk_that_has_gone_on_elsewhere_loses_that(
    domain: DomainId, machine: Callable[..., Situation]
) -> None:
    elsewhere = machine("/images/b.2")
    back = "Disk vdb was left out of the snapshot: it goes back to what /images/b.qcow2 holds now"
    assert back in "".join(said(make_plan(Revert(domain, "a"), elsewhere), EffectKind.LOSES))
    kept = make_plan(Revert(domain, "a", safety=propose("a", elsewhere)), elsewhere)
    assert back in "".join(said(kept)), "the safety snapshot has it"


def test_a_disk_that_an_internal_snapshot_leaves_out_stays(
    domain: DomainId, situation: Callable[..., Situation], snapshot: Callable[..., Any], off: Mapping[str, Any]
) -> None:
    disks = (SnapshotDisk("vda", Mode.INTERNAL), SnapshotDisk("vdb", Mode.NO))
    now = (Disk("vda", source=_VDA, format="qcow2"), Disk("vdb", source=_VDB, format="qcow2"))
    plan = make_plan(Revert(domain, "a"), situation(snapshot("a", disks=disks, **off), disks=now))
    assert "Disk vdb was left out of the snapshot, and stays as it is." in said(plan)


def test_a_missing_image_is_told_and_leaves_no_safety_snapshot_but_the_revert(
    domain: DomainId, machine: Callable[..., Situation]
) -> None:
    broken = machine(missing={"vda": "/images/a.a"})
    plan = make_plan(Revert(domain, "a", safety=propose("a", broken)), broken)
    assert plan.ready
    assert plan.undo is None
    warned = {each.rule: each.reason for each in plan.findings if each.level is Level.WARNING}
    assert warned["image-missing"] == "/images/a.a is missing: what disk vda held is gone already."
    assert "/images/a.a is missing, which disk vda needs." in warned["no-safety"]
    assert not any("Deletes" in text for text in said(plan, EffectKind.LOSES))


def test_a_snapshot_whose_own_image_is_missing_is_not_reverted_to(
    domain: DomainId, machine: Callable[..., Situation]
) -> None:
    assert blockers(make_plan(Revert(domain, "a"), machine(missing={"vda": _VDA}))) == ["image-needed"]
    assert blockers(make_plan(Revert(domain, "a"), machine(missing={"vda": _VDA}, driver="TEST"))) == []


def test_no_snapshot_is_taken_of_a_disk_whose_image_is_missing(
    domain: DomainId, machine: Callable[..., Situation]
) -> None:
    broken = machine(missing={"vdb": _VDB})
    taken = Take(domain, "b", kind=propose("a", machine()).kind)
    assert blockers(make_plan(taken, broken)) == ["image-missing"]
    without = Take(domain, "b", kind=taken.kind, disks=(DiskChoice("vdb", Mode.NO),))
    assert make_plan(without, broken).ready


def test_new_files_that_would_have_one_name_are_told_at_the_taking_and_at_the_revert(
    domain: DomainId, situation: Callable[..., Situation], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    disk, drive = (
        Disk("vda", source="/i/debian.qcow2", format="qcow2"),
        Disk("sda", source="/i/debian.iso", readonly=True),
    )
    there = situation(snapshot("a", **external), current="a", disks=(disk, drive))
    assert blockers(make_plan(Revert(domain, "a"), there)) == ["overlay-name"]
    taking = make_plan(Take(domain, "b", kind=Kind.EXTERNAL), there)
    (finding,) = [each for each in taking.findings if each.rule == "no-revert"]
    assert "/i/debian.qcow2, /i/debian.iso" in finding.reason
    other = situation(snapshot("a", **external), current="a", disks=(disk, replace(drive, source="/j/debian.iso")))
    assert not blockers(make_plan(Revert(domain, "a"), other))
