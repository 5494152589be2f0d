"""The message across the window."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from snapgui.core.errors import Problem
from snapgui.core.plan import Level
from snapgui.ui.dialogs.problem import ProblemBox
from snapgui.ui.news.banner import Banner
from snapgui.ui.widgets.icon_label import IconLabel

_PROBLEM = Problem("Delete “a”.", "The connection is lost.", "Connect again.", "raw")


def _banner(qtbot: QtBot) -> Banner:
    banner = Banner()
    qtbot.addWidget(banner)
    return banner


def _buttons(banner: Banner) -> dict[str, QPushButton]:
    return {button.text(): button for button in banner.findChildren(QPushButton) if button.isVisible()}


def test_it_is_hidden_until_there_is_something_to_say(qtbot: QtBot) -> None:
    banner = _banner(qtbot)
    assert banner.isHidden()
    assert banner.text() == ""


def test_a_failure_is_told_with_its_details(qtbot: QtBot) -> None:
    banner = _banner(qtbot)
    banner.show_problem(_PROBLEM)
    assert banner.text() == "Delete “a”. The connection is lost. Connect again."
    _buttons(banner)["Details…"].click()
    box = banner.findChild(ProblemBox)
    assert box.isVisible()
    box.close()


def test_what_kind_of_message_it_is_is_said_in_a_word_and_drawn(qtbot: QtBot) -> None:
    banner = _banner(qtbot)
    seen = {}
    for level in Level:
        banner.show_message(level, "The same words.")
        word = next(
            label.text() for label in banner.findChildren(QLabel) if label.text() in ("Error:", "Warning:", "Done:")
        )
        assert banner.accessibleDescription() == f"{word} The same words."
        seen[word] = bytes(_mark(banner).bits())
    assert list(seen) == ["Error:", "Warning:", "Done:"]
    assert len(set(seen.values())) == 3


def _mark(banner: Banner) -> QImage:
    """The icon, without its colour."""
    label = banner.findChild(IconLabel)
    return label.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)


def test_its_buttons_do_what_the_owner_wants(qtbot: QtBot) -> None:
    banner = _banner(qtbot)
    done: list[str] = []
    banner.show_message(Level.WARNING, "Lost.", actions={"Retry": lambda: done.append("retry")})
    _buttons(banner)["Retry"].click()
    assert done == ["retry"]


def test_a_new_message_replaces_the_old_one_and_its_buttons(qtbot: QtBot) -> None:
    banner = _banner(qtbot)
    banner.show_problem(_PROBLEM)
    banner.show_message(Level.NOTE, "All is well.")
    assert banner.text() == "All is well."
    assert not _buttons(banner)


def test_it_can_be_closed(qtbot: QtBot) -> None:
    banner = _banner(qtbot)
    banner.show_problem(_PROBLEM)
    with qtbot.waitSignal(banner.closed, timeout=1000):
        banner.findChild(QToolButton).click()
    assert banner.isHidden()


def test_escape_closes_it_from_any_of_its_buttons(qtbot: QtBot) -> None:
    banner = _banner(qtbot)
    banner.show_problem(_PROBLEM)
    qtbot.keyClick(_buttons(banner)["Details…"], Qt.Key.Key_Escape)
    assert banner.isHidden()
