"""Overlays that nothing leads to once a plan has run are named by it: a machine and its folder are made up."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core.health.dependents import dependents
from snapgui.core.health.inventory import Content, File, Inventory, MachineTexts, Seen
from snapgui.core.records import Disk, DomainId, Mode, Situation, SnapshotDisk, SnapshotRecord
from snapgui.core.requests import Delete, Request, Revert, Scope, Undo
from snapgui.core.rules import make_plan
from snapgui.core.rules.safety import propose
from snapgui.core.safety_mark import marked
from snapgui.core.xml.read import read_snapshot

_BASE = "/images/vda.qcow2"
_DISK = "<disk name='vda' snapshot='external' type='file'><source file='/images/vda.{}'/></disk>"
_DOMAIN = (
    "<domain type='kvm'><name>pisces</name><devices><disk type='file' device='disk'>"
    "<driver type='qcow2'/><source file='/images/vda.{}'/><target dev='vda'/></disk></devices></domain>"
)

Make = Callable[..., Situation]


def internal(name: str, parent: str, image: str) -> str:
    """Of a machine that was off."""
    disks = "<disks><disk name='vda' snapshot='internal'/></disks>"
    return _snapshot(name, parent, "shutoff", disks, image)


def external(name: str, parent: str, image: str, own: str, since: str = "", *, text: str = "") -> str:
    """Of a machine that ran, without its memory; ``since``: the file of the last revert there."""
    again = f"<revertDisks>{_DISK.format(since)}</revertDisks>" if since else ""
    disks = f"<disks>{_DISK.format(own)}</disks>{again}"
    return _snapshot(name, parent, "disk-snapshot", f"{disks}<description>{text}</description>", image)


def _snapshot(name: str, parent: str, state: str, rest: str, image: str) -> str:
    above = f"<parent><name>{parent}</name></parent>" if parent else ""
    rest = f"<state>{state}</state>{above}<creationTime>1700000000</creationTime>{rest}{_DOMAIN.format(image)}"
    return f"<domainsnapshot><name>{name}</name>{rest}</domainsnapshot>"


@pytest.fixture
def machine(situation: Callable[..., Situation]) -> Make:
    """A machine on an image, with snapshots, and the overlays there are, each with what is behind it."""

    def build(on: str, current: str, *snapshots: str, files: Mapping[str, str]) -> Situation:
        records: list[SnapshotRecord] = [read_snapshot(text) for text in snapshots]
        texts = {record.name: text for record, text in zip(records, snapshots, strict=True)}
        own = MachineTexts("own", "pisces", (_DOMAIN.format(on),), texts)
        there = [_file("qcow2", ""), *(_file(name, f"/images/vda.{below}") for name, below in files.items())]
        paths = {each.path: each for each in there}
        inventory = Inventory("own", False, "", (own,), paths, {"/images": ""}, frozenset(), 0.0)  # noqa: FBT003 - a field
        disks = (Disk("vda", source=f"/images/vda.{on}", format="qcow2"),)
        words: dict[str, Any] = {"snapshot_xml": texts, "dependents": dependents(inventory)}
        return situation(*records, current=current, disks=disks, **words)

    return build


def _file(name: str, backing: str) -> File:
    return File(f"/images/vda.{name}", Seen.FILE, content=Content.QCOW2, backing=backing)


def left(request: Request, there: Situation) -> str:
    """What the plan says that it leaves, without the folder; "" for nothing."""
    plan = make_plan(request, there)
    assert plan.ready, plan.findings
    found = [effect.text for effect in plan.effects if "behind" in effect.text]
    assert len(found) <= 1
    return found[0].removeprefix("Leaves ").partition(" behind")[0].replace("/images/vda.", "") if found else ""


@pytest.mark.parametrize("metadata_only", [False, True])
def test_what_internal_snapshots_kept_goes_out_of_use_with_the_last_of_them(
    machine: Make, domain: DomainId, *, metadata_only: bool
) -> None:
    """From "f", below internal ones in the file of "e", the machine went back to "a"."""
    snapshots = (
        external("a", "", "qcow2", "a", "now"),
        external("e", "a", "a", "e"),
        internal("i", "e", "e"),
        external("f", "i", "e", "f"),
    )
    there = machine("now", "a", *snapshots, files={"a": "qcow2", "now": "qcow2", "e": "a"})
    whole = Delete(domain, ("e",), Scope.WITH_CHILDREN, metadata_only)
    # "a" notes the file that the machine is on as its own from then on; libvirt deletes the one that "e" was taken of.
    assert left(whole, there) == ("a, e" if metadata_only else "e")
    assert left(Delete(domain, ("f",), Scope.THIS, metadata_only), there) == ""
    assert left(Delete(domain, ("f", "i"), Scope.THIS, metadata_only), there) == ""
    unseen = replace(there, dependents=None)
    assert left(whole, unseen) == ""


def test_what_a_snapshot_above_noted_before_its_last_revert_goes_out_of_use(machine: Make, domain: DomainId) -> None:
    snapshots = (external("a", "", "qcow2", "a", "now"), internal("i", "a", "a"), internal("k", "a", "now"))
    there = machine("now", "k", *snapshots, files={"a": "qcow2", "now": "qcow2"})
    assert left(Delete(domain, ("i",)), there) == "a"
    assert left(Delete(domain, ("k",)), there) == "", "“i” is in the file of “a”"


def test_an_overlay_that_a_revert_has_libvirt_forget_is_named(machine: Make, domain: DomainId) -> None:
    """The machine was reverted to "a", then to the internal "i", which left "a" its note of the file of that revert."""
    files = {"a": "qcow2", "1": "qcow2"}
    tree = external("a", "", "qcow2", "a", "1"), internal("i", "a", "a")
    there = machine("a", "i", *tree, files=files)
    to_a = Revert(domain, "a")
    assert left(to_a, there) == "1"
    assert left(to_a, machine("1", "a", *tree, files=files)) == "", "it is deleted"
    assert left(to_a, machine("qcow2", "i", tree[0], internal("i", "", "qcow2"), files=files)) == "1, a", "no child"
    safe = machine("1", "a", *tree, files=files)
    assert left(Revert(domain, "a", safety=propose("a", safe)), safe) == "", "it holds the safety snapshot"
    lone = machine("a", "a", external("a", "", "qcow2", "a", "1"), files=files)
    assert left(Revert(domain, "a", safety=propose("a", lone)), lone) == "1", "the safety snapshot is a child"


def test_an_overlay_that_libvirt_knows_of_no_snapshot_any_more_is_named(machine: Make, domain: DomainId) -> None:
    """A snapshot taken since the last revert was deleted: with it, libvirt forgot the file of that revert."""
    there = machine("1", "a", external("a", "", "qcow2", "a"), files={"1": "qcow2"})
    assert left(Revert(domain, "a"), there) == "1"
    noted = machine("1", "a", external("a", "", "qcow2", "1"), files={"1": "qcow2"})
    assert left(Revert(domain, "a"), noted) == "", "it is deleted"
    assert left(Revert(domain, "a"), replace(there, dependents=None)) == "", "nobody has looked"


def test_what_an_undone_revert_leaves_is_named(machine: Make, domain: DomainId) -> None:
    safety = external("s", "a", "1", "s", text=marked("Before."))
    there = machine(
        "2", "a", external("a", "", "qcow2", "a", "2"), safety, files={"a": "qcow2", "1": "qcow2", "2": "qcow2"}
    )
    assert left(Undo(domain, "s"), there) == ""
    elsewhere = machine(
        "2",
        "b",
        external("a", "", "qcow2", "a", "3"),
        external("b", "", "qcow2", "2"),
        safety,
        files={"a": "qcow2", "1": "qcow2", "2": "qcow2", "3": "qcow2"},
    )
    assert left(Undo(domain, "s"), elsewhere) == "a", "with “s” deleted, “a” notes “3” as its own"


def test_the_memory_file_of_a_forgotten_snapshot_is_named(
    situation: Callable[..., Situation], snapshot: Callable[..., SnapshotRecord], domain: DomainId
) -> None:
    disks = (SnapshotDisk("vda", Mode.EXTERNAL, "/images/vda.a"),)
    one = snapshot("a", memory=Mode.EXTERNAL, memory_file="/images/vda.mem", disks=disks)
    forget = Delete(domain, ("a",), metadata_only=True)
    assert left(forget, situation(one, current="a")) == "mem"
    assert left(forget, situation(one, replace(one, name="b"), current="a")) == "", "another has it, too"
