"""Plans of reverting: what stands in the way, what is lost, how the machine goes on."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core.errors import Problem
from snapgui.core.plan import Call, EffectKind, Level, Plan, RevertFlag
from snapgui.core.records import (
    Disk,
    DomainId,
    DomainState,
    Kind,
    Situation,
    SnapshotRecord,
    SnapshotState,
)
from snapgui.core.requests import Revert, RunState, Take
from snapgui.core.rules import make_plan
from snapgui.core.rules.revert_files import told_by_xml
from snapgui.core.rules.safety import is_wanted, propose


@pytest.fixture
def revert(domain: DomainId, situation: Callable[..., Situation]) -> Callable[..., Plan]:
    """The plan of reverting to the snapshot "a", in a situation of the words given."""

    def build(
        *records: SnapshotRecord,
        to: str = "a",
        run: RunState = RunState.AS_TAKEN,
        remove: bool = False,
        **words: Any,
    ) -> Plan:
        return make_plan(Revert(domain, to, run, remove), situation(*records, **words))

    return build


def rules(plan: Plan, level: Level | None = None) -> set[str]:
    return {finding.rule for finding in plan.findings if level in (None, finding.level)}


def told(plan: Plan) -> str:
    return "\n".join(effect.text for effect in plan.effects)


def test_what_is_lost_and_what_changes_is_said(revert: Callable[..., Plan], snapshot: Callable[..., Any]) -> None:
    plan = revert(snapshot("a"), snapshot("b", "a"), current="b", state=DomainState.RUNNING)
    assert plan.ready
    assert [(step.call, step.snapshot, step.flags) for step in plan.steps] == [(Call.SNAPSHOT_REVERT, "a", 0)]
    assert plan.title == "Revert pisces to “a”"
    lost = [effect for effect in plan.effects if effect.kind is EffectKind.LOSES]
    assert lost[0].names == ("b",)
    assert "since “b”" in lost[0].text
    assert "console loses its connection" in told(plan)
    assert "“a” becomes the current snapshot" in told(plan)
    assert plan.undo is None


def test_a_machine_that_is_off_has_no_console_to_lose(
    revert: Callable[..., Plan], snapshot: Callable[..., Any]
) -> None:
    plan = revert(snapshot("a"), current="a")
    assert "console" not in told(plan)
    assert "becomes the current" not in told(plan)
    assert "What changed since “a” is lost" in told(plan)
    assert "What the machine holds now is lost" in told(revert(snapshot("a")))


@pytest.mark.parametrize(
    ("state", "run", "ending"),
    [
        (SnapshotState.RUNNING, RunState.AS_TAKEN, "runs on from the moment of the snapshot"),
        (SnapshotState.RUNNING, RunState.PAUSED, "paused at the moment of the snapshot"),
        (SnapshotState.PAUSED, RunState.AS_TAKEN, "paused at the moment of the snapshot"),
        (SnapshotState.PAUSED, RunState.RUNNING, "runs on from the moment of the snapshot"),
        (SnapshotState.SHUT_OFF, RunState.AS_TAKEN, "is off"),
        (SnapshotState.SHUT_OFF, RunState.RUNNING, "boots and runs"),
        (SnapshotState.SHUT_OFF, RunState.PAUSED, "very start of its boot"),
    ],
)
def test_how_the_machine_goes_on_is_said(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], state: SnapshotState, run: RunState, ending: str
) -> None:
    plan = revert(snapshot("a", state=state), run=run)
    assert (
        plan.steps[0].flags
        == {
            RunState.AS_TAKEN: RevertFlag.NONE,
            RunState.RUNNING: RevertFlag.RUNNING,
            RunState.PAUSED: RevertFlag.PAUSED,
        }[run]
    )
    assert ending in told(plan)


def test_a_saved_state_has_to_go_first_where_no_memory_is_brought_back(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], off: Mapping[str, Any]
) -> None:
    refused = revert(snapshot("a", **off), managed_save=True)
    assert rules(refused, Level.BLOCKER) == {"managed-save"}
    assert refused.findings[0].remedy
    plan = revert(snapshot("a", **off), managed_save=True, remove=True)
    assert plan.ready
    assert [step.call for step in plan.steps] == [Call.MANAGED_SAVE_REMOVE, Call.SNAPSHOT_REVERT]
    assert "when it was saved is lost for good" in told(plan)
    assert len(revert(snapshot("a", **off), remove=True).steps) == 1


def test_a_saved_state_is_not_left_beside_a_memory_either(
    revert: Callable[..., Plan], snapshot: Callable[..., Any]
) -> None:
    plan = revert(snapshot("a"), managed_save=True)
    assert rules(plan, Level.BLOCKER) == {"managed-save"}
    assert "start the machine first" in plan.findings[0].remedy
    stale = revert(snapshot("a"), managed_save=True, state=DomainState.RUNNING)
    assert "start the machine" not in stale.findings[0].remedy
    assert revert(snapshot("a"), managed_save=True, remove=True).ready


def test_a_saved_state_that_goes_is_not_undone_and_that_is_said(
    domain: DomainId, snapshot: Callable[..., Any], situation: Callable[..., Situation], off: Mapping[str, Any]
) -> None:
    saved = situation(snapshot("a", **off), managed_save=True)
    plan = make_plan(Revert(domain, "a", remove_managed_save=True, safety=propose("a", saved)), saved)
    assert plan.ready
    assert plan.lacks == ("the saved state",)
    assert "when it was saved is lost for good" in told(plan)
    stale = replace(saved, domain=replace(saved.domain, state=DomainState.RUNNING))
    plan = make_plan(Revert(domain, "a", remove_managed_save=True, safety=propose("a", stale)), stale)
    assert plan.lacks == ()
    assert "lost for good" not in told(plan)
    without = situation(snapshot("a", **off))
    assert make_plan(Revert(domain, "a", safety=propose("a", without)), without).lacks == ()


def test_force_keeps_the_saved_state_and_says_what_that_means(
    domain: DomainId, snapshot: Callable[..., Any], situation: Callable[..., Situation], off: Mapping[str, Any]
) -> None:
    saved = situation(snapshot("a", **off), managed_save=True)
    plan = make_plan(Revert(domain, "a", force=True), saved)
    assert plan.ready
    assert plan.steps[0].flags == RevertFlag.FORCE
    assert rules(plan, Level.WARNING) == {"managed-save"}
    removed = make_plan(Revert(domain, "a", remove_managed_save=True, force=True), saved)
    assert [step.flags for step in removed.steps] == [0, 0]
    without = make_plan(Revert(domain, "a", force=True), situation(snapshot("a", **off)))
    assert without.steps[0].flags == 0


def test_the_firmware_s_settings_are_made_anew_where_there_are_any_and_the_machine_starts(
    domain: DomainId, snapshot: Callable[..., Any], situation: Callable[..., Situation], off: Mapping[str, Any]
) -> None:
    uefi = {"config": {"uefi": True, "nvram_format": "raw"}}
    plan = make_plan(Revert(domain, "a", reset_nvram=True), situation(snapshot("a"), **uefi))
    assert (plan.ready, plan.steps[0].flags) == (True, RevertFlag.RESET_NVRAM)
    assert "made anew" in "".join(effect.text for effect in plan.effects if effect.kind is EffectKind.LOSES)
    for refused in (
        situation(snapshot("a")),
        situation(snapshot("a"), version=8_000_000, **uefi),
        situation(snapshot("a", **off), **uefi),
    ):
        plan = make_plan(Revert(domain, "a", reset_nvram=True), refused)
        assert not plan.ready
        assert plan.steps[0].flags == 0


def test_the_firmware_s_settings_are_not_made_anew_where_snapshots_are_in_their_file(
    domain: DomainId, snapshot: Callable[..., Any], situation: Callable[..., Situation], external: Mapping[str, Any]
) -> None:
    uefi = {"config": {"uefi": True, "nvram_format": "qcow2"}}
    plan = make_plan(Revert(domain, "a", reset_nvram=True), situation(snapshot("a"), **uefi))
    assert rules(plan, Level.BLOCKER) == {"reset-nvram-snapshots"}
    assert "“a”" in plan.findings[0].reason
    outside = situation(snapshot("a", **external), current="a", **uefi)
    assert make_plan(Revert(domain, "a", reset_nvram=True), outside).ready
    inside = Take(domain, "before-revert-1")
    kept = Revert(domain, "a", reset_nvram=True, safety=inside)
    assert not make_plan(kept, outside).ready


def test_a_transient_machine_must_go_on(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], off: Mapping[str, Any]
) -> None:
    words = {"persistent": False, "state": DomainState.RUNNING}
    assert rules(revert(snapshot("a", **off), **words), Level.BLOCKER) == {"transient"}
    assert revert(snapshot("a", **off), run=RunState.PAUSED, **words).ready
    assert revert(snapshot("a"), **words).ready


@pytest.mark.parametrize("state", [SnapshotState.PM_SUSPENDED, SnapshotState.UNKNOWN])
def test_states_that_libvirt_can_not_bring_back(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], state: SnapshotState
) -> None:
    assert rules(revert(snapshot("a", state=state)), Level.BLOCKER) == {"state"}


def test_a_snapshot_that_is_gone_unread_or_unreadable_is_not_reverted_to(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], situation: Callable[..., Any], domain: DomainId
) -> None:
    assert rules(revert(to="x"), Level.BLOCKER) == {"gone"}
    plan = revert(SnapshotRecord("a", complete=False))
    assert (rules(plan), plan.steps) == ({"unread"}, ())
    assert rules(revert(SnapshotRecord("a", problem=Problem("", "bad"))), Level.BLOCKER) == {"unreadable"}
    assert rules(revert(snapshot("a", has_domain=False)), Level.BLOCKER) == {"no-domain"}
    early = make_plan(Revert(domain, "a"), replace(situation(snapshot("a")), config=None))
    assert (rules(early, Level.BLOCKER), rules(early), early.steps) == (set(), {"unread"}, ())
    assert early.effects


def test_an_image_without_the_snapshot_is_found_before_half_the_disks_are_reverted(
    revert: Callable[..., Plan], snapshot: Callable[..., Any]
) -> None:
    plan = revert(snapshot("a"), image_tags={"vda": frozenset()})
    assert rules(plan, Level.BLOCKER) == {"tag-missing"}
    assert "vda" in plan.findings[0].reason
    assert revert(snapshot("a"), image_tags={}).ready


def test_names_that_qemu_mistakes_or_refuses(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], off: Mapping[str, Any]
) -> None:
    assert rules(revert(snapshot("1"), to="1"), Level.WARNING) == {"name-number"}
    assert rules(revert(snapshot("a b"), to="a b"), Level.BLOCKER) == {"name-job"}
    assert revert(snapshot("a b"), to="a b", version=10_009_000).ready
    assert revert(snapshot("a b", **off), to="a b").ready


def test_known_faults_of_releases(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], off: Mapping[str, Any]
) -> None:
    assert rules(revert(snapshot("a"), version=9_000_000), Level.WARNING) == {"hazard-crash"}
    assert not rules(revert(snapshot("a", **off), version=9_000_000))
    assert rules(revert(snapshot("a"), version=11_003_000), Level.NOTE) == {"hazard-revert"}
    (note,) = (each for each in revert(snapshot("a"), version=11_003_000).findings if each.rule == "hazard-revert")
    assert "libvirt, 11.3.0, may fail" in note.reason
    assert "11.4" in note.remedy
    assert not rules(revert(snapshot("a"), version=11_004_000))
    assert not rules(revert(snapshot("a"), version=0))


def test_firmware_settings_in_raw_stay(revert: Callable[..., Plan], snapshot: Callable[..., Any]) -> None:
    raw, qcow2 = ({"uefi": True, "nvram_format": nvram} for nvram in ("raw", "qcow2"))
    assert rules(revert(snapshot("a"), config=raw), Level.WARNING) == {"nvram"}
    assert not rules(revert(snapshot("a"), config=qcow2))
    assert not rules(revert(snapshot("a"), config={"uefi": True}))
    assert rules(revert(snapshot("a"), config=qcow2, version=10_009_000)) == {"hazard-uefi"}


def test_no_external_snapshot_has_firmware_settings_nor_can_bring_them_back(
    domain: DomainId, snapshot: Callable[..., Any], situation: Callable[..., Situation], external: Mapping[str, Any]
) -> None:
    text = "the firmware’s settings (NVRAM)"  # noqa: RUF001 - as it is shown
    for nvram in ("raw", "qcow2"):
        outside = situation(
            snapshot("a", **external), current="a", config={"uefi": True, "nvram_format": nvram}, version=11_010_000
        )
        plan = make_plan(Revert(domain, "a", safety=propose("a", outside)), outside)
        assert "nvram" in rules(plan, Level.WARNING)
        assert plan.lacks == (text,)
    inside = situation(snapshot("a"), current="a", config={"uefi": True, "nvram_format": "qcow2"})
    assert make_plan(Revert(domain, "a", safety=propose("a", inside)), inside).lacks == ()


def test_a_safety_snapshot_of_disks_only_keeps_no_memory_and_that_is_said(
    domain: DomainId, snapshot: Callable[..., Any], situation: Callable[..., Situation], external: Mapping[str, Any]
) -> None:
    running = situation(snapshot("a", **external), current="a", state=DomainState.RUNNING)
    alone = Take(domain, "before-revert-1", kind=Kind.DISK_ONLY)
    plan = make_plan(Revert(domain, "a", safety=alone), running)
    assert plan.lacks == ("the memory",)
    assert "ends at once" in told(plan)
    whole = make_plan(Revert(domain, "a", safety=propose("a", running)), running)
    assert whole.lacks == ()


def test_files_of_external_snapshots_are_left_behind(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    tree = (snapshot("a"), snapshot("e", "a", **external), snapshot("b", "e"))
    plan = revert(*tree, current="b", image_tags={"vda": frozenset({"b"})})
    (behind,) = (finding for finding in plan.findings if finding.rule == "orphans")
    assert "“e”" in behind.reason
    assert "/images/vda.qcow2" in behind.reason
    assert not rules(revert(*tree, to="b", current="b"))


def taken_on(path: str) -> str:
    """The XML of a snapshot of a machine that stood on this file."""
    disk = f"<disk type='file'><source file='{path}'/><target dev='vda'/></disk>"
    return f"<domainsnapshot><name>x</name><domain type='x'><devices>{disk}</devices></domain></domainsnapshot>"


def test_what_rests_on_the_images_of_an_internal_one_stands_in_its_way(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    tree = (snapshot("a"), snapshot("e", "a", **external), snapshot("b", "e"), snapshot("f", "b", **external))
    plan = revert(*tree, current="f")
    assert rules(plan, Level.BLOCKER) == {"spoils"}
    (spoils,) = (finding for finding in plan.findings if finding.rule == "spoils")
    assert "“e”, “b”, “f”" in spoils.reason  # all that is above the image, whichever way
    assert "forget" in spoils.remedy
    assert rules(revert(*tree, to="b", current="f"), Level.BLOCKER) == {"spoils"}
    assert "spoils" not in rules(revert(*tree[:3], to="b", current="b"))
    assert "spoils" not in rules(revert(*tree, to="e", current="f"))


def test_an_external_one_of_other_images_does_not(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    tree = (snapshot("e", **external), snapshot("a", "e"), snapshot("f", "e", **external))
    xmls = {"a": taken_on("/images/vda.e"), "f": taken_on("/images/vda.e")}
    assert "spoils" in rules(revert(*tree, current="a", snapshot_xml=xmls))
    xmls["f"] = taken_on("/images/vda.1795398291")  # after a revert to e
    assert "spoils" not in rules(revert(*tree, current="a", snapshot_xml=xmls))


def test_checkpoints_keep_an_internal_one_from_being_loaded(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    assert rules(revert(snapshot("a"), checkpoints=2), Level.BLOCKER) == {"checkpoints"}
    assert revert(snapshot("a"), checkpoints=2, driver="TEST").ready
    outside = revert(snapshot("a", **external), current="a", checkpoints=2)
    assert rules(outside) == {"checkpoints"}
    assert outside.ready


def test_what_has_to_be_read_for_a_revert_is_told(
    snapshot: Callable[..., Any], external: Mapping[str, Any], situation: Callable[..., Situation]
) -> None:
    snapshots = situation(snapshot("a"), snapshot("b"), snapshot("e", "a", **external), current="b").snapshots
    assert told_by_xml("a", snapshots) == ("a", "b", "e")
    assert told_by_xml("e", snapshots) == ("e", "b")
    assert told_by_xml("b", snapshots) == ("b", "e")
    assert told_by_xml("e", replace(snapshots, current="e")) == ("e", "a", "b"), "any may need its files"


def test_external_snapshots_need_a_host_that_can(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    record = snapshot("a", **external)
    assert rules(revert(record, current="a", external_revert=False), Level.BLOCKER) == {"external"}
    assert revert(record, current="a").ready
    block = Disk("vda", source_type="block", source="/dev/x", format="qcow2")
    assert rules(revert(record, current="a", disks=(block,)), Level.BLOCKER) == {"external-disk"}
    iso = Disk("hdc", device="cdrom", source="/x.iso", readonly=True)
    assert rules(revert(record, current="a", disks=(iso,)), Level.WARNING) == {"external-overlay"}


def test_leaving_a_place_that_libvirt_does_not_know_would_crash_it_and_a_safety_snapshot_helps(
    revert: Callable[..., Plan],
    snapshot: Callable[..., Any],
    external: Mapping[str, Any],
    domain: DomainId,
    situation: Callable[..., Situation],
) -> None:
    records = snapshot("a", **external), snapshot("i")
    (finding,) = [each for each in revert(*records).findings if each.level is Level.BLOCKER]
    assert finding.rule == "no-current"
    assert "safety snapshot" in finding.remedy
    safely = Revert(domain, "a", safety=propose("a", situation(*records)))
    assert make_plan(safely, situation(*records)).ready
    assert "no-current" not in rules(revert(*records, to="i")), "only the way to an external one crashes"
    assert is_wanted("a", situation(*records))


def test_what_another_snapshot_needs_is_not_taken_for_given_up(
    revert: Callable[..., Plan],
    snapshot: Callable[..., Any],
    external: Mapping[str, Any],
    domain: DomainId,
    situation: Callable[..., Situation],
) -> None:
    """As after a revert to "a", a safety snapshot there, and its deletion: "b" was taken of the file of "a"."""
    records = snapshot("a", **external), snapshot("b", "a", **external)
    words: Mapping[str, Any] = {
        "current": "a",
        "disks": (Disk("vda", source="/images/vda.1", format="qcow2"),),
        "snapshot_xml": {"a": taken_on("/images/vda.qcow2"), "b": taken_on("/images/vda.x")},
    }
    for to in ("a", "b"):
        (finding,) = [each for each in revert(*records, to=to, **words).findings if each.level is Level.BLOCKER]
        assert finding.rule == "needed"
        assert "delete /images/vda.x, without which “b” can" in finding.reason
    assert make_plan(
        Revert(domain, "b", safety=propose("b", situation(*records, **words))), situation(*records, **words)
    ).ready
    since = "<revertDisks><disk name='vda' type='file'><source file='/images/vda.1'/></disk></revertDisks>"
    noted = taken_on("/images/vda.qcow2").replace("<domain ", f"{since}<domain ", 1)
    plan = revert(*records, to="b", **{**words, "snapshot_xml": {**words["snapshot_xml"], "a": noted}})
    assert plan.ready
    assert "Deletes /images/vda.1, in which the disks are now." in told(plan)


def test_an_internal_one_in_another_image_is_not_looked_for_in_this_one(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    tree = (snapshot("e", **external), snapshot("a", "e"))
    words = {"current": "e", "image_tags": {"vda": frozenset()}}  # after a revert to e, in a file of its own
    assert "tag-missing" in rules(revert(*tree, **words, snapshot_xml={"a": taken_on("/images/vda.qcow2")}))
    plan = revert(*tree, **words, snapshot_xml={"a": taken_on("/images/vda.e")})
    assert plan.ready
    assert rules(plan) == {"orphans"}


def test_firmware_settings_in_qcow2_may_not_be_made_anew(
    domain: DomainId, snapshot: Callable[..., Any], situation: Callable[..., Situation], external: Mapping[str, Any]
) -> None:
    request = Revert(domain, "a", RunState.RUNNING, reset_nvram=True)
    uefi = {"uefi": True, "nvram_format": "qcow2"}
    plan = make_plan(request, situation(snapshot("a", **external), current="a", config=uefi))
    assert plan.ready
    assert "reset-nvram-format" in rules(plan, Level.WARNING)


def test_no_qemu_restarts_where_the_machine_is_off_afterwards(
    revert: Callable[..., Plan], snapshot: Callable[..., Any], off: Mapping[str, Any]
) -> None:
    ends_off = [effect.text for effect in revert(snapshot("a", **off), state=DomainState.RUNNING).effects]
    assert "Afterwards the machine is off." in ends_off
    assert "An open console loses its connection." in ends_off
    assert not any("QEMU restarts" in text for text in ends_off)
    effects = revert(snapshot("a"), state=DomainState.RUNNING).effects
    assert any("QEMU restarts" in effect.text for effect in effects)
