"""All connections, by URI."""

import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from snapgui import virt
from snapgui.core import health, rules
from snapgui.core.differences.compare import Configuration
from snapgui.core.differences.outlook import Outlook, outlook
from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.records import DomainConfig, DomainId, HostRecord, Layer, Situation, SnapshotRecord
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_config_then, read_snapshot
from snapgui.jobs.bridge import Bridge
from snapgui.jobs.connection import Connection, not_connected
from snapgui.jobs.records import Records
from snapgui.virt.host import Host

T = TypeVar("T")


class Hosts(QObject):
    """What the window asks of hosts: connect, follow, read, look up. Everything returns at once."""

    event_seen = Signal(object)  # virt.events.DomainChanged
    opened = Signal(str)  # uri; again after each loss
    refreshed = Signal(str)  # uri: its machines have been read again
    counting = Signal(object, object)  # DomainId; what part of one of its images is counted, None at the end
    listed = Signal(object)  # DomainId: its snapshots are in the store as they were after the last ``refresh``

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
            connection.refreshed.connect(self.refreshed)
            connection.snapshots.listed.connect(self.listed)
            connection.snapshots.counting.connect(self.counting)
            self._connections[uri] = connection
        connection.open()

    def disconnect_host(self, uri: str) -> None:
        """Close a connection and forget it."""
        connection = self._connections.pop(uri, None)
        if connection is not None:
            connection.close()
            connection.deleteLater()
            self._records.remove_host(uri)

    def refresh_host(self, uri: str) -> None:
        """Read a host's machines again, and snapshots and sizes of the one on screen; connect where there is none."""
        connection = self._connections.get(uri)
        if connection is not None:
            connection.refresh()

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

    def count(self, domains: Iterable[DomainId]) -> None:
        """Count what the snapshots of these machines hold, whatever is on screen."""
        for domain in domains:
            if (connection := self._connections.get(domain.uri)) is not None:
                connection.snapshots.count(domain)

    def refresh(self, domain: DomainId, reread: Iterable[str] = ()) -> None:
        """Read a domain and its snapshots again; ``reread`` names snapshots whose XML has changed."""
        connection = self._connections.get(domain.uri)
        if connection is not None:
            connection.refresh_domain(domain)
            connection.snapshots.refresh(domain, reread)

    def cancel_counting(self, domain: DomainId) -> None:
        """Let be what the images of the machine on screen are counted for."""
        connection = self._connections.get(domain.uri)
        if connection is not None:
            connection.snapshots.cancel_counting(domain)

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
        folders: Iterable[str] = (),
        *,
        next_xml: bool = False,
        prepared: Iterable[str] = (),
        dependents: bool = False,
        copied: bool = False,
        here: Iterable[str] = (),
    ) -> None:
        """Read everything that a plan for ``domain`` needs; ``names`` are the snapshots that it is about.

        ``folders`` are those of the host where it would write, besides those of the disks. ``next_xml``: it changes the
        machine's configuration. ``prepared``: images that it would go on in. ``dependents``: it merges or deletes image
        files. ``copied``: it copies images: those that these snapshots are in, or the machine's own.
        ``here``: folders of this computer where it would write.

        Where one of them is no longer what the store says, as after an edit by another client, it is read again.
        """
        question = partial(
            read_situation,
            domain=domain,
            names=tuple(names),
            folders=tuple(folders),
            next_xml=next_xml,
            prepared=tuple(prepared),
            dependents=dependents,
            copied=copied,
            here=tuple(here),
        )

        def complete(read: Situation) -> None:
            known = situation(self._records, domain)
            if known is None:
                failed(gone())
            else:
                self._reread_edited(domain, read)
                answered(read.as_seen(known))

        self.ask(domain.uri, question, complete, failed)

    def _reread_edited(self, domain: DomainId, read: Situation) -> None:
        known = self._records.snapshots(domain).records
        edited = [name for name, xml in read.snapshot_xml.items() if name in known and _differs(known[name], xml)]
        if edited:
            self.refresh(domain, edited)

    def read_configurations(
        self,
        domain: DomainId,
        names: Iterable[str | None],
        answered: Callable[[tuple[Configuration | None, ...]], None],
        failed: Callable[[Problem], None],
    ) -> None:
        """Read the machine's configuration in snapshots, and as it is now for None. A snapshot without one gives None.

        Without what is security-sensitive.
        """
        wanted = tuple(names)

        def question(host: Host) -> tuple[Configuration | None, ...]:
            return tuple(host.configuration(domain.uuid, name) for name in wanted)

        self.ask(domain.uri, question, answered, failed)

    def look(self, domain: DomainId, answered: Callable[[Outlook], None], failed: Callable[[Problem], None]) -> None:
        """Read what the machine's XML says of it now, and of its next start. Without what is security-sensitive."""

        def question(host: Host) -> Outlook:
            return outlook(host.configuration(domain.uuid, None) or Configuration())

        self.ask(domain.uri, question, answered, failed)

    def read_xml(
        self, domain: DomainId, name: str, answered: Callable[[str], None], failed: Callable[[Problem], None]
    ) -> None:
        """Read a snapshot's XML. An edit by another client, which no list shows, reaches the store by this too."""
        known = self._records.snapshots(domain).records.get(name)

        def question(host: Host) -> tuple[str, bool]:
            xml = host.snapshot_xml(domain.uuid, name)
            return xml, known is not None and _differs(known, xml)

        def answer(found: tuple[str, bool]) -> None:
            xml, edited = found
            if edited:
                self.refresh(domain, (name,))
            answered(xml)

        self.ask(domain.uri, question, answer, failed)


def read_situation(
    host: Host,
    domain: DomainId,
    names: Iterable[str] = (),
    folders: Iterable[str] = (),
    *,
    next_xml: bool = False,
    prepared: Iterable[str] = (),
    dependents: bool = False,
    copied: bool = False,
    here: Iterable[str] = (),
) -> Situation:
    """What ``Hosts.survey`` asks the host; blocks. What the store has, it leaves out: host, snapshots and sizes.

    Raises SnapguiError.
    """
    record = host.read_domain(domain.uuid)
    if record is None:
        raise SnapguiError(gone())
    config = host.read_config(domain.uuid)
    checkpoints, block_jobs = host.obstacles(domain.uuid, config)
    chains, missing = host.chains(config)
    images = [disk.source for disk in config.disks if disk.writable and disk.source]
    images += [layer.path for chain in chains.values() for layer in chain]  # what is deleted is merged into these
    xmls = {name: host.snapshot_xml(domain.uuid, name, secure=True) for name in names}
    below: tuple[str, ...] = ()
    if copied:
        chains.update(_chains_then(host, xmls.values(), chains))
        below = tuple(layer.path for chain in chains.values() for layer in chain)
    asked = (*prepared, *(path for xml in xmls.values() if copied for path in rules.held_disks.images_in(xml)))
    places = dict.fromkeys(posixpath.dirname(path) for path in (*images, *asked))
    own = [disk.source for disk in config.disks if disk.source.startswith("/")]  # what is prepared has to fit them
    return Situation(
        host=HostRecord(domain.uri),
        domain=record,
        config=config,
        image_tags=host.image_tags(config),
        equal_tags={} if record.state.active else host.equal_tags(config),
        chains=chains,
        missing=missing,
        folders=host.folders({**places, **dict.fromkeys(folders)}),
        here=virt.survey.own_folders(here),
        prepared=host.prepared((*asked, *own, *below) if asked or copied else ()),
        checkpoints=checkpoints,
        block_jobs=block_jobs,
        memory_used=host.memory_used(domain.uuid) if record.state.active else None,
        snapshot_xml=xmls,
        next_xml=host.next_xml(domain.uuid) if next_xml else None,
        dependents=health.dependents.dependents(host.inventory(domain.uuid)) if dependents else None,
    )


def _chains_then(host: Host, xmls: Iterable[str], known: Mapping[str, Sequence[Layer]]) -> dict[str, tuple[Layer, ...]]:
    """The images of the disks that stood on others in snapshots than the machine's do now."""
    there = {layer.path for chain in known.values() for layer in chain}
    found = {}
    for xml in xmls:
        with suppress(XmlError):
            then = read_config_then(xml) or DomainConfig()
            found.update(host.chains(replace(then, disks=tuple(d for d in then.disks if d.source not in there)))[0])
    return found


def _differs(known: SnapshotRecord, xml: str) -> bool:
    try:
        return read_snapshot(xml) != known
    except XmlError:
        return False


def situation(records: Records, domain: DomainId) -> Situation | None:
    """What the store alone knows of a domain, for a plan's first sketch. None: the domain is gone."""
    host = records.host(domain.uri)
    record = records.domain(domain)
    if host is None or record is None:
        return None
    return Situation(
        host,
        record,
        records.snapshots(domain),
        sizes=records.sizes(domain),
        usage=records.usage(domain),
        machines=frozenset(each.name for each in records.domains(domain.uri)),
    )


def gone() -> Problem:
    """The problem of asking about a domain that is not there any more."""
    return Problem(
        tried=translate("Hosts", "Read the machine"),
        why=translate("Hosts", "The machine does not exist any more."),
        remedy=translate("Hosts", "Somebody else has removed it."),
    )
