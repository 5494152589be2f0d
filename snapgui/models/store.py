"""The one place that holds what was read. Lives on the UI thread; whoever shows something listens to it."""

from collections.abc import Mapping
from types import MappingProxyType

from PySide6.QtCore import QObject, Signal

from snapgui.core.records import DomainId, DomainRecord, HostRecord, Size, Snapshots
from snapgui.core.usage import Usage

_NO_SNAPSHOTS = Snapshots()
_NO_SIZES: Mapping[str, Size] = MappingProxyType({})


class Store(QObject):
    """Hosts, their domains, and of the domains that were looked at: snapshots, sizes of memory, what the images hold.

    Each ``put_`` replaces what was there; a signal follows only where something differs.
    """

    host_changed = Signal(str)  # uri; new hosts too
    host_removed = Signal(str)
    domain_changed = Signal(object)  # DomainId; new domains too
    domain_removed = Signal(object)
    snapshots_changed = Signal(object)  # DomainId
    sizes_changed = Signal(object)
    usage_changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hosts: dict[str, HostRecord] = {}
        self._domains: dict[DomainId, DomainRecord] = {}
        self._snapshots: dict[DomainId, Snapshots] = {}
        self._sizes: dict[DomainId, Mapping[str, Size]] = {}
        self._usage: dict[DomainId, Usage] = {}

    def hosts(self) -> tuple[HostRecord, ...]:
        """In the order in which they were added."""
        return tuple(self._hosts.values())

    def host(self, uri: str) -> HostRecord | None:
        """The connection of that URI."""
        return self._hosts.get(uri)

    def domains(self, uri: str) -> tuple[DomainRecord, ...]:
        """The domains of one connection, in no promised order."""
        return tuple(record for record in self._domains.values() if record.id.uri == uri)

    def domain(self, domain: DomainId) -> DomainRecord | None:
        """One domain, while it is there."""
        return self._domains.get(domain)

    def snapshots(self, domain: DomainId) -> Snapshots:
        """The snapshots of a domain; none while they have not been read."""
        return self._snapshots.get(domain, _NO_SNAPSHOTS)

    def snapshots_known(self, domain: DomainId) -> bool:
        """Whether they have been read, so that "none" means none."""
        return domain in self._snapshots

    def sizes(self, domain: DomainId) -> Mapping[str, Size]:
        """Memory state sizes by snapshot name; a name is missing until its size has been looked up."""
        return self._sizes.get(domain, _NO_SIZES)

    def usage(self, domain: DomainId) -> Usage | None:
        """What a domain's images hold; None while it has not been looked up."""
        return self._usage.get(domain)

    def put_host(self, record: HostRecord) -> None:
        """Add or replace a connection."""
        if self._hosts.get(record.uri) != record:
            self._hosts[record.uri] = record
            self.host_changed.emit(record.uri)

    def remove_host(self, uri: str) -> None:
        """Forget a connection and all of its domains."""
        if uri in self._hosts:
            self.put_domains(uri, ())
            del self._hosts[uri]
            self.host_removed.emit(uri)

    def put_domains(self, uri: str, records: tuple[DomainRecord, ...]) -> None:
        """Replace the whole list of a connection's domains."""
        present = {record.id for record in records}
        for gone in [domain for domain in self._domains if domain.uri == uri and domain not in present]:
            self.remove_domain(gone)
        for record in records:
            self.put_domain(record)

    def put_domain(self, record: DomainRecord) -> None:
        """Add or replace one domain."""
        if self._domains.get(record.id) != record:
            self._domains[record.id] = record
            self.domain_changed.emit(record.id)

    def remove_domain(self, domain: DomainId) -> None:
        """Forget a domain and what belongs to it."""
        if self._domains.pop(domain, None) is not None:
            self._snapshots.pop(domain, None)
            self._sizes.pop(domain, None)
            self._usage.pop(domain, None)
            self.domain_removed.emit(domain)

    def put_snapshots(self, domain: DomainId, snapshots: Snapshots) -> None:
        """Replace the snapshots of a domain."""
        if self._snapshots.get(domain) != snapshots:
            self._snapshots[domain] = snapshots
            self.snapshots_changed.emit(domain)

    def put_sizes(self, domain: DomainId, sizes: Mapping[str, Size]) -> None:
        """Replace the sizes of a domain's snapshots."""
        if self.sizes(domain) != sizes:
            self._sizes[domain] = sizes
            self.sizes_changed.emit(domain)

    def put_usage(self, domain: DomainId, usage: Usage) -> None:
        """Replace what a domain's images hold."""
        if self._usage.get(domain) != usage:
            self._usage[domain] = usage
            self.usage_changed.emit(domain)
