"""What this is, and where it keeps what it remembers."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from snapgui.core.text import translate
from snapgui.ui.icons import app_icon

_ICON = 64  # pixels


def about_box(settings: str, pictures: str, parent: QWidget | None) -> QMessageBox:
    """``settings`` and ``pictures`` are the paths of a file and of a folder."""
    box = QMessageBox(parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    box.setWindowTitle(translate("About", "About snapgui"))
    box.setIconPixmap(app_icon().pixmap(_ICON))
    box.setText(f"snapgui {QApplication.applicationVersion()}")
    box.setInformativeText(
        translate(
            "About",
            "Snapshots of libvirt machines, point and click.\n"
            "GPL-3.0-or-later\n\n"
            "Snapshots lie with their machines, on their hosts. On this computer are kept:\n"
            "settings, in {settings}\n"
            "pictures of screens, in {pictures}",
        ).format(settings=settings, pictures=pictures)
    )
    box.addButton(QMessageBox.StandardButton.Close).setIcon(QIcon())
    return box
