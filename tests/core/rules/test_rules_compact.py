"""Compacting: what a disk takes and would need, why one can't be made smaller, and in which order it is done."""

from collections.abc import Callable
from typing import Any

import pytest

from snapgui.core.plan import Call, Level, Plan
from snapgui.core.records import Dependents, Disk, DomainState, Folder, Layer, Prepared, Situation
from snapgui.core.requests import Compact
from snapgui.core.rules import make_plan
from snapgui.core.rules.compact import compactings
from snapgui.core.usage import NOW, Held, ImageUsage, Usage

MakeSituation = Callable[..., Situation]
_IMAGE, _OPTIONS = "/images/vda.qcow2", "compat=1.1,cluster_size=65536"
_GIB = 1 << 30


@pytest.fixture
def read(situation: MakeSituation) -> Callable[..., Situation]:
    """pisces with one image of 5 GiB in which 2 GiB are needed, and all read around it."""

    def build(seen: Prepared | None = None, **changes: Any) -> Situation:
        seen = seen or Prepared("qcow2", size=9 * _GIB, near=True, options=_OPTIONS)
        image = ImageUsage(_IMAGE, (NOW,), (Held(2 * _GIB, 0, 1 << 20),), (Held(),), ())
        found = {
            "prepared": {_IMAGE: seen},
            "folders": {"/images": Folder(1 << 40, frozenset(), writable=True)},
            "chains": {"vda": (Layer(_IMAGE, "qcow2", 5 * _GIB),)},
            "usage": Usage({"vda": image}),
        }
        return situation(**{**found, **changes})

    return build


def _plan(situation: Situation, *targets: str) -> Plan:
    return make_plan(Compact(situation.domain.id, targets or ("vda",)), situation)


def _rules(plan: Plan, level: Level = Level.BLOCKER) -> list[str]:
    return [finding.rule for finding in plan.findings if finding.level is level]


def test_a_copy_is_checked_and_compared_before_it_takes_the_place(read: MakeSituation) -> None:
    plan = _plan(read())
    assert plan.ready
    convert, check, compare, place = plan.steps
    new = f"{_IMAGE}.compact"
    assert convert.program[-4:] == ("-o", _OPTIONS, _IMAGE, new)
    assert "--bitmaps" in convert.program
    assert "-B" not in convert.program
    old = _plan(read(Prepared("qcow2", near=True, options="compat=0.10,cluster_size=4096"))).steps[0]
    assert "--bitmaps" not in old.program
    assert convert.undone_by is not None
    assert (convert.undone_by.call, convert.undone_by.path) == (Call.REMOVE, new)
    assert (check.program[1], check.program[-1]) == ("check", new)
    assert (compare.program[1], compare.program[-2:]) == ("compare", (_IMAGE, new))
    assert (place.call, place.source, place.path, place.undone_by) == (Call.REPLACE, new, _IMAGE, None)


def test_what_it_takes_and_gives_is_said(read: MakeSituation) -> None:
    plan = _plan(read())
    texts = [effect.text for effect in plan.effects]
    assert texts[0] == f"Disk vda: {_IMAGE} takes 5.0 GiB and needs about 2.0 GiB: 3.0 GiB come back."
    assert "writing 2.0 GiB and reading it three times" in texts[1]
    (each,) = compactings(read())
    assert each.gives == 3 * _GIB - (1 << 20) - 8 * 65536
    assert each.is_worth_it
    unknown = _plan(read(usage=None))
    assert "how much it needs is not counted yet" in unknown.effects[0].text
    assert unknown.ready


def test_where_there_is_nothing_to_gain_that_is_said(read: MakeSituation) -> None:
    situation = read(chains={"vda": (Layer(_IMAGE, "qcow2", 2 * _GIB),)})
    assert not compactings(situation)[0].is_worth_it
    plan = _plan(situation)
    assert _rules(plan, Level.WARNING) == ["no-gain"]
    assert plan.ready


def test_an_image_with_snapshots_stays_as_it_is(read: MakeSituation) -> None:
    plan = _plan(read(Prepared("qcow2", near=True, options=_OPTIONS, tags=frozenset({"a", "b"}))))
    assert _rules(plan) == ["compact-image"]
    assert "It holds 2 snapshots, which a copy would lose" in plan.findings[0].reason
    assert not compactings(read(Prepared("qcow2", near=True, tags=frozenset({"a"}))))[0].is_worth_it


def test_an_overlay_keeps_what_is_below_it(read: MakeSituation) -> None:
    seen = Prepared("qcow2", "base.img", near=True, options=_OPTIONS)
    for kind, told in (("raw", "raw"), ("other", "raw"), ("qcow2", "qcow2")):
        chain = (Layer(_IMAGE, "qcow2", 5 * _GIB), Layer("/images/base.img", kind, 1))
        words = _plan(read(seen, chains={"vda": chain})).steps[0].program
        assert words[words.index("-B") :][:4] == ("-B", "base.img", "-F", told)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"state": DomainState.RUNNING}, "running"),
        ({"state": DomainState.PAUSED}, "running"),
        ({"driver": "TEST"}, "not-qemu"),
        ({"seen": Prepared("qcow2", near=True)}, "compact-image"),
        ({"seen": Prepared("qcow2", options=_OPTIONS)}, "compact-image"),
        ({"disks": (Disk("vda", source=_IMAGE, format="raw"),)}, "compact-image"),
        ({"disks": (Disk("vda", source=_IMAGE, source_type="block", format="qcow2"),)}, "compact-image"),
        ({"folders": {"/images": Folder(1 << 40, frozenset(), writable=False)}}, "room-closed"),
        ({"folders": {"/images": Folder(1 << 40, frozenset({"vda.qcow2.compact"}), writable=True)}}, "file-exists"),
    ],
)
def test_what_stands_against_it(read: MakeSituation, changes: dict[str, Any], rule: str) -> None:
    plan = _plan(read(**changes))
    assert _rules(plan) == [rule]
    assert not plan.ready


def test_too_little_room_and_others_upon_it_are_warned_of(read: MakeSituation) -> None:
    small = {"/images": Folder(_GIB, frozenset(), writable=True)}
    plan = _plan(read(folders=small, dependents=Dependents({_IMAGE: ("virgo",)})))
    assert _rules(plan, Level.WARNING) == ["stood-on", "space"]
    assert "“virgo” stands on" in plan.findings[0].reason
    assert plan.ready


def test_only_what_is_chosen_is_done(read: MakeSituation) -> None:
    disks = (Disk("vda", source=_IMAGE, format="qcow2"), Disk("vdb", source="/images/b", format="raw"))
    situation = read(disks=disks)
    assert [each.is_worth_it for each in compactings(situation)] == [True, False]
    assert len(_plan(situation).steps) == 4
    assert _rules(_plan(situation, "vda", "vdb")) == ["compact-image"]
    assert _rules(make_plan(Compact(situation.domain.id, ()), read(state=DomainState.RUNNING))) == ["running"]
    nothing = make_plan(Compact(situation.domain.id, ()), situation)
    assert (nothing.steps, _rules(nothing, Level.NOTE)) == ((), ["nothing"])
