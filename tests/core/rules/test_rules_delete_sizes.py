"""Plans of deleting external snapshots whose files were counted: what is merged, freed and needed."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from snapgui.core.chains import ChainUsage, FilesOf, Merging
from snapgui.core.plan import Plan
from snapgui.core.records import Disk, DomainId, Folder, Layer, Situation, SnapshotRecord
from snapgui.core.requests import Delete
from snapgui.core.rules import make_plan
from snapgui.core.usage import Usage

MIB = 2**20
BASE, ONE, TWO = "/images/vda.qcow2", "/images/vda.e1", "/images/vda.e2"


def _taken_on(path: str) -> str:
    disk = f"<disk type='file'><source file='{path}'/><target dev='vda'/></disk>"
    return f"<domainsnapshot><name>x</name><domain type='x'><devices>{disk}</devices></domain></domainsnapshot>"


@pytest.fixture
def delete(
    domain: DomainId,
    situation: Callable[..., Situation],
    snapshot: Callable[..., SnapshotRecord],
    external: Mapping[str, Any],
) -> Callable[..., Plan]:
    """Of a machine whose disk is on two overlays: 20 MiB, and 9 MiB of which the one below lacks 2."""
    records = snapshot("e1", **external), snapshot("e2", "e1", **external)
    merges = {(0, 1): (19 * MIB, 5 * MIB), (1, 2): (8 * MIB, 2 * MIB), (0, 2): (20 * MIB, 0)}
    chain = ChainUsage((BASE, ONE, TWO), (30 * MIB, 20 * MIB, 9 * MIB), merges)
    files = {"e1": FilesOf((Merging("vda", ONE, BASE),)), "e2": FilesOf((Merging("vda", TWO, ONE),))}
    words = {
        "current": "e2",
        "disks": (Disk("vda", source=TWO, format="qcow2"),),
        "chains": {"vda": (Layer(TWO, allocated=9 * MIB), Layer(ONE, allocated=20 * MIB), Layer(BASE))},
        "snapshot_xml": {"e1": _taken_on(BASE), "e2": _taken_on(ONE)},
        "usage": Usage(chains={"vda": chain}, external=files),
    }

    def build(*names: str, **changes: Any) -> Plan:
        return make_plan(Delete(domain, names), situation(*records, **{**words, **changes}))

    return build


def _said(plan: Plan) -> str:
    return "\n".join(effect.text for effect in plan.effects)


def test_a_merge_says_what_it_writes_by_what_the_image_below_grows_and_what_is_freed(
    delete: Callable[..., Plan],
) -> None:
    told = _said(delete("e2"))
    assert f"Merges 8.0 MiB of {TWO} into {ONE}, which grows by 2.0 MiB, and deletes it. The machine keeps" in told
    assert "Frees 7.0 MiB of the storage in all." in told


def test_an_image_is_merged_with_what_it_took_in_before(delete: Callable[..., Plan]) -> None:
    told = _said(delete("e1", "e2"))
    assert f"Merges 8.0 MiB of {TWO} into {ONE}" in told
    assert f"Merges 20.0 MiB of {ONE} into {BASE}, which does not grow, and deletes it." in told
    assert "Frees 29.0 MiB of the storage in all." in told


def test_what_is_not_counted_is_not_told(delete: Callable[..., Plan]) -> None:
    told = _said(delete("e2", usage=None))
    assert f"Deletes {TWO} once its data is merged into {ONE}." in told
    assert "storage" not in told


def test_a_place_that_a_merge_would_fill_is_warned_of_with_what_could_go_there(delete: Callable[..., Plan]) -> None:
    (finding,) = delete("e2", folders={"/images": Folder(MIB)}).findings
    assert finding.reason == "Merging may need 2.0 MiB in /images, where 1.0 MiB are free."
    assert finding.remedy.endswith("What deleting snapshots gives back: “e1” (15.0 MiB), “e2” (7.0 MiB).")
    assert not delete("e2", folders={"/images": Folder(3 * MIB)}).findings, "9 MiB is what the overlay takes"
