"""Everything that works behind the window, put together."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from snapgui import jobs
from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, Situation
from snapgui.core.xml.read import read_domain
from snapgui.jobs.bridge import Bridge
from snapgui.jobs.comparisons import Comparisons
from snapgui.jobs.console import Console
from snapgui.jobs.files import Files
from snapgui.jobs.hosts import Hosts, gone
from snapgui.jobs.outlook_feed import OutlookFeed
from snapgui.jobs.reactions import Reactions
from snapgui.jobs.records import Records
from snapgui.jobs.runner import Runner
from snapgui.jobs.screens import Screens

if TYPE_CHECKING:
    from snapgui.core.health.ailments import Health


class Backend:
    """Hosts, jobs, pictures and consoles on one store. ``cache`` is the folder for what can be lost."""

    def __init__(self, records: Records, cache: Path) -> None:
        self.bridge = Bridge()
        self.screens = Screens(cache / "screens", self.bridge)
        self.hosts = Hosts(records, self.bridge)
        self.runner = Runner(self.hosts, records, self.bridge, self.screens)
        self.outlooks = OutlookFeed(self.hosts, self.runner)
        self.reactions = Reactions(self.hosts, self.runner, records)
        self.comparisons = Comparisons(self.hosts, self.bridge)
        self.console = Console()
        self.files = Files(self.bridge)

    def check_health(
        self, domain: DomainId, answered: Callable[[Situation], None], failed: Callable[[Problem], None]
    ) -> None:
        """Look for what is wrong with a machine; its situation comes back with its health.

        What its images hold is counted again meanwhile, and comes to the store by itself: nobody has told of what
        others have done with qemu-img.
        """

        def complete(found: "Health") -> None:
            known = self.runner.situation(domain)
            if known is None:
                failed(gone())
            else:
                answered(replace(known, config=read_domain(found.inventory.config), health=found))

        self.hosts.count([domain])
        self.hosts.ask(domain.uri, partial(jobs.check.check, self.screens, domain.uuid), complete, failed)

    def close(self) -> None:
        """Let go of everything, without waiting for a host."""
        self.outlooks.follow(None)
        self.comparisons.stop()
        self.runner.close()
        self.bridge.close()
        self.console.close()
        self.hosts.close()
