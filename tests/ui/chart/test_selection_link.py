"""What is chosen in the tree is chosen in the chart, and the other way round."""

from typing import Any

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from snapgui.core.records import Size, SnapshotRecord, Snapshots

_REPLACE = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
_ADD = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows


def _choose(desk: Any, name: str, flag: QItemSelectionModel.SelectionFlag = _REPLACE) -> None:
    desk.tree.selectionModel().setCurrentIndex(desk.model.index_of(name), flag)


def _bar(desk: Any, name: str) -> Any:
    model = desk.panel.view.model()
    return model.index(desk.bars().index(name), 0)


def test_the_chart_follows_the_tree(desk: Any) -> None:
    desk.put_family()
    _choose(desk, "deep")
    assert desk.bars_selected() == {"deep"}
    assert desk.panel.view.currentIndex().data() == "deep"
    _choose(desk, "clean", _ADD)
    assert desk.bars_selected() == {"deep", "clean"}
    desk.tree.clearSelection()
    assert desk.bars_selected() == set()


def test_the_tree_follows_the_chart(desk: Any, qtbot: QtBot) -> None:
    desk.put_family()
    view = desk.panel.view
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Home)
    qtbot.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert desk.rows_selected() == {"clean", "pisces-1"}
    assert desk.tree.currentIndex().data() == "pisces-1"
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert desk.rows_selected() == {"late"}


def test_one_choice_makes_one_signal_on_each_side(desk: Any) -> None:
    desk.put_family()
    spies = [QSignalSpy(view.selectionModel().selectionChanged) for view in (desk.tree, desk.panel.view)]
    _choose(desk, "deep")
    assert [spy.count() for spy in spies] == [1, 1]
    desk.panel.view.setCurrentIndex(_bar(desk, "late"))
    assert desk.rows_selected() == {"late"}
    assert spies[1].count() == 2


def test_choosing_a_bar_leaves_the_row_you_are_here(desk: Any) -> None:
    desk.put_family()
    desk.tree.selectionModel().setCurrentIndex(desk.model.here_index(), _REPLACE)
    assert desk.bars_selected() == set()
    desk.panel.view.setCurrentIndex(_bar(desk, "late"))
    assert desk.rows_selected() == {"late"}


def test_the_choice_survives_another_order_and_a_refresh(desk: Any) -> None:
    desk.put_family()
    _choose(desk, "pisces-1")
    _choose(desk, "late", _ADD)
    snapshots = desk.store.snapshots(desk.model.domain)
    without = {name: record for name, record in snapshots.records.items() if name != "deep"}
    more = {**without, "new": SnapshotRecord("new", parent="clean", created=1_700_000_050)}
    desk.put(Snapshots(more, "late"), {"new": Size(1)})
    assert desk.bars_selected() == desk.rows_selected() == {"pisces-1", "late"}


def test_a_deleted_snapshot_is_chosen_nowhere(desk: Any) -> None:
    desk.put_family()
    _choose(desk, "deep")
    records = dict(desk.store.snapshots(desk.model.domain).records)
    del records["deep"]
    desk.put(Snapshots(records, "clean"), {})
    assert "deep" not in desk.bars_selected() | desk.rows_selected()


def test_choosing_all_of_many_and_then_one_is_no_wait(desk: Any, qtbot: QtBot) -> None:
    """With Qt's own way, which compares each row with every other, this takes ten seconds."""
    names = [f"s{n:04}" for n in range(1000)]
    records = {
        name: SnapshotRecord(name, parent=names[(n - 1) // 2] if n else None, created=n) for n, name in enumerate(names)
    }
    desk.put(Snapshots(records, None), {})
    view = desk.panel.view
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(desk.rows_selected()) == 1000
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert desk.bars_selected() == desk.rows_selected() == {"s0000"}
    desk.tree.expandAll()
    desk.tree.selectAll()
    assert len(desk.bars_selected()) == 1000
