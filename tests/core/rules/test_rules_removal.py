"""Deleting in an order that works: whenever there is one, it is found. Held against trying out every order."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from snapgui.core.records import Mode, SnapshotDisk, SnapshotRecord, Snapshots
from snapgui.core.rules.removal import Facts, Obstacle, Tree, find_order

_NAMES = "abcdefg"


@st.composite
def machines(draw: st.DrawFn) -> tuple[Facts, frozenset[str]]:
    """A small tree of both kinds, and a selection from it."""
    names = _NAMES[: draw(st.integers(1, len(_NAMES)))]
    records = {}
    for number, name in enumerate(names):
        mode = draw(st.sampled_from((Mode.INTERNAL, Mode.EXTERNAL)))
        parent = draw(st.sampled_from((None, *names[:number], *names[max(0, number - 1) : number])))
        records[name] = SnapshotRecord(name, parent=parent, created=number, disks=(SnapshotDisk("vda", mode),))
    on = {name: draw(st.sampled_from(("", "1", "2", "3"))) for name in names}
    facts = Facts(
        Snapshots(records, draw(st.sampled_from((None, *names)))),
        active=draw(st.booleans()),
        files={name: frozenset({path} - {""}) for name, path in on.items()},
        images={name: {"vda": path} for name, path in on.items() if path},
        runs_on=frozenset(draw(st.sampled_from(("", "1", "2")))),
        in_use=frozenset(draw(st.sampled_from(("1", "")))),
        unfinished=frozenset(draw(st.sets(st.sampled_from(names), max_size=1))),
        keeps_base=draw(st.booleans()),
    )
    return facts, frozenset(draw(st.sets(st.sampled_from(names), min_size=1)))


def after(facts: Facts, order: tuple[str, ...]) -> Tree:
    tree = Tree(facts)
    for name in order:
        assert tree.obstacle(name) is None
        tree.remove(name)
    return tree


def some_order_works(facts: Facts, going: frozenset[str]) -> bool:
    """By trying all, without those that only repeat what has gone."""
    seen: set[frozenset[str]] = {frozenset()}
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        order = waiting.pop()
        if len(order) == len(going):
            return True
        tree = after(facts, order)
        for name in going.difference(order):
            if tree.obstacle(name) is None and (gone := frozenset((*order, name))) not in seen:
                seen.add(gone)
                waiting.append((*order, name))
    return False


@settings(max_examples=600, deadline=None)
@given(machines())
def test_an_order_that_works_is_found_where_there_is_one(machine: tuple[Facts, frozenset[str]]) -> None:
    facts, going = machine
    order, left = find_order(facts, going)
    assert len(set(order)) == len(order)
    assert going.issuperset(order)
    after(facts, tuple(order))
    if len(order) < len(going):
        assert not some_order_works(facts, going)
        assert all(left.obstacle(name) is not None for name in going.difference(order))


def test_a_parent_goes_before_its_child_where_only_that_works(
    snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    records = {each.name: each for each in (snapshot("i", created=1), snapshot("e", "i", created=2, **external))}
    order, _ = find_order(Facts(Snapshots(records, "e")), ("i", "e"))
    assert order == ["i", "e"]


def test_what_can_not_go_says_why(snapshot: Callable[..., Any], external: Mapping[str, Any]) -> None:
    records = {"i": snapshot("i"), "e": snapshot("e", "i", **external)}
    order, left = find_order(Facts(Snapshots(records, "e")), ("e",))
    assert not order
    assert left.obstacle("e") is Obstacle.INTERNAL_PARENT
    above = {"e": snapshot("e", **external), "f": snapshot("f", "e", **external)}
    _, left = find_order(Facts(Snapshots(above, None)), ("e",))
    assert left.obstacle("e") is Obstacle.NO_CURRENT
    order, _ = find_order(Facts(Snapshots(above, None)), ("e", "f"))
    assert order == ["f", "e"]


def test_a_long_chain_takes_no_time(snapshot: Callable[..., Any], external: Mapping[str, Any]) -> None:
    names = [f"e{number}" for number in range(200)]
    records = {
        name: snapshot(name, names[number - 1] if number else None, created=number, **external)
        for number, name in enumerate(names)
    }
    order, _ = find_order(Facts(Snapshots(records, names[-1])), names)
    assert order == names[::-1]


def test_after_a_merge_an_internal_snapshot_goes_only_if_it_is_where_the_machine_is_then() -> None:
    """libvirt compares the image in the snapshot's XML with the machine's, in the middle of a plan, too."""

    def record(name: str, parent: str | None, mode: Mode) -> SnapshotRecord:
        return SnapshotRecord(name, parent=parent, disks=(SnapshotDisk("vda", mode),))

    records = [record("e0", None, Mode.EXTERNAL), record("e1", "e0", Mode.EXTERNAL), record("i", "e0", Mode.INTERNAL)]
    # A revert to e0 put the machine on "reverted", above "base"; i was taken on e0's first overlay.
    images = {"e0": "base", "e1": "reverted", "i": "first"}
    machine = Facts(
        Snapshots({each.name: each for each in records}, "e1"),
        active=True,
        files={name: frozenset({image}) for name, image in images.items()},
        runs_on=frozenset({"now"}),
    )
    order, tree = find_order(machine, {"e1", "i"})
    assert order == ["e1"]
    assert tree.obstacle("i") is Obstacle.OTHER_IMAGE
    there = replace(machine, files={**machine.files, "i": frozenset({"reverted"})})
    assert find_order(there, {"e1", "i"})[0] == ["e1", "i"]


def test_a_file_goes_only_where_an_external_snapshot_above_has_its_disk() -> None:
    """After a revert, a snapshot without children also has the disks that were left out, above the machine's own."""
    both = (SnapshotDisk("vda", Mode.EXTERNAL), SnapshotDisk("vdb", Mode.EXTERNAL))
    records = {
        "a": SnapshotRecord("a", disks=(SnapshotDisk("vda", Mode.NO), SnapshotDisk("vdb", Mode.EXTERNAL))),
        "b": SnapshotRecord("b", parent="a", disks=both),
    }
    images = {"a": {"vdb": "/b"}, "b": {"vda": "/a", "vdb": "/b.a"}}
    files = {name: frozenset(by_target.values()) for name, by_target in images.items()}
    facts = Facts(Snapshots(records, "a"), files=files, images=images, in_use=frozenset({"/a"}))
    assert Tree(facts).dropped("b") == {"/b.a"}
    assert Tree(facts).obstacle("b") is None
