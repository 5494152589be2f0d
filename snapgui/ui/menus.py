"""The tool bar and the menus: which action stands where."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar

from snapgui.core.text import translate
from snapgui.ui.actions import POWER, Act, Actions
from snapgui.ui.widgets.menu_style import MenuStyle

SNAPSHOT: Final = (
    Act.TAKE,
    Act.REVERT,
    Act.UNDO,
    Act.DELETE,
    Act.DESCRIBE,
    Act.EDIT,
    Act.EDIT_XML,
    Act.RENAME,
    Act.SET_CURRENT,
    Act.CLONE,
    Act.IMPORT,
    Act.EXPORT,
    Act.EXPORT_DATA,
    Act.COMPARE,
    Act.GO_TO_PARENT,
    Act.GO_TO_CURRENT,
)
MACHINE: Final = (*POWER, Act.CONSOLE, Act.CHECK_HEALTH, Act.COMPACT, Act.SETTINGS, Act.TAKE)
HOST: Final = (Act.CONNECT, Act.REFRESH, Act.COUNT, Act.DISCONNECT, Act.IMPORT_MACHINE)
_SNAPSHOT_TOOLS: Final = (Act.TAKE, Act.REVERT, Act.DELETE, Act.EDIT)
_MACHINE_TOOLS: Final = (Act.START, Act.PAUSE, Act.RESUME, Act.SHUT_DOWN, Act.CONSOLE)


def tool_bar(actions: Actions) -> QToolBar:
    """The actions of every day."""
    bar = QToolBar(translate("MainWindow", "Tools"))
    bar.setObjectName("tools")
    bar.setMovable(False)
    bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    bar.addActions([actions[act] for act in _SNAPSHOT_TOOLS])
    bar.addSeparator()
    bar.addActions([actions[act] for act in _MACHINE_TOOLS])
    return bar


class Menus:
    """All actions, by what they are about; the window adds what concerns itself."""

    def __init__(self, bar: QMenuBar, actions: Actions) -> None:
        self._bar = bar
        self._actions = actions
        self._style = MenuStyle()  # a menu does not keep its style
        self.file = self._menu(translate("MainWindow", "&File"), HOST)
        self.machine = self._menu(translate("MainWindow", "&Machine"), MACHINE)
        self.snapshot = self._menu(translate("MainWindow", "&Snapshot"), SNAPSHOT)
        self.view = self._menu(translate("MainWindow", "&View"), (Act.REFRESH,))
        self.help = self._menu(translate("MainWindow", "&Help"), ())

    def settle(self) -> None:
        """To be called once all is in them, menus in menus too."""
        for menu in self._bar.findChildren(QMenu):
            menu.setStyle(self._style)

    def all(self) -> list[QMenu]:
        """From left to right."""
        return [self.file, self.machine, self.snapshot, self.view, self.help]

    def _menu(self, title: str, acts: Sequence[Act]) -> QMenu:
        menu = self._bar.addMenu(title)
        menu.setToolTipsVisible(True)
        menu.addActions([self._actions[act] for act in acts])
        return menu
