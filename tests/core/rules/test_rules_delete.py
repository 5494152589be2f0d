"""Plans of deleting: every snapshot that goes, every child that moves up, and where the current mark goes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core.errors import Problem
from snapgui.core.plan import EffectKind, Level, Plan
from snapgui.core.records import (
    Disk,
    DomainId,
    DomainState,
    Folder,
    Layer,
    Mode,
    Pause,
    Situation,
    Size,
    SnapshotRecord,
    SnapshotState,
)
from snapgui.core.requests import Delete, Scope
from snapgui.core.rules import make_plan
from snapgui.core.rules.delete import told_by_xml
from snapgui.core.usage import NOW, Held, ImageUsage, Usage


@pytest.fixture
def tree(snapshot: Callable[..., SnapshotRecord]) -> tuple[SnapshotRecord, ...]:
    """a(b(d(e)), c), z."""
    return (
        snapshot("a"),
        snapshot("b", "a", created=2),
        snapshot("c", "a", created=3),
        snapshot("d", "b"),
        snapshot("e", "d"),
        snapshot("z"),
    )


@pytest.fixture
def delete(domain: DomainId, situation: Callable[..., Situation]) -> Callable[..., Plan]:
    """The plan of deleting, in a situation of the words given."""

    def build(
        *names: str,
        of: tuple[SnapshotRecord, ...],
        scope: Scope = Scope.THIS,
        metadata_only: bool = False,
        **words: Any,
    ) -> Plan:
        return make_plan(Delete(domain, names, scope, metadata_only), situation(*of, **words))

    return build


def rules(plan: Plan, level: Level | None = None) -> set[str]:
    return {finding.rule for finding in plan.findings if level in (None, finding.level)}


def of_kind(plan: Plan, kind: EffectKind) -> list[tuple[str, ...]]:
    return [effect.names for effect in plan.effects if effect.kind is kind]


def calls(plan: Plan) -> list[tuple[str, int]]:
    return [(step.snapshot, step.flags) for step in plan.steps]


def test_children_move_up_to_the_parent(delete: Callable[..., Plan], tree: tuple[SnapshotRecord, ...]) -> None:
    plan = delete("b", of=tree, current="e")
    assert plan.ready
    assert plan.title == "Delete snapshot “b” of pisces"
    assert calls(plan) == [("b", 0)]
    assert of_kind(plan, EffectKind.LOSES) == [("b",)]
    assert of_kind(plan, EffectKind.MOVES) == [("d",)]
    assert plan.effects[1].text == "These move up to “a”, with all their data: “d”."
    assert of_kind(plan, EffectKind.CHANGES) == []


def test_children_of_a_root_move_to_the_top(delete: Callable[..., Plan], tree: tuple[SnapshotRecord, ...]) -> None:
    plan = delete("a", of=tree, current="a")
    assert of_kind(plan, EffectKind.MOVES) == [("b", "c")]
    assert "to the top" in plan.effects[1].text
    assert "No snapshot is the current one" in plan.effects[2].text


def test_several_go_children_first_and_what_stays_moves_past_all_of_them(
    delete: Callable[..., Plan], tree: tuple[SnapshotRecord, ...]
) -> None:
    plan = delete("b", "d", of=tree, current="d")
    assert calls(plan) == [("d", 0), ("b", 0)]
    assert of_kind(plan, EffectKind.LOSES) == [("b", "d")]
    assert of_kind(plan, EffectKind.MOVES) == [("e",)]
    assert of_kind(plan, EffectKind.CHANGES) == [("a",)]
    assert plan.title == "Delete 2 snapshots of pisces"


def test_with_children_everything_below_goes_the_lowest_first(
    delete: Callable[..., Plan], tree: tuple[SnapshotRecord, ...]
) -> None:
    plan = delete("b", "d", of=tree, scope=Scope.WITH_CHILDREN, current="e")
    assert calls(plan) == [("e", 0), ("d", 0), ("b", 0)]
    assert of_kind(plan, EffectKind.LOSES) == [("b", "d", "e")]
    assert of_kind(plan, EffectKind.MOVES) == []
    assert of_kind(plan, EffectKind.CHANGES) == [("a",)]


def test_children_only_leaves_the_chosen_one(delete: Callable[..., Plan], tree: tuple[SnapshotRecord, ...]) -> None:
    plan = delete("b", "c", of=tree, scope=Scope.CHILDREN_ONLY, current="e")
    assert calls(plan) == [("e", 0), ("d", 0)]
    assert of_kind(plan, EffectKind.LOSES) == [("d", "e")]
    assert of_kind(plan, EffectKind.CHANGES) == [("b",)]
    assert rules(delete("c", of=tree, scope=Scope.CHILDREN_ONLY), Level.BLOCKER) == {"nothing"}


def test_what_is_not_there_can_not_be_deleted(delete: Callable[..., Plan], tree: tuple[SnapshotRecord, ...]) -> None:
    assert rules(delete("a", "x", of=tree), Level.BLOCKER) == {"gone"}
    assert rules(delete(of=tree), Level.BLOCKER) == {"nothing"}


def test_freed_memory_is_added_up(delete: Callable[..., Plan], tree: tuple[SnapshotRecord, ...]) -> None:
    sizes = {"b": Size(100 * 2**20), "d": Size(45 * 2**20), "e": Size(None, "why")}
    plan = delete("b", of=tree, scope=Scope.WITH_CHILDREN, sizes=sizes)
    assert any("145.0 MiB" in effect.text for effect in plan.effects)


def test_many_names_are_cut_short_in_the_text_only(delete: Callable[..., Plan], snapshot: Callable[..., Any]) -> None:
    many = tuple(snapshot(f"s{n}", created=n) for n in range(40))
    plan = delete(*(record.name for record in many), of=many)
    assert len(of_kind(plan, EffectKind.LOSES)[0]) == 40
    assert plan.effects[0].text == "Deletes “s0”, “s1”, “s2”, “s3”, “s4” and 35 more."


def test_an_unreadable_one_can_be_deleted_with_a_warning(delete: Callable[..., Plan]) -> None:
    plan = delete("a", of=(SnapshotRecord("a", problem=Problem("", "bad")),))
    assert plan.ready
    assert rules(plan, Level.WARNING) == {"unreadable"}


def test_a_running_qemu_deletes_only_plain_names(delete: Callable[..., Plan], snapshot: Callable[..., Any]) -> None:
    records = (snapshot("a"), snapshot("b c", "a"))
    words = {"of": records, "scope": Scope.WITH_CHILDREN, "state": DomainState.RUNNING}
    plan = delete("a", **words)
    assert rules(plan, Level.BLOCKER) == {"name-job"}
    assert "“b c”" in plan.findings[0].reason
    assert delete("a", **words, version=10_008_000).ready
    assert delete("a", of=records, scope=Scope.WITH_CHILDREN).ready


@pytest.fixture
def mixed(snapshot: Callable[..., Any], external: Mapping[str, Any]) -> tuple[SnapshotRecord, ...]:
    """i(e1 external(e2 external(e3 external), j), k)."""
    return (
        snapshot("i"),
        snapshot("e1", "i", **external),
        snapshot("e2", "e1", **external),
        snapshot("e3", "e2", **external),
        snapshot("j", "e1"),
        snapshot("k", "i"),
    )


def test_an_internal_one_in_other_images_waits_until_the_machine_is_off(
    delete: Callable[..., Plan], mixed: tuple[SnapshotRecord, ...]
) -> None:
    words = {"of": mixed, "current": "e2"}
    assert rules(delete("i", **words, state=DomainState.RUNNING), Level.BLOCKER) == {"other-image"}
    assert delete("i", **words).ready
    assert delete("i", of=mixed, current="k", state=DomainState.RUNNING).ready


def test_external_ones_go_where_libvirt_can_merge_them(
    delete: Callable[..., Plan], mixed: tuple[SnapshotRecord, ...]
) -> None:
    place = {"external-place"}
    assert delete("e3", of=mixed, current="e3").ready
    assert delete("e2", of=mixed, current="e3").ready
    assert delete("e2", "e3", of=mixed, current="e3").ready
    assert place < rules(delete("e1", of=mixed, current="e3"), Level.BLOCKER)  # several children, one of them internal
    assert rules(delete("e2", of=mixed, current="e2"), Level.BLOCKER) == place  # current, with a child
    assert rules(delete("e2", of=mixed, current="k"), Level.BLOCKER) == place  # off the way
    assert rules(delete("e1", "e2", "e3", "j", of=mixed, current="e3"), Level.BLOCKER) == place  # internal parent


@pytest.mark.parametrize(
    ("names", "current", "way_out"),
    [
        (("e2",), "e2", "Delete “e3” first."),
        (("e1",), "e1", "Delete “e2”, “j”, “e3” first."),
        (("e1",), "e3", "Delete all but one of “e2”, “j” first."),
        (("e2",), "k", "Delete “e3” first, or revert there."),
        (("e1", "e2", "e3", "j"), "e3", "Delete “i” first."),
    ],
)
def test_the_way_out_is_named(
    delete: Callable[..., Plan], mixed: tuple[SnapshotRecord, ...], names: tuple[str, ...], current: str, way_out: str
) -> None:
    plan = delete(*names, of=mixed, current=current)
    assert way_out in [finding.remedy for finding in plan.findings if finding.rule == "external-place"]


def test_what_needs_the_machine_off_says_so(
    delete: Callable[..., Plan], mixed: tuple[SnapshotRecord, ...], snapshot: Callable[..., Any]
) -> None:
    running = {"state": DomainState.RUNNING}
    for plan in (delete("i", of=mixed, current="e2", **running), delete("b c", of=(snapshot("b c"),), **running)):
        assert "Shut the machine off first." in [finding.remedy for finding in plan.findings]


def test_libvirt_is_kept_from_crashing_where_no_snapshot_is_the_current_one(
    delete: Callable[..., Plan], chain: tuple[SnapshotRecord, ...]
) -> None:
    plan = delete("e7", of=chain, current=None)
    (finding,) = [each for each in plan.findings if each.level is Level.BLOCKER]
    assert (finding.rule, finding.remedy) == ("no-current", "Delete “e8” first.")
    assert delete("e7", "e8", of=chain, current=None).ready


def test_libvirt_is_kept_from_crashing_where_a_branch_below_is_not_where_the_machine_is(
    delete: Callable[..., Plan], chain: tuple[SnapshotRecord, ...], snapshot: Callable[..., Any]
) -> None:
    branched = (*chain, snapshot("i", "e7"))
    plan = delete("e3", of=branched, current="e8")
    (finding,) = [each for each in plan.findings if each.level is Level.BLOCKER]
    assert (finding.rule, finding.remedy) == ("branch", "Delete “i” first.")
    assert delete("e3", of=chain, current="e8").ready
    assert rules(delete("e3", of=chain, current="e7"), Level.BLOCKER) == {"branch"}, "what is below the current one"


def test_what_is_not_on_the_hosts_own_storage_is_deleted_while_the_machine_runs(
    delete: Callable[..., Plan], snapshot: Callable[..., Any]
) -> None:
    words = {"of": (snapshot("a"),), "current": "a", "disks": (Disk("vda", format="qcow2", source_type="network"),)}
    (finding,) = [each for each in delete("a", **words).findings if each.level is Level.BLOCKER]
    assert (finding.rule, finding.remedy) == ("disk-remote", "Start the machine first.")
    assert delete("a", **words, state=DomainState.RUNNING).ready
    assert delete("a", **words, metadata_only=True).ready


def test_what_is_between_the_files_that_would_merge_stands_in_the_way(
    delete: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    """As of a snapshot that libvirt was told to forget."""
    disk = "<disk type='file'><source file='/images/vda.qcow2'/><target dev='vda'/></disk>"
    xml = f"<domainsnapshot><name>a</name><domain type='x'><devices>{disk}</devices></domain></domainsnapshot>"
    words = {"snapshot_xml": {"a": xml}, "disks": (Disk("vda", source="/images/vda.b", format="qcow2"),)}

    def plan(*names: str) -> Plan:
        chain = tuple(Layer(f"/images/vda.{name}", "qcow2") for name in names)
        return delete("a", of=(snapshot("a", **external),), current="a", chains={"vda": chain}, **words)

    assert plan("b", "qcow2").ready
    (finding,) = [each for each in plan("b", "a", "qcow2").findings if each.level is Level.BLOCKER]
    assert finding.rule == "merge-parted"
    assert "/images/vda.a is between" in finding.reason


def test_external_ones_go_together_where_each_can_go_after_those_below(
    delete: Callable[..., Plan], mixed: tuple[SnapshotRecord, ...]
) -> None:
    assert delete("e2", of=mixed, scope=Scope.WITH_CHILDREN, current="e3").ready
    plan = delete("e1", of=mixed, scope=Scope.WITH_CHILDREN, current="e3")
    assert rules(plan, Level.BLOCKER) == {"external-place"}


def test_external_ones_do_not_go_on_an_old_libvirt(
    delete: Callable[..., Plan], mixed: tuple[SnapshotRecord, ...]
) -> None:
    assert rules(delete("e3", of=mixed, version=8_010_000), Level.BLOCKER) == {"external-version"}


def test_an_external_one_is_kept_while_an_internal_one_lives_in_its_files(
    delete: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    records = (snapshot("e", **external), snapshot("f", "e", **external), snapshot("i", "f"))
    assert delete("e", of=records, current="i").ready
    plan = delete("f", of=records, current="i")
    assert rules(plan, Level.BLOCKER) == {"buried"}
    assert "“i”" in plan.findings[0].reason
    assert delete("f", "i", of=records, current="i").ready


def said(plan: Plan) -> str:
    return "\n".join(effect.text for effect in plan.effects)


def taken_on(path: str) -> str:
    """The XML of a snapshot of a machine that stood on this file."""
    disk = f"<disk type='file'><source file='{path}'/><target dev='vda'/></disk>"
    return f"<domainsnapshot><name>x</name><domain type='x'><devices>{disk}</devices></domain></domainsnapshot>"


@pytest.fixture
def chain(snapshot: Callable[..., Any], external: Mapping[str, Any]) -> tuple[SnapshotRecord, ...]:
    """Nine external snapshots, each below the one before."""
    return tuple(snapshot(f"e{n}", f"e{n - 1}" if n else None, created=n, **external) for n in range(9))


def test_files_that_are_merged_are_named_where_they_have_been_read(
    delete: Callable[..., Plan], chain: tuple[SnapshotRecord, ...]
) -> None:
    words = {"of": chain, "current": "e8"}
    xml = {f"e{n}": taken_on(f"/images/{n}") for n in range(9)}
    assert "Deletes /images/4 once its data is merged into /images/3." in said(delete("e3", **words, snapshot_xml=xml))
    assert "/images/vda.qcow2 once its data is merged into /images/8" in said(delete("e8", **words, snapshot_xml=xml))
    assert "Deletes the files of “e3” once their data is merged" in said(delete("e3", **words))
    many = delete("e1", scope=Scope.CHILDREN_ONLY, **words, snapshot_xml=xml)
    assert "Deletes the files of “e2”, “e3”, “e4”, “e5”, “e6” and 2 more once" in said(many)
    assert many.ready


def test_merging_starts_qemu_for_a_machine_that_is_off(
    delete: Callable[..., Plan], chain: tuple[SnapshotRecord, ...]
) -> None:
    assert "QEMU starts for a moment" in said(delete("e8", of=chain, current="e8"))
    assert "QEMU starts" not in said(delete("e8", of=chain, current="e8", state=DomainState.RUNNING))
    assert "QEMU starts" not in said(delete("e8", of=chain, current="e7"))


def test_off_the_line_files_go_with_the_snapshot(
    delete: Callable[..., Plan], chain: tuple[SnapshotRecord, ...]
) -> None:
    xml = {"e8": taken_on("/images/8")}
    plan = delete("e8", of=chain, current="e7", snapshot_xml=xml)
    assert "Deletes /images/8, which only “e8” needs." in said(plan)
    assert "merged" not in said(plan)
    assert "Deletes the files that only “e8” needs." in said(delete("e8", of=chain, current="e7"))


def test_a_memory_file_goes_and_gives_its_size_back(
    delete: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    words = {"of": (snapshot("e", **{**external, "memory_file": "/images/e.mem"}),), "current": "e"}
    plan = delete("e", **words, sizes={"e": Size(1_762_000)})
    assert "Deletes the memory file /images/e.mem, which frees 1.7 MiB." in said(plan)
    assert "inside the images" not in said(plan)
    assert "Deletes the memory file /images/e.mem.\n" in said(delete("e", **words)) + "\n"
    old = delete("e", **words, sizes={"e": Size(1_762_000)}, version=9_000_000)
    assert "The memory file /images/e.mem stays" in said(old)
    assert "frees" not in said(old)


def test_what_has_to_be_read_for_a_delete_is_told(
    mixed: tuple[SnapshotRecord, ...], tree: tuple[SnapshotRecord, ...], situation: Callable[..., Situation]
) -> None:
    snapshots = situation(*mixed).snapshots
    assert set(told_by_xml(snapshots, ("e3",))) == set(snapshots.records)
    assert set(told_by_xml(snapshots, ("i",))) == set(snapshots.records)  # with all below
    assert set(told_by_xml(snapshots, ("k",))) == set(snapshots.records)  # it may be the last that needs an overlay
    assert told_by_xml(snapshots, ("gone",)) == ()
    assert told_by_xml(situation(*tree).snapshots, ("a", "gone")) == ()


def test_a_merge_has_progress_and_can_be_cancelled_only_while_no_guest_runs(
    delete: Callable[..., Plan], chain: tuple[SnapshotRecord, ...]
) -> None:
    (off,) = delete("e8", of=chain, current="e8").steps
    assert (off.merges, off.abortable, off.has_progress) == (("vda",), True, True)
    (running,) = delete("e3", of=chain, current="e8", state=DomainState.RUNNING).steps
    assert (running.merges, running.abortable, running.has_progress) == (("vda",), False, True)
    (dropped,) = delete("e8", of=chain, current="e7").steps
    assert (dropped.merges, dropped.has_progress) == ((), False)


def test_parents_go_first_where_only_that_works(
    delete: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    plan = delete("i", "e", of=(snapshot("i"), snapshot("e", "i", **external)), current="e")
    assert plan.ready
    assert calls(plan) == [("i", 0), ("e", 0)]


def test_what_lies_off_the_line_below_an_internal_one_goes_where_libvirt_keeps_the_image(
    delete: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    words = {"of": (snapshot("i"), snapshot("e", "i", **external)), "current": "i"}
    plan = delete("e", **words)
    assert plan.ready
    assert "the file that it was taken of stays" in said(plan)
    assert rules(delete("e", **words, version=10_010_000), Level.BLOCKER) == {"external-place"}


def test_a_file_that_something_else_needs_is_never_deleted(
    delete: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    # The machine was reverted to an internal snapshot between the two, which is gone by now: libvirt does not notice.
    words = {"of": (snapshot("e", **external), snapshot("x", "e", **external)), "current": "e"}
    plan = delete("x", **words, snapshot_xml={"x": taken_on("/images/vda.qcow2")})
    assert rules(plan, Level.BLOCKER) == {"needed"}
    assert "forgotten" in plan.findings[0].remedy
    assert delete("x", **words, snapshot_xml={"x": taken_on("/images/other")}).ready


def test_a_merge_that_broke_off_is_finished_first(
    delete: Callable[..., Plan], chain: tuple[SnapshotRecord, ...]
) -> None:
    marked = taken_on("/images/3").replace(
        "<domain ", "<disks><disk><snapshotDeleteInProgress/></disk></disks><domain "
    )
    words = {"of": chain, "current": "e8", "snapshot_xml": {"e3": marked}}
    assert rules(delete("e3", **words), Level.BLOCKER) == {"unfinished"}
    assert delete("e4", **words).ready
    assert delete("e3", "e4", **words).ready


def test_what_stands_in_the_way_of_a_merge(delete: Callable[..., Plan], chain: tuple[SnapshotRecord, ...]) -> None:
    words = {"of": chain, "current": "e8"}
    assert rules(delete("e8", **words, managed_save=True), Level.BLOCKER) == {"managed-save"}
    assert delete("e8", of=chain, current="e7", managed_save=True).ready
    busy = delete("e8", **words, state=DomainState.RUNNING, block_jobs=frozenset({"vda"}))
    assert rules(busy, Level.BLOCKER) == {"block-job"}
    transient = (Disk("vda", source="/images/vda.qcow2", format="qcow2", transient=True),)
    assert rules(delete("e8", **words, disks=transient), Level.BLOCKER) == {"disk-transient"}


def test_what_was_taken_of_a_volume_can_not_be_merged_into_it(
    delete: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    volume = "<disk type='volume'><source pool='p' volume='v'/><target dev='vda'/></disk>"
    xml = f"<domainsnapshot><name>e</name><domain type='x'><devices>{volume}</devices></domain></domainsnapshot>"
    running = snapshot("e", **external)
    off = replace(running, state=SnapshotState.SHUT_OFF, memory=Mode.NO)
    for record, level in ((off, Level.BLOCKER), (running, Level.WARNING)):
        plan = delete("e", of=(record,), current="e", snapshot_xml={"e": xml})
        assert rules(plan) == {"merge-volume"}
        assert rules(plan, level) == {"merge-volume"}


def test_too_little_room_for_a_merge_is_said(delete: Callable[..., Plan], chain: tuple[SnapshotRecord, ...]) -> None:
    words = {
        "of": chain,
        "current": "e8",
        "snapshot_xml": {f"e{n}": taken_on(f"/images/{n}") for n in range(9)},
        "chains": {"vda": (Layer("/images/vda.qcow2", "qcow2", 3 << 30),)},
    }
    plan = delete("e8", **words, folders={"/images": Folder(2 << 30)})
    assert plan.ready
    assert "Merging may need 3.0 GiB in /images, where 2.0 GiB are free." in plan.findings[0].reason
    assert not delete("e8", **words, folders={"/images": Folder(4 << 30)}).findings


def test_forgetting_leaves_the_data(
    delete: Callable[..., Plan], tree: tuple[SnapshotRecord, ...], chain: tuple[SnapshotRecord, ...]
) -> None:
    plan = delete("b", of=tree, scope=Scope.WITH_CHILDREN, metadata_only=True)
    assert plan.ready
    assert calls(plan) == [("e", 2), ("d", 2), ("b", 2)]
    assert of_kind(plan, EffectKind.LOSES) == [("b", "d", "e")]
    assert "health check can make libvirt know it again" in said(plan)
    external = delete("e3", of=chain, metadata_only=True)
    assert rules(external) == {"metadata-external"}
    assert "Frees" not in said(external)
    assert rules(delete("b", of=tree, metadata_only=True, driver="TEST"), Level.BLOCKER) == {"metadata-driver"}


def test_where_libvirt_only_forgets_the_tree_closes_up_too(
    domain: DomainId, snapshot: Callable[..., Any], situation: Callable[..., Situation]
) -> None:
    records = (snapshot("a"), snapshot("b", "a"), snapshot("c", "b"))
    plan = make_plan(Delete(domain, ("b",), metadata_only=True), situation(*records, current="b"))
    assert "These move up to “a”, with all their data: “c”." in said(plan)
    assert "“a” becomes the current snapshot." in said(plan)


def test_files_are_not_sure_to_merge_while_the_machine_has_not_run_since_they_were_made(
    delete: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    records = (snapshot("e", **{**external, "state": SnapshotState.PAUSED}),)
    paused = delete("e", of=records, current="e", state=DomainState.PAUSED)
    assert paused.ready
    assert "merge-paused" in rules(paused, Level.WARNING)
    assert "merge-paused" not in rules(delete("e", of=records, current="e", state=DomainState.RUNNING))


@pytest.mark.parametrize(
    ("pause", "taken", "level"),
    [
        (Pause.REVERTED, SnapshotState.RUNNING, Level.BLOCKER),
        (Pause.RESTORED, SnapshotState.RUNNING, Level.BLOCKER),
        (Pause.OTHER, SnapshotState.RUNNING, None),
        (Pause.OTHER, SnapshotState.PAUSED, Level.WARNING),
    ],
)
def test_no_files_merge_of_a_paused_machine_that_has_not_run_since_its_memory_came_from_one(
    delete: Callable[..., Plan],
    snapshot: Callable[..., Any],
    external: Mapping[str, Any],
    *,
    pause: Pause,
    taken: SnapshotState,
    level: Level | None,
) -> None:
    records = (snapshot("e", **{**external, "state": taken}),)
    plan = delete("e", of=records, current="e", state=DomainState.PAUSED, pause=pause)
    assert [each.level for each in plan.findings if each.rule == "merge-paused"] == ([] if level is None else [level])


def test_old_libvirts_merge_only_the_last_files_of_a_machine_that_is_off(
    delete: Callable[..., Plan], chain: tuple[SnapshotRecord, ...]
) -> None:
    words = {"of": chain, "current": "e8", "version": 9_000_000}
    assert rules(delete("e7", **words), Level.BLOCKER) == {"merge-off"}
    assert delete("e8", **words).ready
    assert delete("e7", "e8", **words).ready
    assert delete("e7", **words, state=DomainState.RUNNING).ready
    assert delete("e7", **{**words, "version": 9_001_000}).ready


def test_images_that_have_been_read_tell_where_the_tree_can_not(
    delete: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    records = (snapshot("e", **external), snapshot("i", "e"))
    # After a revert to e the machine is on a file of its own.
    words = {"of": records, "current": "e", "state": DomainState.RUNNING}
    assert delete("i", **words, snapshot_xml={"i": taken_on("/images/vda.qcow2")}).ready
    plan = delete("i", **words, snapshot_xml={"i": taken_on("/images/vda.e")})
    assert rules(plan, Level.BLOCKER) == {"other-image"}


def test_one_of_the_memory_alone_needs_no_images(
    delete: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    xml = {name: taken_on("/images/vda.qcow2") for name in ("e", "f")}
    records = (snapshot("e", **external), snapshot("f", "e", **{**external, "disks": ()}))
    assert delete("f", of=records, current="e", snapshot_xml=xml).ready


def test_what_comes_free_in_the_images_is_told_to_the_byte_once_they_are_counted(
    delete: Callable[..., Plan], snapshot: Callable[..., Any]
) -> None:
    records = (snapshot("a"), snapshot("b", "a"))
    image = ImageUsage(
        "/images/vda",
        ("a", "b", NOW),
        (Held(3 * 2**20, 2**20, 2**16), Held(0, 2**20), Held()),
        (Held(2**20),) * 3,
        ((0b001, Held(3 * 2**20, 2**20, 2**16)), (0b010, Held(0, 2**20)), (0b011, Held(2**20))),
    )
    words = {"of": records, "current": "b", "usage": Usage({"vda": image})}
    told = "Frees 4.1 MiB inside the images: 1.0 MiB of memory, 3.0 MiB of the disks, 64.0 KiB of the images"
    assert told in said(delete("a", **words))
    assert "Frees 6.1 MiB inside the images: 2.0 MiB of memory, 4.0 MiB of the" in said(delete("a", "b", **words))
    one_unread = {**words, "usage": Usage({"vda": image, "vdb": Problem("Counting", "No.")})}
    assert "Frees up to 1.0 KiB of saved memory inside" in said(delete("a", **one_unread, sizes={"a": Size(1024)}))
