"""Brings what compares two moments of a machine its settings and what differs in its disks."""

from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from snapgui.core import tree
from snapgui.core.changed import Changed
from snapgui.core.differences.compare import Configuration
from snapgui.core.differences.outlook import Outlook
from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, SnapshotRecord
from snapgui.jobs.backend import Backend
from snapgui.models.store import Store
from snapgui.ui import dialogs


class Comparing(QObject):
    """Opens the comparison of snapshots. Nothing here waits."""

    def __init__(self, store: Store, backend: Backend, window: QWidget) -> None:
        super().__init__(window)
        self._store = store
        self._hosts = backend.hosts
        self._comparisons = backend.comparisons
        self._window = window
        self._open: list[dialogs.CompareDialog] = []

    def compare(self, domain: DomainId, chosen: tuple[SnapshotRecord, ...]) -> None:
        """Show what differs between two snapshots, the older one first, or between one and now."""
        machine = self._store.domain(domain)
        if machine is None or not chosen:
            return
        names = [record.name for record in sorted(chosen, key=tree.by_time)]
        after: str | None = names[1] if len(names) > 1 else None
        known = tuple(tree.tree_order(self._store.snapshots(domain)))
        dialog = dialogs.CompareDialog(machine.name, known, names[0], after, self._window)
        self._open.append(dialog)
        dialog.wanted.connect(partial(self._read, dialog, domain))
        dialog.finished.connect(partial(self._closed, dialog))
        dialog.open()
        dialog.ask()

    def show_waiting(self, machine: str, found: Outlook) -> None:
        """Show what the machine has only after its next start."""
        dialog = dialogs.WaitingDialog(machine, found, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _read(self, dialog: "dialogs.CompareDialog", domain: DomainId, before: str | None, after: str | None) -> None:
        def answered(found: tuple[Configuration | None, ...]) -> None:
            if dialog in self._open:
                dialog.set_configurations((before, after), found)

        def failed(problem: Problem) -> None:
            if dialog in self._open:
                dialog.set_problem(problem)

        def compared(found: Changed | Problem) -> None:
            if dialog in self._open:
                dialog.set_disks((before, after), found)

        def told(part: float) -> None:
            if dialog in self._open:
                dialog.set_part((before, after), part)

        self._hosts.read_configurations(domain, (before, after), answered, failed)
        self._comparisons.compare(domain, (before, after), compared, compared, told)

    def _closed(self, dialog: "dialogs.CompareDialog", _result: int) -> None:
        self._open.remove(dialog)
        self._comparisons.stop()
        dialog.deleteLater()
