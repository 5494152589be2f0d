"""XML for a snapshot, and snapshots from XML: what stands against it is said before libvirt is asked."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core.plan import Call, CreateFlag, DeleteFlag, Level, Plan
from snapgui.core.records import DomainId, Folder, Mode, Situation, SnapshotState
from snapgui.core.requests import Delete, Import, Redefine
from snapgui.core.rules import make_plan

MakeSituation = Callable[..., Situation]


def written(domain: DomainId, name: str = "a", parent: str = "", **changes: str) -> str:
    """As libvirt writes it, with other words for ``changes``."""
    above = f"<parent>\n<name>{parent}</name>\n</parent>\n" if parent else ""
    text = (
        f"<domainsnapshot>\n<name>{name}</name>\n<state>shutoff</state>\n{above}<creationTime>1700000000</creationTime>\n"
        "<memory snapshot='no'/>\n<disks>\n<disk name='vda' snapshot='internal'/>\n</disks>\n"
        f"<domain type='qemu'>\n<name>pisces</name>\n<uuid>{domain.uuid}</uuid>\n"
        "<graphics type='vnc' passwd='s3cr3t'/>\n</domain>\n</domainsnapshot>\n"
    )
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return text


@pytest.fixture
def given(domain: DomainId, situation: MakeSituation, snapshot: Callable[..., Any]) -> Situation:
    """Snapshots a, above b, above c, and d; the text of a has been read."""
    off = {"state": SnapshotState.SHUT_OFF, "memory": Mode.NO}
    records = [
        snapshot(name, parent=parent, **off) for name, parent in (("a", None), ("b", "a"), ("c", "b"), ("d", None))
    ]
    return situation(*records, current="c", snapshot_xml={"a": written(domain)})


def blockers(plan: Plan) -> list[tuple[str, int | None]]:
    assert plan.ready is not any(each.level is Level.BLOCKER for each in plan.findings)
    return [(each.rule, each.line) for each in plan.findings if each.level is Level.BLOCKER]


def warnings(plan: Plan) -> set[str]:
    return {each.rule for each in plan.findings if each.level is Level.WARNING}


def test_another_xml_is_given_as_it_is_typed(domain: DomainId, given: Situation) -> None:
    xml = written(domain).replace("<state>", "<description>why</description>\n<state>")
    plan = make_plan(Redefine(domain, "a", xml, base=written(domain), validate=True), given)
    assert [(step.call, step.xml, step.flags) for step in plan.steps] == [
        (Call.SNAPSHOT_CREATE, xml, CreateFlag.REDEFINE | CreateFlag.VALIDATE)
    ]
    assert not plan.findings
    assert plan.undo == Redefine(domain, "a", written(domain), base=xml)


def test_a_host_without_the_check_is_not_asked_for_it(domain: DomainId, given: Situation) -> None:
    old = replace(given, host=replace(given.host, libvirt_version=5_005_000))
    plan = make_plan(Redefine(domain, "a", written(domain, s3cr3t="new"), validate=True), old)
    assert plan.steps[0].flags == CreateFlag.REDEFINE


@pytest.mark.parametrize(
    ("changes", "rule", "line"),
    [
        ({"<name>a": "<name>z"}, "xml-name", 2),
        ({"</name>\n<state>": "</nam>\n<state>"}, "xml", 2),
        ({"domainsnapshot>": "domain>"}, "xml", 1),
        ({"<uuid>": "<uuid>f"}, "xml-machine", 9),
        ({"pisces": "aries"}, "xml-machine", 9),
        ({"shutoff": "running"}, "xml-state", 3),
        ({"shutoff": "disk-snapshot"}, "xml-state", 3),
        ({"</state>": "</state><parent><name>nope</name></parent>"}, "xml-parent", 3),
        ({"</state>": "</state><parent><name>a</name></parent>"}, "xml-cycle", 3),
        ({"</state>": "</state><parent><name>c</name></parent>"}, "xml-cycle", 3),
        ({"<memory snapshot='no'/>": "<memory snapshot='internal'/>"}, "xml", 5),
    ],
)
def test_what_libvirt_would_refuse_is_said_at_its_line(
    domain: DomainId, given: Situation, changes: dict[str, str], rule: str, line: int
) -> None:
    plan = make_plan(Redefine(domain, "a", written(domain, **changes)), given)
    assert blockers(plan) == [(rule, line)]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({" passwd='s3cr3t'": ""}, "xml-passwords"),
        ({"snapshot='internal'": "snapshot='external'"}, "xml-data"),
    ],
)
def test_what_libvirt_would_take_without_a_word_is_warned_of(
    domain: DomainId, given: Situation, changes: dict[str, str], rule: str
) -> None:
    plan = make_plan(Redefine(domain, "a", written(domain, **changes)), given)
    assert plan.ready
    assert warnings(plan) == {rule}


def test_a_text_that_somebody_else_has_changed_is_not_overwritten(domain: DomainId, given: Situation) -> None:
    plan = make_plan(Redefine(domain, "a", written(domain, s3cr3t="new"), base="<older/>"), given)
    assert blockers(plan) == [("changed-elsewhere", None)]
    assert plan.findings[0].remedy


def test_the_same_text_needs_nothing(domain: DomainId, given: Situation) -> None:
    plan = make_plan(Redefine(domain, "a", written(domain)), given)
    assert (plan.steps, [each.rule for each in plan.findings]) == ((), ["unchanged"])


def test_a_snapshot_that_is_gone_or_not_read(domain: DomainId, given: Situation) -> None:
    assert blockers(make_plan(Redefine(domain, "z", "<a/>"), given)) == [("gone", None)]
    assert blockers(make_plan(Redefine(domain, "b", "<a/>"), given)) == [("unread", None)]


def test_files_are_defined_parents_first_whatever_their_order(domain: DomainId, given: Situation) -> None:
    texts = tuple(written(domain, name, parent) for name, parent in (("g", "f"), ("e", "c"), ("f", "e"), ("r", "")))
    plan = make_plan(Import(domain, texts, current="g", sources=("1", "2", "3", "4")), given)
    assert plan.ready
    names = [step.snapshot for step in plan.steps]
    assert sorted(names) == ["e", "f", "g", "g", "r"]
    assert names.index("e") < names.index("f") < names.index("g")
    assert [step.flags for step in plan.steps] == [CreateFlag.REDEFINE] * 4 + [CreateFlag.REDEFINE | CreateFlag.CURRENT]
    for step in plan.steps[:-1]:
        assert step.undone_by is not None
        assert (step.undone_by.call, step.undone_by.snapshot) == (Call.SNAPSHOT_DELETE, step.snapshot)
        assert step.undone_by.flags == DeleteFlag.METADATA_ONLY
    assert plan.undo == Delete(domain, tuple(names[:-1]), metadata_only=True)


@pytest.mark.parametrize(
    ("texts", "rules"),
    [
        ((("e", ""), ("e", "")), ["file-twice"]),
        ((("a", ""),), ["file-taken"]),
        ((("e", "nope"),), ["file-parent"]),
        ((("e", "f"), ("f", "e")), ["file-cycle"]),
        ((("e", "e"),), ["file-cycle"]),
        (((".e", ""),), ["name-dot"]),
        ((("e/f", ""),), ["name-slash"]),
    ],
)
def test_a_file_that_can_not_be_imported_is_named(
    domain: DomainId, given: Situation, texts: tuple[tuple[str, str], ...], rules: list[str]
) -> None:
    sources = tuple(f"file{number}.xml" for number in range(len(texts)))
    plan = make_plan(Import(domain, tuple(written(domain, *each) for each in texts), sources=sources), given)
    assert [rule for rule, _ in blockers(plan)] == rules
    for finding in plan.findings:
        assert finding.subject in sources
        assert finding.reason.startswith(finding.subject)


def test_a_file_of_another_machine_is_refused_by_that_machines_name(domain: DomainId, given: Situation) -> None:
    text = written(domain, "e", **{"<uuid>": "<uuid>ffff", "pisces": "aries"})
    plan = make_plan(Import(domain, (text,), sources=("e.xml",)), given)
    assert blockers(plan) == [("file-machine", None)]
    assert "aries" in plan.findings[0].reason


@pytest.mark.parametrize("text", ["", "<a/>", "\0", "<domainsnapshot", "{}", "<domainsnapshot/>"])
def test_a_file_that_is_no_snapshot_is_refused(domain: DomainId, given: Situation, text: str) -> None:
    plan = make_plan(Import(domain, (text, written(domain, "e")), sources=("bad.txt", "e.xml")), given)
    assert [rule for rule, _ in blockers(plan)] == ["file"]
    assert plan.findings[0].subject == "bad.txt"


def test_metadata_without_its_data_is_warned_of(domain: DomainId, given: Situation) -> None:
    outside = written(
        domain,
        "x",
        **{
            "snapshot='internal'/>": "snapshot='external'><source file='/images/vda.x'/></disk>",
            "shutoff": "disk-snapshot",
            "<graphics type='vnc' passwd='s3cr3t'/>": "<devices><disk type='file' device='disk'>"
            "<source file='/images/vda.qcow2'/><target dev='vda'/></disk></devices>",
        },
    )
    inside = written(domain, "e")
    known = replace(given, folders={"/images": Folder(names=frozenset({"vda.x"}))})
    plan = make_plan(Import(domain, (inside, outside), sources=("e.xml", "x.xml")), known)
    assert plan.ready
    assert {(each.rule, each.subject) for each in plan.findings} == {("file-data", "e.xml"), ("file-data", "x.xml")}
    there = replace(
        known, image_tags={"vda": frozenset({"e"})}, folders={"/images": Folder(names=frozenset({"vda.qcow2"}))}
    )  # the overlay holds what came after it
    assert not make_plan(Import(domain, (inside, outside), sources=("e.xml", "x.xml")), there).findings
    not_read = replace(given, image_tags={}, folders={"/images": Folder()})
    assert not make_plan(Import(domain, (inside, outside)), not_read).findings


def test_a_thousand_files_are_planned_at_once(domain: DomainId, given: Situation) -> None:
    texts = tuple(written(domain, f"n{number}", f"n{number - 1}" if number else "") for number in reversed(range(1000)))
    plan = make_plan(Import(domain, texts), given)
    assert plan.ready
    assert [step.snapshot for step in plan.steps] == [f"n{number}" for number in range(1000)]
