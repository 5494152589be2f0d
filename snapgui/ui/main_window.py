"""The window: machines on the left, snapshots and details above, sizes and activity below."""

from PySide6.QtCore import QByteArray, QCoreApplication, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import (
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, DomainRecord, HostRecord, HostState, Snapshots
from snapgui.core.text import translate
from snapgui.core.uris import is_demo
from snapgui.jobs.backend import Backend
from snapgui.models.activity import ActivityModel
from snapgui.models.machines import MachinesModel, host_label, host_total
from snapgui.models.snapshots import SnapshotsModel
from snapgui.models.store import Store
from snapgui.models.words import held_on_host
from snapgui.settings import LAST_MACHINE, NAMES_RESIZED, SNAPSHOT_HEADER, SPLITTERS, WINDOW_GEOMETRY, Settings
from snapgui.ui import dialogs
from snapgui.ui.acting import Acting
from snapgui.ui.actions import Act, Actions, plain_text
from snapgui.ui.activity import ActivityView
from snapgui.ui.chart.panel import SizesPanel
from snapgui.ui.details.panel import DetailsPanel
from snapgui.ui.details_feed import DetailsFeed
from snapgui.ui.focus import Focus
from snapgui.ui.machine_choice import MachineChoice
from snapgui.ui.machines import MachinesPanel
from snapgui.ui.menus import HOST, MACHINE, SNAPSHOT, Menus, tool_bar
from snapgui.ui.news.asked import AskedNews
from snapgui.ui.news.banner import Banner
from snapgui.ui.news.counting import CountingNews
from snapgui.ui.news.hosts import HostNews
from snapgui.ui.news.jobs import JobNews
from snapgui.ui.news.undo import UndoNews
from snapgui.ui.operations.leaving import Leaving
from snapgui.ui.panes import Panels, Panes
from snapgui.ui.snapshots.choice import SnapshotChoice
from snapgui.ui.snapshots.panel import SnapshotsPanel
from snapgui.ui.start_page import StartPage

_FIRST_SIZE = QSize(1280, 800)
_FRAME = QSize(16, 48)  # about what a desktop puts around a window
_SHORT_MS = 8000
_SAVING = "saving"  # the topic of the message that a file could not be written


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
        self._outlooks = backend.outlooks
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
        self.banner.home = self.snapshots.tree
        self.start_page = StartPage()
        self._acting = Acting(
            self.actions_,
            self.focus,
            self.machines,
            self.snapshots,
            store=store,
            backend=backend,
            settings=settings,
            window=self,
        )
        self.operations = self._acting.operations
        self.exporting = self._acting.exporting
        self._feed = DetailsFeed(self.details, store, backend, self.operations)
        self._leaving = Leaving(self.operations, backend.runner, self)
        self._leaving.ready.connect(self.close)
        self._host_news = HostNews(store, self.banner, self.statusBar())
        self.counting = CountingNews(store, self.statusBar())
        self._news = JobNews(backend.runner, self._activity_model, self.banner, self.statusBar())
        self._asked_news = AskedNews(backend.reactions, self.banner)
        self._undo_news = UndoNews(store, backend.runner, self.banner)
        self._lay_out()
        self._make_bars()
        self._connect()
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
            outlook=self._outlooks.outlook,
            left_at=known.records.get(self._undo_news.safety_of(domain)) if domain is not None else None,
        )

    def _others(self, shown: DomainId | None) -> tuple[DomainRecord, ...]:
        found = (self._store.domain(domain) for domain in self.machines.domains() if domain != shown)
        return tuple(record for record in found if shown is not None and record is not None)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the layout. What would be lost by closing is waited for first."""
        self.snapshots.commit()
        self.details.commit()
        if not self._leaving.may_close():
            event.ignore()
            return
        if (domain := self.machines.domain()) is not None and not is_demo(domain.uri):
            self._settings.set(LAST_MACHINE, [domain.uri, domain.uuid])
        self._settings.set(WINDOW_GEOMETRY, self.saveGeometry())
        self._settings.set(SPLITTERS, self._panes.states())
        self._settings.set(SNAPSHOT_HEADER, self.snapshots.header_state())
        self._settings.set(NAMES_RESIZED, self.snapshots.tree.names_resized)
        super().closeEvent(event)
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Shift+F10 is what the menu key is: not every keyboard has that, and Qt on X does not know."""
        shift = Qt.KeyboardModifier.ShiftModifier
        if event.key() != Qt.Key.Key_F10 or event.modifiers() != shift:
            super().keyPressEvent(event)
            return
        reason = QContextMenuEvent.Reason.Keyboard  # Qt finds the place by what has the focus
        QCoreApplication.sendEvent(self.windowHandle(), QContextMenuEvent(reason, QPoint(), QPoint()))

    def _lay_out(self) -> None:
        panels = Panels(self.machines, self.snapshots, self.details, self.sizes, self.activity)
        self._panes = Panes(panels)
        main = QWidget()
        layout = QVBoxLayout(main)
        layout.setContentsMargins(6, 6, 6, 0)
        layout.addWidget(self.banner)
        layout.addWidget(self._panes, 1)
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
        self._store.usage_changed.connect(self._focus_changed)
        self._news.taking.connect(self._choice.taking)
        self._news.taken.connect(self._choice.taken)
        self._undo_news.undo_wanted.connect(self.operations.undo)
        self._undo_news.changed.connect(self._focus_changed)
        self._asked_news.force_off_wanted.connect(self.operations.force_off)
        self._news.renamed.connect(self._choice.renamed)
        self.machines.chosen.connect(self._machine_chosen)
        self.snapshots.chosen.connect(self._focus_changed)
        self.snapshots.described.connect(self.details.save_description)
        self.details.snapshot_activated.connect(self.snapshots.select)
        self.details.compact_wanted.connect(self.actions_[Act.COMPACT].trigger)
        self.details.waiting_activated.connect(self._acting.show_waiting)
        self._outlooks.changed.connect(self._outlook_changed)
        self.activity.cancel_wanted.connect(self._runner.cancel)
        self.operations.refused.connect(self.banner.show_problem)
        self.exporting.failed.connect(self._not_saved)
        self.exporting.exported.connect(self._exported)
        self._console.failed.connect(self.banner.show_problem)
        self.sizes.failed.connect(self._not_saved)
        self.sizes.saved.connect(self._chart_saved)
        self._acting.refreshed.connect(self._refreshing)
        self._acting.connecting.entered.connect(self._machine_choice.enter)
        self._hosts.refreshed.connect(self._refreshed)
        self._hosts.opened.connect(self._machine_choice.settle)
        self._hosts.counting.connect(self.counting.show_part)
        self.counting.cancel_wanted.connect(self._hosts.cancel_counting)
        self._machine_choice.missing.connect(self._no_such_machine)
        self._host_news.retry_wanted.connect(self._hosts.connect_host)
        self.start_page.connect_wanted.connect(self._acting.connecting.ask)
        self.start_page.retry_wanted.connect(self.default_wanted)
        self.start_page.demo_wanted.connect(self.demo_wanted)

    def _restore(self) -> None:
        geometry: QByteArray = self._settings.get(WINDOW_GEOMETRY)
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
        if len(last := self._settings.get(LAST_MACHINE)) == len(("uri", "uuid")):
            self._machine_choice.remember(DomainId(*last))
        self._panes.restore(self._settings.get(SPLITTERS))
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
            self._outlooks.follow(domain)
        self._focus_changed()

    def _outlook_changed(self) -> None:
        self.details.set_outlook(self._outlooks.outlook)
        self._focus_changed()

    def _focus_changed(self) -> None:
        focus = self.focus()
        situation = self._runner.situation(focus.domain.id) if focus.domain is not None else None
        self.actions_.update(focus, situation, self._wait(focus))
        self.snapshots.show_focus(focus, known=self._known(focus), hint=self._hint(focus))

    def _wait(self, focus: Focus) -> str:
        """Why the chosen machine is to be let alone: the demo goes on with its own, and would collide with the user."""
        if self._preparing and focus.host is not None and is_demo(focus.host.uri):
            return translate("MainWindow", "The demo is being prepared.")
        return ""

    def _hint(self, focus: Focus) -> str:
        """Why no machine can be chosen; "" where one can."""
        if self._preparing:
            return translate("MainWindow", "The demo is being prepared.\n{doing}").format(doing=self._preparing)
        hosts = (focus.host,) if focus.host is not None else self._store.hosts()
        if not any(host.state is HostState.CONNECTED for host in hosts):
            return ""
        if any(self._store.domains(host.uri) for host in hosts):
            return self._held(focus.host.uri) if focus.host is not None and focus.domain is None else ""
        return translate(
            "MainWindow",
            "There are no machines here yet. One that virt-manager or “virsh define” makes shows up by itself.",
        )

    def _held(self, uri: str) -> str:
        """What a chosen host's snapshots hold, as far as it is known, below what to do next."""
        total = host_total(self._store, uri)
        held = held_on_host(total)
        if total.uncounted:
            action = plain_text(self.actions_[Act.COUNT].text())
            held += "\n" + translate("MainWindow", "“{action}” in the host’s menu does that.").format(action=action)
        choose = translate("MainWindow", "Choose a machine to see its snapshots.")
        return f"{choose}\n\n{held}" if held else ""

    def _known(self, focus: Focus) -> bool:
        return focus.domain is not None and self._store.snapshots_known(focus.domain.id)

    # What is told

    def _not_saved(self, problem: Problem) -> None:
        self.banner.show_problem(problem, topic=_SAVING)

    def _saved(self, words: str) -> None:
        """A file was written: that another one could not be is no news any more."""
        if self.banner.topic == _SAVING:
            self.banner.clear()
        self.statusBar().showMessage(words, _SHORT_MS)

    def _exported(self, path: str) -> None:
        self._saved(translate("MainWindow", "Exported: {path}").format(path=path))

    def _refreshing(self) -> None:
        """Where there is no host to be read again, look for one."""
        if self._pages.currentWidget() is self.start_page:
            self.default_wanted.emit()

    def _refreshed(self, uri: str) -> None:
        if (host := self._store.host(uri)) is not None:
            text = translate("MainWindow", "Read again: {host}").format(host=host_label(host))
            self.statusBar().showMessage(text, _SHORT_MS)

    def _chart_saved(self, path: str) -> None:
        self._saved(translate("MainWindow", "Saved the chart: {path}").format(path=path))

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
