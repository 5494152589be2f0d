"""The window does not stand on the screen, frozen, while the demo's machine comes to its end."""

import threading

import pytest
from pytestqt.qtbot import QtBot

from snapgui.app import Application
from snapgui.demo.session import Demo


def test_closing_does_not_wait_for_what_the_demo_is_at(
    qtbot: QtBot, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, ended = threading.Event(), threading.Event()

    def stop(_demo: Demo) -> None:
        release.wait(10)
        ended.set()

    monkeypatch.setattr(Demo, "stop", stop)
    app._demo = Demo()
    app.window.close()
    qtbot.waitUntil(lambda: not app.window.isVisible())
    assert not ended.is_set()
    release.set()
    app.wait()
    assert ended.is_set()
