"""One host: everything that the application asks of libvirt goes through here."""

import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

import libvirt

from snapgui import virt
from snapgui.core import health
from snapgui.core.differences.compare import Configuration, of_snapshot
from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.overlays import Layout
from snapgui.core.plan import Call, Step
from snapgui.core.records import (
    DomainConfig,
    DomainId,
    DomainRecord,
    Folder,
    HostRecord,
    Layer,
    Prepared,
    Size,
    SnapshotRecord,
    Snapshots,
)
from snapgui.core.text import translate
from snapgui.core.usage import Usage
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_config_then
from snapgui.core.xml.read import read_domain as read_domain_xml
from snapgui.qcow2.source import ByteSource
from snapgui.virt import embedded, images, reading, sizes
from snapgui.virt.connection import Connection
from snapgui.virt.errors import telling
from snapgui.virt.events import Event
from snapgui.virt.line import CALLS_AT_ONCE, Line
from snapgui.virt.listening import Listening
from snapgui.virt.running import Running
from snapgui.virt.usage import read_usage

if TYPE_CHECKING:
    from snapgui.core.health.inventory import Inventory

_log = logging.getLogger(__name__)

_CLOSE_SECONDS = 2.0  # how long close() lets the host take before it ends the connections by force
_MAX_PICTURE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SnapshotNames:
    """The names of a domain's snapshots, in libvirt's order, and the current one's."""

    names: tuple[str, ...]
    current: str | None


class Host:
    """A host that is connected. Every method may be called from any thread, blocks, and raises SnapguiError.

    Steps run on one connection, and everything else on another, so that reading goes on while a step takes its time;
    a host of this computer has a third for its snapshots' XML, very many calls whose time is the connection's own. A
    driver inside this process (``test:///``, ``qemu:///embed``) has no daemon whose calls could queue up, and with
    ``test:///file`` each connection would be a world of its own: there one connection serves all.
    """

    def __init__(self, uri: str, on_event: Callable[[Event], None]) -> None:
        """Not for others: ``Host.open`` connects."""
        self.uri = uri
        self._listening = Listening(uri, on_event)
        self._lock = threading.Lock()
        self._closing: threading.Thread | None = None
        self._connections: list[Connection] = []
        # By connection and UUID: spares a round trip per question.
        self._domains: dict[tuple[libvirt.virConnect, str], libvirt.virDomain] = {}
        self._listed: dict[str, dict[str, libvirt.virDomainSnapshot]] = {}  # as last listed, by UUID and name
        with contextlib.ExitStack() as undo:
            quick = long = bulk = Connection(uri, self._lost)
            undo.callback(quick.close)
            self._connections.append(quick)
            if not quick.in_process:
                long = Connection(uri, self._lost)
                undo.callback(long.close)
                self._connections.append(long)
            self._local = images.is_local(uri, quick.libvirt.getHostname())
            if self._local and not quick.in_process:
                bulk = Connection(uri, self._lost, watched=False)
                undo.callback(bulk.close)
                self._connections.append(bulk)
            self._quick = Line(quick, self._lost)
            self._long = Line(long, self._lost)
            self._bulk = Line(bulk, self._lost)
            self._running = Running(self._long, self._quick, self._domain)
            self._pools = not (quick.in_process and self._local)
            self._listening.begin(quick.libvirt)
            undo.pop_all()

    @classmethod
    def open(cls, uri: str, on_event: Callable[[Event], None]) -> "Host":
        """Connect. ``on_event`` is called on any thread; it must not block or call the host."""
        embedded.settle_for(uri)
        with telling(translate("Host", "Connecting to {uri}").format(uri=uri), uri):
            return cls(uri, on_event)

    def read_host(self) -> HostRecord:
        """About the host itself."""
        in_process = self._connections[0].in_process
        return reading.read_host(self._quick, self.uri, in_process=in_process, near=self._local)

    def list_domains(self) -> tuple[DomainRecord, ...]:
        """All domains, in no promised order."""
        return reading.list_domains(self._quick, self.uri)

    def read_domain(self, uuid: str) -> DomainRecord | None:
        """One domain; None: it is gone."""
        record = reading.read_domain(self._quick, DomainId(self.uri, uuid))
        if record is None:
            for connection in self._connections:
                self._domains.pop((connection.libvirt, uuid), None)
            self._listed.pop(uuid, None)
        return record

    def read_config(self, uuid: str) -> DomainConfig:
        """What the domain is made of now; of a running one, what it runs with."""
        tried = translate("Host", "Reading the settings of the machine")
        with self._quick.calling(tried) as connection:
            xml = self._domain(connection, uuid).XMLDesc()
        try:
            return read_domain_xml(xml)
        except XmlError as error:
            raise SnapguiError(Problem(tried, str(error), raw=xml)) from error

    def next_xml(self, uuid: str) -> str:
        """What the domain starts with the next time, with what is security-sensitive, for a change of it."""
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
        with self._quick.calling(translate("Host", "Reading the settings of the machine")) as connection:
            xml: str = self._domain(connection, uuid).XMLDesc(flags)
            return xml

    def configuration(self, uuid: str, snapshot: str | None) -> Configuration | None:
        """The domain's configuration now, or in a snapshot; None where the snapshot has none."""
        tried = translate("Host", "Reading the settings of the machine")
        if snapshot is not None:
            xml = self.snapshot_xml(uuid, snapshot)
            try:
                return of_snapshot(xml)
            except XmlError as error:
                raise SnapguiError(Problem(tried, str(error), raw=xml)) from error
        with self._quick.calling(tried) as connection:
            domain = self._domain(connection, uuid)
            return Configuration(
                persistent=domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE) if domain.isPersistent() else "",
                live=domain.XMLDesc() if domain.isActive() else "",
            )

    def list_snapshots(self, uuid: str) -> SnapshotNames:
        """The names of the domain's snapshots. Two round trips."""
        with self._bulk.calling(translate("Host", "Listing the snapshots of the machine")) as connection:
            domain = self._domain(connection, uuid)
            self._listed.pop(uuid, None)  # before there are new ones: each set of 1,000 takes 0.4 MB
            listed = {snapshot.getName(): snapshot for snapshot in domain.listAllSnapshots()}
            current = reading.current_name(domain) if listed else None
        self._listed[uuid] = listed
        return SnapshotNames(tuple(listed), current)

    def read_snapshots(self, uuid: str, names: Sequence[str]) -> Iterator[tuple[SnapshotRecord, ...]]:
        """The snapshots of these names, in batches and in no promised order; those that are gone are left out.

        Unreadable XML gives a record with a problem. Quickest for names that the last ``list_snapshots`` gave.
        """
        if not names:
            return iter(())
        with self._bulk.calling(translate("Host", "Reading the snapshots of the machine")) as connection:
            domain = self._domain(connection, uuid)
        # A driver in this process does the calls on our threads, which would only take Python's lock from one another.
        at_once = 1 if self._connections[0].in_process else CALLS_AT_ONCE
        return reading.read_snapshots(self._bulk, domain, names, self._listed.get(uuid, {}), at_once)

    def snapshot_xml(self, uuid: str, name: str, *, secure: bool = False) -> str:
        """As libvirt gives it; ``secure`` with the passwords, which a redefinition must not lose."""
        flags = libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE if secure else 0
        tried = translate("Host", "Reading the snapshot “{name}”").format(name=name)
        with self._quick.calling(tried) as connection:
            xml: str = self._domain(connection, uuid).snapshotLookupByName(name).getXMLDesc(flags)
            return xml

    def screenshot(self, uuid: str) -> bytes:
        """The screen of a running domain, an image file in the format of libvirt's choice (QEMU: PNG or PPM)."""
        tried = translate("Host", "Taking a picture of the machine’s screen")
        with self._quick.calling(tried) as connection:
            stream = connection.newStream()
            self._domain(connection, uuid).screenshot(stream, 0)
            picture = virt.volume.receive(stream, _MAX_PICTURE + 1)
        if len(picture) > _MAX_PICTURE:
            raise SnapguiError(Problem(tried, translate("Host", "The picture is larger than 64 MiB.")))
        return picture

    def run(self, step: Step) -> None:
        """Make a plan's step, and wait for its end."""
        _log.debug("%s: %s %r, flags %d", step.call.value, step.domain_name, step.snapshot, step.flags)
        if (
            step.proof
            and step.call is not Call.PICTURE_DELETE
            and not health.examine.still_so(self.inventory(step.domain.uuid), step)
        ):
            raise SnapguiError(virt.files.changed(virt.steps.tried(step)))
        self._running.run(step)

    def abort(self, step: Step) -> None:
        """End the step, which runs; only for one that is abortable, else it waits for the step's end."""
        self._running.abort(step)

    def progress(self, step: Step) -> float | None:
        """How far the step is, which runs, from 0 to 1; None where that is not known."""
        return self._running.progress(step)

    def open_image(self, path: str) -> ByteSource:
        """An image of the host for reading: the file where that is possible, else the volume at this path."""
        return images.open_image(self._quick, path, local=self._local, pools=self._pools)

    def download(self, path: str, into: BinaryIO, go_on: Callable[[float], None]) -> None:
        """A volume of the host into a new file; ``go_on`` as in ``virt.volume.download``. Raises OSError, too."""
        tried = translate("Host", "Downloading {path}").format(path=path)
        with self._long.calling(tried) as connection:
            before = virt.volume.written(connection, path)
            virt.volume.download(connection, path, into, go_on)
            same = virt.volume.written(connection, path) == before
        if not same:
            why = translate("Host", "It was written to while it was read.")
            raise SnapguiError(Problem(tried, why, translate("Host", "Shut the machine off first, then try again.")))

    def upload(self, path: str, source: BinaryIO, go_on: Callable[[float], None]) -> None:
        """A file of this computer into a volume of the host; ``go_on`` as in ``download``. Raises OSError, too."""
        tried = translate("Host", "Uploading {path}").format(path=path)
        with self._long.calling(tried) as connection:
            virt.volume.upload(connection, path, source, go_on)

    def image_tags(self, config: DomainConfig) -> dict[str, frozenset[str]]:
        """The names of the snapshots in the image of each disk, by target; without those that can't be read."""
        return sizes.image_tags(sizes.read_tables(self.open_image, config))

    def equal_tags(self, config: DomainConfig) -> dict[str, frozenset[str]]:
        """For each disk by target: the snapshots in its image that hold what it holds now (``qcow2.equal``).

        Without those that can't be read. Only while the domain is off.
        """
        return sizes.equal_tags(self.open_image, config)

    def obstacles(self, uuid: str, config: DomainConfig) -> tuple[int | None, frozenset[str] | None]:
        """How many checkpoints the domain has, and the disks that a block job works on; None where not known."""
        with self._quick.calling(translate("Host", "Reading what is under way on the machine")) as connection:
            domain = self._domain(connection, uuid)
            return virt.survey.checkpoints(domain), virt.survey.block_jobs(domain, config)

    def memory_used(self, uuid: str) -> int | None:
        """Bytes of the host's memory that an active domain's process has; None where that is not known."""
        with self._quick.calling(translate("Host", "Reading what is under way on the machine")) as connection:
            return virt.survey.memory_used(self._domain(connection, uuid))

    def folders(self, paths: Iterable[str]) -> dict[str, Folder]:
        """What is known of folders of the host, by path."""
        return virt.survey.folders(self._quick, paths, local=self._local, pools=self._pools)

    def pools(self) -> dict[str, str]:
        """The names of its active storage pools of files, by their folders; first where it most likely keeps images."""
        return virt.survey.pools(self._quick) if self._pools else {}

    def prepared(self, paths: Iterable[str]) -> dict[str, Prepared | None]:
        """What images are by their own headers; None for those that can't be read."""
        return virt.survey.prepared(self.open_image, paths)

    def inventory(self, uuid: str) -> "Inventory":
        """What the domain's health is judged by: all that the host has of any machine, and the files behind it."""
        return virt.inventory.read_inventory(self._bulk, uuid, local=self._local, pools=self._pools)

    def chains(self, config: DomainConfig) -> tuple[dict[str, tuple[Layer, ...]], dict[str, str]]:
        """The images of each disk, the active one first, by target, where they can be read; and which is missing."""
        look = virt.inventory.looking(self._quick, local=self._local, pools=self._pools)
        return virt.inventory.chains(look, config)

    def memory_sizes(self, uuid: str, records: Iterable[SnapshotRecord]) -> dict[str, Size]:
        """The size of the memory in each of these snapshots of the domain, by name."""
        tables = sizes.read_tables(self.open_image, self.read_config(uuid))
        return sizes.memory_sizes(self.open_image, tables, records, partial(self._config_then, uuid))

    def usage(self, uuid: str, snapshots: Snapshots, known: Usage | None, progress: Callable[[float], None]) -> Usage:
        """What the domain's images hold and its snapshots' files take. Counted is what may differ from ``known``.

        ``progress`` is called with what part of an image is done; what it raises ends the counting.
        """
        before = self.read_domain(uuid)
        config = self.read_config(uuid)
        found = read_usage(self.open_image, config, known, progress)
        after = self.read_domain(uuid)  # it may have been started meanwhile
        live = any(one is not None and one.state.active for one in (before, after))
        found = replace(found, live=live)
        look = virt.inventory.looking(self._quick, local=self._local, pools=self._pools)
        chains, _ = virt.inventory.chains(look, config)
        if live and len(chains) < len(config.disks):
            with contextlib.suppress(SnapguiError), self._quick.calling("") as connection:
                chains = {**virt.chain_usage.running_chains(self._domain(connection, uuid)), **chains}
        now = {disk.target: disk.source for disk in config.disks}
        counting = virt.chain_usage.Counting(self.open_image, look, known, progress)
        layout = Layout(snapshots, now, partial(self._images_then, uuid))
        found = virt.chain_usage.with_chains(counting, found, chains, layout)
        touched = {path for files in found.external.values() for path in files.touched}
        return replace(found, others=self._others_on(uuid, touched)) if touched and self._local else found

    def _others_on(self, uuid: str, paths: Collection[str]) -> dict[str, tuple[str, ...]]:
        """The names of other machines that stand on these images: from afar, that takes a look at too much."""
        try:
            known = health.dependents.dependents(self.inventory(uuid)).machines
        except SnapguiError:
            return {}
        return {path: names for path, names in known.items() if path in paths}

    def _images_then(self, uuid: str, name: str) -> dict[str, str]:
        config = self._config_then(uuid, name)
        return {} if config is None else {disk.target: disk.source for disk in config.disks}

    def _config_then(self, uuid: str, name: str) -> DomainConfig | None:
        try:
            return read_config_then(self.snapshot_xml(uuid, name))
        except (SnapguiError, XmlError):
            return None

    def close(self) -> None:
        """End the connections. Calls under way and the host itself are given two seconds, then they are cut off."""
        self._quick.refuse()
        self._long.refuse()
        self._bulk.refuse()
        self._listening.hush()
        with self._lock:
            if self._closing is None:
                self._closing = threading.Thread(target=self._disconnect, name="libvirt close", daemon=True)
                self._closing.start()
        self._closing.join(_CLOSE_SECONDS)
        if self._closing.is_alive():
            self._cut()
            self._closing.join(_CLOSE_SECONDS)

    def _disconnect(self) -> None:
        self._quick.drain()
        self._long.drain()
        self._bulk.drain()
        self._listening.end(self._connections[0].libvirt)
        # They hold the connection open, and freeing the last of them would close it on whatever thread that is.
        self._listed.clear()
        self._domains.clear()
        for connection in self._connections:
            connection.close()

    def _cut(self) -> None:
        for connection in self._connections:
            connection.cut()

    def _domain(self, connection: libvirt.virConnect, uuid: str) -> libvirt.virDomain:
        domain = self._domains.get((connection, uuid))
        if domain is None:
            domain = self._domains[connection, uuid] = connection.lookupByUUIDString(uuid)
        return domain

    def _lost(self, reason: int) -> None:
        """One connection without the others is no use either."""
        if self._listening.hush():
            self._cut()
            self._listening.lost(reason)
