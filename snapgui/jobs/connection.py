"""One host: opens it, keeps the store equal to it, and answers questions about it, all off the UI thread."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.records import (
    DomainId,
    DomainRecord,
    DomainState,
    HostRecord,
    HostState,
)
from snapgui.core.text import translate
from snapgui.jobs.bridge import Bridge
from snapgui.jobs.lane import Lane
from snapgui.jobs.records import Records
from snapgui.jobs.snapshot_feed import SnapshotFeed
from snapgui.virt.events import ConnectionLost, DomainChanged, Event
from snapgui.virt.host import Host

T = TypeVar("T")

_RETRY_MS = (2_000, 5_000, 15_000, 30_000)  # after a loss; the last one repeats


class Connection(QObject):
    """A connection's life. Everything public is called on the UI thread and returns at once."""

    event_seen = Signal(object)  # virt.events.DomainChanged
    opened = Signal(str)  # uri
    refreshed = Signal(str)  # uri

    def __init__(self, uri: str, records: Records, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._uri = uri
        self._records = records
        self._bridge = bridge
        self._host: Host | None = None
        self._closed = False
        self._opening = False
        self._losses = 0
        # Lists and questions have a lane each, and so have sizes: a slow one of them holds up none of the others.
        self._list_lane = Lane(f"list {uri}")
        self._ask_lane = Lane(f"ask {uri}")
        self.snapshots = SnapshotFeed(records, bridge, self._list_lane, self)
        self._pending_domains: set[str] = set()
        self._numbers = itertools.count()
        self._asked: dict[int, tuple[Callable[[Any], None], Callable[[Problem], None]]] = {}
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.timeout.connect(self.open)

    @property
    def uri(self) -> str:
        """The connection's URI."""
        return self._uri

    @property
    def host(self) -> Host | None:
        """The open host, None while there is none."""
        return self._host

    def open(self) -> None:
        """Connect, unless that is done or under way. How it goes is seen in the store."""
        if self._host is not None or self._opening or self._closed:
            return
        self._opening = True
        self._retry.stop()
        before = self._records.host(self._uri) or HostRecord(self._uri)
        self._records.put_host(replace(before, state=HostState.CONNECTING))
        self._list_lane.submit(self._open)

    def close(self) -> None:
        """Disconnect for good."""
        self._closed = True
        self._retry.stop()
        self.snapshots.set_host(None)
        host, self._host = self._host, None
        if host is not None:
            Lane(f"close {self._uri}").submit(host.close)

    def refresh(self) -> None:
        """Read anew what the host has, and the machine on screen; connect where there is no connection."""
        host = self._host
        if host is None:
            self.open()
        else:
            self._list_lane.submit(lambda: self._read_domains(host))
            self.snapshots.reread()

    def refresh_domain(self, domain: DomainId) -> None:
        """Read one domain again."""
        if domain.uuid not in self._pending_domains and self._host is not None:
            self._pending_domains.add(domain.uuid)
            host = self._host
            self._list_lane.submit(lambda: self._read_domain(host, domain))

    def ask(
        self, question: Callable[[Host], T], answered: Callable[[T], None], failed: Callable[[Problem], None]
    ) -> None:
        """Run ``question`` on a worker; its answer or the problem comes back on the UI thread."""
        host = self._host
        if host is None:
            record = self._records.host(self._uri)
            problem = record.problem if record is not None else None
            failed(problem or not_connected(self._uri))
            return

        # The worker gets a number in the callbacks' place: what they hold may be widgets, and a worker that drops the
        # last reference to a widget would end it on the wrong thread.
        number = next(self._numbers)
        self._asked[number] = answered, failed

        def work() -> None:
            try:
                answer = question(host)
            except SnapguiError as error:
                problem = error.problem
                self._bridge.post(lambda: self._asked.pop(number)[1](problem))
            else:
                self._bridge.post(lambda: self._asked.pop(number)[0](answer))

        self._ask_lane.submit(work)

    # On the list lane

    def _open(self) -> None:
        try:
            host = Host.open(self._uri, self._hear)
        except SnapguiError as error:
            problem = error.problem
            self._bridge.post(lambda: self._open_failed(problem))
            return
        try:
            record = host.read_host()
            domains = host.list_domains()
        except SnapguiError as error:
            problem = error.problem
            self._bridge.post(lambda: self._open_failed(problem))
            host.close()
            return
        self._bridge.post(lambda: self._opened(host, record, domains))

    def _read_domains(self, host: Host) -> None:
        try:
            domains = host.list_domains()
        except SnapguiError:
            return  # the loss of the connection is told by an event of its own
        self._bridge.post(lambda: self._domains_read(host, domains))

    def _read_domain(self, host: Host, domain: DomainId) -> None:
        # From here on a further event asks for a further reading: it may tell of something that this one misses.
        self._bridge.post(lambda: self._pending_domains.discard(domain.uuid))
        try:
            record = host.read_domain(domain.uuid)
        except SnapguiError:
            return  # the loss of the connection, or the domain's end, is told by an event of its own
        self._bridge.post(lambda: self._domain_read(host, domain, record))

    # On libvirt's event thread

    def _hear(self, event: Event) -> None:
        self._bridge.post(lambda: self._handle(event))

    # On the UI thread

    def _handle(self, event: Event) -> None:
        if self._closed:
            return
        if isinstance(event, ConnectionLost):
            self._lost(event.problem)
        elif isinstance(event, DomainChanged):
            self.event_seen.emit(event)
            self.refresh_domain(event.id)

    def _open_failed(self, problem: Problem) -> None:
        self._opening = False
        if self._closed:
            return
        before = self._records.host(self._uri) or HostRecord(self._uri)
        self._records.put_host(replace(before, state=HostState.FAILED, problem=problem))
        if self._losses:
            self._retry_later()

    def _opened(self, host: Host, record: HostRecord, domains: tuple[DomainRecord, ...]) -> None:
        self._opening = False
        if self._closed:
            Lane(f"close {self._uri}").submit(host.close)
            return
        self._host = host
        self._losses = 0
        self._pending_domains.clear()
        self._records.put_host(record)
        self._records.put_domains(self._uri, domains)
        self.snapshots.set_host(host)
        self.opened.emit(self._uri)

    def _lost(self, problem: Problem) -> None:
        host, self._host = self._host, None
        self.snapshots.set_host(None)
        if host is None:
            return
        Lane(f"close {self._uri}").submit(host.close)
        before = self._records.host(self._uri) or HostRecord(self._uri)
        self._records.put_host(replace(before, state=HostState.FAILED, problem=problem))
        self._forget_states()
        self._retry_later()

    def _forget_states(self) -> None:
        """The rows stay, so that selection and expansion do, but claim no state that nobody can vouch for."""
        for record in self._records.domains(self._uri):
            self._records.put_domain(replace(record, state=DomainState.UNKNOWN))

    def _retry_later(self) -> None:
        self._retry.start(_RETRY_MS[min(self._losses, len(_RETRY_MS) - 1)])
        self._losses += 1

    def _domains_read(self, host: Host, domains: tuple[DomainRecord, ...]) -> None:
        if host is self._host:
            self._records.put_domains(self._uri, domains)
            self.refreshed.emit(self._uri)

    def _domain_read(self, host: Host, domain: DomainId, record: DomainRecord | None) -> None:
        if host is not self._host:
            return
        before = self._records.domain(domain)
        if record is None:
            self._records.remove_domain(domain)
        else:
            self._records.put_domain(record)
            if before is not None and before.state.active and not record.state.active:
                self.snapshots.recount(domain)  # by now QEMU has written down what it had not while it ran
        if (before is None) is not (record is None):
            self.snapshots.recount_watched()


def not_connected(uri: str) -> Problem:
    """The problem of asking a host that is not there."""
    return Problem(
        tried=translate("Connection", "Ask {uri}").format(uri=uri),
        why=translate("Connection", "There is no connection to this host."),
        remedy=translate("Connection", "Connect to it first."),
    )
