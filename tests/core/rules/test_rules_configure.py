"""What changing a machine's settings comes to."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import libvirt
import pytest

from snapgui.core.plan import Call, Level, Plan
from snapgui.core.records import DomainState, Mode, Situation, SnapshotDisk, SnapshotRecord
from snapgui.core.requests import Configure
from snapgui.core.rules import make_plan
from snapgui.core.virsh import script
from snapgui.core.xml.secrets import mask

OFF = (Path(__file__).parent.parent / "domains" / "off.xml").read_text()


@pytest.fixture
def plan(situation: Callable[..., Situation]) -> Callable[..., Plan]:
    def made(xml: str, base: str = OFF, read: str | None = OFF, **changes: object) -> Plan:
        known = replace(situation(**changes), next_xml=read)
        return make_plan(Configure(known.domain.id, xml, base), known)

    return made


def reasons(plan: Plan, level: Level) -> list[str]:
    return [finding.rule for finding in plan.findings if finding.level is level]


def test_a_change_is_one_definition_told_in_words(plan: Callable[..., Plan]) -> None:
    made = plan(OFF.replace("'KiB'>65536", "'MiB'>128"))
    (step,) = made.steps
    assert (step.call, step.flags) == (Call.DEFINE, 1)
    assert [effect.text for effect in made.effects] == ["Memory: 64 MiB → 128 MiB"]
    assert made.ready
    assert not made.findings
    assert "define /dev/stdin --validate" in script(made)


@pytest.mark.parametrize(
    ("xml", "rule"),
    [
        ("", "xml"),
        ("<domain", "xml"),
        ("<network/>", "xml"),
        (OFF.replace("</os>", "</so>"), "xml"),
        (OFF.replace("<name>rich", "<name>poor"), "name"),
        (OFF.replace("<name>rich</name>", ""), "name"),
        (OFF.replace("<uuid>5d8", "<uuid>6d8"), "uuid"),
        (OFF.replace("<memory unit='KiB'>65536", "<memory unit='KiB'>0"), "memory"),
        (OFF.replace("<memory unit='KiB'>65536", "<memory unit='KiB'>lots"), "memory"),
        (OFF.replace("<memory unit='KiB'>65536", "<memory unit='KiB'>-4"), "memory"),
        (OFF.replace("<memory unit='KiB'>65536", "<memory unit='bushels'>4"), "memory"),
        (OFF.replace("current='1'>2<", "current='1'>0<"), "vcpus"),
    ],
)
def test_what_libvirt_would_refuse_is_refused_before(plan: Callable[..., Plan], xml: str, rule: str) -> None:
    made = plan(xml)
    assert rule in reasons(made, Level.BLOCKER)
    assert not made.ready
    if xml.startswith("<domain type"):
        mine = xml.replace("type='qemu'", "type='test'", 1)
        connection = libvirt.open("test:///default")
        without = "<watchdog model='itco' action='reset'/>"  # which libvirt 9.0 does not know
        mine = mine.replace(without, "")
        connection.defineXML(OFF.replace("type='qemu'", "type='test'", 1).replace(without, ""))
        with pytest.raises(libvirt.libvirtError):
            connection.defineXMLFlags(mine, 1)
        connection.close()


def test_what_others_have_changed_is_not_undone_unseen(plan: Callable[..., Plan]) -> None:
    mine, theirs = OFF.replace("A rich", "My"), OFF.replace("A rich", "Their")
    assert reasons(plan(mine, read=theirs), Level.BLOCKER) == ["changed-meanwhile"]
    assert reasons(plan(mine, persistent=False), Level.BLOCKER) == ["transient"]


def test_nothing_changed_is_nothing_to_do(plan: Callable[..., Plan]) -> None:
    assert plan(OFF).steps == ()
    assert plan(OFF + "\n").steps == ()
    assert reasons(plan(OFF.replace("A rich", "My"), read=None), Level.BLOCKER) == ["unread"]


def test_when_it_takes_effect_is_said(plan: Callable[..., Plan]) -> None:
    more = OFF.replace("'KiB'>65536", "'KiB'>131072")
    assert reasons(plan(more, state=DomainState.RUNNING), Level.NOTE) == ["later"]
    assert reasons(plan(more, managed_save=True), Level.WARNING) == ["later"]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("<memory unit='KiB'>65536", "<memory unit='KiB'>1", "memory"),
        ("<memory unit='KiB'>65536", "<memory unit='KiB'>9007199254740991", "memory"),
        ("<currentMemory unit='KiB'>49152", "<currentMemory unit='KiB'>999999", "current-memory"),
    ],
)
def test_what_libvirt_takes_and_no_host_can_run_is_warned_of(
    plan: Callable[..., Plan], old: str, new: str, rule: str
) -> None:
    made = plan(OFF.replace(old, new))
    assert rule in reasons(made, Level.WARNING)
    assert made.ready


def test_what_it_means_for_the_snapshots_is_said(situation: Callable[..., Situation]) -> None:
    taken = SnapshotRecord("clean", disks=(SnapshotDisk("vda", Mode.INTERNAL), SnapshotDisk("sda", Mode.NO)))
    known = replace(situation(taken), next_xml=OFF)
    made = make_plan(Configure(known.domain.id, OFF.replace("'KiB'>65536", "'KiB'>131072"), OFF), known)
    assert [finding.rule for finding in made.findings] == ["snapshots-settings"]
    moved = make_plan(Configure(known.domain.id, OFF.replace("/a.qcow2", "/other.qcow2"), OFF), known)
    assert reasons(moved, Level.WARNING) == ["snapshots-disks"]
    medium = make_plan(Configure(known.domain.id, OFF.replace("install.iso", "other.iso"), OFF), known)
    assert reasons(medium, Level.WARNING) == []


def test_a_password_stays_and_is_not_shown(plan: Callable[..., Plan]) -> None:
    base = OFF.replace("<graphics type='vnc'", "<graphics type='vnc' passwd='geheim'")
    made = plan(base.replace("A rich", "My"), base=base, read=base)
    assert "passwd='geheim'" in made.steps[0].xml
    assert "geheim" not in script(made, secrets=False)
    assert "geheim" not in mask(made.steps[0].xml)
    lost = plan(OFF, base=base, read=base)
    assert [effect.text for effect in lost.effects] == ["Graphics vnc: password removed"]
