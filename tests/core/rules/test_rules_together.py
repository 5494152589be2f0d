"""One snapshot of each of several machines: one plan, in which each has its say."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from snapgui.core.errors import Problem
from snapgui.core.plan import Call, CreateFlag, Level, Plan
from snapgui.core.records import Agent, Disk, DomainId, DomainState, Folder, Kind, Mode, Situation
from snapgui.core.requests import Take, TakeTogether
from snapgui.core.rules.facts import PATIENCE
from snapgui.core.rules.together import plan_together

NAMES = ("pisces", "leo", "virgo")


@pytest.fixture
def several(situation) -> Callable[..., dict[DomainId, Situation]]:
    """Machines that differ in name and image; ``changes`` are those of each by name."""

    def build(changes: dict[str, dict] | None = None, **common) -> dict[DomainId, Situation]:
        found = {}
        for name in NAMES:
            wanted = {"disks": (Disk("vda", source=f"/images/{name}.qcow2", format="qcow2"),)}
            one = situation(**{**wanted, **common, **(changes or {}).get(name, {})})
            domain = DomainId("qemu:///system", name)
            found[domain] = replace(one, domain=replace(one.domain, id=domain, name=name))
        return found

    return build


def _takes(situations: dict[DomainId, Situation], kind: Kind = Kind.INTERNAL, name: str = "a") -> tuple[Take, ...]:
    return tuple(Take(domain, name, kind=kind) for domain in situations)


def _calls(plan: Plan) -> list[tuple[Call, str]]:
    return [(step.call, step.domain_name) for step in plan.steps]


def _blockers(plan: Plan) -> list[str]:
    return [finding.reason for finding in plan.findings if finding.level is Level.BLOCKER]


def _running(**config) -> dict:
    return {"state": DomainState.RUNNING, "config": config}


def test_each_machine_is_taken_in_turn_and_one_that_fails_does_not_stop_the_others(several) -> None:
    situations = several()
    plan = plan_together(TakeTogether(_takes(situations)), situations)
    assert plan.ready
    assert plan.title == "Take snapshot “a” of 3 machines"
    assert _calls(plan) == [(Call.SNAPSHOT_CREATE, name) for name in NAMES]
    assert all(step.may_fail and step.undone_by is None for step in plan.steps)
    assert "If one fails, the others are kept." in [finding.reason for finding in plan.findings]
    assert [effect.text for effect in plan.effects] == [
        "Each machine: Adds “a”, the machine\N{RIGHT SINGLE QUOTATION MARK}s first snapshot."
    ]


def test_rolled_back_each_step_knows_what_takes_it_back_and_a_failure_ends_it(several) -> None:
    situations = several()
    plan = plan_together(TakeTogether(_takes(situations), roll_back=True), situations)
    assert plan.ready
    undone = [(step.undone_by.call, step.undone_by.domain_name, step.undone_by.snapshot) for step in plan.steps]
    assert undone == [(Call.SNAPSHOT_DELETE, name, "a") for name in NAMES]
    assert not any(step.may_fail for step in plan.steps)


def test_files_that_an_old_libvirt_leaves_when_it_is_rolled_back_are_said(several) -> None:
    for version, said in ((9_000_000, True), (9_001_000, False)):
        situations = several(**_running(), version=version)
        takes = tuple(
            Take(domain, "a", kind=Kind.EXTERNAL, memory_file=f"/images/{domain.uuid}.mem") for domain in situations
        )
        plan = plan_together(TakeTogether(takes, roll_back=True), situations)
        told = [finding.reason for finding in plan.findings if finding.rule == "failing"]
        assert ("The memory files of" in told[0]) is said


def test_disks_alone_are_held_still_together_and_let_go_whatever_happens(several) -> None:
    situations = several(**_running(agent=Agent.CONNECTED))
    plan = plan_together(TakeTogether(_takes(situations, Kind.DISK_ONLY), freeze=True), situations)
    assert plan.ready
    calls = (Call.AGENT_TIMEOUT, Call.AGENT_ASK, Call.FS_FREEZE, Call.SNAPSHOT_CREATE, Call.FS_THAW, Call.AGENT_TIMEOUT)
    assert _calls(plan) == [(call, name) for call in calls for name in NAMES]
    assert [step.seconds for step in plan.steps if step.call is Call.AGENT_TIMEOUT] == [PATIENCE] * 3 + [-2] * 3
    assert [step.always for step in plan.steps] == [False] * 12 + [True] * 6
    assert not any(step.flags & CreateFlag.QUIESCE for step in plan.steps if step.takes)
    assert any(f"{PATIENCE} seconds" in effect.text for effect in plan.effects)


def test_only_guests_whose_disks_are_taken_alone_are_held_still_and_they_come_last(several) -> None:
    situations = several({"virgo": _running(agent=Agent.CONNECTED), "leo": {"state": DomainState.PAUSED}})
    kinds = dict(zip(situations, (Kind.INTERNAL, Kind.DISK_ONLY, Kind.DISK_ONLY), strict=True))
    takes = tuple(replace(take, kind=kinds[take.domain]) for take in reversed(_takes(situations)))
    plan = plan_together(TakeTogether(takes, freeze=True), situations)
    assert plan.ready
    assert _calls(plan) == [
        (Call.SNAPSHOT_CREATE, "leo"),
        (Call.SNAPSHOT_CREATE, "pisces"),
        (Call.AGENT_TIMEOUT, "virgo"),
        (Call.AGENT_ASK, "virgo"),
        (Call.FS_FREEZE, "virgo"),
        (Call.SNAPSHOT_CREATE, "virgo"),
        (Call.FS_THAW, "virgo"),
        (Call.AGENT_TIMEOUT, "virgo"),
    ]


def test_a_running_machine_without_an_agent_can_t_be_held_still_and_is_named(several) -> None:
    situations = several({"leo": {"config": {"agent": Agent.SILENT}}}, **_running(agent=Agent.CONNECTED))
    takes = _takes(situations, Kind.DISK_ONLY)
    (reason,) = _blockers(plan_together(TakeTogether(takes, freeze=True), situations))
    assert reason.startswith("“leo”: ")
    assert reason.endswith("does not answer.")
    assert plan_together(TakeTogether(takes), situations).ready
    assert plan_together(TakeTogether((takes[0], takes[2]), freeze=True), situations).ready


def test_a_blocker_on_one_machine_blocks_all_and_names_it_once(several, snapshot) -> None:
    situations = several()
    domain = DomainId("qemu:///system", "leo")
    situations[domain] = replace(
        situations[domain], snapshots=replace(situations[domain].snapshots, records={"a": snapshot("a")})
    )
    takes = _takes(situations)
    plan = plan_together(TakeTogether(takes), situations)
    assert not plan.ready
    assert _blockers(plan) == ["leo already has a snapshot “a”."]
    assert plan_together(TakeTogether((takes[0], takes[2])), situations).ready


@pytest.mark.parametrize("name", ["", " ", "a/b", ".a", "x" * 300, "a\x01"])
def test_a_name_that_no_machine_can_take_is_said_once(several, name: str) -> None:
    situations = several()
    assert len(_blockers(plan_together(TakeTogether(_takes(situations, name=name)), situations))) == 1


def test_a_machine_that_is_gone_or_could_not_be_read_is_a_blocker(several) -> None:
    situations = several()
    pisces, leo, _ = situations
    takes = _takes(situations)
    del situations[pisces]
    unread = situations[leo]
    lost = replace(unread.domain, problem=Problem("Reading", "There is no connection to this host.", "Connect."))
    situations[leo] = replace(unread, config=None, domain=lost)
    plan = plan_together(TakeTogether(takes), situations)
    assert not plan.ready
    assert _blockers(plan) == [
        "The machine does not exist any more.",
        "“leo”: There is no connection to this host.",
    ]


def test_no_machine_at_all_and_one_machine_twice_are_blockers(several) -> None:
    situations = several()
    takes = _takes(situations)
    assert _blockers(plan_together(TakeTogether(()), {})) == ["Choose the machines to take a snapshot of."]
    assert "twice" in [f.rule for f in plan_together(TakeTogether((*takes, takes[0])), situations).findings]
    again = DomainId("qemu+ssh://localhost/system", "leo")
    known = situations[DomainId("qemu:///system", "leo")]
    both = {each: replace(known, host=replace(known.host, hostname="here")) for each in (known.domain.id, again)}
    plan = plan_together(TakeTogether(_takes(both)), both)
    assert _blockers(plan) == ["“leo” is chosen twice: two connections lead to it."]


def test_two_machines_that_would_write_one_file_are_told_before(several) -> None:
    twins = {name: {"disks": (Disk("vda", source=f"/images/twin.{name}", format="qcow2"),)} for name in NAMES[:2]}
    situations = several(twins)
    plan = plan_together(TakeTogether(_takes(situations, Kind.EXTERNAL)), situations)
    assert _blockers(plan) == ["“pisces”, “leo” would write the same file: /images/twin.a"]
    assert plan_together(TakeTogether(_takes(situations)), situations).ready


def test_room_for_each_but_not_for_all_is_warned_of(several) -> None:
    folders = {"/images": Folder(free=600 * 1024 * 1024, names=frozenset())}
    for kind in (Kind.INTERNAL, Kind.EXTERNAL):
        situations = several(folders=folders, **_running())
        plan = plan_together(TakeTogether(_takes(situations, kind)), situations)
        assert "memory-space-together" in [finding.rule for finding in plan.findings]
        assert plan.ready
    assert not [
        f for f in plan_together(TakeTogether(_takes(situations)[:1]), situations).findings if "space" in f.rule
    ]


def test_what_could_not_be_deleted_again_can_t_be_rolled_back(several, snapshot) -> None:
    situations = several()
    internal = snapshot("old")
    for domain, known in situations.items():
        situations[domain] = replace(
            known, snapshots=replace(known.snapshots, records={"old": internal}, current="old")
        )
    takes = _takes(situations, Kind.EXTERNAL)
    plan = plan_together(TakeTogether(takes, roll_back=True), situations)
    assert len(_blockers(plan)) == 1
    assert _blockers(plan)[0].startswith("Each machine: It could not be rolled back.")
    assert not [reason for reason in _blockers(plan_together(TakeTogether(takes), situations)) if "rolled" in reason]
    assert plan_together(TakeTogether(_takes(situations), roll_back=True), situations).ready


def test_while_a_machine_is_read_there_is_nothing_to_run_yet_and_no_obstacle(several) -> None:
    situations = several()
    first = next(iter(situations))
    situations[first] = replace(situations[first], config=None)
    plan = plan_together(TakeTogether(_takes(situations)), situations)
    assert not plan.steps
    assert not _blockers(plan)


def test_a_disk_of_another_mode_does_not_make_two_machines_share_a_file(several) -> None:
    disks = (Disk("vda", source="/images/one.qcow2", format="qcow2", snapshot=Mode.NO),)
    situations = several({name: {"disks": disks} for name in NAMES[:2]})
    plan = plan_together(TakeTogether(_takes(situations, Kind.EXTERNAL)), situations)
    assert "same-file" not in [finding.rule for finding in plan.findings]
