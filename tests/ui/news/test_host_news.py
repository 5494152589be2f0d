"""The message about a host that is lost."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QPushButton, QStatusBar
from pytestqt.qtbot import QtBot

from snapgui.core.errors import Problem
from snapgui.core.plan import Level
from snapgui.core.records import HostRecord, HostState
from snapgui.models.store import Store
from snapgui.ui.news.banner import Banner
from snapgui.ui.news.hosts import HostNews

_UP = HostRecord("qemu+ssh://root@build/system", state=HostState.CONNECTED)
_DOWN = replace(_UP, state=HostState.FAILED, problem=Problem("Staying connected.", "The host stopped answering."))
_OTHER = HostRecord("qemu:///system", state=HostState.CONNECTED)


class Scene:
    """A store with two hosts, and what is said about them."""

    def __init__(self, qtbot: QtBot) -> None:
        self.store, self.banner, self.status = Store(), Banner(), QStatusBar()
        qtbot.addWidget(self.banner)
        qtbot.addWidget(self.status)
        self.news = HostNews(self.store, self.banner, self.status)
        self.store.put_host(_UP)
        self.store.put_host(_OTHER)
        self.news.watch(_UP.uri)

    def press(self, text: str) -> None:
        next(button for button in self.banner.findChildren(QPushButton) if button.text() == text).click()


@pytest.fixture
def scene(qtbot: QtBot) -> Scene:
    return Scene(qtbot)


def test_the_loss_of_the_host_on_screen_is_told_until_it_is_back(scene: Scene) -> None:
    scene.store.put_host(_DOWN)
    assert "No connection to build since " in scene.banner.text()
    assert "The host stopped answering." in scene.banner.text()
    scene.store.put_host(replace(_DOWN, state=HostState.CONNECTING))
    assert scene.banner.text()
    scene.store.put_host(_UP)
    assert scene.banner.text() == ""
    assert scene.status.currentMessage() == "Connected again: build"


def test_it_can_be_tried_again_from_there(qtbot: QtBot, scene: Scene) -> None:
    scene.store.put_host(_DOWN)
    with qtbot.waitSignal(scene.news.retry_wanted, timeout=1000) as wanted:
        scene.press("Try again")
    assert wanted.args == [_UP.uri]


def test_a_host_that_is_not_on_screen_is_told_of_when_it_comes_there(scene: Scene) -> None:
    scene.news.watch(_OTHER.uri)
    scene.store.put_host(_DOWN)
    assert scene.banner.text() == ""
    scene.news.watch(_UP.uri)
    assert "build" in scene.banner.text()
    scene.news.watch(_OTHER.uri)
    assert scene.banner.text() == ""


def test_a_message_that_was_closed_stays_away_until_the_next_loss(scene: Scene) -> None:
    scene.store.put_host(_DOWN)
    scene.banner.clear()
    scene.store.put_host(replace(_DOWN, state=HostState.CONNECTING))
    scene.store.put_host(_DOWN)
    assert scene.banner.text() == ""
    scene.store.put_host(_UP)
    scene.store.put_host(_DOWN)
    assert "build" in scene.banner.text()


def test_another_message_is_not_taken_away_and_uncovers_the_loss_when_it_is_closed(scene: Scene) -> None:
    scene.store.put_host(_DOWN)
    scene.banner.show_message(Level.BLOCKER, "Another failure")
    scene.store.put_host(_UP)
    assert scene.banner.text() == "Another failure"
    scene.store.put_host(_DOWN)
    scene.banner.show_message(Level.BLOCKER, "Another failure")
    scene.banner.clear()
    assert "build" in scene.banner.text()


def test_a_host_that_never_answered_is_no_loss(scene: Scene) -> None:
    unknown = replace(_DOWN, uri="qemu+ssh://nobody/system")
    scene.store.put_host(unknown)
    scene.news.watch(unknown.uri)
    assert scene.banner.text() == ""


def test_a_host_that_is_removed_takes_its_message_along(scene: Scene) -> None:
    scene.store.put_host(_DOWN)
    scene.store.remove_host(_DOWN.uri)
    assert scene.banner.text() == ""
