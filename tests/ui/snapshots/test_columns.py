"""Columns give way where there is no room for all of them, and come back with the room."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from snapgui.core.records import DomainId, DomainRecord, HostRecord, HostState, Mode, Size, SnapshotRecord, Snapshots
from snapgui.core.records import SnapshotState as State
from snapgui.models.snapshots import Column, SnapshotsModel
from snapgui.models.store import Store
from snapgui.ui.focus import Focus
from snapgui.ui.snapshots.in_place import InPlaceEdit
from snapgui.ui.snapshots.panel import SnapshotsPanel

_DOMAIN = DomainId("test:///default", "12345678-0000-0000-0000-000000000000")
_RECORD = SnapshotRecord(
    "before-update", state=State.RUNNING, created=1, description="the way back", memory=Mode.INTERNAL
)


def panel_of(qtbot: QtBot, width: int, name: str = _RECORD.name) -> SnapshotsPanel:
    """Shows one snapshot of that name, in a panel of that many digits."""
    store = Store()
    store.put_host(HostRecord(_DOMAIN.uri, HostState.CONNECTED))
    store.put_domains(_DOMAIN.uri, (DomainRecord(_DOMAIN, "pisces"),))
    model = SnapshotsModel(store)
    panel = SnapshotsPanel(model)
    qtbot.addWidget(panel)
    model.set_domain(_DOMAIN)
    store.put_snapshots(_DOMAIN, Snapshots({name: replace(_RECORD, name=name)}, name))
    store.put_sizes(_DOMAIN, {name: Size(5_000_000)})
    panel.show_focus(Focus(store.host(_DOMAIN.uri), store.domain(_DOMAIN)), known=True)
    widen(qtbot, panel, width)
    panel.show()
    qtbot.waitExposed(panel)
    qtbot.wait(1)
    return panel


def widen(qtbot: QtBot, panel: SnapshotsPanel, width: int) -> None:
    panel.resize(panel.fontMetrics().horizontalAdvance("0") * width, 300)
    qtbot.wait(1)


def hidden(panel: SnapshotsPanel) -> set[Column]:
    return {column for column in Column if panel.tree.isColumnHidden(column)}


def test_nothing_lies_out_of_sight_in_a_usual_window(qtbot: QtBot) -> None:
    panel = panel_of(qtbot, 60)
    seen = []
    for width in (60, 66, 75, 85, 93, 110, 60):  # 93: a window of 1280 pixels
        widen(qtbot, panel, width)
        qtbot.waitUntil(lambda: panel.tree.horizontalScrollBar().maximum() == 0)
        seen.append(hidden(panel))
    assert seen[0] == seen[-1] == {Column.DISK, Column.KIND, Column.DESCRIPTION, Column.STATE}
    assert seen[4] == {Column.DISK}
    assert seen[5] == set()


def test_one_very_long_name_takes_no_column_from_the_others(qtbot: QtBot) -> None:
    panel = panel_of(qtbot, 93, "x" * 255)
    assert hidden(panel) == {Column.DISK, Column.KIND}
    assert panel.tree.columnWidth(Column.NAME) > panel.fontMetrics().horizontalAdvance("0") * 32


def test_what_has_no_column_is_read_at_the_name(qtbot: QtBot) -> None:
    panel = panel_of(qtbot, 60)
    told = panel.tree.model().index_of(_RECORD.name).data(Qt.ItemDataRole.ToolTipRole)
    assert all(text in told for text in ("before-update", "running", "internal", "the way back"))


def test_the_column_that_sorts_stays(qtbot: QtBot) -> None:
    panel = panel_of(qtbot, 80)
    assert Column.DISK in hidden(panel)
    panel.tree.sortByColumn(Column.DISK, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: Column.DISK not in hidden(panel))
    assert Column.KIND in hidden(panel)


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_a_description_without_a_column_is_edited_in_its_row(qtbot: QtBot, direction: Qt.LayoutDirection) -> None:
    panel = panel_of(qtbot, 60)
    panel.setLayoutDirection(direction)
    panel.describe(_RECORD)
    edit = panel.findChild(InPlaceEdit)
    row = panel.tree.visualRect(panel.tree.model().index_of(_RECORD.name))
    assert edit.isVisible()
    assert panel.tree.viewport().rect().contains(edit.geometry())
    assert edit.geometry().top() <= row.center().y() <= edit.geometry().bottom()
    with qtbot.waitSignal(panel.described) as described:
        qtbot.keyClicks(edit, "typed")
        qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert described.args == [_DOMAIN, _RECORD, "typed"]


def test_a_width_of_the_users_own_is_kept_also_by_a_column_that_is_hidden(qtbot: QtBot) -> None:
    panel = panel_of(qtbot, 120)
    panel.tree.header().resizeSection(Column.KIND, 123)
    widen(qtbot, panel, 60)
    assert Column.KIND in hidden(panel)
    kept = panel.header_state()
    widen(qtbot, panel, 120)
    assert panel.tree.columnWidth(Column.KIND) == 123
    again = panel_of(qtbot, 60)
    again.restore_header(kept, names_resized=False)
    qtbot.waitUntil(lambda: Column.KIND in hidden(again))
    widen(qtbot, again, 120)
    assert again.tree.columnWidth(Column.KIND) == 123


def test_figures_keep_away_from_the_next_column(qtbot: QtBot) -> None:
    panel = panel_of(qtbot, 120)
    tree = panel.tree
    figure = tree.model().index_of(_RECORD.name).siblingAtColumn(Column.MEMORY)
    space = tree.fontMetrics().horizontalAdvance("0")
    picture = tree.viewport().grab(tree.visualRect(figure)).toImage()
    background = picture.pixelColor(0, 0)
    written = [
        x for x in range(picture.width()) for y in range(picture.height()) if picture.pixelColor(x, y) != background
    ]
    assert figure.data() == "4.8 MiB"
    assert 0 < max(written) < picture.width() - space
