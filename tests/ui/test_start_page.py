"""The start page says what was tried and where to go from there."""

import pytest
from pytestqt.qtbot import QtBot

from snapgui.core.errors import Problem
from snapgui.core.records import HostRecord, HostState
from snapgui.ui.start_page import StartPage


def _page(qtbot: QtBot, *hosts: HostRecord) -> StartPage:
    page = StartPage()
    qtbot.addWidget(page)
    page.set_hosts(hosts)
    page.show()
    return page


def _failed(uri: str, why: str) -> HostRecord:
    return HostRecord(uri, HostState.FAILED, problem=Problem(f"Connect to {uri}.", why, "Start it."))


def test_each_connection_that_failed_says_why_and_what_to_do(qtbot: QtBot) -> None:
    page = _page(qtbot, _failed("qemu:///system", "No daemon runs."), _failed("qemu:///session", "No driver."))
    assert page.texts()[2:] == (
        "qemu:///system\nNo daemon runs.\nStart it.",
        "qemu:///session\nNo driver.\nStart it.",
    )


def test_without_any_connection_there_is_nothing_to_retry(qtbot: QtBot) -> None:
    page = _page(qtbot)
    assert not page.retry_button.isVisible()
    assert page.connect_button.isVisible()
    assert page.demo_button.isVisible()


def test_while_connecting_it_says_so(qtbot: QtBot) -> None:
    page = _page(qtbot, HostRecord("qemu:///system"))
    assert page.texts()[0] == "Connecting…"
    assert not page.retry_button.isEnabled()


@pytest.mark.parametrize(
    ("button", "signal"),
    [("connect_button", "connect_wanted"), ("retry_button", "retry_wanted"), ("demo_button", "demo_wanted")],
)
def test_its_buttons_ask_for_what_they_say(qtbot: QtBot, button: str, signal: str) -> None:
    page = _page(qtbot, _failed("qemu:///system", "No daemon runs."))
    with qtbot.waitSignal(getattr(page, signal), timeout=1000):
        getattr(page, button).click()
