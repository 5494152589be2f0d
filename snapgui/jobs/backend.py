"""Everything that works behind the window, put together."""

from pathlib import Path

from snapgui.jobs.bridge import Bridge
from snapgui.jobs.console import Console
from snapgui.jobs.hosts import Hosts
from snapgui.jobs.records import Records
from snapgui.jobs.runner import Runner
from snapgui.jobs.screens import Screens


class Backend:
    """Hosts, jobs, pictures and consoles on one store. ``cache`` is the folder for what can be lost."""

    def __init__(self, records: Records, cache: Path) -> None:
        self.bridge = Bridge()
        self.screens = Screens(cache / "screens", self.bridge)
        self.hosts = Hosts(records, self.bridge)
        self.runner = Runner(self.hosts, records, self.bridge, self.screens)
        self.console = Console()

    def close(self) -> None:
        """Let go of everything, without waiting for a host."""
        self.bridge.close()
        self.console.close()
        self.hosts.close()
