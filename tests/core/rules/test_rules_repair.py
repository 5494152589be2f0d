"""Plans of mending: what stands in their way, in which order they go, and what they say is lost."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from snapgui.core.errors import Problem
from snapgui.core.health.ailments import Ailment, Found, Health, Ill
from snapgui.core.health.inventory import Content, File, Inventory, Seen
from snapgui.core.plan import Call, CreateFlag, DeleteFlag, EffectKind, Level, Plan
from snapgui.core.records import DomainState, Situation
from snapgui.core.requests import Delete, Mend
from snapgui.core.rules import make_plan
from snapgui.core.usage import NOW, Held, ImageUsage, Usage
from snapgui.core.xml.read import read_config_then, read_snapshot

MakeSituation = Callable[..., Situation]
_DISK = "/images/vda.qcow2"
_XML = (
    "<domain type='kvm'><name>pisces</name><devices><disk type='file'><driver name='qemu' type='qcow2'/>"
    f"<source file='{_DISK}'/><target dev='vda'/></disk><disk type='file' device='cdrom'><source file='/iso'/>"
    "<target dev='sda'/><readonly/></disk><graphics type='vnc' passwd='secret'/></devices></domain>"
)


def _stranger(name: str, *, memory: int = 0, image: str = _DISK, created: int = 1_600_000_000) -> Ailment:
    found = Found(name, created, memory, {"vda": image})
    return Ailment(Ill.UNKNOWN, name, "", (image,), proof=f"proof of {name}", found=found, adoptable=True)


def _plan(situation: Situation, *ailments: Ailment, **chosen: tuple[str, ...]) -> Plan:
    files = {
        each.name: File(each.name, Seen.FILE, identity=each.name, content=Content.QCOW2, backing=next(iter(each.where)))
        for each in ailments
        if each.ill is Ill.UNUSED
    }
    inventory = Inventory("u", False, _XML, (), files, {}, frozenset(), 0.0)  # noqa: FBT003 - a field
    health = Health(inventory, ailments)
    return make_plan(Mend(situation.domain.id, **chosen), replace(situation, health=health))


def _blockers(plan: Plan) -> list[str]:
    return [finding.rule for finding in plan.findings if finding.level is Level.BLOCKER]


def test_without_a_check_there_is_nothing_to_run(situation: MakeSituation) -> None:
    plan = make_plan(Mend(situation().domain.id, forget=("a",)), situation())
    assert (plan.steps, [finding.rule for finding in plan.findings]) == ((), ["unread"])


@pytest.mark.parametrize("memory", [0, 1 << 20])
def test_an_adopted_snapshot_is_all_that_a_revert_needs(situation: MakeSituation, memory: int) -> None:
    plan = _plan(situation(), _stranger("a & b", memory=memory), adopt=("a & b",))
    (step,) = plan.steps
    assert plan.ready
    assert (step.call, step.flags, step.proof) == (Call.SNAPSHOT_CREATE, CreateFlag.REDEFINE, "proof of a & b")
    record, then = read_snapshot(step.xml), read_config_then(step.xml)
    assert (record.name, record.created) == ("a & b", 1_600_000_000)
    assert record.state.value == ("running" if memory else "shutoff")
    assert [(disk.target, disk.mode.value) for disk in record.disks] == [("vda", "internal"), ("sda", "no")]
    assert then is not None
    assert [disk.source for disk in then.disks] == [_DISK, "/iso"]
    assert "secret" in step.xml
    assert plan.undo == Delete(plan.request.domain, ("a & b",), metadata_only=True)


def test_one_in_an_image_below_is_adopted_with_the_machine_on_that_image(situation: MakeSituation) -> None:
    plan = _plan(situation(), _stranger("a", image="/images/vda.base"), adopt=("a",))
    then = read_config_then(plan.steps[0].xml)
    assert then is not None
    assert [(disk.source, disk.format) for disk in then.disks] == [("/images/vda.base", "qcow2"), ("/iso", "")]


def test_several_are_adopted_oldest_first_each_below_the_one_before(situation: MakeSituation) -> None:
    strangers = (_stranger("b", created=1_600_000_002), _stranger("a", created=1_600_000_001))
    plan = _plan(situation(), *strangers, adopt=("b", "a"))
    assert [read_snapshot(step.xml).parent for step in plan.steps] == [None, "a"]


def test_erasing_makes_it_known_and_deletes_it(situation: MakeSituation) -> None:
    plan = _plan(situation(), _stranger("a"), erase=("a",))
    assert [step.call for step in plan.steps] == [Call.SNAPSHOT_CREATE, Call.SNAPSHOT_DELETE]
    assert plan.undo is None
    assert [effect.names for effect in plan.effects if effect.kind is EffectKind.LOSES] == [("a",)]


def test_what_erasing_frees_is_told_as_a_delete_tells_it(situation: MakeSituation) -> None:
    image = ImageUsage(
        _DISK,
        ("a", "b", NOW),
        (Held(20 << 20, 0, 1 << 16), Held(0, 0, 1 << 16), Held(1 << 20)),
        (Held(4 << 20), Held(4 << 20), Held()),
        ((0b001, Held(20 << 20, 0, 1 << 16)), (0b010, Held(0, 0, 1 << 16)), (0b011, Held(4 << 20))),
    )
    counted = situation(usage=Usage({"vda": image}))
    strangers = (_stranger("a"), _stranger("b"))

    def told(known: Situation, *names: str) -> list[str]:
        plan = _plan(known, *strangers, erase=names)
        return [effect.text for effect in plan.effects if "rees" in effect.text]

    (text,) = told(counted, "a")
    assert text.startswith("Frees 20.1 MiB inside the images: 0 bytes of memory, 20.0 MiB of the disks, 64.0 KiB of")
    (text,) = told(counted, "a", "b")
    assert text.startswith("Frees 24.1 MiB inside"), "with what they hold together"
    before_it = replace(image, states=("x", "b", NOW))
    unread = Problem("Counting", "It could not be read.")
    for usage, why in (
        (None, "The images have not been counted since it came into them."),
        (Usage({"vda": before_it}), "The images have not been counted since it came into them."),
        (Usage({"vda": unread}), "It could not be read."),
        (Usage({"vda": replace(image, path="/images/other")}), f"{_DISK} is not among the images that are counted."),
    ):
        assert told(situation(usage=usage), "a") == [f"How much it frees inside the images is not known. {why}"]


@pytest.mark.parametrize("field", ["adopt", "erase"])
@pytest.mark.parametrize(("name", "rule"), [("12", "name-number"), ("a/b", "unproven"), (".a", "unproven")])
def test_names_that_would_hit_another_or_that_libvirt_can_t_have_stand_in_the_way(
    situation: MakeSituation, field: str, name: str, rule: str
) -> None:
    assert _blockers(_plan(situation(), _stranger(name), **{field: (name,)})) == [rule]


@pytest.mark.parametrize(
    ("stranger", "rule"),
    [(_stranger("ä"), "name-job"), (_stranger("a", image="/images/vda.base"), "other-image")],
    ids=["name", "image"],
)
def test_what_a_running_machine_can_t_delete_waits_until_it_is_off(
    situation: MakeSituation, stranger: Ailment, rule: str
) -> None:
    running = situation(state=DomainState.RUNNING)
    assert _blockers(_plan(running, stranger, erase=(stranger.name,))) == [rule]
    assert _plan(running, stranger, adopt=(stranger.name,)).ready
    assert _plan(situation(), stranger, erase=(stranger.name,)).ready


@pytest.mark.parametrize(("partly", "flag"), [(True, DeleteFlag.NONE), (False, DeleteFlag.METADATA_ONLY)])
def test_what_is_left_of_a_lost_snapshot_goes_too(situation: MakeSituation, *, partly: bool, flag: DeleteFlag) -> None:
    plan = _plan(situation(), Ailment(Ill.LOST, "a", "", proof="p", partly=partly), forget=("a",))
    assert [(step.call, step.flags) for step in plan.steps] == [(Call.SNAPSHOT_DELETE, flag)]


def test_what_is_not_found_or_not_proven_is_refused(situation: MakeSituation) -> None:
    kept = Ailment(Ill.UNUSED, "/images/x", "", ("",), why_not="It is locked.")
    assert _blockers(_plan(situation(), kept, files=("/images/x",))) == ["unproven"]
    assert _blockers(_plan(situation(), files=("/images/y",))) == ["gone"]
    assert _blockers(_plan(situation(), kept, forget=("/images/x",))) == ["gone"]


def test_files_go_from_the_top_of_their_chain(situation: MakeSituation) -> None:
    names = ("/i/a", "/i/b", "/i/c")
    chain = [Ailment(Ill.UNUSED, name, "", (below,), 1) for name, below in zip(names, ("", *names), strict=False)]
    plan = _plan(situation(), *chain, files=names)
    assert [step.path for step in plan.steps] == ["/i/c", "/i/b", "/i/a"]
    assert _blockers(_plan(situation(), *chain, files=("/i/a", "/i/b"))) == ["needed"]
