"""The snapshots of one machine as a tree, with the row "You are here" where the machine stands."""

from collections.abc import Hashable, Mapping
from itertools import islice
from typing import Any, Final

from PySide6.QtCore import QModelIndex, QObject, Qt, Signal

from snapgui.core.costs import Cost, costs
from snapgui.core.records import DomainId, DomainRecord, Size, SnapshotRecord, Snapshots
from snapgui.core.snapshot_filters import SnapshotFilter, matching
from snapgui.core.text import translate
from snapgui.core.tree import parents
from snapgui.models.format import listed, natural_key, one_line, tooltip
from snapgui.models.roles import Role
from snapgui.models.snapshot_cells import FIGURES, ROLES, Column, Row, answer, explanation, title
from snapgui.models.store import Store
from snapgui.models.tree import Index, TreeModel
from snapgui.models.words import is_saved, machine_state_text

__all__ = ["Column", "SnapshotsModel"]

_HERE: Final = ("here",)  # the key of "You are here": no snapshot's, those are texts
_NONE = Snapshots()
_NAMES_AT_ONCE = 200  # the first rows are on the screen in 50 ms; 10,000 would take 350
_Role = Qt.ItemDataRole
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ALIGNMENT = tuple(_RIGHT if column in FIGURES else _LEFT for column in Column)


class SnapshotsModel(TreeModel):
    """Shows one domain of the store. A filter keeps the ancestors of what it finds."""

    columns = len(Column)
    arranged = Signal()  # after an update that is no reset: rows may lie differently
    settled = Signal(object)  # after that, and after an update of data alone: the names whose data differs

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._domain: DomainId | None = None
        self._snapshots = _NONE
        self._sizes: Mapping[str, Size] = {}
        self._costs: Mapping[str, Cost] = {}
        self._machine: DomainRecord | None = None
        self._filter = ""
        self._sorts: frozenset[SnapshotFilter] = frozenset()
        self._passing: frozenset[str] = frozenset()  # shown only for what is below them
        self._by_name: list[str] = []  # the names last sorted, kept because sorting them costs the most
        self._column = Column.TAKEN
        self._order = Qt.SortOrder.AscendingOrder
        store.snapshots_changed.connect(self._on_snapshots)
        store.sizes_changed.connect(self._on_sizes)
        store.usage_changed.connect(self._on_usage)
        store.domain_changed.connect(self._on_domain)
        store.domain_removed.connect(self._on_domain_removed)

    # what is shown

    @property
    def domain(self) -> DomainId | None:
        """The machine whose snapshots are shown."""
        return self._domain

    @property
    def sizes(self) -> Mapping[str, Size]:
        """Of the memory states, by the snapshots' names, as far as they have been looked up."""
        return self._sizes

    @property
    def costs(self) -> Mapping[str, Cost]:
        """What the snapshots cost their images, by their names, as far as it has been looked up."""
        return self._costs

    def set_domain(self, domain: DomainId | None) -> None:
        """Show another machine; the filter and the sorting stay."""
        if domain == self._domain:
            return
        self._domain = domain
        self._snapshots = self._store.snapshots(domain) if domain else _NONE
        self._sizes = self._store.sizes(domain) if domain else {}
        self._costs = self._costs_now()
        self._machine = self._store.domain(domain) if domain else None
        self.reset(self._arrangement())

    def set_filter(self, text: str) -> None:
        """Show only snapshots with ``text`` in their name or description, in any case, and what is above them."""
        folded = text.strip().casefold()
        if folded != self._filter:
            self._filter = folded
            self._settle(set())

    def set_sorts(self, sorts: frozenset[SnapshotFilter]) -> None:
        """Show only snapshots of these sorts, and what is above them; none means all."""
        if sorts != self._sorts:
            self._sorts = sorts
            self._settle(set())

    def is_passing(self, index: Index) -> bool:
        """Whether a row is no match of the filters, and there only for what is below it."""
        return self.key(index) in self._passing

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order siblings by a column; equal ones by name. A column below 0 means the default, the time."""
        wanted = Column(column) if column >= 0 else Column.TAKEN
        if (wanted, order) != (self._column, self._order):
            self._column, self._order = wanted, order
            self._settle(set())

    def here_index(self) -> QModelIndex:
        """The row "You are here"; invalid before the snapshots have been read, and while the current one is hidden."""
        return self.index_of(_HERE)

    # Qt's questions

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        """Titles, aligned like what is below them."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _Role.TextAlignmentRole:
            return _ALIGNMENT[section]
        if role == _Role.ToolTipRole:
            return tooltip(explanation(Column(section))) or None
        return title(Column(section)) if role == _Role.DisplayRole else None

    def data(self, index: Index, role: int = _Role.DisplayRole) -> Any:
        """Texts, and the roles of ``Role``. Asked for each visible cell while scrolling: cheap, and nothing ahead."""
        if role == _Role.TextAlignmentRole:
            return _ALIGNMENT[index.column()] if index.isValid() else None
        if role not in ROLES:  # most of what a view asks for to paint a cell
            return None
        key = self.key(index)
        if role == Role.KEY:
            return key if isinstance(key, str) else None
        if key is _HERE:
            return self._here_data(index.column(), role)
        row = self._row(key) if isinstance(key, str) else None
        return answer(row, Column(index.column()), role) if row else None

    def _row(self, name: str) -> Row | None:
        record = self._snapshots.records.get(name)
        return (
            Row(record, self._sizes.get(name), self._costs.get(name), name == self._snapshots.current)
            if record
            else None
        )

    def _here_data(self, column: int, role: int) -> Any:
        state = machine_state_text(self._machine) if self._machine else ""
        if role == Role.CURRENT:
            return False
        if role == Role.RECORD:
            return self._machine
        if role == _Role.DisplayRole:
            return {Column.NAME: translate("Snapshots", "You are here"), Column.STATE: state}.get(Column(column))
        if role == _Role.ToolTipRole and column == Column.NAME:
            return tooltip(self._here_tooltip(), self._saved_tooltip())
        if role == _Role.AccessibleTextRole and column == Column.NAME:
            return listed(translate("Snapshots", "You are here"), state)
        return None

    def _here_tooltip(self) -> str:
        if self._snapshots.current is None:
            return translate("Snapshots", "The machine as it is now; it stands on no snapshot.")
        name = one_line(self._snapshots.current)
        return translate("Snapshots", "The machine as it is now, with what changed since {name}.").format(name=name)

    def _saved_tooltip(self) -> str:
        if self._machine is None or not is_saved(self._machine):
            return ""
        return translate("Snapshots", "What ran in it is saved: started, it goes on from there.")

    # updates

    def _on_snapshots(self, domain: DomainId) -> None:
        if domain != self._domain:
            return
        before, self._snapshots = self._snapshots, self._store.snapshots(domain)
        records = self._snapshots.records
        differing = {name for name, record in before.records.items() if name in records and records[name] is not record}
        differing = {name for name in differing if records[name] != before.records[name]}
        differing |= self._take_costs()
        if before.current != self._snapshots.current:
            differing |= {name for name in (before.current, self._snapshots.current) if name is not None}
        self._settle(differing)

    def _on_sizes(self, domain: DomainId) -> None:
        if domain != self._domain:
            return
        before, self._sizes = self._sizes, self._store.sizes(domain)
        names = before.keys() | self._sizes.keys()
        differing = {name for name in names if before.get(name) != self._sizes.get(name)}
        if self._column is Column.MEMORY:
            self._settle(differing)
        else:
            self._tell(differing)

    def _on_usage(self, domain: DomainId) -> None:
        if domain == self._domain:
            differing = self._take_costs()
            if self._column in (Column.DISK, Column.FREES):
                self._settle(differing)
            else:
                self._tell(differing)

    def _take_costs(self) -> set[str]:
        """Count again; the names whose cost differs."""
        before, self._costs = self._costs, self._costs_now()
        return {name for name in before.keys() | self._costs.keys() if before.get(name) != self._costs.get(name)}

    def _costs_now(self) -> Mapping[str, Cost]:
        usage = self._store.usage(self._domain) if self._domain is not None else None
        return costs(usage, self._snapshots.records) if usage is not None else {}

    def _on_domain(self, domain: DomainId) -> None:
        if domain == self._domain:
            self._machine = self._store.domain(domain)
            self.changed([_HERE])

    def _on_domain_removed(self, domain: DomainId) -> None:
        if domain == self._domain:
            self.set_domain(None)

    def _settle(self, differing: set[str]) -> None:
        before = self._passing
        self.apply(self._arrangement())
        self._tell(differing | (before ^ self._passing), arranged=True)

    def _tell(self, differing: set[str], *, arranged: bool = False) -> None:
        self.changed([*differing, _HERE] if differing else ())
        if arranged:
            self.arranged.emit()
        self.settled.emit(frozenset(differing))

    # arrangement

    def _arrangement(self) -> dict[Hashable, list[Hashable]]:
        if self._domain is None or not self._store.snapshots_known(self._domain):
            return {}
        records = self._records()
        above = parents(Snapshots(records))
        shown = self._shown(records, above)
        found: dict[Hashable, list[Hashable]] = {}
        for name in self._sorted(records):
            if name in shown:
                found.setdefault(above[name], []).append(name)
        stands_on = self._snapshots.current
        if stands_on not in self._snapshots.records:
            stands_on = None
        if stands_on is None or stands_on in shown:  # under any other one it would say what is not so
            found.setdefault(stands_on, []).append(_HERE)
        return found

    def _records(self) -> Mapping[str, SnapshotRecord]:
        """What is to be arranged. Of very many names that nothing else is known of, some screens full: it is soon."""
        records = self._snapshots.records
        if len(records) > _NAMES_AT_ONCE and not any(record.complete for record in records.values()):
            return dict(islice(records.items(), _NAMES_AT_ONCE))
        return records

    def _shown(self, records: Mapping[str, SnapshotRecord], above: Mapping[str, str | None]) -> set[str]:
        """What is wanted, and what stands above it."""
        self._passing = frozenset()
        if not self._filter and not self._sorts:
            return set(above)
        wanted = matching(Snapshots(records), self._sorts)
        if self._filter:
            wanted = {name for name in wanted if _has(records[name], self._filter)}
        shown: set[str] = set()
        for name in wanted:
            found: str | None = name
            while found is not None and found not in shown:
                shown.add(found)
                found = above[found]
        self._passing = frozenset(shown - wanted)
        return shown

    def _sorted(self, records: Mapping[str, SnapshotRecord]) -> list[str]:
        """The names in the order wanted among siblings. Python's sort keeps equal ones as they are: by name."""
        descending = self._order == Qt.SortOrder.DescendingOrder
        if records.keys() != set(self._by_name):
            self._by_name = sorted(sorted(records), key=natural_key)
        if self._column is Column.NAME:
            return self._by_name[::-1] if descending else self._by_name
        rows = ((name, self._row(name)) for name in self._by_name)
        if self._column is Column.TAKEN or self._column in FIGURES:
            unknown = float("inf") if self._column is Column.TAKEN else -1  # time not read yet: just taken, as a rule
            values = {name: answer(row, self._column, Role.SORT) for name, row in rows if row}
            numbers = {name: unknown if value is None else value for name, value in values.items()}
            return sorted(self._by_name, key=numbers.__getitem__, reverse=descending)
        texts = {name: natural_key(answer(row, self._column, _Role.DisplayRole)) for name, row in rows if row}
        return sorted(self._by_name, key=texts.__getitem__, reverse=descending)


def _has(record: SnapshotRecord, text: str) -> bool:
    return text in record.name.casefold() or text in record.description.casefold()
