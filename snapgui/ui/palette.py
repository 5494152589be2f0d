"""The desktop's colours, with fields that can be told from the window."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from snapgui.ui.contrast import contrast

_APART = 1.02  # any less is one colour to the eye
_DARKER = 140  # percent: what Fusion has in dark colours of its own


def tell_fields_apart(qt: QApplication) -> None:
    """Keep to the desktop's colours, but for the ground of fields and lists where that is the window's.

    Qt's theme for GTK (``QT_QPA_PLATFORMTHEME=gtk3``, and on GNOME by itself) takes both from one place of GTK's. In
    light colours a field still has a frame to be seen; in dark ones there is nothing to be seen of it. [6.11]
    """

    def settle() -> None:
        qt.setPalette(QPalette())  # the desktop's
        qt.setPalette(apart(qt.palette()))

    # Qt tells of other colours before it has them.
    qt.styleHints().colorSchemeChanged.connect(lambda: QTimer.singleShot(0, qt, settle))
    settle()


def apart(palette: QPalette) -> QPalette:
    """What has to be changed in these colours: mostly nothing. Where all is black or white, that is meant."""
    changed = QPalette()
    window, base = palette.color(QPalette.ColorRole.Window), palette.color(QPalette.ColorRole.Base)
    light = palette.color(QPalette.ColorRole.Text).lightness() < base.lightness()
    better = QColor("white") if light else window.darker(_DARKER)
    if contrast(window, base) < _APART and better != base:
        changed.setColor(QPalette.ColorRole.Base, better)
    return changed
