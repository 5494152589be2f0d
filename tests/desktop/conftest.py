"""The screen that the desktop tests share."""

from collections.abc import Iterator

import pytest
from testbed.desktop import Screen


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    """An X display with a window manager and an accessibility bus, for the whole session."""
    screen = Screen()
    yield screen
    screen.close()
