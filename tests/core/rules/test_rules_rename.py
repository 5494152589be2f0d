"""Renaming: only what keeps its data outside of images, and so that nothing is lost wherever it stops."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from snapgui.core.plan import Call, CreateFlag, DeleteFlag, Level, Step
from snapgui.core.records import DomainId, DomainState, Mode, Situation, SnapshotDisk, SnapshotState
from snapgui.core.requests import Rename
from snapgui.core.rules import make_plan
from snapgui.core.xml.definition import read_definition


def xml(name: str, parent: str | None = None) -> str:
    above = f"<parent><name>{parent}</name></parent>" if parent else ""
    said = f"<name>{name}</name>{above}<state>running</state><creationTime>1</creationTime>"
    return f"<domainsnapshot>{said}</domainsnapshot>"


@pytest.fixture
def given(situation: Callable[..., Situation], snapshot: Callable[..., Any], external: Mapping[str, Any]) -> Situation:
    """a above b and c, b above d; b is current."""
    parents = {"a": None, "b": "a", "c": "a", "d": "b"}
    records = [snapshot(name, parent=parent, **external) for name, parent in parents.items()]
    return situation(
        *records,
        current="b",
        state=DomainState.RUNNING,
        snapshot_xml={name: xml(name, parent) for name, parent in parents.items()},
    )


class Tree:
    """libvirt's rules for names and parents (libvirt-facts: redefine, delete of metadata)."""

    def __init__(self, situation: Situation) -> None:
        records = situation.snapshots.records
        self.parents = {name: record.parent for name, record in records.items()}
        self.current = situation.snapshots.current

    def do(self, step: Step) -> None:
        if step.call is Call.SNAPSHOT_CREATE:
            assert step.flags & CreateFlag.REDEFINE
            record = read_definition(step.xml).record
            assert record.name == step.snapshot
            assert record.parent is None or record.parent in self.parents
            self.parents[record.name] = record.parent
            if step.flags & CreateFlag.CURRENT:
                self.current = record.name
        else:
            assert step.flags == DeleteFlag.METADATA_ONLY
            gone = self.parents.pop(step.snapshot)
            self.parents = {name: gone if parent == step.snapshot else parent for name, parent in self.parents.items()}
            if self.current == step.snapshot:
                self.current = gone


@pytest.mark.parametrize(("name", "current"), [("a", "b"), ("b", "new"), ("d", "b")])
def test_children_and_the_mark_stay_with_it(domain: DomainId, given: Situation, name: str, current: str) -> None:
    plan = make_plan(Rename(domain, name, "new"), given)
    assert plan.ready, plan.findings
    tree = Tree(given)
    for step in plan.steps:
        tree.do(step)
    called = {name: "new"}
    before = {each: record.parent for each, record in given.snapshots.records.items()}
    assert tree.parents == {called.get(each, each): called.get(above or "", above) for each, above in before.items()}
    assert tree.current == current
    assert plan.undo == Rename(domain, "new", name)


@pytest.mark.parametrize("name", ["a", "b", "c", "d"])
def test_wherever_it_stops_all_is_as_before(domain: DomainId, given: Situation, name: str) -> None:
    plan = make_plan(Rename(domain, name, "new"), given)
    for stop in range(len(plan.steps)):
        tree = Tree(given)
        for step in plan.steps[:stop]:
            tree.do(step)
            assert {"a", "b", "c", "d"} <= set(tree.parents)
        for step in reversed(plan.steps[:stop]):
            assert step.undone_by is not None
            tree.do(step.undone_by)
        assert tree.parents == Tree(given).parents
        assert tree.current == "b"


@pytest.mark.parametrize(
    "parts",
    [
        {"disks": (SnapshotDisk("vda", Mode.INTERNAL),), "memory": Mode.NO, "state": SnapshotState.SHUT_OFF},
        {"disks": (SnapshotDisk("vda", Mode.INTERNAL),), "memory": Mode.INTERNAL},
        {"disks": (), "memory": Mode.INTERNAL},
    ],
)
def test_what_lies_inside_images_can_not_be_renamed(
    domain: DomainId, situation: Callable[..., Situation], snapshot: Callable[..., Any], parts: Mapping[str, Any]
) -> None:
    given = situation(snapshot("a", **parts), snapshot_xml={"a": xml("a")})
    plan = make_plan(Rename(domain, "a", "new"), given)
    assert not plan.steps
    assert [(each.rule, each.level) for each in plan.findings] == [("rename-internal", Level.BLOCKER)]
    assert "description" in plan.findings[0].remedy


@pytest.mark.parametrize(
    ("new", "rule"),
    [("", "name-blank"), ("a/b", "name-slash"), (".x", "name-dot"), ("c", "name-taken"), ("b", "unchanged")],
)
def test_a_name_that_can_not_be(domain: DomainId, given: Situation, new: str, rule: str) -> None:
    plan = make_plan(Rename(domain, "b", new), given)
    assert [each.rule for each in plan.findings] == [rule]
    assert not plan.ready


def test_a_running_qemu_does_not_mind_the_name_of_what_it_has_no_part_in(domain: DomainId, given: Situation) -> None:
    assert make_plan(Rename(domain, "b", "zwei Wörter 😀"), given).ready


def test_a_child_that_was_not_read_is_waited_for(domain: DomainId, given: Situation) -> None:
    assert "d" in given.snapshot_xml
    del given.snapshot_xml["d"]  # type: ignore[attr-defined]  # a dict
    assert [each.rule for each in make_plan(Rename(domain, "b", "new"), given).findings] == ["unread"]
