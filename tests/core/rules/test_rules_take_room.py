"""Plans of taking: what is needed on each file system, what is free there, and what could go."""

from collections.abc import Callable
from typing import Any

import pytest

from snapgui.core.plan import Plan
from snapgui.core.records import Disk, DomainId, DomainState, Folder, Kind, Situation, SnapshotRecord
from snapgui.core.requests import Take
from snapgui.core.rules import make_plan
from snapgui.core.usage import NOW, Held, ImageUsage, Usage

MIB = 2**20
GIB = 2**30
VDA, VDB = (
    Disk(f"vd{n}", source=f"/{folder}/vd{n}.qcow2", format="qcow2") for n, folder in (("a", "one"), ("b", "two"))
)


@pytest.fixture
def take(domain: DomainId, situation: Callable[..., Situation]) -> Callable[..., Plan]:
    """The plan of taking "x" of a running machine with 512 MiB, of which it uses 100, in a situation of the words."""

    def build(kind: Kind, *records: SnapshotRecord, **words: Any) -> Plan:
        given: dict[str, Any] = {"state": DomainState.RUNNING, "disks": (VDA, VDB), "memory_used": 100 * MIB, **words}
        return make_plan(Take(domain, "x", kind=kind), situation(*records, **given))

    return build


def said(plan: Plan) -> str:
    return "\n".join(effect.text for effect in plan.effects)


def test_what_the_memory_needs_is_told_beside_what_is_free_where_it_is_written(take: Callable[..., Plan]) -> None:
    folders = {"/one": Folder(8 * GIB, frozenset(), place="/"), "/two": Folder(GIB, frozenset(), place="/data")}
    told = said(take(Kind.INTERNAL, folders=folders))
    assert "Keeps the memory inside /one/vda.qcow2." in told
    assert "Needs about 100.0 MiB, 512.0 MiB at most; 8.0 GiB are free on /." in told
    assert "/data" not in told
    assert "Needs up to 512.0 MiB; 8.0 GiB" in said(take(Kind.INTERNAL, folders=folders, memory_used=None))
    assert "Needs up to 512.0 MiB;" in said(take(Kind.INTERNAL, folders=folders, memory_used=GIB)), "QEMU's own"
    assert "Needs up to 512.0 MiB; how much is free on /one is not known." in said(take(Kind.INTERNAL))


def test_new_files_are_added_up_where_they_share_a_file_system(take: Callable[..., Plan]) -> None:
    apart = {"/one": Folder(8 * GIB, frozenset(), place="/"), "/two": Folder(2 * GIB, frozenset(), place="/data")}
    told = said(take(Kind.EXTERNAL, folders=apart))
    assert "Needs about 100.2 MiB, 512.2 MiB at most; 8.0 GiB are free on /." in told
    assert "Needs up to 256.0 KiB; 2.0 GiB are free on /data." in told
    shared = {path: Folder(8 * GIB, frozenset(), place="/") for path in ("/one", "/two")}
    assert said(take(Kind.DISK_ONLY, folders=shared)).count("Needs up to 512.0 KiB; 8.0 GiB are free on /.") == 1
    assert "Needs" not in said(take(Kind.DISK_ONLY, folders={"/one": Folder(), "/two": Folder()}))


def test_before_a_file_system_fills_the_snapshots_that_give_most_back_are_named(
    take: Callable[..., Plan], snapshot: Callable[..., SnapshotRecord]
) -> None:
    names = ("small", "large", "middle", "least", NOW)
    alone = tuple(Held(disk=size * MIB) for size in (20, 300, 100, 1, 0))
    groups = tuple((1 << place, held) for place, held in enumerate(alone))
    usage = Usage({"vda": ImageUsage("/one/vda.qcow2", names, alone, (Held(),) * 5, groups, as_of=2e9)})
    records = [snapshot(name) for name in names[:-1]]
    little = {"/one": Folder(200 * MIB, frozenset(), place="/"), "/two": Folder(9 * GIB, frozenset(), place="/data")}
    (finding,) = [f for f in take(Kind.INTERNAL, *records, usage=usage, folders=little).findings if "space" in f.rule]
    assert finding.reason == "/one has 200.0 MiB left, and the memory can need up to 512.0 MiB."
    assert finding.remedy == (
        "Make room there first. "
        "What deleting snapshots gives back: “large” (300.0 MiB), “middle” (100.0 MiB), “small” (20.0 MiB)."
    )
    uncounted = take(Kind.INTERNAL, *records, folders=little)
    assert [f.remedy for f in uncounted.findings if "space" in f.rule] == ["Make room there first."]
