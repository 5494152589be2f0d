"""Rows that are painted without Qt's help look as Qt's own; what stands before them shows strands."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QTreeView
from pytestqt.qtbot import QtBot

from snapgui.core.records import DomainId, DomainRecord, HostRecord, HostState, SnapshotRecord, Snapshots
from snapgui.models.snapshots import Column, SnapshotsModel
from snapgui.models.store import Store
from snapgui.ui.focus import Focus
from snapgui.ui.snapshots.panel import SnapshotsPanel
from snapgui.ui.snapshots.tree import SnapshotTree

_DOMAIN = DomainId("test:///default", "12345678-0000-0000-0000-000000000000")
_QT = QTreeView.drawRow


def panel_of(qtbot: QtBot, parents: dict[str, str | None], current: str | None) -> SnapshotsPanel:
    """Shows snapshots, by their parents, everything expanded."""
    store = Store()
    store.put_host(HostRecord(_DOMAIN.uri, HostState.CONNECTED))
    store.put_domains(_DOMAIN.uri, (DomainRecord(_DOMAIN, "pisces"),))
    records = {name: SnapshotRecord(name, parent=parent, created=n) for n, (name, parent) in enumerate(parents.items())}
    model = SnapshotsModel(store)
    panel = SnapshotsPanel(model)
    qtbot.addWidget(panel)
    model.set_domain(_DOMAIN)
    store.put_snapshots(_DOMAIN, Snapshots(records, current))
    panel.show_focus(Focus(store.host(_DOMAIN.uri), store.domain(_DOMAIN)), known=True)
    panel.resize(700, 420)
    panel.show()
    qtbot.waitExposed(panel)
    qtbot.wait(1)  # names get their room after that
    return panel


def chain(length: int) -> dict[str, str | None]:
    """One snapshot after the other."""
    return {f"before update {n}": f"before update {n - 1}" if n else None for n in range(length)}


@pytest.fixture(params=["fusion", "windows"])
def panel(qtbot: QtBot, request: pytest.FixtureRequest) -> Iterator[SnapshotsPanel]:
    """Forty snapshots beside one another: without lines."""
    usual = QApplication.style().name()
    QApplication.setStyle(request.param)
    yield panel_of(qtbot, {f"step {n}": None for n in range(40)}, None)
    QApplication.setStyle(usual)


def same_picture(panel: SnapshotsPanel, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Paint the tree both ways; rows without children or siblings above have nothing before them but room."""

    def painted() -> QImage:
        return panel.tree.viewport().grab().toImage()

    ours = painted()
    with monkeypatch.context() as patch:
        patch.setattr(SnapshotTree, "drawRow", _QT)
        panel.tree.setIndentation(16)
        return ours == painted()


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_rows_look_as_qt_paints_them(
    panel: SnapshotsPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, direction: Qt.LayoutDirection
) -> None:
    tree = panel.tree
    panel.setLayoutDirection(direction)
    assert same_picture(panel, monkeypatch)
    tree.setFocus()
    tree.selectAll()
    tree.setCurrentIndex(tree.indexAt(QPoint(200, 100)))
    tree.selectAll()
    assert same_picture(panel, monkeypatch)
    panel.select("step 3")
    assert same_picture(panel, monkeypatch)
    tree.header().hideSection(3)
    tree.header().moveSection(4, 1)
    qtbot.wait(1)
    assert same_picture(panel, monkeypatch)
    tree.selectAll()
    tree.scrollToBottom()
    panel.filter.setFocus()
    assert same_picture(panel, monkeypatch)
    for section in range(tree.header().count()):
        tree.header().resizeSection(section, 200)
    tree.horizontalScrollBar().setValue(60)
    assert same_picture(panel, monkeypatch)


def test_every_name_of_a_long_chain_can_be_read(qtbot: QtBot) -> None:
    panel = panel_of(qtbot, chain(1000), "before update 999")
    model, tree = panel.tree.choice.snapshots, panel.tree
    for name in ("before update 0", "before update 13", "before update 999"):
        panel.select(name)
        needed = tree.fontMetrics().horizontalAdvance(name)
        assert tree.visualRect(model.index_of(name)).width() > needed, name
    assert tree.visualRect(model.here_index()).width() > tree.fontMetrics().horizontalAdvance("You are here")


def test_each_level_of_a_tree_stands_to_the_right_of_the_one_above(qtbot: QtBot) -> None:
    parents = {"clean": None, "first": "clean", "a": "first", "a2": "a", "b": "first"}
    panel = panel_of(qtbot, parents, "a2")
    model, tree = panel.tree.choice.snapshots, panel.tree
    left = {name: tree.visualRect(model.index_of(name)).left() for name in parents}
    assert left["clean"] < left["first"] < left["a"] == left["b"] < left["a2"]
    assert tree.visualRect(model.here_index()).left() > left["a2"]
    handles = {name for name in parents if tree.branches(model.index_of(name)).opens}
    assert handles == {"clean", "first", "a", "a2"}


def test_in_a_deep_tree_only_branches_are_indented(qtbot: QtBot) -> None:
    deep = chain(12)
    parents = {**deep, "a": "before update 11", "a2": "a", "b": "before update 11"}
    panel = panel_of(qtbot, parents, "a2")
    model, tree = panel.tree.choice.snapshots, panel.tree
    left = {name: tree.visualRect(model.index_of(name)).left() for name in parents}
    assert {left[name] for name in deep} == {left["before update 0"]}
    assert left["before update 11"] < left["a"] == left["a2"] == left["b"]
    assert tree.visualRect(model.here_index()).left() == left["a2"]
    handles = {name for name in parents if tree.branches(model.index_of(name)).opens}
    assert handles == {"before update 0", "before update 11", "a"}
    tree.collapse(model.index_of("a2"))
    assert tree.branches(model.index_of("a2")).opens  # what is closed can be opened again


def test_names_stay_readable_among_very_many_branches(qtbot: QtBot) -> None:
    parents = {"main 0": None}
    for n in range(1, 100):
        parents |= {f"main {n}": f"main {n - 1}", f"side {n}": f"main {n - 1}"}
    panel = panel_of(qtbot, parents, "main 99")
    model, tree = panel.tree.choice.snapshots, panel.tree
    panel.select("main 99")
    assert tree.visualRect(model.index_of("main 99")).width() > tree.fontMetrics().horizontalAdvance("main 99 xxxx")


def test_a_press_on_the_handle_closes_a_branch_and_one_beside_it_chooses(qtbot: QtBot) -> None:
    panel = panel_of(qtbot, chain(14), "before update 13")
    model, tree = panel.tree.choice.snapshots, panel.tree
    last = model.index_of("before update 12")
    before_name = QPoint(tree.visualRect(last).left() - 6, tree.visualRect(last).center().y())
    qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=before_name)
    assert panel.selected() == ("before update 12",)
    top = tree.visualRect(model.index_of("before update 0"))
    qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(top.left() - 6, top.center().y()))
    assert not tree.isExpanded(model.index_of("before update 0"))
    assert panel.selected() == ("before update 12",)
    panel.activated.connect(lambda: pytest.fail("a revert was asked for"))
    qtbot.mouseDClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(top.left() - 6, top.center().y()))
    assert tree.isExpanded(model.index_of("before update 0"))


def test_a_remembered_width_leaves_names_readable_unless_the_user_chose_it(qtbot: QtBot) -> None:
    panel = panel_of(qtbot, chain(14), "before update 13")
    header = panel.tree.header()
    usual = header.sectionSize(Column.NAME)
    assert not panel.tree.names_resized
    header.resizeSection(Column.NAME, 40)
    assert panel.tree.names_resized
    narrow = panel.header_state()
    again = panel_of(qtbot, chain(14), "before update 13")
    again.restore_header(narrow, names_resized=True)
    qtbot.wait(1)
    assert again.tree.header().sectionSize(Column.NAME) == 40
    again.restore_header(narrow, names_resized=False)
    qtbot.waitUntil(lambda: again.tree.header().sectionSize(Column.NAME) == usual)


def test_descriptions_give_way_to_names(qtbot: QtBot) -> None:
    long = "a name that says all of what was done, and when"
    panel = panel_of(qtbot, {long: None}, long)
    panel.resize(900, 420)
    tree, model = panel.tree, panel.tree.choice.snapshots
    needed = tree.fontMetrics().horizontalAdvance(long)
    qtbot.waitUntil(lambda: tree.visualRect(model.index_of(long)).width() > needed)
