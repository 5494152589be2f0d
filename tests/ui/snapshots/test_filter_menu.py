"""Sorts of snapshots are chosen in a menu, seen as chips, and taken back by them."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from snapgui.core.snapshot_filters import SnapshotFilter
from snapgui.ui.snapshots.filter_menu import FilterMenu


@pytest.fixture
def menu(qtbot: QtBot) -> FilterMenu:
    made = FilterMenu()
    qtbot.addWidget(made)
    qtbot.addWidget(made.chips)
    made.show()
    return made


def choose(menu: FilterMenu, text: str) -> None:
    next(action for action in menu.sorts.actions() if action.text().replace("&", "") == text).trigger()


def chips(menu: FilterMenu) -> list[str]:
    return [action.text() for action in menu.chips.actions() if action.isVisible()]


def test_what_is_chosen_becomes_a_chip_and_goes_by_it(menu: FilterMenu, qtbot: QtBot) -> None:
    assert menu.chips.isHidden()
    with qtbot.waitSignal(menu.changed) as told:
        choose(menu, "Leaves")
    assert told.args == [frozenset({SnapshotFilter.LEAVES})]
    choose(menu, "Taken active")
    assert chips(menu) == ["Leaves", "Taken active"]
    assert not menu.chips.isHidden()
    button = next(each for each in menu.chips.findChildren(QToolButton) if each.text() == "Leaves")
    assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert menu.chosen() == {SnapshotFilter.ACTIVE}
    choose(menu, "Show all")
    assert menu.chosen() == frozenset()
    assert menu.chips.isHidden()


def test_leaves_and_branches_take_turns_and_are_told_once(menu: FilterMenu) -> None:
    told: list[frozenset[SnapshotFilter]] = []
    menu.changed.connect(told.append)
    choose(menu, "Leaves")
    choose(menu, "Branches")
    assert told == [{SnapshotFilter.LEAVES}, {SnapshotFilter.BRANCHES}]
    assert chips(menu) == ["Branches"]
