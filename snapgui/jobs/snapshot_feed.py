"""Keeps the store's snapshots equal to a host's: those of the machine on screen, and those that were asked for."""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from snapgui.core.errors import SnapguiError
from snapgui.core.records import DomainId, Mode, Size, SnapshotRecord, Snapshots
from snapgui.core.text import translate
from snapgui.jobs.bridge import Bridge
from snapgui.jobs.lane import Lane
from snapgui.jobs.records import Records
from snapgui.jobs.totals_feed import TotalsFeed
from snapgui.jobs.usage_feed import UsageFeed
from snapgui.virt.host import Host

_POLL_MS = 1000  # how often the machine on screen is asked for its snapshots' names: libvirt has no event for them
_NAMES_FIRST = 20  # from this many unread snapshots on, their names are shown before they are read
_PUBLISH_SECONDS = 0.5  # for each 1,000 snapshots: how often a long reading shows what it has so far


class SnapshotFeed(QObject):
    """``listed`` tells that a list which was asked for has been read, as far as that was possible.

    Lists are read on ``lane``, sizes on a lane of their own, since an image may be far away.
    """

    listed = Signal(object)  # DomainId
    counting = Signal(object, object)  # as UsageFeed's

    def __init__(self, records: Records, bridge: Bridge, lane: Lane, parent: QObject) -> None:
        super().__init__(parent)
        self._records = records
        self._bridge = bridge
        self._lane = lane
        self._size_lane = Lane("sizes")
        self._usage = UsageFeed(records, bridge, self)
        self._usage.counting.connect(self.counting)
        self._totals = TotalsFeed(records, bridge, self)
        self.cancel_counting = self._usage.cancel
        self._host: Host | None = None
        self._watched: DomainId | None = None
        self._listing: set[DomainId] = set()
        self._reread: dict[DomainId, set[str]] = {}
        self._known_sizes: dict[tuple[str, str, int | None], Size] = {}
        self._unsettled: set[DomainId] = set()  # with memory in files that may be written still
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._poll_watched)

    def set_host(self, host: Host | None) -> None:
        """Go on with a host that has just been opened; None while there is none."""
        self._host = host
        self._usage.set_host(host)
        self._totals.set_host(host)
        self._listing.clear()
        if host is not None and self._watched is not None:  # nobody saw what was edited meanwhile
            self._reread.setdefault(self._watched, set()).update(self._records.snapshots(self._watched).records)
        self.watch(self._watched)

    def watch(self, domain: DomainId | None) -> None:
        """Follow the snapshots of the machine that is on screen, others' changes too."""
        self._watched = domain
        self._usage.watch(domain)
        if domain is None:
            self._poll.stop()
        else:
            self.refresh(domain)
            self._poll.start()

    def refresh(self, domain: DomainId, reread: Iterable[str] = ()) -> None:
        """Read what differs in a domain's snapshots, and those in ``reread``, whose XML changed under the same name."""
        self._reread.setdefault(domain, set()).update(reread)
        self._forget_sizes(domain, self._reread[domain])  # it may have been read while the snapshot was taken
        if domain in self._listing or self._host is None:
            return
        self._listing.add(domain)
        again = frozenset(self._reread.pop(domain))
        known = self._records.snapshots(domain) if self._records.snapshots_known(domain) else None
        host = self._host
        self._lane.submit(lambda: self._read_snapshots(host, domain, known, again))

    def count(self, domain: DomainId) -> None:
        """Count what the snapshots of any machine hold, once."""
        if domain == self._watched:
            self._usage.want(domain)
            return
        self._totals.ask(domain)
        if not self._records.snapshots_known(domain):
            self.refresh(domain)

    def recount(self, domain: DomainId) -> None:
        """Count what may be counted otherwise now, if that machine is on screen."""
        self._usage.want(domain)

    def recount_watched(self) -> None:
        """Another machine has come or gone, which may stand on images of the one on screen."""
        if self._watched is not None:
            self._usage.want(self._watched)

    def reread(self) -> None:
        """Read every snapshot of the machine on screen again, and every size."""
        watched = self._watched
        if watched is not None:
            self.refresh(watched, self._records.snapshots(watched).records)
            self._usage.want(watched)

    def _forget_sizes(self, domain: DomainId, names: Collection[str]) -> None:
        if names:
            of = domain.uuid
            self._known_sizes = {k: size for k, size in self._known_sizes.items() if k[0] != of or k[1] not in names}

    # On a lane

    def _read_snapshots(self, host: Host, domain: DomainId, known: Snapshots | None, reread: frozenset[str]) -> None:
        try:
            listing = host.list_snapshots(domain.uuid)
            old = known.records if known is not None else {}
            records = {
                name: old[name] if name in old else SnapshotRecord(name, complete=False) for name in listing.names
            }
            # Children of what vanished have moved up: their XML names another parent now.
            vanished = old.keys() - records.keys()
            unread = [
                name
                for name, record in records.items()
                if not record.complete or name in reread or record.parent in vanished
            ]
            current = listing.current
            if len(unread) >= _NAMES_FIRST:
                self._publish(host, domain, Snapshots(dict(records), current))
            published = time.monotonic()
            pause = _PUBLISH_SECONDS * max(1.0, len(records) / 1000)  # to show them takes as much longer
            for batch in host.read_snapshots(domain.uuid, unread):
                records.update((record.name, record) for record in batch)
                if time.monotonic() - published > pause:
                    self._publish(host, domain, Snapshots(dict(records), current))
                    published = time.monotonic()
            # What vanished while it was read stays incomplete; the next look will miss it in the list.
            found = Snapshots(records, current)
            if found != known or reread:
                self._publish(host, domain, found)
        except SnapguiError:
            pass  # the loss of the connection, or the domain's end, is told by an event of its own
        finally:
            self._bridge.post(lambda: self._listed(domain))

    def _publish(self, host: Host, domain: DomainId, snapshots: Snapshots) -> None:
        self._bridge.post(lambda: self._snapshots_read(host, domain, snapshots))

    def _read_sizes(self, host: Host, domain: DomainId, records: tuple[SnapshotRecord, ...]) -> None:
        sizes: Mapping[str, Size]
        try:
            sizes = host.memory_sizes(domain.uuid, records)
        except SnapguiError as error:
            sizes = {record.name: Size(None, error.problem.why) for record in records}
        self._bridge.post(lambda: self._sizes_read(domain, records, sizes))

    # On the UI thread

    def _snapshots_read(self, host: Host, domain: DomainId, snapshots: Snapshots) -> None:
        record = self._records.domain(domain)
        if host is not self._host or record is None:
            return
        self._records.put_snapshots(domain, snapshots)
        if record.snapshot_count != len(snapshots.records):
            self._records.put_domain(replace(record, snapshot_count=len(snapshots.records)))
        self._bridge.post(lambda: self._want_sizes(host, domain))  # once they are on the screen

    def _listed(self, domain: DomainId) -> None:
        self._listing.discard(domain)
        if domain in self._reread:  # asked for again meanwhile: what changed since may not be in this list
            self.refresh(domain)
        else:
            self.listed.emit(domain)

    def _want_sizes(self, host: Host, domain: DomainId) -> None:
        """Look up what is not known for sure; a size never changes once its snapshot is made."""
        snapshots = self._records.snapshots(domain)
        if host is not self._host or not all(record.complete for record in snapshots.records.values()):
            return
        known = {
            record.name: self._known_sizes[key]
            for record in snapshots.records.values()
            if (key := _size_key(domain, record)) in self._known_sizes
        }
        unknown = tuple(record for record in snapshots.records.values() if record.name not in known)
        reasons = {name: size for name, size in self._records.sizes(domain).items() if name in snapshots.records}
        self._records.put_sizes(domain, {**reasons, **known})
        self._usage.want(domain)
        self._totals.snapshots_read(domain)
        self._look_up(host, domain, unknown)

    def _look_up(self, host: Host, domain: DomainId, unknown: tuple[SnapshotRecord, ...]) -> None:
        if unknown:
            self._size_lane.submit(lambda: self._read_sizes(host, domain, unknown))

    def _sizes_read(self, domain: DomainId, records: tuple[SnapshotRecord, ...], sizes: Mapping[str, Size]) -> None:
        before = self._records.sizes(domain)
        shown = dict(sizes)
        for record in records:
            size = sizes.get(record.name)
            if size is None or size.bytes is None:
                continue
            if record.memory is Mode.EXTERNAL and (not size.bytes or before.get(record.name) != size):
                self._unsettled.add(domain)  # known once it is found twice: libvirt shows what it still writes
                shown[record.name] = size if size.bytes else Size(None, translate("Size", "It is being written."))
            else:
                self._known_sizes[_size_key(domain, record)] = size
        present = self._records.snapshots(domain).records
        merged = {**before, **shown}
        self._records.put_sizes(domain, {name: size for name, size in merged.items() if name in present})

    def _poll_watched(self) -> None:
        if self._watched is not None and self._watched not in self._listing:
            self.refresh(self._watched)
        if self._host is not None and self._watched in self._unsettled and self._watched is not None:
            self._unsettled.discard(self._watched)
            records = self._records.snapshots(self._watched).records.values()
            written = (each for each in records if each.complete and each.memory is Mode.EXTERNAL)
            unknown = (each for each in written if _size_key(self._watched, each) not in self._known_sizes)
            self._look_up(self._host, self._watched, tuple(unknown))


def _size_key(domain: DomainId, record: SnapshotRecord) -> tuple[str, str, int | None]:
    return domain.uuid, record.name, record.created
