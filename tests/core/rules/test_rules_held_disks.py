"""Where a snapshot's disks are, and what stands against copying them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from snapgui.core.records import (
    Dependents,
    Disk,
    DomainConfig,
    DomainState,
    Mode,
    Prepared,
    Situation,
    SnapshotDisk,
    SnapshotRecord,
)
from snapgui.core.rules.held_disks import HeldDisk, copied, copy_steps, copying_findings, held_disks, not_held

MakeSituation = Callable[..., Situation]
_BASE = "/images/base.qcow2"


def _then(*disks: Disk) -> DomainConfig:
    return DomainConfig(disks=disks)


def test_each_disk_is_where_its_snapshot_is() -> None:
    record = SnapshotRecord(
        "s",
        disks=(
            SnapshotDisk("vda", Mode.INTERNAL),
            SnapshotDisk("vdb", Mode.EXTERNAL, "/images/b.s"),
            SnapshotDisk("vdc", Mode.NO),
            SnapshotDisk("sda", Mode.NO),
        ),
    )
    then = _then(
        Disk("vda", source="/images/a", format="qcow2"),
        Disk("vdb", source="/images/b"),
        Disk("vdc", source="/images/c", format="raw"),
        Disk("sda", "cdrom", source="/iso", readonly=True),
    )
    a, b = held_disks(record, then)
    assert (a.image, a.format, a.tag) == ("/images/a", "qcow2", "s")
    assert (b.image, b.format, b.tag) == ("/images/b", "raw", "")
    assert [disk.target for disk in not_held(record, then)] == ["vdc"]


def test_a_running_machine_s_image_is_read_beside_qemu(situation: MakeSituation) -> None:
    disk = HeldDisk("vda", _BASE, "qcow2", "a,b")
    off, running = (
        copied(disk, "/new", situation(state=state)) for state in (DomainState.SHUT_OFF, DomainState.RUNNING)
    )
    words = ["-f", "qcow2", "-l", "snapshot.name=a,,b", "-O", "qcow2", _BASE, "/new"]
    assert list(off) == ["qemu-img", "convert", "-p", *words]
    assert list(running) == ["qemu-img", "convert", "-p", "-U", *words]
    assert "-l" not in copied(HeldDisk("vda", _BASE, "raw"), "/new", situation())


@pytest.mark.parametrize(
    ("disk", "prepared", "rule"),
    [
        (HeldDisk("vda", _BASE, "qcow2", "s"), Prepared("qcow2", tags=frozenset("s"), near=True), None),
        (HeldDisk("vda", _BASE, "qcow2", "s"), Prepared("qcow2", tags=frozenset("t"), near=True), "copy-lost"),
        (HeldDisk("vda", _BASE, "qcow2", "s"), Prepared("qcow2", tags=frozenset("s")), "copy-unreadable"),
        (HeldDisk("vda", _BASE, "qcow2", "s"), None, "copy-unreadable"),
        (HeldDisk("vda", _BASE, "raw"), Prepared("", near=True), None),
        (HeldDisk("vda", _BASE, "luks"), Prepared("", near=True), "copy-encrypted"),
        (HeldDisk("vda", _BASE, "ploop"), Prepared("", near=True), "copy-format"),
        (HeldDisk("vda", "", "raw", source_type="network"), None, "copy-remote"),
        (HeldDisk("vda", "", "qcow2", source_type="volume"), None, "copy-remote"),
    ],
)
def test_what_can_not_be_copied_is_said(
    situation: MakeSituation, disk: HeldDisk, prepared: Prepared | None, rule: str | None
) -> None:
    read = situation(prepared={_BASE: prepared})
    assert [finding.rule for finding in copying_findings((disk,), read)] == ([rule] if rule else [])


def test_a_copy_is_as_large_as_the_disk_was(situation: MakeSituation) -> None:
    disk = HeldDisk("vda", _BASE, "qcow2", "s")
    grown = Prepared("qcow2", size=9 << 30, tags=frozenset("st"), near=True, tag_sizes={"s": 3 << 30})
    read = situation(prepared={_BASE: grown})
    _, resize = copy_steps(disk, "/new", read, "-O", "raw")
    assert resize.program == ("qemu-img", "resize", "-q", "--shrink", "-f", "raw", "/new", str(3 << 30))
    assert list(copying_findings((disk,), read)) == []
    (_,) = copy_steps(replace(disk, tag="t"), "/new", read)
    shrunk = situation(prepared={_BASE: replace(grown, size=1 << 30)})
    assert [finding.rule for finding in copying_findings((disk,), shrunk)] == ["copy-cut"]


def test_an_encrypted_disk_is_known_by_its_settings(situation: MakeSituation) -> None:
    disk = HeldDisk("vda", _BASE, "qcow2", "s")
    assert [finding.rule for finding in copying_findings((disk,), situation(), {"vda"})] == ["copy-encrypted"]


def test_an_image_that_somebody_writes_to_is_not_what_it_was(situation: MakeSituation) -> None:
    below, inside = HeldDisk("vda", "/images/vda.qcow2", "qcow2"), HeldDisk("vda", "/images/vda.qcow2", "qcow2", "s")
    assert [finding.rule for finding in copying_findings((below,), situation())] == ["copy-written"]
    assert list(copying_findings((inside,), situation())) == []
    other = HeldDisk("vda", _BASE, "qcow2")
    read = replace(situation(), dependents=Dependents(machines={_BASE: ("virgo",)}))
    assert list(copying_findings((other,), read)) == [], "it only reads it"
    read = replace(situation(), dependents=Dependents(writers={_BASE: ("virgo",)}))
    (finding,) = copying_findings((other,), read)
    assert finding.rule == "copy-written"
    assert "“virgo”" in finding.reason


def test_a_copy_of_a_running_machine_says_what_must_not_happen_meanwhile(situation: MakeSituation) -> None:
    disks = (HeldDisk("vda", _BASE, "qcow2", "s"),)
    (finding,) = copying_findings(disks, situation(state=DomainState.RUNNING))
    assert finding.rule == "copy-running"
