"""The path of a folder of this computer, typed or chosen."""

from PySide6.QtCore import QDir, Qt, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

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
        button = QPushButton(browse)
        button.setAutoDefault(False)
        button.clicked.connect(self.browse)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.edit, 1)
        row.addWidget(button)
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
