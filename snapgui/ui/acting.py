"""What each action does: it hands what is chosen to the operation that is meant."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from snapgui.core.records import DomainId, SnapshotRecord
from snapgui.jobs.backend import Backend
from snapgui.models.store import Store
from snapgui.settings import Settings
from snapgui.ui.actions import POWER, Act, Actions
from snapgui.ui.focus import Focus
from snapgui.ui.machines import MachinesPanel
from snapgui.ui.operations.comparing import Comparing
from snapgui.ui.operations.configuring import Configuring
from snapgui.ui.operations.connecting import Connecting
from snapgui.ui.operations.exporting import Exporting
from snapgui.ui.operations.importing import Importing
from snapgui.ui.operations.operations import Operations
from snapgui.ui.operations.taking_together import TakingTogether
from snapgui.ui.snapshots.panel import SnapshotsPanel


class Acting(QObject):
    """``subject`` gives what is chosen now. Where nothing fits an action, it does nothing."""

    refreshed = Signal()  # the hosts are read again

    def __init__(
        self,
        actions: Actions,
        subject: Callable[[], Focus],
        machines: MachinesPanel,
        snapshots: SnapshotsPanel,
        *,
        store: Store,
        backend: Backend,
        settings: Settings,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._actions = actions
        self._subject = subject
        self._machines = machines
        self._snapshots = snapshots
        self._console = backend.console
        self._store = store
        self._hosts = backend.hosts
        self.operations = Operations(store, backend, settings, window)
        self.exporting = Exporting(store, backend, window)
        self._importing = Importing(store, backend, window)
        self.connecting = Connecting(backend, window)
        self._configuring = Configuring(store, backend, window)
        self._comparing = Comparing(store, backend, window)
        self._taking_together = TakingTogether(store, backend, settings, window)
        snapshots.activated.connect(partial(self._on_snapshot, Act.REVERT, self.operations.revert))
        self._connect()

    def show_waiting(self) -> None:
        """Show what waits for the next start of the chosen machine."""
        focus = self._subject()
        if focus.domain is not None and focus.outlook is not None:
            self._comparing.show_waiting(focus.domain.name, focus.outlook)

    def _connect(self) -> None:
        operations = self.operations
        on_the_machine: dict[Act, Callable[[DomainId], None]] = {
            Act.IMPORT: operations.import_files,
            Act.SETTINGS: self._configuring.settings,
            Act.CHECK_HEALTH: operations.check_health,
            Act.COMPACT: operations.compact,
            **{act: partial(operations.power, action=action) for act, action in POWER.items()},
        }
        on_the_snapshot: dict[Act, Callable[[DomainId, SnapshotRecord], None]] = {
            Act.REVERT: operations.revert,
            Act.EDIT: operations.edit,
            Act.EDIT_XML: operations.edit_xml,
            Act.RENAME: operations.rename,
            Act.CLONE: operations.clone,
            Act.EXPORT_DATA: operations.export_data,
            Act.SET_CURRENT: operations.set_current,
        }
        others = {
            Act.TAKE: self._take,
            Act.UNDO: self._undo,
            Act.DELETE: self._delete,
            Act.DESCRIBE: self._describe,
            Act.EXPORT: self._export,
            Act.COMPARE: self._compare,
            Act.GO_TO_CURRENT: self._snapshots.select_here,
            Act.GO_TO_PARENT: self._go_to_parent,
            Act.CONSOLE: self._open_console,
            Act.IMPORT_MACHINE: self._import_machine,
            Act.CONNECT: self.connecting.ask,
            Act.DISCONNECT: self._disconnect_host,
            Act.REFRESH: self._refresh,
            Act.COUNT: self._count,
        }
        for act, on_machine in on_the_machine.items():
            self._actions.on(act, partial(self._on_machine, on_machine))
        for act, on_snapshot in on_the_snapshot.items():
            self._actions.on(act, partial(self._on_snapshot, act, on_snapshot))
        for act, call in others.items():
            self._actions.on(act, call)

    def _on_machine(self, call: Callable[[DomainId], None]) -> None:
        if (domain := self._machines.domain()) is not None:
            call(domain)

    def _on_snapshot(self, act: Act, call: Callable[[DomainId, SnapshotRecord], None]) -> None:
        focus = self._subject()
        if focus.domain is not None and focus.snapshot is not None and self._actions[act].isEnabled():
            call(focus.domain.id, focus.snapshot)

    def _take(self) -> None:
        domains = self._machines.domains()
        if len(domains) > 1:
            self._taking_together.take(domains)
        elif domains:
            self.operations.take(domains[0])

    def _undo(self) -> None:
        focus = self._subject()
        if focus.domain is not None and focus.safety is not None:
            self.operations.undo_by(focus.domain.id, focus.safety)

    def _delete(self) -> None:
        focus = self._subject()
        if focus.domain is not None and focus.snapshots:
            self.operations.delete(focus.domain.id, focus.snapshots)

    def _describe(self) -> None:
        focus = self._subject()
        if focus.snapshot is not None:
            self._snapshots.describe(focus.snapshot)

    def _export(self) -> None:
        focus = self._subject()
        if focus.domain is not None:
            self.exporting.ask(focus.domain.id, tuple(snapshot.name for snapshot in focus.snapshots))

    def _compare(self) -> None:
        focus = self._subject()
        if focus.domain is not None and focus.snapshots:
            self._comparing.compare(focus.domain.id, focus.snapshots)

    def _go_to_parent(self) -> None:
        snapshot = self._subject().snapshot
        if snapshot is not None and snapshot.parent is not None:
            self._snapshots.select(snapshot.parent)

    def _open_console(self) -> None:
        if (record := self._subject().domain) is not None:
            self._console.open(record.id, record.name)

    def _import_machine(self) -> None:
        if (uri := self._machines.uri()) is not None:
            self._importing.ask(uri)

    def _disconnect_host(self) -> None:
        self.connecting.disconnect_host(self._machines.uri())

    def _count(self) -> None:
        """The chosen machines; where a host is chosen, all of its that have snapshots."""
        domains = self._machines.domains()
        uri = self._machines.uri()
        if not domains and uri is not None:
            domains = tuple(each.id for each in self._store.domains(uri) if each.snapshot_count != 0)
        self._hosts.count(domains)

    def _refresh(self) -> None:
        """The chosen host; where none is chosen, all."""
        self.connecting.refresh(self._machines.uri())
        self.refreshed.emit()
