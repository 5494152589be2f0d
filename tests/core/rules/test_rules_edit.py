"""Plans that change only what libvirt notes about a snapshot."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from snapgui.core.plan import Call, CreateFlag, Level, Plan
from snapgui.core.records import Disk, DomainId, Situation, SnapshotState
from snapgui.core.requests import Describe, SetCurrent
from snapgui.core.rules import make_plan
from snapgui.core.xml.read import read_snapshot

XML = "<domainsnapshot><name>a</name><description>old</description><domain type='x'/></domainsnapshot>"


def rules(plan: Plan, level: Level | None = None) -> set[str]:
    return {finding.rule for finding in plan.findings if level in (None, finding.level)}


def test_a_description_is_changed_by_redefining(
    domain: DomainId, situation: Callable[..., Situation], snapshot: Callable[..., Any]
) -> None:
    given = situation(snapshot("a", description="old"), current="a", snapshot_xml={"a": XML})
    plan = make_plan(Describe(domain, "a", "new\ntext"), given)
    assert plan.ready
    assert [(step.call, step.flags) for step in plan.steps] == [(Call.SNAPSHOT_CREATE, CreateFlag.REDEFINE)]
    assert read_snapshot(plan.steps[0].xml).description == "new\ntext"
    assert plan.undo == Describe(domain, "a", "old", before=("new\ntext",))


def test_a_disk_only_snapshot_is_redefined_as_such(
    domain: DomainId, situation: Callable[..., Situation], snapshot: Callable[..., Any]
) -> None:
    given = situation(snapshot("a", state=SnapshotState.DISK_ONLY), snapshot_xml={"a": XML})
    for request in (Describe(domain, "a", "new"), SetCurrent(domain, "a")):
        assert make_plan(request, given).steps[0].flags & CreateFlag.DISK_ONLY


def test_the_same_description_needs_nothing(
    domain: DomainId, situation: Callable[..., Situation], snapshot: Callable[..., Any]
) -> None:
    plan = make_plan(Describe(domain, "a", "old"), situation(snapshot("a", description="old")))
    assert (plan.steps, rules(plan, Level.NOTE)) == ((), {"unchanged"})


def test_without_the_snapshots_xml_nothing_runs(
    domain: DomainId, situation: Callable[..., Situation], snapshot: Callable[..., Any]
) -> None:
    read = situation(snapshot("a"))
    for request in (Describe(domain, "a", "new"), SetCurrent(domain, "a")):
        early = make_plan(request, replace(read, config=None))
        assert (early.steps, rules(early, Level.NOTE)) == ((), {"unread"})
        late = make_plan(request, read)
        assert (late.steps, rules(late, Level.BLOCKER)) == ((), {"unread"})


def test_what_can_not_be_described(
    domain: DomainId, situation: Callable[..., Situation], snapshot: Callable[..., Any]
) -> None:
    assert rules(make_plan(Describe(domain, "x", ""), situation()), Level.BLOCKER) == {"gone"}
    assert rules(make_plan(SetCurrent(domain, "x"), situation()), Level.BLOCKER) == {"gone"}
    for text, xml in (("\x00", XML), ("new", "<broken")):
        plan = make_plan(Describe(domain, "a", text), situation(snapshot("a"), snapshot_xml={"a": xml}))
        assert rules(plan, Level.BLOCKER) == {"description-characters"}


def test_marking_one_that_the_machine_is_not_on_has_its_files_deleted_later(
    domain: DomainId,
    situation: Callable[..., Situation],
    snapshot: Callable[..., Any],
    external: Mapping[str, Any],
) -> None:
    words: Mapping[str, Any] = {"current": "b", "snapshot_xml": {"a": XML}}
    records = snapshot("a", **external), snapshot("b")
    assert rules(make_plan(SetCurrent(domain, "a"), situation(*records, **words)), Level.WARNING) == {"mark-external"}
    there = situation(*records, **words, disks=(Disk("vda", source="/images/vda.x", format="qcow2"),))
    assert not rules(make_plan(SetCurrent(domain, "a"), there), Level.WARNING)


def test_the_mark_of_the_current_one_moves_and_can_be_moved_back(
    domain: DomainId, situation: Callable[..., Situation], snapshot: Callable[..., Any]
) -> None:
    given = situation(snapshot("a"), snapshot("b"), current="b", snapshot_xml={"a": XML})
    plan = make_plan(SetCurrent(domain, "a"), given)
    assert plan.ready
    assert plan.steps[0].flags == CreateFlag.REDEFINE | CreateFlag.CURRENT
    assert plan.steps[0].xml == XML
    assert rules(plan, Level.NOTE) == {"mark-only"}
    assert plan.undo == SetCurrent(domain, "b")
    same = make_plan(SetCurrent(domain, "b"), given)
    assert (same.steps, rules(same, Level.NOTE)) == ((), {"unchanged"})


def test_a_text_that_the_writer_did_not_know_of_is_warned_of(
    domain: DomainId, situation: Callable[..., Situation], snapshot: Callable[..., Any]
) -> None:
    given = situation(snapshot("a", description="old"), snapshot_xml={"a": XML})
    for before in ((), ("old",), ("older", "old")):
        assert make_plan(Describe(domain, "a", "new", before), given).findings == ()
    plan = make_plan(Describe(domain, "a", "new", ("older",)), given)
    assert plan.ready
    assert rules(plan, Level.WARNING) == {"overtaken"}
    assert "to “old”" in plan.findings[0].reason
    emptied = replace(given, snapshot_xml={"a": XML.replace("old", "")})
    assert "emptied" in make_plan(Describe(domain, "a", "new", ("old",)), emptied).findings[0].reason
    late = situation(snapshot("a", description="later"), snapshot_xml={"a": XML})
    assert "to “later”" in make_plan(Describe(domain, "a", "new", ("old",)), late).findings[0].reason
