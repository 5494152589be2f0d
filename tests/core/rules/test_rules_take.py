"""Plans of taking a snapshot: what stands in the way, what comes of it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core.plan import Call, EffectKind, Level, Plan
from snapgui.core.records import Disk, DomainId, DomainState, Mode, Situation, SnapshotRecord
from snapgui.core.requests import Delete, DiskChoice, Take
from snapgui.core.rules import make_plan
from snapgui.core.rules.naming import check_name
from snapgui.core.xml.take import SnapshotWords, simple_snapshot

QCOW2 = Disk("vda", source="/a.qcow2", format="qcow2")
RUNNING = DomainState.RUNNING


@pytest.fixture
def take(domain: DomainId, situation: Callable[..., Situation]) -> Callable[..., Plan]:
    """The plan of taking a snapshot, in a situation of the words given."""

    def build(name: str = "x", *records: SnapshotRecord, description: str = "", **words: Any) -> Plan:
        return make_plan(Take(domain, name, description), situation(*records, **words))

    return build


def rules(plan: Plan, level: Level | None = None) -> set[str]:
    return {finding.rule for finding in plan.findings if level in (None, finding.level)}


def texts(plan: Plan, kind: EffectKind) -> str:
    return "\n".join(effect.text for effect in plan.effects if effect.kind is kind)


def test_a_machine_that_is_off_is_taken_with_one_call(take: Callable[..., Plan]) -> None:
    plan = take("x", description="why")
    assert plan.ready
    assert not plan.findings
    assert [step.call for step in plan.steps] == [Call.SNAPSHOT_CREATE]
    assert simple_snapshot(plan.steps[0].xml) == SnapshotWords("x", "why")
    assert plan.title == "Take snapshot “x” of pisces"
    assert plan.undo == Delete(plan.steps[0].domain, ("x",))
    assert [effect.kind for effect in plan.effects] == [EffectKind.ADDS]


def test_a_running_machine_pauses_and_keeps_its_memory(take: Callable[..., Plan], snapshot: Callable[..., Any]) -> None:
    plan = take("x", snapshot("a"), current="a", state=RUNNING)
    assert plan.ready
    assert "under “a”" in texts(plan, EffectKind.ADDS)
    assert "Keeps the memory inside /images/vda.qcow2." in texts(plan, EffectKind.ADDS)
    assert texts(plan, EffectKind.PAUSES) == "The machine pauses while its memory is saved."
    assert "about 3 seconds" in texts(take(state=RUNNING, pauses=(9.0, 3.2, 1.0)), EffectKind.PAUSES)
    assert "about 1 second," in texts(take(state=RUNNING, pauses=(1.2,)), EffectKind.PAUSES)
    assert "under a second" in texts(take(state=RUNNING, pauses=(0.2,)), EffectKind.PAUSES)
    assert texts(take(state=DomainState.PAUSED), EffectKind.PAUSES) == ""


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", "name-blank"),
        (" \t ", "name-blank"),
        ("a/b", "name-slash"),
        (".a", "name-dot"),
        ("a\x07", "name-characters"),
        ("a\rb", "name-characters"),
        ("\ufffe", "name-characters"),
        ("a\ud800", "name-characters"),
        ("é" * 124, "name-long"),
        ("x" * 248, "name-long"),
    ],
)
def test_names_that_libvirt_can_not_keep_are_refused(take: Callable[..., Plan], name: str, rule: str) -> None:
    finding = check_name(name)
    assert finding is not None
    assert (finding.rule, finding.level) == (rule, Level.BLOCKER)
    plan = take(name)
    assert finding in plan.findings
    assert not plan.ready


@pytest.mark.parametrize("name", ["x" * 247, "a.b", "-x", "é😀", "a b", "<b>&amp;", "\u202eabc", "a'b\"c", "x\ny"])
def test_other_names_are_fine_while_off(take: Callable[..., Plan], name: str) -> None:
    assert check_name(name) is None
    assert take(name).ready


@pytest.mark.parametrize("name", ["é", "a b", "a,b", "a'b", "x\ny"])
def test_a_running_qemu_takes_only_plain_names(take: Callable[..., Plan], name: str) -> None:
    assert rules(take(name, state=RUNNING), Level.BLOCKER) == {"name-job"}
    assert take(name, state=RUNNING, version=10_008_000).ready
    assert take(name, state=RUNNING, driver="TEST").ready


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("two words", "two-words"),
        ("日本", "snapshot"),
        ("café 😀", "cafe"),
        ("\N{FULLWIDTH DIGIT ONE}2", "snapshot-12"),
    ],
)
def test_while_off_a_name_of_limits_is_warned_of_with_a_better_one(
    take: Callable[..., Plan], name: str, suggested: str
) -> None:
    plan = take(name)
    assert plan.ready
    assert rules(plan, Level.WARNING) == {"name-job"}
    assert f"“{suggested}”" in plan.findings[0].remedy
    assert take(name, version=10_008_000).findings == ()


def test_the_suggested_name_is_free(take: Callable[..., Plan], snapshot: Callable[..., Any]) -> None:
    plan = take("a b", snapshot("a-b"), snapshot("a-b-2"))
    assert "“a-b-3”" in plan.findings[0].remedy
    running = take("a b", snapshot("a-b"), state=RUNNING)
    assert "“a-b-2”" in running.findings[0].remedy


def test_names_of_digits_are_refused_where_qemu_would_mistake_them(take: Callable[..., Plan]) -> None:
    assert rules(take("17")) == {"name-number"}
    assert take("17", driver="TEST").ready


def test_a_line_break_in_a_name_is_warned_of(take: Callable[..., Plan]) -> None:
    assert "name-control" in rules(take("a\nb"), Level.WARNING)


def test_a_blank_around_a_name_is_told(take: Callable[..., Plan]) -> None:
    for name, words in (("a ", "ends with a space"), (" a", "begins with a space"), (" a ", "begins with a space")):
        plan = take(name, driver="TEST")
        assert plan.ready
        (told,) = (finding for finding in plan.findings if finding.rule == "name-outer-blank")
        assert (told.level, words in told.reason) == (Level.NOTE, True)
    assert not rules(take("a b", driver="TEST"), Level.NOTE)


def test_a_name_is_used_once(take: Callable[..., Plan], snapshot: Callable[..., Any]) -> None:
    assert rules(take("a", snapshot("a"))) == {"name-taken"}


@pytest.mark.parametrize("state", [DomainState.SHUT_OFF, RUNNING])
def test_a_tag_in_an_image_is_taken_too(take: Callable[..., Plan], state: DomainState) -> None:
    plan = take("stray", state=state, image_tags={"vda": frozenset({"stray"})})
    assert rules(plan, Level.BLOCKER) == {"tag-taken"}
    assert "vda" in plan.findings[0].reason


def test_an_image_that_could_not_be_read_is_noted(take: Callable[..., Plan]) -> None:
    plan = take(image_tags={})
    assert plan.ready
    assert rules(plan, Level.NOTE) == {"tags-unseen"}
    assert not rules(take(image_tags={}, state=RUNNING))


@pytest.mark.parametrize(
    ("disk", "rule"),
    [
        (Disk("vdb", source="/b", format="raw"), "disk-format"),
        (Disk("vdb", source="/b"), "disk-format"),
        (Disk("fda", device="floppy", source="/b", format="raw"), "disk-format"),
        (replace(QCOW2, target="vdb", snapshot=Mode.NO), "disk-left-out"),
        (replace(QCOW2, target="vdb", snapshot=Mode.MANUAL), "disk-left-out"),
        (replace(QCOW2, target="vdb", snapshot=Mode.EXTERNAL), "disk-external"),
    ],
)
@pytest.mark.parametrize("state", [DomainState.SHUT_OFF, RUNNING])
def test_every_writable_disk_has_to_hold_it(
    take: Callable[..., Plan], disk: Disk, rule: str, state: DomainState
) -> None:
    plan = take(state=state, disks=(QCOW2, disk))
    assert rules(plan, Level.BLOCKER) == {rule}
    assert disk.target in plan.findings[0].reason
    assert plan.findings[0].remedy


@pytest.mark.parametrize(
    "disk",
    [
        Disk("vdb", source="/b", format="raw", readonly=True),
        Disk("hdc", device="cdrom", source="/x.iso", format="raw"),
        Disk("hdc", device="cdrom"),
        replace(QCOW2, target="vdb", source_type="block"),
        replace(QCOW2, target="vdb", source_type="volume"),
    ],
)
@pytest.mark.parametrize("state", [DomainState.SHUT_OFF, RUNNING])
def test_other_disks_do_not_stand_in_the_way(take: Callable[..., Plan], disk: Disk, state: DomainState) -> None:
    assert take(state=state, disks=(QCOW2, disk)).ready


@pytest.mark.parametrize("state", [DomainState.SHUT_OFF, RUNNING])
def test_a_drive_without_a_medium_can_not_be_chosen(
    domain: DomainId, situation: Callable[..., Situation], state: DomainState
) -> None:
    request = Take(domain, "x", disks=(DiskChoice("sda", Mode.INTERNAL),))
    plan = make_plan(request, situation(state=state, disks=(QCOW2, Disk("sda", device="cdrom", format="raw"))))
    assert rules(plan, Level.BLOCKER) == {"disk-empty"}
    assert plan.findings[0].reason == "There is no medium in drive sda, so there is nothing to take of it."


def test_storage_elsewhere_is_taken_only_while_running(take: Callable[..., Plan]) -> None:
    remote = Disk("vda", source_type="network", format="qcow2")
    assert rules(take(disks=(remote,)), Level.BLOCKER) == {"disk-remote"}
    assert take(disks=(remote,), state=RUNNING).ready


def test_a_transient_disk_is_taken_only_while_off(take: Callable[..., Plan]) -> None:
    disk = replace(QCOW2, transient=True)
    assert take(disks=(disk,)).ready
    assert rules(take(disks=(disk,), state=RUNNING)) == {"disk-transient"}


@pytest.mark.parametrize("disks", [(), (replace(QCOW2, readonly=True),), (Disk("hdc", device="cdrom", source="/i"),)])
def test_without_a_writable_disk_there_is_nothing_to_take(take: Callable[..., Plan], disks: tuple[Disk, ...]) -> None:
    running, off = take(disks=disks, state=RUNNING), take(disks=disks)
    assert rules(running) == rules(off) == {"diskless"}
    assert running.findings[0].reason != off.findings[0].reason


@pytest.mark.parametrize(
    ("state", "nvram", "version", "found"),
    [
        (DomainState.SHUT_OFF, "qcow2", 9_002_000, {("uefi", Level.BLOCKER)}),
        (DomainState.SHUT_OFF, "qcow2", 9_003_000, set()),
        (DomainState.SHUT_OFF, "raw", 9_003_000, {("nvram", Level.WARNING)}),
        (RUNNING, "qcow2", 10_008_000, {("uefi", Level.BLOCKER)}),
        (RUNNING, "qcow2", 10_009_000, {("hazard-uefi", Level.WARNING)}),
        (RUNNING, "qcow2", 10_010_000, set()),
        (RUNNING, "raw", 10_010_000, {("nvram", Level.BLOCKER)}),
        (RUNNING, "", 10_010_000, set()),
    ],
)
def test_uefi_is_taken_where_this_libvirt_can(
    take: Callable[..., Plan], state: DomainState, nvram: str, version: int, found: set[tuple[str, Level]]
) -> None:
    plan = take(state=state, version=version, config={"uefi": True, "nvram_format": nvram})
    assert {(finding.rule, finding.level) for finding in plan.findings} == found


def test_states_in_which_a_machine_can_not_well_be_taken(take: Callable[..., Plan]) -> None:
    assert rules(take(state=DomainState.PM_SUSPENDED), Level.BLOCKER) == {"asleep"}
    assert rules(take(state=DomainState.SHUTTING_DOWN), Level.WARNING) == {"shutting-down"}
    assert rules(take(managed_save=True), Level.WARNING) == {"managed-save"}
    assert rules(take(state=RUNNING, persistent=False), Level.WARNING) == {"transient"}


def test_a_device_of_the_host_is_warned_of_while_running(take: Callable[..., Plan]) -> None:
    config = {"host_devices": ("usb", "pci")}
    assert rules(take(state=RUNNING, config=config), Level.WARNING) == {"host-device"}
    assert not rules(take(config=config))
    assert not rules(take(state=RUNNING, config={"host_devices": ("usb",)}))


def test_an_internal_snapshot_upon_an_external_one_is_warned_of(
    take: Callable[..., Plan], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    tree = (snapshot("a", **external), snapshot("b", "a"), snapshot("c"))
    assert rules(take("x", *tree, current="b"), Level.WARNING) == {"mixed"}
    assert not rules(take("x", *tree, current="c"))


def test_nothing_runs_before_the_machine_is_read(situation: Callable[..., Any]) -> None:
    plan = make_plan(Take(situation().domain.id, "x"), replace(situation(), config=None, image_tags={}))
    assert not plan.ready
    assert rules(plan, Level.BLOCKER) == set()
    assert rules(plan) == {"unread"}
    assert plan.effects


def test_a_description_that_xml_can_not_carry_is_refused(take: Callable[..., Plan]) -> None:
    assert rules(take(description="\x00"), Level.BLOCKER) == {"description-characters"}


def test_the_test_driver_has_none_of_qemus_rules(take: Callable[..., Plan]) -> None:
    assert take(driver="TEST", disks=(Disk("vda", source="/guest/diskimage1"),), state=RUNNING).ready


def test_a_disk_that_can_t_be_written_is_taken_where_the_machine_says_so(take: Callable[..., Plan]) -> None:
    own = Disk("vda", source="/images/vda.qcow2", format="qcow2")
    data = Disk("vdb", source="/images/vdb.raw", format="raw", readonly=True)
    assert take(disks=(own, data)).ready
    assert rules(take(disks=(own, replace(data, snapshot=Mode.INTERNAL)))) == {"disk-format"}
    assert rules(take(disks=(own, replace(data, snapshot=Mode.EXTERNAL)))) == {"disk-external"}
    assert take(disks=(own, replace(data, snapshot=Mode.INTERNAL, source=""))).ready
    image = replace(data, format="qcow2", snapshot=Mode.INTERNAL)
    assert take(disks=(own, image)).ready
    assert rules(take(disks=(own, image), state=RUNNING)) == {"disk-readonly"}


def test_checkpoints_keep_it_from_being_reverted_to(take: Callable[..., Plan]) -> None:
    plan = take(checkpoints=1)
    assert plan.ready
    assert rules(plan, Level.WARNING) == {"checkpoints"}
    old = {"checkpoints": 1, "version": 9_000_000}  # refuses it while the machine is off
    assert rules(take(**old), Level.BLOCKER) == {"checkpoints"}
    assert take(**old, state=RUNNING).ready


def test_where_the_new_snapshot_stands_is_said(
    domain: DomainId, situation: Callable[..., Situation], snapshot: Callable[..., Any]
) -> None:
    for given, words in (
        (situation(), "Adds “n”, the machine\N{RIGHT SINGLE QUOTATION MARK}s first snapshot."),
        (situation(snapshot("a"), current="a"), "Adds “n” under “a”."),
        (situation(snapshot("a")), "Adds “n” under no other: the machine stands on no snapshot."),
    ):
        assert make_plan(Take(domain, "n"), given).effects[0].text == words
