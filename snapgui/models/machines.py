"""Connections and their machines as a tree."""

import re
from bisect import bisect
from collections.abc import Hashable
from enum import IntEnum
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from PySide6.QtCore import QLocale, QObject, Qt

from snapgui.core.records import DomainId, DomainRecord, HostRecord
from snapgui.core.text import translate
from snapgui.core.totals import Total, of_machine, of_machines
from snapgui.core.uris import embedded_folder, is_demo
from snapgui.models.format import listed, natural_key, one_line, tooltip
from snapgui.models.roles import Role
from snapgui.models.store import Store
from snapgui.models.tree import Index, TreeModel
from snapgui.models.words import frees_text, held_by_machine, held_on_host, host_state_text, machine_state_text

_Role = Qt.ItemDataRole


class Column(IntEnum):
    """The columns, in their order."""

    NAME = 0
    FREES = 1
    SNAPSHOTS = 2


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ALIGNMENT = (_LEFT, _RIGHT, _RIGHT)  # by column


class MachinesModel(TreeModel):
    """Connections in the order in which they were made, under each its domains by name. Keys are URIs and DomainIds."""

    columns = len(Column)

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._filter = ""
        store.host_changed.connect(self._on_host)
        store.host_removed.connect(self._on_host_removed)
        store.domain_changed.connect(self._on_domain)
        store.domain_removed.connect(self._on_domain_removed)
        store.snapshots_changed.connect(self._on_held)
        store.usage_changed.connect(self._on_held)
        self._totals: dict[DomainId | str, Total] = {}  # by machine and by host, as far as they were shown
        self.apply(self._arrangement())

    def set_filter(self, text: str) -> None:
        """Show only machines with ``text`` in their name, and all of a connection with a word that begins so."""
        folded = text.strip().casefold()
        if folded != self._filter:
            self._filter = folded
            self.apply(self._arrangement())

    # Qt's questions

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        """Titles, aligned like what is below them."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _Role.TextAlignmentRole:
            return _ALIGNMENT[section]
        if role == _Role.DisplayRole:
            return {
                Column.NAME: translate("Machines", "Machine"),
                Column.FREES: translate("Machines", "Frees"),
                Column.SNAPSHOTS: translate("Machines", "Snapshots"),
            }[Column(section)]
        return None

    def data(self, index: Index, role: int = _Role.DisplayRole) -> Any:
        """Texts, and the roles KEY, RECORD and PROBLEM."""
        key = self.key(index)
        if role == Role.KEY:
            return key
        record = self._store.domain(key) if isinstance(key, DomainId) else self._store.host(str(key))
        if record is None or role == Role.RECORD:
            return record
        if role == Role.PROBLEM:
            return record.problem
        if role == _Role.TextAlignmentRole:
            return _ALIGNMENT[index.column()]
        column = Column(index.column())
        total = self._total(record) if column is Column.FREES or role == _Role.ToolTipRole else Total()
        if isinstance(record, DomainRecord):
            return _domain_data(record, total, column, role)
        return _host_data(record, self._label(record), total, column, role)

    def _total(self, record: DomainRecord | HostRecord) -> Total:
        key = record.uri if isinstance(record, HostRecord) else record.id
        if key not in self._totals:
            self._totals[key] = (
                of_machines(self._total(machine) for machine in self._store.domains(record.uri))
                if isinstance(record, HostRecord)
                else machine_total(self._store, record)
            )
        return self._totals[key]

    def _forget_total(self, domain: DomainId) -> None:
        self._totals.pop(domain, None)
        self._totals.pop(domain.uri, None)

    def _label(self, host: HostRecord) -> str:
        """Hosts that would be called the same are told apart by their URIs."""
        label = host_label(host)
        alike = sum(host_label(other) == label for other in self._store.hosts())
        return label if alike <= 1 else host.uri

    # updates: each costs what it changes, because a host that connects brings its domains one by one

    def _on_host(self, uri: str) -> None:
        if self.index_of(uri).isValid():
            self.changed([uri])
        else:
            self.apply(self._arrangement())
            self._relabel(uri)

    def _on_held(self, domain: DomainId) -> None:
        self._forget_total(domain)
        self.changed([key for key in (domain, domain.uri) if self.index_of(key).isValid()])

    def _on_host_removed(self, uri: str) -> None:
        self.remove(uri)
        self._relabel(uri)

    def _relabel(self, uri: str) -> None:
        """What a host is called depends on which others there are."""
        self.changed([key for key in self.keys_under(None) if key != uri])

    def _on_domain(self, domain: DomainId) -> None:
        self._forget_total(domain)
        record = self._store.domain(domain)
        shown = self.index_of(domain).isValid()
        if record is None or not self._matches(record):
            if shown:
                self._on_domain_removed(domain)
        elif not self.index_of(domain.uri).isValid():
            self.apply(self._arrangement())
        elif not shown:
            self.insert(domain.uri, bisect(self.keys_under(domain.uri), self._place(domain), key=self._place), domain)
        else:
            self._move_if_renamed(domain)
            self.changed([domain])

    def _move_if_renamed(self, domain: DomainId) -> None:
        siblings = self.keys_under(domain.uri)
        row = siblings.index(domain)
        neighbours = [self._place(key) for key in siblings[max(row - 1, 0) : row + 2]]
        if any(after < before for before, after in pairwise(neighbours)):
            self.apply(self._arrangement())

    def _on_domain_removed(self, domain: DomainId) -> None:
        self._forget_total(domain)
        self.remove(domain)
        host = self._store.host(domain.uri)
        last = self._filter and host and not self.keys_under(domain.uri)
        if last and host and not self._is_named(host):
            self.remove(domain.uri)

    # arrangement

    def _arrangement(self) -> dict[Hashable, list[Hashable]]:
        found: dict[Hashable, list[Hashable]] = {None: []}
        for host in self._store.hosts():
            domains = [record for record in self._store.domains(host.uri) if self._matches(record)]
            if domains or self._is_named(host):
                found[None].append(host.uri)
                found[host.uri] = sorted((record.id for record in domains), key=self._place)
        return found

    def _matches(self, record: DomainRecord) -> bool:
        if self._filter in record.name.casefold() or self._filter in record.title.casefold():
            return True
        host = self._store.host(record.id.uri)
        return host is not None and self._is_named(host)

    def _is_named(self, host: HostRecord) -> bool:
        """Whether a word of the host's name begins so: each "r" in one would bring all of its machines along."""
        words = re.split(r"[^\w]+", host_label(host).casefold())
        return host_label(host).casefold().startswith(self._filter) or any(w.startswith(self._filter) for w in words)

    def _place(self, domain: Hashable) -> tuple[tuple[str | int, ...], str, str]:
        record = self._store.domain(domain) if isinstance(domain, DomainId) else None
        name = record.name if record else ""
        return natural_key(name), name, str(domain)


def machine_total(store: Store, machine: DomainRecord) -> Total:
    """What the snapshots of a machine hold."""
    return of_machine(machine, store.snapshots(machine.id), store.usage(machine.id))


def host_total(store: Store, uri: str) -> Total:
    """What the snapshots of all machines of a host hold."""
    return of_machines(machine_total(store, machine) for machine in store.domains(uri))


def host_label(host: HostRecord) -> str:
    """What a connection is called: its host, and its kind where it is not the usual one."""
    try:
        parts = urlsplit(host.uri)
        where = parts.hostname or translate("Machines", "This computer")
    except ValueError:  # not a URI: libvirt says so in the record's problem
        return host.uri
    if not parts.scheme:
        return host.uri
    driver = parts.scheme.split("+", 1)[0]
    if parts.path == "/embed":
        if is_demo(host.uri):
            return translate("Machines", "Demo")
        return translate("Machines", "Inside snapgui ({folder})").format(folder=embedded_folder(host.uri))
    if (driver, parts.path) == ("qemu", "/system"):
        return where
    # In full where the driver is not the usual one; "session" says enough of "qemu:///session".
    return f"{where} ({parts.path.strip('/')})" if driver == "qemu" else f"{where} ({driver}://{parts.path})"


def _host_data(host: HostRecord, label: str, total: Total, column: Column, role: int) -> Any:
    if column is Column.FREES:
        return frees_text(total) if role == _Role.DisplayRole else None
    if column is not Column.NAME:
        return None
    label, state = one_line(label), host_state_text(host.state)
    why = host.problem.why if host.problem else ""
    if role == _Role.DisplayRole:
        return translate("Machines", "{host} – {state}").format(host=label, state=state) if state else label
    if role == _Role.AccessibleTextRole:
        return listed(label, state, why)
    if role == _Role.ToolTipRole:
        return tooltip(host.uri, host.hostname, held_on_host(total), why, host.problem.remedy if host.problem else "")
    return None


def _domain_data(domain: DomainRecord, total: Total, column: Column, role: int) -> Any:
    if column is Column.FREES:
        return frees_text(total) if role == _Role.DisplayRole else None
    count = domain.snapshot_count
    if column is Column.SNAPSHOTS:
        return QLocale().toString(count) if role == _Role.DisplayRole and count is not None else None
    state = machine_state_text(domain)
    snapshots = "" if count is None else translate("Machines", "%n snapshot(s)", "", count)
    why = domain.problem.why if domain.problem else ""
    if role == _Role.DisplayRole:
        return one_line(domain.name)
    if role == _Role.AccessibleTextRole:
        return listed(one_line(domain.name), one_line(domain.title), state, snapshots, why)
    if role == _Role.ToolTipRole:
        return tooltip(
            domain.name,
            domain.title,
            listed(state, snapshots),
            held_by_machine(total),
            why,
            domain.problem.remedy if domain.problem else "",
        )
    return None
