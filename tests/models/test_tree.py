"""The diffing tree model: what it shows is what it was told, by Qt's rules, and views keep their state."""

from collections.abc import Hashable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QItemSelectionModel, QModelIndex, QObject, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QTreeView

from snapgui.models import tree
from snapgui.models.arrangement import Arrangement
from snapgui.models.tree import TreeModel

# One hypothesis run makes many models: Qt's application has to be there once, for all of them.
pytestmark = pytest.mark.usefixtures("qapp")
SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Names(TreeModel):
    """Two columns that show the key."""

    columns = 2

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        return str(self.key(index)) if role == Qt.ItemDataRole.DisplayRole else None


def shown(model: TreeModel) -> dict[Hashable, list[Hashable]]:
    """What a view would find, asked through Qt's own calls only."""
    found: dict[Hashable, list[Hashable]] = {}
    waiting = [QModelIndex()]
    while waiting:
        parent = waiting.pop()
        children = [model.index(row, 0, parent) for row in range(model.rowCount(parent))]
        if children:
            found[model.key(parent)] = [model.key(child) for child in children]
        for row, child in enumerate(children):
            assert (child.row(), model.parent(child)) == (row, parent)
            assert model.index_of(model.key(child)) == child
        waiting += children
    return found


@st.composite
def arrangements(draw: st.DrawFn) -> dict[Hashable, list[Hashable]]:
    """A forest of some of the keys 0 to 13, siblings in any order."""
    keys = draw(st.lists(st.integers(0, 13), unique=True, max_size=14))
    found: dict[Hashable, list[Hashable]] = {}
    for place, key in enumerate(keys):
        parent = draw(st.sampled_from([None, *keys[:place]]))
        siblings = found.setdefault(parent, [])
        siblings.insert(draw(st.integers(0, len(siblings))), key)
    return found


@pytest.fixture(params=["as they are", "brought together"])
def every_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both ways for rows to come and go: in place where that is cheap, and as one run where it isn't."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "brought together":
            patch.setattr(tree, "_CHEAP", 0)
        yield


def strict(model: TreeModel) -> QObject:
    return QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)


@SETTINGS
@given(steps=st.lists(arrangements(), min_size=1, max_size=6))
def test_shows_what_it_was_told_by_qts_rules(every_way: None, steps: list[Arrangement]) -> None:  # noqa: ARG001
    model = Names()
    checker = strict(model)
    for step in steps:
        model.apply(step)
        assert shown(model) == step
    checker.deleteLater()


@SETTINGS
@given(first=arrangements(), second=arrangements(), data=st.data())
def test_selection_and_expansion_follow_their_rows(
    every_way: None,  # noqa: ARG001
    first: Arrangement,
    second: Arrangement,
    data: st.DataObject,
) -> None:
    model = Names()
    model.apply(first)
    view = QTreeView()
    view.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
    view.setModel(model)
    checker = strict(model)
    keys = list(model.walk())
    chosen = data.draw(st.sets(st.sampled_from(keys))) if keys else set()
    expanded = data.draw(st.sets(st.sampled_from(keys))) if keys else set()
    for key in chosen:
        view.selectionModel().select(
            model.index_of(key), QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        )
    for key in expanded:
        view.expand(model.index_of(key))
    expanded = {key for key in keys if view.isExpanded(model.index_of(key))}  # only what has children can be
    current = data.draw(st.sampled_from(keys)) if keys else None
    view.selectionModel().setCurrentIndex(model.index_of(current), QItemSelectionModel.SelectionFlag.NoUpdate)

    model.apply(second)

    assert shown(model) == second
    left = set(model.walk())
    assert {model.key(index) for index in view.selectionModel().selectedRows()} == chosen & left
    if current in left:
        assert model.key(view.currentIndex()) == current
    for key in expanded & left:
        index = model.index_of(key)
        assert view.isExpanded(index) or not model.hasChildren(index)
    checker.deleteLater()


def test_a_row_that_goes_is_told_to_the_selection() -> None:
    model = Names()
    model.apply({None: ["a"], "a": ["b"], "b": ["c"]})
    view = QTreeView()
    view.setModel(model)
    view.setCurrentIndex(model.index_of("b"))
    deselected: list[Hashable] = []
    view.selectionModel().selectionChanged.connect(
        lambda _new, old: deselected.extend(model.key(index) for index in old.indexes())
    )
    model.apply({None: ["a"], "a": ["c"]})
    assert deselected.count("b") > 0


def signals(model: TreeModel) -> list[tuple[Any, ...]]:
    told: list[tuple[Any, ...]] = []
    model.rowsInserted.connect(lambda parent, first, last: told.append(("in", model.key(parent), first, last)))
    model.rowsRemoved.connect(lambda parent, first, last: told.append(("out", model.key(parent), first, last)))
    model.layoutChanged.connect(lambda: told.append(("moved",)))
    model.modelReset.connect(lambda: told.append(("reset",)))
    model.dataChanged.connect(
        lambda first, last: told.append(
            ("data", model.key(first.parent()), first.row(), last.row(), first.column(), last.column())
        )
    )
    return told


def test_tells_no_more_than_differs() -> None:
    model = Names()
    model.apply({None: ["a", "b", "e"], "a": ["a1"]})
    told = signals(model)
    model.apply({None: ["a", "b", "e"], "a": ["a1"]})
    assert told == []
    model.apply({None: ["a", "b", "c", "d", "e"], "a": ["a1"], "c": ["c1", "c2"]})
    assert told == [("in", None, 2, 3)]  # neighbours at once, what is under them with them
    told.clear()
    model.apply({None: ["a", "e"], "a": ["a1"]})
    assert told == [("out", None, 1, 3)]
    told.clear()
    model.apply({None: ["e", "a"], "a": ["a1"]})
    assert told == [("moved",)]
    told.clear()
    model.apply({None: ["e", "a1"]})
    assert told == [("moved",), ("out", None, 2, 2)]


def test_changed_data_is_told_in_ranges() -> None:
    model = Names()
    model.apply({None: [*range(10)], 3: ["x"]})
    told = signals(model)
    model.changed([5, 1, "x", 2, 9, "unknown", 2], 1)
    assert sorted(told, key=str) == sorted(
        [("data", None, 1, 2, 1, 1), ("data", None, 5, 5, 1, 1), ("data", None, 9, 9, 1, 1), ("data", 3, 0, 0, 1, 1)],
        key=str,
    )


def test_very_many_changes_are_told_at_once() -> None:
    model = Names()
    model.apply({None: [*range(1000)]})
    told = signals(model)
    model.changed(range(3, 1000, 2))
    assert told == [("data", None, 3, 999, 0, 1)]
    model.apply({None: [0]} | {key: [key + 1] for key in range(999)})
    told.clear()
    model.changed(range(1000))
    assert told == [("moved",)]


def test_a_chain_of_ten_thousand_comes_turns_round_and_goes() -> None:
    model = Names()
    count = 10_000
    chain: dict[Hashable, list[Hashable]] = {None: [0]} | {key: [key + 1] for key in range(count - 1)}
    model.apply(chain)
    assert len(list(model.walk())) == count
    model.apply({None: [count - 1]} | {key: [key - 1] for key in range(1, count)})
    assert next(iter(model.walk())) == count - 1
    model.apply({})
    assert model.rowCount() == 0


def test_single_rows_come_and_go_without_the_rest_being_looked_at() -> None:
    model = Names()
    checker = strict(model)
    model.apply({None: ["a", "c"], "c": ["c1"]})
    model.insert(None, 1, "b")
    model.insert("b", 0, "b1")
    model.remove("c")
    model.remove("unknown")
    assert shown(model) == {None: ["a", "b"], "b": ["b1"]}
    checker.deleteLater()


def test_reset_begins_anew() -> None:
    model = Names()
    checker = strict(model)
    model.apply({None: ["a"], "a": ["b"]})
    told = signals(model)
    model.reset({None: ["b"], "b": ["c"]})
    assert told == [("reset",)]
    assert shown(model) == {None: ["b"], "b": ["c"]}
    checker.deleteLater()
