"""All connections, by URI."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, Situation
from snapgui.jobs.bridge import Bridge
from snapgui.jobs.connection import Connection, not_connected
from snapgui.jobs.records import Records
from snapgui.virt.host import Host

T = TypeVar("T")


class Hosts(QObject):
    """What the window asks of hosts: connect, follow, read, look up. Everything returns at once."""

    event_seen = Signal(object)  # virt.events.DomainChanged
    opened = Signal(str)  # uri; again after each loss

    def __init__(self, records: Records, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._records = records
        self._bridge = bridge
        self._connections: dict[str, Connection] = {}
        self._watched: DomainId | None = None

    @property
    def uris(self) -> tuple[str, ...]:
        """The connections' URIs, in the order in which they were added."""
        return tuple(self._connections)

    def connect_host(self, uri: str) -> None:
        """Add a connection and open it; one that is there already is opened again if it is not open."""
        connection = self._connections.get(uri)
        if connection is None:
            connection = Connection(uri, self._records, self._bridge, self)
            connection.event_seen.connect(self.event_seen)
            connection.opened.connect(self.opened)
            self._connections[uri] = connection
        connection.open()

    def disconnect_host(self, uri: str) -> None:
        """Close a connection and forget it."""
        connection = self._connections.pop(uri, None)
        if connection is not None:
            connection.close()
            connection.deleteLater()
            self._records.remove_host(uri)

    def close(self) -> None:
        """Close every connection, without waiting for any."""
        for connection in self._connections.values():
            connection.close()

    def watch(self, domain: DomainId | None) -> None:
        """Follow the snapshots of the machine on screen."""
        before, self._watched = self._watched, domain
        if before is not None and before.uri in self._connections and (domain is None or domain.uri != before.uri):
            self._connections[before.uri].snapshots.watch(None)
        if domain is not None and domain.uri in self._connections:
            self._connections[domain.uri].snapshots.watch(domain)

    def refresh(self, domain: DomainId, reread: Iterable[str] = ()) -> None:
        """Read a domain and its snapshots again; ``reread`` names snapshots whose XML has changed."""
        connection = self._connections.get(domain.uri)
        if connection is not None:
            connection.refresh_domain(domain)
            connection.snapshots.refresh(domain, reread)

    def host(self, uri: str) -> Host | None:
        """The open host behind a URI, for a job to run on."""
        connection = self._connections.get(uri)
        return connection.host if connection is not None else None

    def ask(
        self, uri: str, question: Callable[[Host], T], answered: Callable[[T], None], failed: Callable[[Problem], None]
    ) -> None:
        """Ask a host something on a worker; the answer or the problem comes back on the UI thread."""
        connection = self._connections.get(uri)
        if connection is None:
            failed(not_connected(uri))
        else:
            connection.ask(question, answered, failed)

    def survey(
        self,
        domain: DomainId,
        names: Iterable[str],
        answered: Callable[[Situation], None],
        failed: Callable[[Problem], None],
    ) -> None:
        """Read everything that a plan needs; ``names`` are the snapshots that it would redefine."""
        connection = self._connections.get(domain.uri)
        if connection is None:
            failed(not_connected(domain.uri))
        else:
            connection.survey(domain, names, answered, failed)

    def read_xml(
        self, domain: DomainId, name: str, answered: Callable[[str], None], failed: Callable[[Problem], None]
    ) -> None:
        """Read a snapshot's XML, as libvirt gives it without passwords."""
        connection = self._connections.get(domain.uri)
        if connection is None:
            failed(not_connected(domain.uri))
        else:
            connection.read_xml(domain, name, answered, failed)
