"""The keys of the window's actions, as its menus have them."""

from collections.abc import Iterable, Iterator

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QIcon, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QMenu,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from snapgui.core.text import translate
from snapgui.ui.actions import plain_text
from snapgui.ui.widgets.text_label import TextLabel

_SIZE = QSize(420, 520)


class ShortcutsDialog(QDialog):
    """Every action of the menus that has a key, below its menu."""

    def __init__(self, menus: Iterable[QMenu], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("Shortcuts", "Keyboard shortcuts"))
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(translate("Shortcuts", "Keyboard shortcuts"))
        self.tree.setHeaderLabels([translate("Shortcuts", "Action"), translate("Shortcuts", "Keys")])
        self.tree.setRootIsDecorated(False)
        self.tree.setItemsExpandable(False)
        self.tree.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        listed: set[QAction] = set()
        for menu in menus:
            self._add(menu, listed)
        self.tree.expandAll()
        words = TextLabel(
            translate(
                "Shortcuts",
                "Tab goes from one panel to the next, and to what can be pressed or typed in it. Enter on a snapshot"
                " reverts to it, once you agree. The menu key, or Shift+F10, opens what can be done with a row."
                " What has no key is in the menus: Alt with an underlined letter opens one, the arrow keys go on.",
            )
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setIcon(QIcon())
        buttons.rejected.connect(self.reject)
        body = QVBoxLayout(self)
        body.addWidget(self.tree, 1)
        body.addWidget(words)
        body.addWidget(buttons)
        self.resize(_SIZE)

    def _add(self, menu: QMenu, listed: set[QAction]) -> None:
        """An action that is in two menus is told of once."""
        group = QTreeWidgetItem([plain_text(menu.title())])
        font = group.font(0)
        font.setBold(True)
        group.setFont(0, font)
        group.setFlags(Qt.ItemFlag.ItemIsEnabled)
        for action in _with_keys(menu):
            if action not in listed:
                listed.add(action)
                keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                group.addChild(QTreeWidgetItem([plain_text(action.text()), keys]))
        if group.childCount():
            self.tree.addTopLevelItem(group)


def _with_keys(menu: QMenu) -> Iterator[QAction]:
    for action in menu.actions():
        inner = action.menu()
        if isinstance(inner, QMenu):
            yield from _with_keys(inner)
        elif not action.shortcut().isEmpty():
            yield action
