"""The frame of a field that filters or finds is seen in light and in dark colours."""

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from snapgui.ui.contrast import GRAPHIC, contrast
from snapgui.ui.widgets.filter_edit import FilterEdit
from snapgui.ui.xml.find_field import FindField

_LIGHT, _DARK = QColor(239, 239, 239), QColor(50, 50, 50)


@pytest.mark.parametrize("colour", [_LIGHT, _DARK], ids=["light", "dark"])
@pytest.mark.parametrize("kind", ["filter", "find"])
def test_the_frame_stands_out_from_the_window_and_from_the_field(qtbot: QtBot, colour: QColor, kind: str) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.setPalette(QPalette(colour))
    field = FilterEdit("Filter machines") if kind == "filter" else FindField(QPlainTextEdit(window), window)
    field.setParent(window)
    field.resize(200, 28)
    assert not field.hasFocus()
    picture = window.grab(field.geometry()).toImage()
    frame, inside = picture.pixelColor(0, 14), picture.pixelColor(150, 4)
    assert contrast(frame, window.palette().color(QPalette.ColorRole.Window)) >= GRAPHIC
    assert contrast(frame, inside) >= GRAPHIC
    assert contrast(picture.pixelColor(100, 0), inside) >= GRAPHIC
