"""Safety snapshots before reverts, and undoing by them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core import virsh
from snapgui.core.plan import Call, EffectKind, Level, Plan
from snapgui.core.records import (
    Agent,
    Disk,
    DomainId,
    DomainState,
    Folder,
    Kind,
    Layer,
    Mode,
    Pause,
    Situation,
    SnapshotDisk,
    SnapshotRecord,
    Snapshots,
    SnapshotState,
)
from snapgui.core.requests import Revert, RunState, Take, Undo
from snapgui.core.rules import make_plan
from snapgui.core.rules.safety import after_take, is_unchanged, propose
from snapgui.core.safety_mark import MARK, is_marked

_DOMAIN = """\
<domain type='kvm'{id}><name>pisces</name><memory unit='MiB'>{memory}</memory>
<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda'/>
</disk></devices></domain>"""
_SNAPSHOT = "<domainsnapshot><name>{name}</name>{domain}</domainsnapshot>"
_RUNNING = {"state": DomainState.RUNNING}
_AGENT = {"config": {"agent": Agent.CONNECTED}}


def _domain(disk: str = "/images/vda.qcow2", memory: int = 512) -> str:
    return _DOMAIN.format(id="", memory=memory, disk=disk)


def _rules(plan: Plan, level: Level | None = None) -> set[str]:
    return {finding.rule for finding in plan.findings if level in (None, finding.level)}


def _told(plan: Plan, kind: EffectKind | None = None) -> str:
    return "\n".join(effect.text for effect in plan.effects if kind in (None, effect.kind))


@pytest.fixture
def revert(domain: DomainId, situation: Callable[..., Situation]) -> Callable[..., Plan]:
    """The plan of reverting to "a" with the safety snapshot that is proposed."""

    def build(*records: SnapshotRecord, run: RunState = RunState.AS_TAKEN, **words: Any) -> Plan:
        given = situation(*records, **words)
        return make_plan(Revert(domain, "a", run, safety=propose("a", given)), given)

    return build


def test_the_safety_snapshot_comes_first_and_undoing_is_offered(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], domain: DomainId
) -> None:
    plan = revert(snapshot("a"), snapshot("b", "a"), current="b", **_RUNNING)
    assert plan.ready
    assert [(step.call, step.snapshot) for step in plan.steps] == [
        (Call.SNAPSHOT_CREATE, "before-revert-1"),
        (Call.SNAPSHOT_REVERT, "a"),
    ]
    assert plan.undo == Undo(domain, "before-revert-1")
    assert not plan.steps[0].may_fail  # without it, nothing is reverted
    assert not _told(plan, EffectKind.LOSES)
    assert "What changed since “b” is kept in a new safety snapshot, “before-revert-1”" in _told(plan)
    assert "pauses while its memory is saved" in _told(plan, EffectKind.PAUSES)


def test_it_is_named_and_marked(snapshot: Callable[..., Any], situation: Callable[..., Situation]) -> None:
    given = situation(snapshot("a"), snapshot("before-revert-1"), image_tags={"vda": frozenset({"before-revert-2"})})
    given = replace(given, folders={"/images": Folder(names=frozenset({"vda.before-revert-3"}))})
    take = propose("a", given)
    assert take.name == "before-revert-4"
    assert "before the revert to “a”" in take.description
    record = after_take(take, given).snapshots.records[take.name]
    assert record.safety
    assert record.description == "The machine as it was before the revert to “a”."
    assert not is_marked(f"See {MARK} above")
    assert propose("\x00", given).description.startswith("The machine as it was before the revert to “?”.")


def test_its_kind_is_that_of_the_machine_s_snapshots(
    snapshot: Callable[..., Any], situation: Callable[..., Situation], external: Mapping[str, Any]
) -> None:
    assert propose("a", situation(snapshot("a"), current="a")).kind is Kind.INTERNAL
    assert propose("a", situation(snapshot("a", **external), current="a")).kind is Kind.EXTERNAL


def test_where_it_can_not_be_taken_the_revert_says_so_and_goes_without(
    revert: Callable[..., Plan], snapshot: Callable[..., Any]
) -> None:
    plan = revert(snapshot("a"), current="a", state=DomainState.PM_SUSPENDED)
    assert plan.ready
    assert [step.call for step in plan.steps] == [Call.SNAPSHOT_REVERT]
    assert plan.undo is None
    (finding,) = (each for each in plan.findings if each.rule == "no-safety")
    assert finding.level is Level.WARNING  # what was agreed to on a sketch with it is not run without it unasked
    assert "put itself to sleep" in finding.reason
    assert "is lost: no snapshot has it" in _told(plan, EffectKind.LOSES)
    assert "no-safety" in _rules(
        revert(snapshot("a"), current="a", state=DomainState.RUNNING, block_jobs=frozenset({"vda"}))
    )


def test_one_of_the_disks_alone_does_not_hold_what_runs(
    domain: DomainId, snapshot: Callable[..., Any], situation: Callable[..., Situation]
) -> None:
    safety = Take(domain, "before-revert-1", kind=Kind.DISK_ONLY)
    plan = make_plan(Revert(domain, "a", safety=safety), situation(snapshot("a"), current="a", **_RUNNING))
    assert "What runs in the machine now ends" in _told(plan, EffectKind.LOSES)
    assert "pauses" not in _told(plan)


def test_on_external_snapshots_the_revert_is_planned_from_the_safety_snapshot_s_files(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    overlay = Disk("vda", source="/images/vda.a", format="qcow2")
    plan = revert(snapshot("a", **external), current="a", disks=(overlay,), **_RUNNING)
    assert plan.ready
    assert plan.steps[0].abortable
    assert "/images/vda.a, in which" not in _told(plan)
    assert "new files in /images" in _told(plan)


def test_one_that_the_revert_would_damage_is_not_taken(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], domain: DomainId, situation: Callable[..., Situation]
) -> None:
    safety = Take(domain, "before-revert-1", kind=Kind.EXTERNAL)
    plan = make_plan(Revert(domain, "a", safety=safety), situation(snapshot("a"), current="a"))
    assert plan.ready
    assert [step.call for step in plan.steps] == [Call.SNAPSHOT_REVERT]
    assert plan.undo is None
    (finding,) = (finding for finding in plan.findings if finding.rule == "no-safety")
    assert "above the images that the revert changes" in finding.reason
    assert "no-safety" not in _rules(revert(snapshot("a"), current="a"))


def test_without_one_the_files_that_go_are_named(
    domain: DomainId, snapshot: Callable[..., Any], situation: Callable[..., Situation], external: Mapping[str, Any]
) -> None:
    overlay = Disk("vda", source="/images/vda.x", format="qcow2")
    plan = make_plan(Revert(domain, "a"), situation(snapshot("a", **external), current="a", disks=(overlay,)))
    assert "Deletes /images/vda.x, in which the disks are now." in _told(plan, EffectKind.LOSES)
    left = make_plan(Revert(domain, "a"), situation(snapshot("a", **external), current="a"))
    assert "Deletes /images/vda.x." in _told(left, EffectKind.LOSES)  # whatever the disks are on
    base = make_plan(Revert(domain, "a"), situation(snapshot("a", **external), snapshot("i"), current="i"))
    assert "Deletes" not in _told(base)


def test_the_clock_is_set_where_an_agent_may_answer(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], off: Mapping[str, Any]
) -> None:
    plan = revert(snapshot("a"), current="a", **_AGENT)
    assert (plan.steps[-1].call, plan.steps[-1].may_fail) == (Call.SET_TIME, True)
    assert "clock" in _told(plan)
    assert virsh.script(plan).endswith("domtime pisces --now\n} || true\n)")
    for without in (
        revert(snapshot("a"), current="a"),
        revert(snapshot("a", **off), current="a", **_AGENT),
        revert(snapshot("a", **off), run=RunState.RUNNING, current="a", **_AGENT),
        revert(snapshot("a"), run=RunState.PAUSED, current="a", **_AGENT),
    ):
        assert without.steps[-1].call is Call.SNAPSHOT_REVERT
        assert "clock" not in _told(without)


def _as_taken(given: Situation, **changes: Any) -> Situation:
    """A machine that is off and proven to be as "a" has it, but for the changes."""
    config = replace(given.config, xml=_domain())
    words = {
        "config": config,
        "snapshot_xml": {"a": _SNAPSHOT.format(name="a", domain=_domain())},
        "equal_tags": {"vda": frozenset({"a"})},
    }
    return replace(given, **(words | changes))


def test_a_machine_counts_as_unchanged_only_where_that_is_proven(
    snapshot: Callable[..., Any], situation: Callable[..., Situation], off: Mapping[str, Any]
) -> None:
    given = situation(snapshot("a", **off), current="a")
    assert is_unchanged(_as_taken(given))
    running = replace(given.domain, state=DomainState.RUNNING)
    saved = replace(given.domain, managed_save=True)
    for changed in (
        given,
        _as_taken(given, domain=running),
        _as_taken(given, domain=saved),
        _as_taken(given, snapshots=Snapshots(given.snapshots.records, None)),
        _as_taken(given, config=None),
        _as_taken(given, equal_tags={}),
        _as_taken(given, equal_tags={"vda": frozenset({"b", ""})}),
        _as_taken(given, config=replace(given.config, xml=_domain(memory=128))),
        _as_taken(given, snapshot_xml={"a": _SNAPSHOT.format(name="a", domain="")}),
        _as_taken(given, snapshot_xml={"a": "<nonsense"}),
        _as_taken(given, snapshot_xml={"a": _SNAPSHOT.format(name="a", domain=_domain("/images/other.qcow2"))}),
    ):
        assert not is_unchanged(changed)


def test_that_settings_go_back_is_said_only_where_they_do(
    snapshot: Callable[..., Any], situation: Callable[..., Situation], domain: DomainId
) -> None:
    given = _as_taken(situation(snapshot("a"), current="a"))
    running = replace(given, domain=replace(given.domain, state=DomainState.RUNNING))
    live = replace(given.config, xml=_domain().replace("<domain ", "<domain id='7' "))
    for alike in (given, replace(running, config=live), replace(given, config=None)):  # None: it is being read
        assert "settings go back" not in _told(make_plan(Revert(domain, "a"), alike))
    for other in (
        replace(given, config=replace(given.config, xml=_domain(memory=128))),
        replace(running, config=replace(live, xml=live.xml.replace(">512<", ">128<"))),
        replace(given, snapshot_xml={}),  # what can't be proven is said
    ):
        assert "settings go back to that time" in _told(make_plan(Revert(domain, "a"), other))


@pytest.mark.parametrize(
    ("state", "pause", "words"),
    [
        (DomainState.RUNNING, Pause.OTHER, "What runs in the machine now ends at once"),
        (
            DomainState.PAUSED,
            Pause.OTHER,
            "What the paused machine",
        ),
        (
            DomainState.PAUSED,
            Pause.RESTORED,
            "What the paused machine",
        ),
        (DomainState.PAUSED, Pause.REVERTED, ""),
    ],
)
def test_what_undoing_loses_of_the_memory_depends_on_whether_the_machine_has_run(
    undo: Callable[..., Plan], snapshot: Callable[..., Any], state: DomainState, pause: Pause, words: str
) -> None:
    plan = undo(snapshot("a"), snapshot("s", "a", **_SAFETY), current="a", state=state, pause=pause)
    lost = [line for line in _told(plan, EffectKind.LOSES).splitlines() if "since “a”" not in line]
    assert [line.startswith(words) for line in lost] == [True] * bool(words)


def test_an_overlay_that_nothing_was_written_to_is_as_its_snapshot(
    snapshot: Callable[..., Any], situation: Callable[..., Situation], external: Mapping[str, Any]
) -> None:
    overlay = Disk("vda", source="/images/vda.a", format="qcow2")
    given = situation(snapshot("a", **external), current="a", disks=(overlay,))
    config = replace(given.config, xml=_domain("/images/vda.a"))
    chain = (Layer("/images/vda.a"), Layer("/images/vda.qcow2"))
    untouched = {"equal_tags": {"vda": frozenset({""})}, "config": config}
    assert is_unchanged(_as_taken(given, chains={"vda": chain}, **untouched))
    elsewhere = (chain[0], Layer("/images/vda.other"))
    assert not is_unchanged(_as_taken(given, chains={"vda": elsewhere}, **untouched))
    assert not is_unchanged(_as_taken(given, chains={}, **untouched))
    assert not is_unchanged(_as_taken(given, chains={"vda": chain}, equal_tags={"vda": frozenset()}, config=config))


def test_nothing_is_lost_where_nothing_has_changed(
    domain: DomainId, snapshot: Callable[..., Any], situation: Callable[..., Situation], off: Mapping[str, Any]
) -> None:
    plan = make_plan(Revert(domain, "a"), _as_taken(situation(snapshot("a", **off), current="a")))
    assert plan.ready
    assert not _told(plan, EffectKind.LOSES)


@pytest.fixture
def undo(domain: DomainId, situation: Callable[..., Situation]) -> Callable[..., Plan]:
    """The plan of undoing by "s", a safety snapshot among the records."""

    def build(*records: SnapshotRecord, **words: Any) -> Plan:
        return make_plan(Undo(domain, "s"), situation(*records, **words))

    return build


_SAFETY = {"description": "Before.", "safety": True}


def test_undoing_goes_back_and_deletes_the_safety_snapshot(
    undo: Callable[..., Plan], snapshot: Callable[..., Any]
) -> None:
    plan = undo(snapshot("a"), snapshot("s", "a", **_SAFETY), current="a", **_RUNNING)
    assert plan.ready
    assert [(step.call, step.snapshot, step.may_fail) for step in plan.steps] == [
        (Call.SNAPSHOT_REVERT, "s", False),
        (Call.SNAPSHOT_DELETE, "s", True),
    ]
    assert "What changed since “a” is lost" in _told(plan, EffectKind.LOSES)
    assert "becomes the current" not in _told(plan)
    assert any("s" in effect.names for effect in plan.effects)  # by which its picture goes


def test_only_safety_snapshots_are_undone_by(undo: Callable[..., Plan], snapshot: Callable[..., Any]) -> None:
    assert _rules(undo(snapshot("s")), Level.BLOCKER) == {"no-safety"}
    assert _rules(undo(snapshot("a")), Level.BLOCKER) == {"gone"}


def test_a_state_saved_since_goes_with_the_undone_revert(
    undo: Callable[..., Plan], snapshot: Callable[..., Any], off: Mapping[str, Any]
) -> None:
    plan = undo(snapshot("a"), snapshot("s", "a", **off, **_SAFETY), current="a", managed_save=True)
    assert [step.call for step in plan.steps] == [
        Call.MANAGED_SAVE_REMOVE,
        Call.SNAPSHOT_REVERT,
        Call.SNAPSHOT_DELETE,
    ]
    assert "when it was saved is lost for good" in _told(plan, EffectKind.LOSES)


def test_what_libvirt_can_not_delete_afterwards_stays_and_that_is_said(
    undo: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    plan = undo(snapshot("a"), snapshot("s", "a", **external, **_SAFETY), current="a", **_RUNNING)
    assert plan.ready
    assert [step.call for step in plan.steps] == [Call.SNAPSHOT_REVERT]
    assert _rules(plan, Level.NOTE) == {"safety-stays"}
    assert "“s” becomes the current snapshot" in _told(plan)
    fine = undo(snapshot("a", **external), snapshot("s", "a", **external, **_SAFETY), current="a", **_RUNNING)
    assert [step.call for step in fine.steps] == [Call.SNAPSHOT_REVERT, Call.SNAPSHOT_DELETE]


def test_files_can_not_be_merged_before_a_paused_machine_has_run(
    undo: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    paused = {**external, "state": snapshot("x").state.PAUSED}
    plan = undo(snapshot("a", **external), snapshot("s", "a", **paused, **_SAFETY), current="a", **_RUNNING)
    assert [step.call for step in plan.steps] == [Call.SNAPSHOT_REVERT]
    assert any("before it has run" in finding.reason for finding in plan.findings)


def test_a_situation_after_the_take_is_what_libvirt_then_says(
    domain: DomainId, snapshot: Callable[..., Any], situation: Callable[..., Situation]
) -> None:
    given = situation(snapshot("a"), current="a", **_RUNNING)
    inside = after_take(Take(domain, "s"), given)
    assert (inside.snapshots.current, inside.snapshots.records["s"].kind) == ("s", Kind.INTERNAL)
    assert inside.image_tags["vda"] == {"a", "s"}
    outside = after_take(Take(domain, "s", kind=Kind.EXTERNAL), given)
    assert outside.snapshots.records["s"].kind is Kind.EXTERNAL
    assert [disk.source for disk in outside.config.disks] == ["/images/vda.s"]


def test_the_memory_is_kept_where_that_can_be_though_the_machine_s_snapshots_are_of_disks_only(
    snapshot: Callable[..., Any], situation: Callable[..., Situation]
) -> None:
    record = snapshot(
        "d", state=SnapshotState.DISK_ONLY, memory=Mode.NO, disks=(SnapshotDisk("vda", Mode.EXTERNAL, "/images/vda.d"),)
    )
    running = situation(record, current="d", state=DomainState.RUNNING)
    assert propose("d", running).kind is Kind.EXTERNAL
    shared = situation(record, current="d", state=DomainState.RUNNING, config={"unsaved": ("shmem",)})
    assert propose("d", shared).kind is Kind.DISK_ONLY
