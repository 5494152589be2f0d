"""Labels for text from outside."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from snapgui.ui.widgets.text_label import TextLabel


def _label(qtbot: QtBot, text: str) -> TextLabel:
    label = TextLabel(text)
    qtbot.addWidget(label)
    return label


def _ink_at_right(label: TextLabel, width: int) -> bool:
    """Whether anything is drawn in the last columns of the label."""
    label.resize(width, label.heightForWidth(width))
    image = label.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    paper = image.pixel(0, image.height() - 1)
    return any(image.pixel(image.width() - 1, y) != paper for y in range(image.height()))


def test_it_is_plain_text(qtbot: QtBot) -> None:
    assert _label(qtbot, "<b>x</b>").textFormat() is Qt.TextFormat.PlainText


@pytest.mark.parametrize("text", ["x" * 255, "日本語" * 85, "a b " * 60, "ab\ncd"])
def test_no_text_asks_for_more_width_than_a_dialog_has(qtbot: QtBot, text: str) -> None:
    label = _label(qtbot, text)
    assert label.minimumSizeHint().width() < 200
    assert label.sizeHint().width() < 500


def test_a_word_without_an_end_is_broken(qtbot: QtBot) -> None:
    label = _label(qtbot, "x" * 255)
    assert label.heightForWidth(200) > 5 * label.fontMetrics().height()
    assert not _ink_at_right(label, 200)


def test_lines_stay_lines(qtbot: QtBot) -> None:
    label = _label(qtbot, "a\nb\nc")
    assert label.heightForWidth(400) >= 3 * label.fontMetrics().height()
