"""The real application, in this process, for whoever tests it on a real host."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot
from testbed.user import User

from snapgui.app import Application
from snapgui.jobs.garbage import GarbageCollector
from snapgui.settings import Settings


@pytest.fixture
def user(qtbot: QtBot, home: Path) -> Iterator[User]:
    """A user in front of the application, which is started as ``snapgui.app.run`` starts it."""
    garbage = GarbageCollector()
    settings = Settings(QSettings(str(home / "settings.ini"), QSettings.Format.IniFormat))
    application = Application(settings, home / ".cache" / "snapgui")
    qtbot.addWidget(application.window)
    application.window.show()
    yield User(application, qtbot)
    application.window.close()
    application.close()
    garbage.stop()
