"""What the help menu shows."""

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from snapgui.ui.dialogs.about import about_box
from snapgui.ui.dialogs.shortcuts import ShortcutsDialog


def _rows(dialog: ShortcutsDialog) -> list[tuple[str, ...]]:
    tree = dialog.tree
    groups = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    return [
        (group.text(0), group.child(row).text(0), group.child(row).text(1))
        for group in groups
        for row in range(group.childCount())
    ]


def test_every_key_of_the_menus_is_listed_once_with_its_action(qtbot: QtBot) -> None:
    file, view = QMenu("&File"), QMenu("&View")
    both = file.addAction("R&efresh")
    both.setShortcut("F5")
    file.addAction("Without a key")
    view.addAction(both)
    inner = view.addMenu("More")
    deep = QAction("&Filter…", inner)
    deep.setShortcut("Ctrl+F")
    inner.addAction(deep)
    dialog = ShortcutsDialog([file, view, QMenu("Empty")])
    qtbot.addWidget(dialog)
    assert _rows(dialog) == [("File", "Refresh", "F5"), ("View", "Filter", "Ctrl+F")]
    assert dialog.tree.topLevelItemCount() == 2


def test_about_says_where_things_are_kept(qtbot: QtBot) -> None:
    box = about_box("/home/a/<b>.ini", "/home/a/screens", None)
    qtbot.addWidget(box)
    assert "/home/a/<b>.ini" in box.informativeText()
    assert "/home/a/screens" in box.informativeText()
