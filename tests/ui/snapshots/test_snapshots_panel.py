"""The tree of snapshots, as far as it is more than Qt's."""

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from snapgui.core.records import DomainId, DomainRecord, HostRecord, HostState, SnapshotRecord, Snapshots
from snapgui.models.snapshots import Column, SnapshotsModel
from snapgui.models.store import Store
from snapgui.ui.focus import Focus
from snapgui.ui.snapshots.panel import SnapshotsPanel

_DOMAIN = DomainId("test:///default", "12345678-0000-0000-0000-000000000000")


@pytest.fixture
def panel(qtbot: QtBot) -> SnapshotsPanel:
    """Two chains of thirty below one another: more than are chosen one by one."""
    store = Store()
    store.put_host(HostRecord(_DOMAIN.uri, HostState.CONNECTED))
    store.put_domains(_DOMAIN.uri, (DomainRecord(_DOMAIN, "pisces"),))
    records = [
        SnapshotRecord(f"{chain} {n}", parent=f"{chain} {n - 1}" if n else None, created=n)
        for chain in ("left", "right")
        for n in range(30)
    ]
    store.put_snapshots(_DOMAIN, Snapshots({record.name: record for record in records}, "right 29"))
    model = SnapshotsModel(store)
    panel = SnapshotsPanel(model)
    qtbot.addWidget(panel)
    model.set_domain(_DOMAIN)
    panel.show_focus(Focus(store.host(_DOMAIN.uri), store.domain(_DOMAIN)), known=True)
    panel.show()
    return panel


def test_all_are_chosen_but_those_below_a_collapsed_row(panel: SnapshotsPanel, qtbot: QtBot) -> None:
    model = panel.tree.choice.snapshots
    panel.tree.collapse(model.index_of("left 4"))
    qtbot.keyClick(panel.tree, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert set(panel.selected()) == {*(f"left {n}" for n in range(5)), *(f"right {n}" for n in range(30))}
    assert panel.tree.selectionModel().isSelected(model.here_index())
    chosen = panel.tree.selectionModel().selectedRows()
    assert {index.data() for index in chosen} == {*panel.selected(), "You are here"}


def test_a_single_row_can_be_chosen_again_after_all(panel: SnapshotsPanel) -> None:
    panel.tree.selectAll()
    assert len(panel.selected()) == 60
    panel.select("left 7")
    assert panel.selected() == ("left 7",)
    panel.tree.clearSelection()
    assert panel.selected() == ()


def _press_heading(panel: SnapshotsPanel, qtbot: QtBot, column: Column) -> None:
    header = panel.tree.header()
    middle = header.sectionViewportPosition(column) + header.sectionSize(column) // 2
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(middle, header.height() // 2))


def test_siblings_stand_in_the_order_of_time_until_a_heading_is_pressed(panel: SnapshotsPanel, qtbot: QtBot) -> None:
    model = panel.tree.choice.snapshots
    texts = {"b": "second", "c": "first", "a": "third"}
    records = {name: SnapshotRecord(name, created=number, description=texts[name]) for number, name in enumerate("bca")}
    model._store.put_snapshots(_DOMAIN, Snapshots(records))

    def shown() -> str:
        return "".join(index.data() for row in range(3) if (index := model.index(row, 0)).data() in records)

    assert shown() == "bca"
    panel.resize(1200, 400)
    _press_heading(panel, qtbot, Column.NAME)
    assert shown() == "abc"
    _press_heading(panel, qtbot, Column.NAME)
    assert shown() == "cba"
    _press_heading(panel, qtbot, Column.DESCRIPTION)
    assert shown() == "cba"
    _press_heading(panel, qtbot, Column.TAKEN)
    assert shown() == "bca"


def test_the_place_in_a_long_tree_stays_whatever_others_do(panel: SnapshotsPanel, qtbot: QtBot) -> None:
    tree, store = panel.tree, panel.tree.choice.snapshots._store
    panel.resize(600, 300)
    panel.select("left 0")
    bar = tree.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    place = bar.value()
    first = tree.indexAt(QPoint(30, 2)).data()
    known = dict(store.snapshots(_DOMAIN).records)
    for change in ("taken", "deleted", "the chosen one deleted"):
        if change == "taken":
            known["right 30"] = SnapshotRecord("right 30", parent="right 29", created=30)
        else:
            del known["right 30" if change == "deleted" else "left 0"]
        store.put_snapshots(_DOMAIN, Snapshots(dict(known), "right 29"))
        qtbot.waitUntil(tree.updatesEnabled)
        qtbot.wait(30)
        if change == "the chosen one deleted":  # far above, where nobody looks
            assert abs(bar.value() - place) <= 1
        else:
            assert tree.indexAt(QPoint(30, 2)).data() == first, change


def test_times_states_and_sizes_have_room(qtbot: QtBot, panel: SnapshotsPanel) -> None:
    panel.resize(1000, 400)
    header, metrics = panel.tree.header(), panel.tree.fontMetrics()
    qtbot.waitUntil(lambda: not header.isSectionHidden(Column.DISK))
    longest = {Column.TAKEN: "23/11/2026 00:53:40", Column.STATE: "shutting down", Column.MEMORY: "543.2 MiB"}
    for column, text in longest.items():
        assert header.sectionSize(column) > metrics.horizontalAdvance(text), text
    assert header.visualIndex(Column.MEMORY) < header.visualIndex(Column.KIND)


def test_a_sort_leaves_what_it_chooses_and_dims_what_is_above(panel: SnapshotsPanel) -> None:
    model = panel.tree.choice.snapshots
    leaves = next(each for each in panel.sorts.sorts.actions() if each.text() == "&Leaves")
    leaves.trigger()
    assert model.index_of("left 29").isValid()
    assert not model.is_passing(model.index_of("left 29"))
    assert model.is_passing(model.index_of("left 7"))
    panel.filter.setText("right")
    assert not model.index_of("left 29").isValid()
    assert model.index_of("right 29").isValid()
    leaves.trigger()
    assert not model.is_passing(model.index_of("right 7"))
    panel.filter.clear()
    assert model.index_of("left 0").isValid()


def test_a_sort_follows_what_becomes_of_a_snapshot(panel: SnapshotsPanel) -> None:
    next(each for each in panel.sorts.sorts.actions() if each.text() == "&Roots").trigger()
    model = panel.tree.choice.snapshots
    assert model.index_of("left 0").isValid()
    assert not model.index_of("left 1").isValid()
    store = model._store
    known = dict(store.snapshots(_DOMAIN).records)
    del known["left 0"]
    store.put_snapshots(_DOMAIN, Snapshots(known, "right 29"))
    assert model.index_of("left 1").isValid()


def test_an_empty_tree_says_why(panel: SnapshotsPanel, qtbot: QtBot) -> None:
    tree = panel.tree
    panel.filter.setText("nothing like it")
    qtbot.waitUntil(tree.updatesEnabled)
    assert tree.model().rowCount() == 0
    assert tree.words == "No snapshot matches the filter."
    written = tree.viewport().grab().toImage()
    tree.words = ""
    assert tree.viewport().grab().toImage() != written
    panel.filter.clear()
    next(each for each in panel.sorts.sorts.actions() if each.text() == "&Without metadata").trigger()
    assert tree.model().rowCount() == 0
    assert "“Check health” finds" in tree.words
    next(each for each in panel.sorts.sorts.actions() if each.text() == "With &metadata").trigger()
    assert len(panel.tree.choice.snapshots.keys_with_children()) > 50


def test_what_has_changed_is_painted(panel: SnapshotsPanel, qtbot: QtBot) -> None:
    before = panel.tree.viewport().grab().toImage()
    panel.tree.choice.snapshots.set_filter("right 7")
    qtbot.waitUntil(panel.tree.updatesEnabled, timeout=2000)
    assert panel.tree.viewport().grab().toImage() != before
