"""A failure on screen: plain text, the raw one on demand."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from snapgui.core.errors import Problem
from snapgui.ui.dialogs.problem import ProblemBox

_PROBLEM = Problem("Revert pisces to “<b>x</b>”.", "The disk lacks it.", "Delete the snapshot.", "raw: <i>1</i>", 1)


def _open(qtbot: QtBot, problem: Problem = _PROBLEM) -> ProblemBox:
    box = ProblemBox(problem)
    qtbot.addWidget(box)
    box.show()
    return box


def test_it_says_what_was_tried_why_it_failed_and_what_to_do(qtbot: QtBot) -> None:
    box = _open(qtbot)
    labels = [label for label in box.findChildren(QLabel) if label.text()]
    assert [label.text() for label in labels] == [_PROBLEM.tried, _PROBLEM.why, _PROBLEM.remedy]
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels)


def test_the_raw_text_is_one_click_away(qtbot: QtBot) -> None:
    box = _open(qtbot)
    assert not box.raw.isVisible()
    box.details.click()
    assert box.raw.isVisible()
    assert "raw: <i>1</i>" in box.raw.toPlainText()
    assert "libvirt error 1" in box.raw.toPlainText()


def test_copy_takes_everything(qtbot: QtBot) -> None:
    box = _open(qtbot)
    box.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert all(part in copied for part in (_PROBLEM.tried, _PROBLEM.why, _PROBLEM.remedy, _PROBLEM.raw))


def test_an_endless_text_fits_a_small_screen(qtbot: QtBot) -> None:
    box = _open(qtbot, Problem("x" * 2000, "y" * 2000, "z" * 2000, "raw " * 5000))
    box.details.click()
    assert box.width() < 1000
    assert box.height() < 600
