"""The snapshot tree: which rows it shows where, and what they say."""

from collections.abc import Callable, Hashable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QLocale, QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from snapgui.core.errors import Problem
from snapgui.core.records import (
    DomainId,
    DomainRecord,
    DomainState,
    Mode,
    Size,
    SnapshotRecord,
    Snapshots,
    SnapshotState,
)
from snapgui.core.usage import NOW, Held, ImageUsage, Usage
from snapgui.models.flat import FlatSnapshots, Order
from snapgui.models.roles import Role
from snapgui.models.snapshots import Column, SnapshotsModel
from snapgui.models.store import Store

DESCENDING = Qt.SortOrder.DescendingOrder
ToolTip = Qt.ItemDataRole.ToolTipRole
Accessible = Qt.ItemDataRole.AccessibleTextRole

Put = Callable[..., None]
Make = Callable[..., SnapshotRecord]


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Figures and dates as an American reads them."""
    before = QLocale()
    QLocale.setDefault(QLocale("en_US"))
    yield
    QLocale.setDefault(before)


@pytest.fixture
def model(store: Store, domain: DomainId) -> SnapshotsModel:
    """Shows the machine, by Qt's rules."""
    made = SnapshotsModel(store)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    made.set_domain(domain)
    return made


def rows(model: SnapshotsModel, parent: QModelIndex | None = None, depth: int = 0) -> list[str]:
    """The names as a tree, one step to the right per level."""
    parent = parent or QModelIndex()
    found = []
    for row in range(model.rowCount(parent)):
        index = model.index(row, 0, parent)
        found += ["  " * depth + index.data(), *rows(model, index, depth + 1)]
    return found


def cell(model: SnapshotsModel, name: str, column: Column, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
    return model.index_of(name, column).data(role)


def test_shows_branches_and_where_the_machine_stands(model: SnapshotsModel, put: Put, snapshot: Make) -> None:
    put(
        snapshot("clean", None, 1),
        snapshot("patched", "clean", 3),
        snapshot("pisces-1", "clean", 2),
        snapshot("later", "pisces-1", 4),
        current="pisces-1",
    )
    assert rows(model) == ["clean", "  pisces-1", "    later", "    You are here", "  patched"]


def test_here_is_at_the_top_without_a_current_snapshot(model: SnapshotsModel, put: Put, snapshot: Make) -> None:
    assert rows(model) == []  # not read yet: nothing is known
    put()
    assert rows(model) == ["You are here"]
    put(snapshot("a"))
    assert rows(model) == ["a", "You are here"]


def test_here_tells_the_live_state(model: SnapshotsModel, store: Store, domain: DomainId, put: Put) -> None:
    put()
    state = model.here_index().siblingAtColumn(Column.STATE)
    assert state.data() == "running"
    store.put_domain(DomainRecord(domain, "pisces", DomainState.PAUSED))
    assert state.data() == "paused"
    assert model.here_index().data(Accessible) == "You are here, paused"
    assert model.here_index().data(Role.KEY) is None
    assert "is saved" not in model.here_index().data(Qt.ItemDataRole.ToolTipRole)
    store.put_domain(DomainRecord(domain, "pisces", DomainState.SHUT_OFF, managed_save=True))
    assert state.data() == "saved"
    assert model.here_index().data(Accessible) == "You are here, saved"
    assert "is saved: started, it goes on from there" in model.here_index().data(Qt.ItemDataRole.ToolTipRole)


def test_here_moves_with_the_current_snapshot(model: SnapshotsModel, put: Put, snapshot: Make) -> None:
    both = (snapshot("a", None, 1), snapshot("b", "a", 2))
    put(*both, current="b")
    put(*both, current="a")
    assert rows(model) == ["a", "  b", "  You are here"]
    assert [cell(model, name, Column.NAME, Role.CURRENT) for name in "ab"] == [True, False]


def test_names_come_first_and_the_rest_later(model: SnapshotsModel, put: Put, snapshot: Make) -> None:
    put(*(SnapshotRecord(name, complete=False) for name in ("s10", "s9")), current="s10")
    assert rows(model) == ["s9", "s10", "  You are here"]
    assert [cell(model, "s9", column) for column in Column] == ["s9", *[""] * (len(Column) - 1)]
    put(snapshot("s10", "s9", 2), snapshot("s9", None, 1), current="s10")
    assert rows(model) == ["s9", "  s10", "    You are here"]


def test_children_of_a_deleted_snapshot_move_up(model: SnapshotsModel, put: Put, snapshot: Make) -> None:
    put(snapshot("a", None, 1), snapshot("b", "a", 2), snapshot("c", "b", 3), snapshot("d", "b", 4), current="d")
    put(snapshot("a", None, 1), snapshot("c", "a", 3), snapshot("d", "a", 4), current="d")
    assert rows(model) == ["a", "  c", "  d", "    You are here"]


def test_unknown_parents_and_circles_lose_no_snapshot(model: SnapshotsModel, put: Put, snapshot: Make) -> None:
    put(snapshot("a", "b", 1), snapshot("b", "a", 2), snapshot("c", "gone", 3), current="gone")
    assert sorted(name.strip() for name in rows(model)) == ["You are here", "a", "b", "c"]


def test_cells_say_what_is_known(
    model: SnapshotsModel, store: Store, domain: DomainId, put: Put, snapshot: Make
) -> None:
    put(snapshot("pisces-1", description="before the update\nand more"), current="pisces-1")
    store.put_sizes(domain, {"pisces-1": Size(543 * 2**20)})
    texts = [cell(model, "pisces-1", column) for column in Column]
    assert texts[0] == "pisces-1"
    assert "/26" in texts[1]
    assert texts[2:] == ["running", "internal", "543.0 MiB", "", "", "before the update"]
    assert cell(model, "pisces-1", Column.NAME, Accessible) == f"pisces-1, running, {texts[1]}, 543.0 MiB, current"
    assert "and more" in cell(model, "pisces-1", Column.DESCRIPTION, ToolTip)
    assert cell(model, "pisces-1", Column.DESCRIPTION, Qt.ItemDataRole.EditRole) == "before the update\nand more"
    assert "ago" in cell(model, "pisces-1", Column.TAKEN, ToolTip) or "future" in cell(
        model, "pisces-1", Column.TAKEN, ToolTip
    )


@pytest.mark.parametrize(
    ("size", "text", "tip"),
    [
        (None, "", None),
        (Size(None, "The image is locked."), "\u2013", "The image is locked."),
        (Size(0), "0 bytes", None),
        (Size(0, "Taken while off."), "0 bytes", "Taken while off."),
    ],
)
def test_an_unknown_size_is_never_zero(
    model: SnapshotsModel, store: Store, size: Size | None, text: str, tip: str | None
) -> None:
    domain = model.domain
    assert domain is not None
    store.put_snapshots(domain, Snapshots({"a": SnapshotRecord("a")}))
    store.put_sizes(domain, {} if size is None else {"a": size})
    assert cell(model, "a", Column.MEMORY) == text
    found = cell(model, "a", Column.MEMORY, ToolTip)
    assert found is None if tip is None else tip in found
    assert cell(model, "a", Column.NAME, Role.SIZE) == size
    assert cell(model, "a", Column.MEMORY, Qt.ItemDataRole.TextAlignmentRole) & int(Qt.AlignmentFlag.AlignRight)


def test_kinds_and_states_are_words(model: SnapshotsModel, put: Put, snapshot: Make) -> None:
    put(
        snapshot("off", state=SnapshotState.SHUT_OFF),
        snapshot("disks", state=SnapshotState.DISK_ONLY, memory=Mode.NO),
        snapshot("outside", memory=Mode.EXTERNAL),
    )
    assert [
        (cell(model, name, Column.STATE), cell(model, name, Column.KIND)) for name in ("off", "disks", "outside")
    ] == [
        ("off", "internal"),
        ("disk only", "disk only"),
        ("running", "external"),
    ]


def test_a_snapshot_that_cannot_be_read_says_why(model: SnapshotsModel, put: Put) -> None:
    problem = Problem("Read the snapshot “a”.", "Its XML is damaged.")
    put(SnapshotRecord("a", problem=problem))
    assert cell(model, "a", Column.NAME, Role.PROBLEM) == problem
    assert "Its XML is damaged." in cell(model, "a", Column.NAME, ToolTip)
    assert cell(model, "a", Column.DESCRIPTION) == "Its XML is damaged."
    assert cell(model, "a", Column.NAME, Accessible).endswith("Its XML is damaged.")


def test_names_from_outside_stay_in_their_cell(model: SnapshotsModel, put: Put, snapshot: Make) -> None:
    lines, markup, reversed_, closing = "one\ntwo", "<b>bold</b> & more", "abc\u202edef", "\u2069x\u202e"
    put(snapshot(lines), snapshot(markup), snapshot(reversed_), snapshot(closing))
    assert cell(model, lines, Column.NAME) == "one↵two"
    assert cell(model, lines, Column.NAME, Qt.ItemDataRole.EditRole) == lines
    assert cell(model, lines, Column.NAME, Role.KEY) == lines
    assert cell(model, markup, Column.NAME) == markup
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in cell(model, markup, Column.NAME, ToolTip)
    assert cell(model, reversed_, Column.NAME) == "\u2068abc\u202edef\u2069"
    assert cell(model, closing, Column.NAME) == "\u2068x\u202e\u2069"


def test_sorts_siblings_by_any_column(
    model: SnapshotsModel, store: Store, domain: DomainId, put: Put, snapshot: Make
) -> None:
    put(
        snapshot("a10", None, 1, description="z"),
        snapshot("a9", None, 2, description="y", state=SnapshotState.PAUSED),
        snapshot("B", None, 2, description="x", state=SnapshotState.SHUT_OFF),
        snapshot("under", "a9", 9),
    )
    store.put_sizes(domain, {"a10": Size(5), "a9": Size(None, "?"), "B": Size(0)})
    for column, ascending in {
        Column.NAME: ["a9", "a10", "B"],
        Column.TAKEN: ["a10", "a9", "B"],
        Column.STATE: ["B", "a9", "a10"],
        Column.MEMORY: ["a9", "B", "a10"],
        Column.DESCRIPTION: ["B", "a9", "a10"],
    }.items():
        model.sort(column)
        assert model.keys_under(None)[:-1] == ascending
        assert model.keys_under("a9") == ["under"]
        model.sort(column, DESCENDING)
        expected = ["a9", "B", "a10"] if column is Column.TAKEN else ascending[::-1]  # equal times stay by name
        assert model.keys_under(None)[:-1] == expected
    assert rows(model)[-1] == "You are here"


def test_a_new_snapshot_without_a_time_is_the_latest(model: SnapshotsModel, put: Put, snapshot: Make) -> None:
    put(snapshot("z", None, 5), SnapshotRecord("a", complete=False))
    assert rows(model) == ["z", "a", "You are here"]


def test_of_very_many_unread_names_some_screens_full_are_shown_until_more_is_known(
    store: Store, domain: DomainId, snapshot: Make
) -> None:
    model = SnapshotsModel(store)  # not under the tester, which asks for each row many times
    model.set_domain(domain)
    records = {f"{n}": SnapshotRecord(f"{n}", complete=False) for n in range(1500)}
    store.put_snapshots(domain, Snapshots(dict(records)))
    assert 25 < model.rowCount() < 1500
    store.put_snapshots(domain, Snapshots({**records, "3": snapshot("3")}))
    assert model.rowCount() == 1501  # with the machine's own


def test_filters_by_name_and_description_and_keeps_what_is_above(
    model: SnapshotsModel, put: Put, snapshot: Make
) -> None:
    put(
        snapshot("root", None, 1),
        snapshot("middle", "root", 2),
        snapshot("leaf", "middle", 3, description="The GOOD one"),
        snapshot("other", None, 4),
        snapshot("now", "other", 5),
        current="now",
    )
    everything = rows(model)
    model.set_filter("good")
    assert rows(model) == ["root", "  middle", "    leaf"]  # where the machine stands is not shown
    model.set_filter("OTHER")
    assert rows(model) == ["other"]
    model.set_filter("NOW")
    assert rows(model) == ["other", "  now", "    You are here"]
    model.set_filter(" ")
    assert rows(model) == everything


def test_shows_one_machine_and_forgets_it_when_it_goes(
    model: SnapshotsModel, store: Store, domain: DomainId, put: Put, snapshot: Make
) -> None:
    put(snapshot("a"))
    store.put_snapshots(DomainId("other", "x"), Snapshots({"b": snapshot("b")}))
    assert rows(model) == ["a", "You are here"]
    model.set_domain(DomainId("other", "x"))
    assert rows(model) == ["b", "You are here"]
    model.set_domain(domain)
    store.remove_domain(domain)
    assert (rows(model), model.domain) == ([], None)


def test_tells_only_what_differs(
    model: SnapshotsModel, store: Store, domain: DomainId, put: Put, snapshot: Make
) -> None:
    put(snapshot("a", None, 1), snapshot("b", None, 2), snapshot("c", None, 3), current="a")
    told: list[Hashable] = []
    model.dataChanged.connect(
        lambda first, last: told.extend(
            model.index(row, 0, first.parent()).data() for row in range(first.row(), last.row() + 1)
        )
    )
    for unwanted in (model.layoutChanged, model.rowsInserted, model.rowsRemoved, model.modelReset):
        unwanted.connect(lambda *_: told.append("structure"))
    put(snapshot("a", None, 1), snapshot("b", None, 2, description="new"), snapshot("c", None, 3), current="a")
    assert sorted(map(str, told)) == ["You are here", "b"]
    told.clear()
    store.put_sizes(domain, {"c": Size(1)})
    assert "c" in told
    assert not {"a", "b", "structure"} & set(told)
    told.clear()
    store.put_domain(DomainRecord(domain, "pisces", DomainState.SHUT_OFF))
    assert told == ["You are here"]


def test_the_list_has_the_same_snapshots_in_the_trees_order(
    model: SnapshotsModel, store: Store, domain: DomainId, put: Put, snapshot: Make
) -> None:
    flat = FlatSnapshots(model)
    QAbstractItemModelTester(flat, QAbstractItemModelTester.FailureReportingMode.Fatal, flat)
    put(snapshot("a", None, 1), snapshot("b", "a", 4), snapshot("c", None, 2), snapshot("d", "a", 3), current="d")

    def names() -> list[str]:
        return [flat.index(row).data(Role.KEY) for row in range(flat.rowCount())]

    assert names() == ["a", "d", "b", "c"]
    flat.set_order(Order.TIME)
    assert names() == ["a", "c", "d", "b"]
    assert flat.row_of("d") == 2
    assert flat.row_of("unknown") == -1
    assert flat.index(2).data(Role.CURRENT) is True
    changed: list[int] = []
    flat.dataChanged.connect(lambda first, last: changed.extend(range(first.row(), last.row() + 1)))
    store.put_sizes(domain, {"c": Size(7)})
    assert changed == [1]
    assert flat.index(1).data(Role.SIZE) == Size(7)
    model.set_filter("b")
    assert names() == ["a", "b"]
    model.set_domain(None)
    assert names() == []


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.dictionaries(
                st.sampled_from("abcdefgh"),
                st.tuples(st.none() | st.sampled_from("abcdefghx"), st.none() | st.integers(0, 3), st.booleans()),
            ),
            st.none() | st.sampled_from("abcdefghx"),
            st.sampled_from(["", "a", "e", "?"]),
            st.sampled_from(Column),
            st.sampled_from(Qt.SortOrder),
        ),
        max_size=6,
    )
)
def test_tree_and_list_hold_whatever_comes(qapp: Any, domain: DomainId, steps: list[Any]) -> None:  # noqa: ARG001
    store = Store()
    store.put_domain(DomainRecord(domain, "pisces"))
    model, fatal = SnapshotsModel(store), QAbstractItemModelTester.FailureReportingMode.Fatal
    flat = FlatSnapshots(model)
    testers = QAbstractItemModelTester(model, fatal), QAbstractItemModelTester(flat, fatal)
    model.set_domain(domain)
    for records, current, wanted, column, order in steps:
        made = {
            name: SnapshotRecord(name, complete=complete, parent=parent, created=created)
            for name, (parent, created, complete) in records.items()
        }
        store.put_snapshots(domain, Snapshots(made, current))
        model.set_filter(wanted)
        model.sort(column, order)
        shown = [name.strip() for name in rows(model)]
        hidden = current in made and current not in shown  # by the filter
        assert shown.count("You are here") == (1 if store.snapshots_known(domain) and not hidden else 0)
        if not wanted:
            assert sorted(set(shown) - {"You are here"}) == sorted(made)
            assert len(shown) == len(made) + 1
        assert [flat.index(row).data() for row in range(flat.rowCount())] == [
            name for name in shown if name != "You are here"
        ]
    for tester in testers:
        tester.deleteLater()


def test_what_a_snapshot_costs_stands_in_its_row_once_it_is_counted(
    model: SnapshotsModel, store: Store, domain: DomainId, put: Put, snapshot: Make
) -> None:
    put(snapshot("a", None, 1), snapshot("b", "a", 2), snapshot("gone", "a", 3), current="b")
    image = ImageUsage(
        "/images/vda",
        ("a", "b", NOW),
        (Held(3 * 2**20, 2**20), Held(), Held()),
        (Held(), Held(2**20), Held(2**20)),
        ((0b001, Held(3 * 2**20, 2**20)), (0b110, Held(2**20))),
        as_of=2e9,
    )
    store.put_usage(domain, Usage({"vda": image}))
    assert [cell(model, "a", column) for column in (Column.DISK, Column.FREES)] == ["3.0 MiB", "4.0 MiB"]
    assert [cell(model, "b", column) for column in (Column.DISK, Column.FREES)] == ["0 bytes", "0 bytes"]
    assert [cell(model, "gone", column) for column in (Column.DISK, Column.FREES)] == ["\N{EN DASH}"] * 2
    assert "holds a snapshot of this name" in cell(model, "gone", Column.FREES, ToolTip)
    assert "Counted at" in cell(model, "a", Column.DISK, ToolTip)
    assert "not written into its image by then" in cell(model, "a", Column.FREES, ToolTip)
    model.sort(Column.FREES, Qt.SortOrder.DescendingOrder)
    assert rows(model)[0] == "a"
    assert "stay as long as they are" in model.headerData(Column.FREES, Qt.Orientation.Horizontal, ToolTip)
    put(snapshot("b", None, 2), current="b")
    assert cell(model, "b", Column.FREES) == "0 bytes"
