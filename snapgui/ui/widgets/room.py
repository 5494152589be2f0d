"""Room for what a dialog has to say, taken from the screen and not from what else it shows."""

from typing import Final

from PySide6.QtWidgets import QDialog

_FRAME: Final = 40  # pixels: about what a desktop puts above and below a window


def grow(dialog: QDialog, by: int) -> None:
    """Make an open dialog so many pixels higher, as far as its screen allows, and keep it on that."""
    if by <= 0 or not dialog.isVisible():
        return
    room = dialog.screen().availableGeometry().adjusted(0, 0, 0, -_FRAME)
    dialog.resize(dialog.width(), max(dialog.height(), min(dialog.height() + by, room.height())))
    over = dialog.geometry().bottom() - room.bottom()
    if over > 0:
        dialog.move(dialog.x(), max(room.top(), dialog.y() - over))
