"""Rows that are painted without Qt's help look as Qt's own."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from snapgui.core.records import DomainId, DomainRecord, HostRecord, HostState, SnapshotRecord, Snapshots
from snapgui.models.snapshots import SnapshotsModel
from snapgui.models.store import Store
from snapgui.ui import snapshots
from snapgui.ui.focus import Focus
from snapgui.ui.snapshots import SnapshotsPanel

_DOMAIN = DomainId("test:///default", "12345678-0000-0000-0000-000000000000")
_CHAIN = 6  # snapshots below one another, before a branch


@pytest.fixture(params=["fusion", "windows"])
def panel(qtbot: QtBot, request: pytest.FixtureRequest) -> Iterator[SnapshotsPanel]:
    """Forty snapshots in chains with branches, everything expanded."""
    usual = QApplication.style().name()
    QApplication.setStyle(request.param)
    store = Store()
    store.put_host(HostRecord(_DOMAIN.uri, HostState.CONNECTED))
    store.put_domains(_DOMAIN.uri, (DomainRecord(_DOMAIN, "pisces"),))
    parents = [None, *(f"step {n - 1 if n % _CHAIN else n - _CHAIN}" for n in range(1, 40))]
    records = [SnapshotRecord(f"step {n}", parent=parent, created=n) for n, parent in enumerate(parents)]
    store.put_snapshots(_DOMAIN, Snapshots({record.name: record for record in records}, "step 8"))
    model = SnapshotsModel(store)
    panel = SnapshotsPanel(model)
    qtbot.addWidget(panel)
    model.set_domain(_DOMAIN)
    panel.show_focus(Focus(store.host(_DOMAIN.uri), store.domain(_DOMAIN)), known=True)
    panel.resize(500, 420)
    panel.show()
    qtbot.waitExposed(panel)
    yield panel
    QApplication.setStyle(usual)


def same_picture(panel: SnapshotsPanel, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Paint the tree both ways."""

    def painted(from_how_many: int) -> QImage:
        monkeypatch.setattr(snapshots, "_MANY", from_how_many)
        return panel.tree.viewport().grab().toImage()

    return painted(-1) == painted(1000)


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
    tree.collapse(tree.indexAt(QPoint(200, 200)))
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
