"""Counts what the snapshots of machines hold that are not on screen: of those that are asked for, one after another."""

from PySide6.QtCore import QObject

from snapgui.core.errors import SnapguiError
from snapgui.core.records import DomainId, Snapshots
from snapgui.core.usage import Usage
from snapgui.jobs.bridge import Bridge
from snapgui.jobs.lane import Lane
from snapgui.jobs.records import Records
from snapgui.virt.host import Host


class _LostError(Exception):
    """Raised while counting: the host is not there any more."""


class TotalsFeed(QObject):
    """Each machine is counted once for each time that it was asked for, as soon as its snapshots are known."""

    def __init__(self, records: Records, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._records = records
        self._bridge = bridge
        self._lane = Lane("totals")
        self._host: Host | None = None
        self._asked: set[DomainId] = set()

    def set_host(self, host: Host | None) -> None:
        """Go on with a host that has just been opened; None while there is none."""
        self._host = host
        self._asked.clear()

    def ask(self, domain: DomainId) -> None:
        """Count it once its snapshots are known."""
        self._asked.add(domain)
        if self._records.snapshots_known(domain):
            self.snapshots_read(domain)

    def snapshots_read(self, domain: DomainId) -> None:
        """Its snapshots are all in the store."""
        host = self._host
        if host is None or domain not in self._asked:
            return
        self._asked.discard(domain)
        snapshots, known = self._records.snapshots(domain), self._records.usage(domain)
        self._lane.submit(lambda: self._count(host, domain, snapshots, known))

    # On the lane

    def _count(self, host: Host, domain: DomainId, snapshots: Snapshots, known: Usage | None) -> None:
        def still_there(_part: float) -> None:
            if host is not self._host:
                raise _LostError

        try:
            still_there(0)
            found = host.usage(domain.uuid, snapshots, known, still_there)
        except (_LostError, SnapguiError):
            return  # it stays uncounted; a lost connection or a machine that is gone is told by an event of its own
        self._bridge.post(lambda: self._counted(host, domain, found))

    # On the UI thread

    def _counted(self, host: Host, domain: DomainId, found: Usage) -> None:
        if host is self._host and self._records.domain(domain) is not None:
            self._records.put_usage(domain, found)
