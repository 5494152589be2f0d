"""Fields can be told from the window, whatever colours the desktop gives."""

import subprocess
import sys

import pytest
from PySide6.QtGui import QColor, QPalette

from snapgui.ui.contrast import TEXT, contrast
from snapgui.ui.palette import apart


def _colours(window: str, base: str, text: str) -> QPalette:
    palette = QPalette()
    for role, colour in (("Window", window), ("Base", base), ("Text", text)):
        palette.setColor(QPalette.ColorRole[role], QColor(colour))
    return palette


@pytest.mark.parametrize(("ground", "text"), [("#323232", "#ffffff"), ("#faf9f8", "#000000")])
def test_where_both_are_one_colour_fields_get_another_on_which_text_is_read(ground: str, text: str) -> None:
    changed = apart(_colours(ground, ground, text))
    base = changed.color(QPalette.ColorRole.Base)
    assert base != QColor(ground)
    assert contrast(base, QColor(text)) > TEXT
    assert not changed.isBrushSet(QPalette.ColorGroup.Active, QPalette.ColorRole.Window), "the rest is the desktop's"


@pytest.mark.parametrize(
    ("window", "base", "text"), [("#efefef", "#ffffff", "#000000"), ("#323232", "#242424", "#fff")]
)
def test_colours_that_differ_are_the_desktop_s(window: str, base: str, text: str) -> None:
    assert apart(_colours(window, base, text)).resolveMask() == 0


def test_the_colours_are_looked_at_again_when_the_desktop_has_others() -> None:
    script = (
        "from PySide6.QtCore import Qt\n"
        "from PySide6.QtGui import QPalette\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from snapgui.ui import palette\n"
        "qt = QApplication([])\n"
        "given = qt.palette().base().color()\n"
        "red = QPalette()\n"
        "red.setColor(QPalette.ColorRole.Base, 'red')\n"
        "palette.apart = lambda _: red\n"
        "palette.tell_fields_apart(qt)\n"
        "print(qt.palette().base().color().name())\n"
        "palette.apart = lambda _: QPalette()\n"
        "qt.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)\n"
        "qt.processEvents()\n"
        "print(qt.palette().base().color() == given)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (ran.stdout.split(), ran.returncode) == (["#ff0000", "True"], 0), ran.stderr
