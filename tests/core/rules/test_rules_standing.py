"""Plans that would change or delete what other machines stand on."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from snapgui.core.plan import Level, Plan
from snapgui.core.records import Dependents, DomainId, Situation, SnapshotDisk
from snapgui.core.requests import Delete, Revert
from snapgui.core.rules import make_plan
from snapgui.core.rules.safety import is_wanted, propose

_BASE, _OVERLAY = "/images/vda.qcow2", "/images/vda.x"


@pytest.fixture
def on_overlay(
    situation: Callable[..., Situation], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> Callable[..., Situation]:
    """A machine on the overlay of its external snapshot "a", and who else stands on its files."""

    def build(dependents: Dependents | None) -> Situation:
        disk = f"<disk type='file'><source file='{_BASE}'/><target dev='vda'/></disk>"
        xml = f"<domainsnapshot><name>a</name><domain type='x'><devices>{disk}</devices></domain></domainsnapshot>"
        record = snapshot("a", **{**external, "disks": (SnapshotDisk("vda", external["disks"][0].mode, _OVERLAY),)})
        found = situation(record, current="a", snapshot_xml={"a": xml}, dependents=dependents)
        assert found.config is not None
        return found

    return build


def told(plan: Plan) -> dict[str, Level]:
    return {each.rule: each.level for each in plan.findings if each.rule.startswith("stood-on")}


@pytest.mark.parametrize("path", [_BASE])
def test_a_merge_below_another_machine_is_refused_by_its_name(
    domain: DomainId, on_overlay: Callable[..., Situation], path: str
) -> None:
    plan = make_plan(Delete(domain, ("a",)), on_overlay(Dependents({path: ("clone",)})))
    assert told(plan) == {"stood-on": Level.BLOCKER}
    (finding,) = [each for each in plan.findings if each.rule == "stood-on"]
    assert f"“clone” stands on {path}" in finding.reason
    assert "forgotten" in finding.remedy
    assert make_plan(Delete(domain, ("a",), metadata_only=True), on_overlay(Dependents({path: ("clone",)}))).ready
    assert make_plan(Delete(domain, ("a",)), on_overlay(Dependents({"/images/other": ("clone",)}))).ready
    assert make_plan(Delete(domain, ("a",)), on_overlay(None)).ready


def test_an_image_that_no_machine_uses_is_warned_of_and_what_could_not_be_seen_is_said(
    domain: DomainId, on_overlay: Callable[..., Situation]
) -> None:
    plan = make_plan(Delete(domain, ("a",)), on_overlay(Dependents(images={_BASE: ("/x.qcow2",)}, unseen="virgo: no.")))
    assert plan.ready
    assert told(plan) == {"stood-on-image": Level.WARNING, "stood-on-unseen": Level.NOTE}
    (finding,) = [each for each in plan.findings if each.rule == "stood-on-image"]
    assert "/x.qcow2 stands on /images/vda.qcow2" in finding.reason
    assert any("virgo: no." in each.reason for each in plan.findings)


def test_a_revert_does_not_delete_what_another_machine_stands_on_but_may_merge_below_it(
    domain: DomainId, on_overlay: Callable[..., Situation]
) -> None:
    above = on_overlay(Dependents({_OVERLAY: ("clone",), _BASE: ("clone",)}))
    plan = make_plan(Revert(domain, "a"), above)
    assert told(plan) == {"stood-on": Level.BLOCKER}
    assert _OVERLAY in plan.findings[0].reason
    assert _BASE not in plan.findings[0].reason, "that stays as it is"
    assert is_wanted("a", above)
    assert make_plan(Revert(domain, "a", safety=propose("a", above)), above).ready
    assert make_plan(Revert(domain, "a"), on_overlay(Dependents({_BASE: ("clone",)}))).ready
