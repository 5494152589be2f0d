"""The hierarchy of snapshots, whatever a host says about parents."""

import time

from hypothesis import given
from hypothesis import strategies as st

from snapgui.core.records import SnapshotRecord, Snapshots
from snapgui.core.tree import ancestors, by_time, children, descendants, parents, tree_order


def snapshots(parents_of: dict[str, str | None], created: dict[str, int] | None = None) -> Snapshots:
    times = created or {}
    return Snapshots({n: SnapshotRecord(n, parent=p, created=times.get(n)) for n, p in parents_of.items()})


def test_branches_come_oldest_first_and_parents_before_children() -> None:
    found = snapshots({"c": "a", "a": None, "b": "a", "d": "b", "z": None}, {"a": 1, "b": 2, "c": 3, "d": 9, "z": 0})
    assert children(found) == {None: ["z", "a"], "a": ["b", "c"], "b": ["d"]}
    assert tree_order(found) == ["z", "a", "b", "d", "c"]
    assert descendants(found, "a") == ["b", "d", "c"]
    assert ancestors(found, "d") == ["b", "a"]


def test_a_parent_that_is_not_there_makes_a_root() -> None:
    assert children(snapshots({"a": "gone", "b": "a"})) == {None: ["a"], "a": ["b"]}


def test_a_cycle_is_opened_above_its_oldest() -> None:
    found = snapshots({"a": "c", "b": "a", "c": "b", "d": "c", "e": "e"}, {"a": 3, "b": 1, "c": 2, "d": 4, "e": 5})
    assert children(found) == {None: ["b", "e"], "b": ["c"], "c": ["a", "d"]}
    assert ancestors(found, "d") == ["c", "b"]


def test_names_that_are_not_there_have_no_relatives() -> None:
    found = snapshots({"a": None})
    assert descendants(found, "x") == []
    assert ancestors(found, "x") == []


def test_unknown_times_come_last() -> None:
    records = [SnapshotRecord("b"), SnapshotRecord("a"), SnapshotRecord("c", created=5)]
    assert [record.name for record in sorted(records, key=by_time)] == ["c", "a", "b"]


names = st.integers(0, 12).map(str)


@given(st.dictionaries(names, st.one_of(st.none(), names)), st.randoms())
def test_each_name_is_there_exactly_once(parents_of: dict[str, str | None], random: object) -> None:
    found = snapshots(parents_of)
    assert sorted(tree_order(found)) == sorted(parents_of)
    assert sorted(name for group in children(found).values() for name in group) == sorted(parents_of)
    for name in parents_of:
        assert name not in ancestors(found, name)
    mixed = list(parents_of.items())
    random.shuffle(mixed)  # type: ignore[attr-defined] - hypothesis gives a random.Random
    assert parents(snapshots(dict(mixed))) == parents(found)


def test_ten_thousand_in_one_line_are_walked_at_once() -> None:
    chain = snapshots({str(n): str(n - 1) if n else None for n in range(10_000)}, {str(n): n for n in range(10_000)})
    started = time.monotonic()
    assert tree_order(chain) == [str(n) for n in range(10_000)]
    assert len(descendants(chain, "0")) == len(ancestors(chain, "9999")) == 9_999
    ring = snapshots({str(n): str((n + 1) % 10_000) for n in range(10_000)})
    assert len(tree_order(ring)) == 10_000
    assert time.monotonic() - started < 2
