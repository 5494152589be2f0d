"""The menu of what has the focus, by Shift+F10."""

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication
from pytestqt.qtbot import QtBot

from snapgui.app import Application


class _Asked(QObject):
    """Takes the wish for a menu from a widget, and keeps the place: no menu opens."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[QPoint] = []

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QContextMenuEvent):
            return False
        assert event.reason() is QContextMenuEvent.Reason.Keyboard
        self.places.append(event.pos())
        return True


@pytest.mark.parametrize("view", ["machines", "snapshots", "activity"])
def test_shift_f10_opens_what_can_be_done_with_a_row(qtbot: QtBot, app: Application, view: str) -> None:
    tree: QAbstractItemView = getattr(app.window, view).tree
    assert tree.contextMenuPolicy() is Qt.ContextMenuPolicy.ActionsContextMenu
    assert tree.actions()
    app.window.activateWindow()
    tree.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is tree)
    asked = _Asked()
    tree.installEventFilter(asked)
    qtbot.keyClick(tree, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    assert len(asked.places) == 1
    assert tree.rect().contains(asked.places[0])
    if tree.currentIndex().isValid():
        row = tree.visualRect(tree.currentIndex()).translated(tree.viewport().pos())
        assert row.top() <= asked.places[0].y() <= row.bottom()
