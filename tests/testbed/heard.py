"""What hosts have told."""

import time
from collections.abc import Callable

import pytest

from snapgui.virt.events import Event


class Events(list[Event]):
    """What a host has told."""

    def wait_for(self, wanted: Callable[[Event], bool], seconds: float = 1) -> Event:
        """The first such event, within that time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for event in self:
                if wanted(event):
                    return event
            time.sleep(0.005)
        pytest.fail(f"nothing like it among {list(self)}")
