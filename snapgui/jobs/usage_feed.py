"""Keeps the store's figures of what a machine's images hold: of the machine on screen, one at a time."""

import time

from PySide6.QtCore import QObject, Signal

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.records import DomainId, Snapshots
from snapgui.core.text import translate
from snapgui.core.usage import Usage
from snapgui.jobs.bridge import Bridge
from snapgui.jobs.lane import Lane
from snapgui.jobs.records import Records
from snapgui.virt.host import Host

_TELL_SECONDS = 0.2


class _UnwantedError(Exception):
    """Raised while counting: somebody looks at something else by now."""


class UsageFeed(QObject):
    """Counts when a machine comes on screen, its snapshots have changed or it has been turned off, and when asked to.

    What a guest writes meanwhile is not followed: the figures say when they were read. ``counting`` tells what part of
    one of the machine's images has been counted, from 0 to 1, and None once nothing of it is counted any more.
    """

    counting = Signal(object, object)  # DomainId, float or None

    def __init__(self, records: Records, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._records = records
        self._bridge = bridge
        self._lane = Lane("usage")
        self._host: Host | None = None
        self._watched: DomainId | None = None
        self._round = 0  # what is counted for an earlier one is of no use any more

    def set_host(self, host: Host | None) -> None:
        """Go on with a host that has just been opened; None while there is none."""
        self._host = host
        self._round += 1
        if self._watched is not None:
            self.counting.emit(self._watched, None)

    def watch(self, domain: DomainId | None) -> None:
        """Count for the machine that is on screen, and stop counting for any other."""
        if self._watched is not None and domain != self._watched:
            self.counting.emit(self._watched, None)
        self._watched = domain
        self._round += 1
        if domain is not None and self._records.snapshots_known(domain):
            self.want(domain)

    def want(self, domain: DomainId) -> None:
        """Count what a machine's images hold, if that machine is on screen."""
        host = self._host
        if host is None or domain != self._watched:
            return
        self._round += 1
        number, snapshots, known = self._round, self._records.snapshots(domain), self._records.usage(domain)
        self._lane.submit(lambda: self._count(host, domain, snapshots, known, number))

    def cancel(self, domain: DomainId) -> None:
        """Count no more for now; where nothing was known before, that is the reason why nothing is."""
        if domain != self._watched:
            return
        self._round += 1
        self.counting.emit(domain, None)
        if self._records.usage(domain) is None:
            tried = translate("Usage", "Counting what the images hold")
            why = translate("Usage", "You have stopped the counting. It begins again with “Refresh”.")
            self._records.put_usage(domain, Usage({"": Problem(tried, why)}))

    # On the lane

    def _count(self, host: Host, domain: DomainId, snapshots: Snapshots, known: Usage | None, number: int) -> None:
        told = time.monotonic()

        def still_wanted(part: float = 0) -> None:
            nonlocal told
            if number != self._round:
                raise _UnwantedError
            if time.monotonic() - told > _TELL_SECONDS:
                told = time.monotonic()
                self._bridge.post(lambda: self._told(domain, number, part))

        try:
            still_wanted()
            found = host.usage(domain.uuid, snapshots, known, still_wanted)
        except _UnwantedError:
            return
        except SnapguiError:
            self._bridge.post(lambda: self._told(domain, number, None))
            return  # a lost connection or a machine that is gone is told by an event of its own
        self._bridge.post(lambda: self._counted(domain, number, found))

    # On the UI thread

    def _told(self, domain: DomainId, number: int, part: float | None) -> None:
        if number == self._round:
            self.counting.emit(domain, part)

    def _counted(self, domain: DomainId, number: int, found: Usage) -> None:
        self._told(domain, number, None)
        if number == self._round and self._records.domain(domain) is not None:
            self._records.put_usage(domain, found)
