"""The path of a folder, typed or chosen."""

from collections.abc import Mapping

from PySide6.QtCore import QDir, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QMenu, QPushButton, QWidget

from snapgui.core.text import translate
from snapgui.models.format import tooltip
from snapgui.ui.icons import icon

_PAUSE_MS = 300  # in typing, before the folder is read


class FolderField(QWidget):
    """``changed`` follows each letter; ``settled`` comes once the folder is worth being read."""

    changed = Signal()
    settled = Signal()

    def __init__(self, name: str, browse: str, folder: str = "", parent: QWidget | None = None) -> None:
        """``name`` is what it is for, ``browse`` the text of its button."""
        super().__init__(parent)
        self._name = name
        self.edit = QLineEdit(folder)
        self.edit.setAccessibleName(name)
        self._mark = self.edit.addAction(icon("blocker"), QLineEdit.ActionPosition.TrailingPosition)
        self._mark.setVisible(False)
        self._button = QPushButton(browse)
        self._button.setAutoDefault(False)
        self._button.clicked.connect(self._choose)
        self._offered: dict[str, str] = {}
        self._browses = True
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.edit, 1)
        row.addWidget(self._button)
        self.setFocusProxy(self.edit)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.settled)
        self.edit.textChanged.connect(self._typed)

    def folder(self) -> str:
        """The path, without a slash at its end."""
        text = self.edit.text()
        return text.rstrip("/") or text[:1]

    def set_folder(self, folder: str) -> None:
        """Take this one."""
        self.edit.setText(folder)

    def offer(self, folders: Mapping[str, str], *, browse: bool) -> None:
        """Folders to choose from by the button, with the text of each; ``browse``: and any of this computer."""
        self._offered, self._browses = dict(folders), browse
        self._button.setEnabled(browse or bool(folders))

    def mark(self, wrong: str) -> None:
        """Show that this folder can't be used, and say why; "": it can."""
        self._mark.setVisible(bool(wrong))
        self._mark.setToolTip(tooltip(wrong))
        self.edit.setAccessibleDescription(wrong)

    def _choose(self) -> None:
        if not self._offered:
            self.browse()
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for folder, text in self._offered.items():
            menu.addAction(text.replace("&", "&&")).setData(folder)
        if self._browses:
            menu.addSeparator()
            menu.addAction(translate("FolderField", "Another folder…"))
        menu.triggered.connect(self._chosen)
        menu.popup(self._button.mapToGlobal(self._button.rect().bottomLeft()))

    def _chosen(self, action: QAction) -> None:
        if action.data() is None:
            self.browse()
        else:
            self.set_folder(action.data())

    def browse(self) -> None:
        """Ask which."""
        dialog = QFileDialog(self, self._name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        folder = self.folder()
        dialog.setDirectory(folder if QDir(folder).exists() else QDir.homePath())
        dialog.fileSelected.connect(self.set_folder)
        dialog.open()

    def _typed(self) -> None:
        self._pause.start()
        self.changed.emit()
