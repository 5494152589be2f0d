"""Ten thousand bars scroll as a hundred do: what a step costs follows what is seen, not what there is."""

import time
from typing import Any

from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from snapgui.core.records import Mode, Size, SnapshotRecord, Snapshots, SnapshotState
from snapgui.core.usage import NOW, Held, ImageUsage, Usage
from snapgui.ui.chart.view import NARROWEST, _BarDelegate

_COUNT = 10_000
_FRAME = 0.016  # seconds: sixty steps in one look like one movement
_MIB = 1 << 20


class _Counting(_BarDelegate):
    painted = 0

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        _Counting.painted += 1
        super().paint(painter, option, index)


def _usage(names: list[str]) -> Usage:
    """Of one image that has them all; every bar is stacked of three parts."""
    alone = (*(Held(n % 89 * _MIB) for n in range(_COUNT)), Held())
    shared = (*(Held(n % 71 * _MIB) for n in range(_COUNT)), Held())
    return Usage({"vda": ImageUsage("/a", (*names, NOW), alone, shared, ())})


def test_ten_thousand_bars_scroll_fluently(desk: Any, qtbot: QtBot) -> None:
    records = {
        f"s{n}": SnapshotRecord(
            f"s{n}",
            parent=f"s{n - 1}" if n else None,
            created=n,
            state=SnapshotState.RUNNING,
            memory=Mode.INTERNAL,
        )
        for n in range(_COUNT)
    }
    desk.put(Snapshots(records, f"s{_COUNT - 1}"), {name: Size((n % 97) * _MIB) for n, name in enumerate(records)})
    desk.store.put_usage(desk.model.domain, _usage([*records]))
    view = desk.panel.view
    view.setItemDelegate(_Counting(view))
    qtbot.waitUntil(lambda: view.scale.top >= (96 + 88 + 70) * _MIB)
    bar = view.horizontalScrollBar()
    for width in (view.bar_width, NARROWEST):
        view.set_bar_width(width)
        seen = view.viewport().width() // width + 2
        bar.setValue(0)
        QApplication.processEvents()
        assert bar.maximum() > (_COUNT - seen) * width
        took = []
        for place in range(1, 60):
            _Counting.painted = 0
            before = time.thread_time()
            bar.setValue(place * bar.maximum() // 60)
            view.viewport().repaint()
            took.append(time.thread_time() - before)
            assert 0 < _Counting.painted <= 2 * seen, (width, place)
        # Of the time that this thread was at work: what else the machine does is no concern of the chart.
        assert sorted(took)[len(took) // 2] < _FRAME, (width, took)
