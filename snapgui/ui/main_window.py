"""The window: machines on the left, snapshots and details above, sizes and activity below."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QByteArray, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, DomainRecord, HostRecord, SnapshotRecord, Snapshots
from snapgui.core.text import translate
from snapgui.jobs.backend import Backend
from snapgui.models.activity import ActivityModel
from snapgui.models.machines import MachinesModel, host_label
from snapgui.models.snapshots import SnapshotsModel
from snapgui.models.store import Store
from snapgui.settings import NAMES_RESIZED, SNAPSHOT_HEADER, SPLITTERS, WINDOW_GEOMETRY, Settings
from snapgui.ui import dialogs
from snapgui.ui.actions import POWER, Act, Actions, is_embedded
from snapgui.ui.activity import ActivityView
from snapgui.ui.chart.panel import SizesPanel
from snapgui.ui.details.panel import DetailsPanel
from snapgui.ui.details_feed import DetailsFeed
from snapgui.ui.focus import Focus
from snapgui.ui.machine_choice import MachineChoice
from snapgui.ui.machines import MachinesPanel
from snapgui.ui.menus import HOST, MACHINE, SNAPSHOT, Menus, tool_bar
from snapgui.ui.news.banner import Banner
from snapgui.ui.news.hosts import HostNews
from snapgui.ui.news.jobs import JobNews
from snapgui.ui.news.undo import UndoNews
from snapgui.ui.operations.comparing import Comparing
from snapgui.ui.operations.configuring import Configuring
from snapgui.ui.operations.exporting import Exporting
from snapgui.ui.operations.leaving import Leaving
from snapgui.ui.operations.operations import Operations
from snapgui.ui.operations.taking_together import TakingTogether
from snapgui.ui.snapshots.choice import SnapshotChoice
from snapgui.ui.snapshots.panel import SnapshotsPanel
from snapgui.ui.start_page import StartPage

_FIRST_SIZE = QSize(1280, 800)
_FRAME = QSize(16, 48)  # about what a desktop puts around a window
_SHORT_MS = 8000


class MainWindow(QMainWindow):
    """Lays out the panels, and makes their choice the subject of the actions."""

    closed = Signal()
    demo_wanted = Signal()
    default_wanted = Signal()  # try again to find a host of this computer

    def __init__(self, store: Store, backend: Backend, settings: Settings) -> None:
        super().__init__()
        self._store = store
        self._hosts = backend.hosts
        self._runner = backend.runner
        self._console = backend.console
        self._screens = backend.screens
        self._settings = settings
        self._preparing = ""  # what is done for the demo before there is a machine
        self._machines_model = MachinesModel(store, self)
        self._snapshots_model = SnapshotsModel(store, self)
        self._activity_model = ActivityModel(self)
        self.actions_ = Actions(self)
        self.machines = MachinesPanel(self._machines_model)
        self.snapshots = SnapshotsPanel(self._snapshots_model)
        self.snapshots.offer_retry(self.actions_[Act.REFRESH])
        self._machine_choice = MachineChoice(store, self.machines)
        self._choice = SnapshotChoice(store, self._snapshots_model, self.snapshots)
        selection = self.snapshots.tree.choice
        self.sizes = SizesPanel(store, self._snapshots_model, selection)
        self.details = DetailsPanel(store, self._snapshots_model, selection)
        self.activity = ActivityView(self._activity_model)
        self.banner = Banner()
        self.start_page = StartPage()
        self.operations = Operations(store, backend, settings, self)
        self.exporting = Exporting(store, backend, self)
        self._feed = DetailsFeed(self.details, store, backend, self.operations)
        self._configuring = Configuring(store, backend, self)
        self._comparing = Comparing(store, backend, self)
        self._taking_together = TakingTogether(store, backend, settings, self)
        self._leaving = Leaving(self.operations, backend.runner, self)
        self._leaving.ready.connect(self.close)
        self._host_news = HostNews(store, self.banner, self.statusBar())
        self._news = JobNews(backend.runner, self._activity_model, self.banner, self.statusBar())
        self._undo_news = UndoNews(store, backend.runner, self.banner)
        self._lay_out()
        self._make_bars()
        self._connect()
        self._connect_actions()
        self._restore()
        self._focus_changed()
        self.machines.tree.setFocus()

    def prefer(self, domain: str) -> None:
        """Choose the first machine of this name that appears."""
        self._machine_choice.prefer(domain)

    def show_start_page(self, tried: tuple[HostRecord, ...]) -> None:
        """Say that no host answers, and why."""
        self.start_page.set_hosts(tried)
        self._pages.setCurrentWidget(self.start_page)
        self.start_page.connect_button.setFocus()

    def demo_progress(self, doing: str) -> None:
        """Say what is being done for the demo; "" once it is ready, where its machine's screen is to be seen."""
        self._preparing = doing
        self._machine_choice.wait(waits=bool(doing))
        if not doing and not self.snapshots.tree.choice.count():
            self.snapshots.select_here()
        self._pages.setCurrentIndex(0)
        self.statusBar().showMessage(doing)
        self._machine_choice.settle()
        self._focus_changed()

    def demo_failed(self, problem: Problem) -> None:
        """Say why there is no demo; where there is nothing else, on the start page's place."""
        self.demo_progress("")
        self.banner.show_problem(problem)

    def focus(self) -> Focus:
        """What is chosen now."""
        domain = self.machines.domain()
        uri = self.machines.uri()
        known = self._store.snapshots(domain) if domain is not None else Snapshots()
        return Focus(
            host=self._store.host(uri) if uri is not None else None,
            domain=self._store.domain(domain) if domain is not None else None,
            snapshots=tuple(known.records[name] for name in self.snapshots.selected() if name in known.records),
            current=known.current,
            others=self._others(domain),
        )

    def _others(self, shown: DomainId | None) -> tuple[DomainRecord, ...]:
        found = (self._store.domain(domain) for domain in self.machines.domains() if domain != shown)
        return tuple(record for record in found if shown is not None and record is not None)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the layout. What would be lost by closing is waited for first."""
        self.details.commit()
        if not self._leaving.may_close():
            event.ignore()
            return
        self._settings.set(WINDOW_GEOMETRY, self.saveGeometry())
        states = [bytes(each.saveState().toBase64().data()).decode() for each in self._splitters]
        self._settings.set(SPLITTERS, states)
        self._settings.set(SNAPSHOT_HEADER, self.snapshots.header_state())
        self._settings.set(NAMES_RESIZED, self.snapshots.tree.names_resized)
        super().closeEvent(event)
        self.closed.emit()

    def _lay_out(self) -> None:
        above = QSplitter(Qt.Orientation.Horizontal)
        above.addWidget(self.snapshots)
        above.addWidget(self.details)
        below = QSplitter(Qt.Orientation.Horizontal)
        below.addWidget(self.sizes)
        below.addWidget(self.activity)
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(above)
        right.addWidget(below)
        outer = QSplitter(Qt.Orientation.Horizontal)
        outer.addWidget(self.machines)
        outer.addWidget(right)
        self._splitters = (outer, right, above, below)
        for splitter, sizes in ((outer, (230, 1050)), (right, (530, 240)), (above, (700, 350)), (below, (600, 450))):
            splitter.setChildrenCollapsible(False)
            splitter.setSizes(list(sizes))
        outer.setStretchFactor(1, 1)
        for splitter, shares in ((right, (2, 1)), (above, (2, 1)), (below, (1, 1))):
            for index, share in enumerate(shares):
                splitter.setStretchFactor(index, share)
        main = QWidget()
        layout = QVBoxLayout(main)
        layout.setContentsMargins(6, 6, 6, 0)
        layout.addWidget(self.banner)
        layout.addWidget(outer, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(main)
        self._pages.addWidget(self.start_page)
        self.setCentralWidget(self._pages)
        self.setWindowTitle("snapgui")
        self.resize(_FIRST_SIZE.boundedTo(self.screen().availableSize() - _FRAME))

    def _make_bars(self) -> None:
        self.addToolBar(tool_bar(self.actions_))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._menus = Menus(self.menuBar(), self.actions_)
        file, view, help_ = self._menus.file, self._menus.view, self._menus.help
        file.addSeparator()
        file.addAction(translate("MainWindow", "&Quit"), "Ctrl+Q", self.close)
        self._menus.machine.addSeparator()
        self._menus.machine.addAction(self.activity.cancel)
        view.addSeparator()
        view.addAction(translate("MainWindow", "&Filter snapshots"), "Ctrl+F", self.snapshots.filter.setFocus)
        view.addMenu(self.snapshots.sorts.sorts)
        view.addAction(translate("MainWindow", "Filter &machines"), "Ctrl+Shift+F", self.machines.filter.setFocus)
        view.addAction(translate("MainWindow", "&Expand all"), self.snapshots.tree.expandAll)
        view.addAction(translate("MainWindow", "&Collapse all"), self.snapshots.tree.collapseAll)
        view.addSeparator()
        view.addMenu(self.sizes.save_menu)
        help_.addAction(translate("MainWindow", "&Keyboard shortcuts"), "F1", self._show_shortcuts)
        help_.addAction(translate("MainWindow", "&About snapgui"), self._about)
        self._menus.settle()
        self.machines.tree.addActions([self.actions_[act] for act in (*MACHINE, *HOST)])
        self.snapshots.tree.addActions([self.actions_[act] for act in SNAPSHOT])
        self.statusBar().setSizeGripEnabled(True)

    def _connect(self) -> None:
        for signal in (
            self._store.host_changed,
            self._store.host_removed,
            self._store.domain_changed,
            self._store.domain_removed,
        ):
            signal.connect(self._world_changed)
        self._store.snapshots_changed.connect(self._focus_changed)
        self._news.taking.connect(self._choice.taking)
        self._news.taken.connect(self._choice.taken)
        self._undo_news.undo_wanted.connect(self.operations.undo)
        self._news.renamed.connect(self._choice.renamed)
        self.machines.chosen.connect(self._machine_chosen)
        self.snapshots.chosen.connect(self._focus_changed)
        self.snapshots.activated.connect(partial(self._on_snapshot, Act.REVERT, self.operations.revert))
        self.snapshots.described.connect(self.details.save_description)
        self.details.snapshot_activated.connect(self.snapshots.select)
        self.activity.cancel_wanted.connect(self._runner.cancel)
        self.operations.refused.connect(self.banner.show_problem)
        self.exporting.failed.connect(self.banner.show_problem)
        self.exporting.exported.connect(self._exported)
        self._console.failed.connect(self.banner.show_problem)
        self.sizes.failed.connect(self.banner.show_problem)
        self.sizes.saved.connect(self._chart_saved)
        self._hosts.refreshed.connect(self._refreshed)
        self._hosts.opened.connect(self._machine_choice.settle)
        self._machine_choice.missing.connect(self._no_such_machine)
        self._host_news.retry_wanted.connect(self._hosts.connect_host)
        self.start_page.connect_wanted.connect(self._connect_host)
        self.start_page.retry_wanted.connect(self.default_wanted)
        self.start_page.demo_wanted.connect(self.demo_wanted)

    def _connect_actions(self) -> None:
        operations = self.operations
        on_the_machine: dict[Act, Callable[[DomainId], None]] = {
            Act.IMPORT: operations.import_files,
            Act.SETTINGS: self._configuring.settings,
            Act.CHECK_HEALTH: operations.check_health,
            **{act: partial(operations.power, action=action) for act, action in POWER.items()},
        }
        on_the_snapshot: dict[Act, Callable[[DomainId, SnapshotRecord], None]] = {
            Act.REVERT: operations.revert,
            Act.UNDO: operations.undo_by,
            Act.EDIT: operations.edit,
            Act.EDIT_XML: operations.edit_xml,
            Act.RENAME: operations.rename,
            Act.SET_CURRENT: operations.set_current,
        }
        others = {
            Act.TAKE: self._take,
            Act.DELETE: self._delete,
            Act.DESCRIBE: self._describe,
            Act.EXPORT: self._export,
            Act.COMPARE: self._compare,
            Act.GO_TO_CURRENT: self.snapshots.select_here,
            Act.GO_TO_PARENT: self._go_to_parent,
            Act.CONSOLE: self._open_console,
            Act.CONNECT: self._connect_host,
            Act.DISCONNECT: self._disconnect_host,
            Act.REFRESH: self._refresh,
        }
        for act, on_machine in on_the_machine.items():
            self.actions_.on(act, partial(self._on_machine, on_machine))
        for act, on_snapshot in on_the_snapshot.items():
            self.actions_.on(act, partial(self._on_snapshot, act, on_snapshot))
        for act, call in others.items():
            self.actions_.on(act, call)

    def _restore(self) -> None:
        geometry: QByteArray = self._settings.get(WINDOW_GEOMETRY)
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
        for splitter, state in zip(self._splitters, self._settings.get(SPLITTERS), strict=False):
            splitter.restoreState(QByteArray.fromBase64(QByteArray(state.encode())))
        self.snapshots.restore_header(
            self._settings.get(SNAPSHOT_HEADER), names_resized=self._settings.get(NAMES_RESIZED)
        )

    # Following the choice

    def _world_changed(self) -> None:
        if self._store.hosts():
            self._pages.setCurrentIndex(0)
        else:
            self.show_start_page(())
        self._machine_choice.follow()
        self._focus_changed()

    def _machine_chosen(self) -> None:
        self._host_news.watch(self.machines.uri())
        domain = self.machines.domain()
        if domain != self._snapshots_model.domain:
            self._snapshots_model.set_domain(domain)
            self._hosts.watch(domain)
        self._focus_changed()

    def _focus_changed(self) -> None:
        focus = self.focus()
        situation = self._runner.situation(focus.domain.id) if focus.domain is not None else None
        self.actions_.update(focus, situation, self._wait(focus))
        self.snapshots.show_focus(focus, known=self._known(focus), hint=self._hint(focus))

    def _wait(self, focus: Focus) -> str:
        """Why the chosen machine is to be let alone: the demo goes on with its own, and would collide with the user."""
        if self._preparing and focus.host is not None and is_embedded(focus.host.uri):
            return translate("MainWindow", "The demo is being prepared.")
        return ""

    def _hint(self, focus: Focus) -> str:
        """Why no machine can be chosen; "" where one can."""
        if self._preparing:
            return translate("MainWindow", "The demo is being prepared.\n{doing}").format(doing=self._preparing)
        if focus.connected and focus.host is not None and not self._store.domains(focus.host.uri):
            return translate("MainWindow", "There are no machines on this host.")
        return ""

    def _known(self, focus: Focus) -> bool:
        return focus.domain is not None and self._store.snapshots_known(focus.domain.id)

    # What the actions do

    def _on_machine(self, call: Callable[[DomainId], None]) -> None:
        if (domain := self.machines.domain()) is not None:
            call(domain)

    def _take(self) -> None:
        domains = self.machines.domains()
        if len(domains) > 1:
            self._taking_together.take(domains)
        elif domains:
            self.operations.take(domains[0])

    def _on_snapshot(self, act: Act, call: Callable[[DomainId, SnapshotRecord], None]) -> None:
        focus = self.focus()
        if focus.domain is not None and focus.snapshot is not None and self.actions_[act].isEnabled():
            call(focus.domain.id, focus.snapshot)

    def _delete(self) -> None:
        focus = self.focus()
        if focus.domain is not None and focus.snapshots:
            self.operations.delete(focus.domain.id, focus.snapshots)

    def _describe(self) -> None:
        focus = self.focus()
        if focus.snapshot is not None:
            self.snapshots.describe(focus.snapshot)

    def _export(self) -> None:
        focus = self.focus()
        if focus.domain is not None:
            self.exporting.ask(focus.domain.id, tuple(snapshot.name for snapshot in focus.snapshots))

    def _exported(self, path: str) -> None:
        self.statusBar().showMessage(translate("MainWindow", "Exported: {path}").format(path=path), _SHORT_MS)

    def _go_to_parent(self) -> None:
        snapshot = self.focus().snapshot
        if snapshot is not None and snapshot.parent is not None:
            self.snapshots.select(snapshot.parent)

    def _compare(self) -> None:
        focus = self.focus()
        if focus.domain is not None and focus.snapshots:
            self._comparing.compare(focus.domain.id, focus.snapshots)

    def _open_console(self) -> None:
        if (record := self.focus().domain) is not None:
            self._console.open(record.id, record.name)

    def _connect_host(self) -> None:
        dialog = dialogs.ConnectDialog(self._hosts.uris, self)
        dialog.accepted.connect(partial(self._connect_accepted, dialog))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _connect_accepted(self, dialog: "dialogs.ConnectDialog") -> None:
        self._hosts.connect_host(dialog.uri)
        self._machine_choice.enter(dialog.uri)

    def _disconnect_host(self) -> None:
        if (uri := self.machines.uri()) is not None:
            self._hosts.disconnect_host(uri)

    def _refresh(self) -> None:
        """The chosen host; where none is chosen, all; where there is none, look for one again."""
        uri = self.machines.uri()
        for each in self._hosts.uris if uri is None else (uri,):
            self._hosts.refresh_host(each)
        if self._pages.currentWidget() is self.start_page:
            self.default_wanted.emit()

    def _refreshed(self, uri: str) -> None:
        if (host := self._store.host(uri)) is not None:
            text = translate("MainWindow", "Read again: {host}").format(host=host_label(host))
            self.statusBar().showMessage(text, _SHORT_MS)

    def _chart_saved(self, path: str) -> None:
        self.statusBar().showMessage(translate("MainWindow", "Saved the chart: {path}").format(path=path), _SHORT_MS)

    def _about(self) -> None:
        box = dialogs.about_box(self._settings.path, str(self._screens.folder), self)
        box.finished.connect(box.deleteLater)
        box.open()

    def _show_shortcuts(self) -> None:
        dialog = dialogs.ShortcutsDialog(self._menus.all(), self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _no_such_machine(self, name: str) -> None:
        tried = translate("MainWindow", "Show the machine “{name}”").format(name=name)
        why = translate("MainWindow", "None of these hosts has a machine of this name.")
        remedy = translate("MainWindow", "Check the name, or connect to the host that has it.")
        self.banner.show_problem(Problem(tried, why, remedy))
