"""The chart with its heading, its order and its ways to be saved."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal
from PySide6.QtGui import QAction, QActionGroup, QPalette
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from snapgui.core.costs import frees
from snapgui.core.errors import SnapguiError
from snapgui.core.records import DomainId, Snapshots
from snapgui.core.text import translate
from snapgui.models.between import between_text
from snapgui.models.flat import FlatSnapshots, Order
from snapgui.models.snapshots import SnapshotsModel
from snapgui.models.store import Store
from snapgui.models.words import sum_parts
from snapgui.ui import chart as charts
from snapgui.ui.chart.content import Chart, Format, Row
from snapgui.ui.chart.legend import Legend
from snapgui.ui.chart.view import SizesView
from snapgui.ui.documents import documents_folder
from snapgui.ui.selection import RowSelection, SelectionLink
from snapgui.ui.widgets.elided import FiguresLabel


class SizesPanel(QWidget):
    """Shows the snapshots of ``snapshots``; its selection and ``selection``, the tree's, are one."""

    saved = Signal(str)  # path of a file that has been written
    failed = Signal(object)  # Problem: a file could not be written

    def __init__(
        self, store: Store, snapshots: SnapshotsModel, selection: RowSelection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._snapshots = snapshots
        self._flat = FlatSnapshots(snapshots, self)
        self.view = SizesView(self._flat.stacks, self)
        self.view.setModel(self._flat)
        self._link = SelectionLink(selection, self.view.selectionModel(), snapshots, self._flat, self)
        self._writer = _Writer()
        self._writer.saved.connect(self.saved)
        self._writer.failed.connect(self.failed)

        self.save_menu = self._save_menu()
        self._figures = FiguresLabel(self)
        self._selection = selection
        self._folder = ""  # where a chart was saved last
        self.view.figures_changed.connect(self._tell_figures)
        selection.selectionChanged.connect(self._tell_figures)
        title = QLabel(translate("Sizes", "Sizes"), self)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        self.legend = Legend(self)
        self.legend.changed.connect(self.view.set_parts)
        head = QHBoxLayout()
        head.setContentsMargins(6, 2, 2, 0)
        head.addWidget(title)
        head.addSpacing(6)
        head.addWidget(self.legend)
        head.addStretch(1)
        self._save = self._save_button()
        for button in (*self._order_buttons(), self._save):
            head.addWidget(button)
        self._figures.setContentsMargins(6, 0, 6, 2)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addLayout(head)
        body.addWidget(self._figures)
        body.addWidget(self.view, 1)

        snapshots.modelReset.connect(self._explain_emptiness)
        self._flat.modelReset.connect(self._explain_emptiness)
        self._flat.rowsInserted.connect(self._explain_emptiness)
        self._flat.rowsRemoved.connect(self._explain_emptiness)
        store.snapshots_changed.connect(self._explain_emptiness_of)
        store.usage_changed.connect(self._tell_figures)
        self._explain_emptiness()

    def save(self, path: str, form: Format) -> None:
        """Write the whole chart to a file, on a worker thread; ``saved`` or ``failed`` follows."""
        chart = self._chart()
        QThreadPool.globalInstance().start(partial(self._writer.write, path, chart, form))

    def _chart(self) -> Chart:
        domain = self._snapshots.domain
        known = self._store.snapshots(domain) if domain is not None else Snapshots()
        shown = zip(self._flat.names(), self._flat.stacks(), strict=True)
        rows = tuple(Row(known.records[name], stack, name == known.current) for name, stack in shown)
        title = translate("Sizes", "What the snapshots of {machine} take").format(machine=self._machine())
        font = self.font()
        font.setPixelSize(self.fontInfo().pixelSize())
        return Chart(title, rows, font, self.palette().color(QPalette.ColorRole.Highlight), self.view.parts)

    def _tell_figures(self) -> None:
        """Of the bar that is pointed at, of all that are chosen, or of the one with the focus."""
        names, domain = self._selection.names(), self._snapshots.domain
        if len(names) > 1 and domain is not None and not self.view.is_pointed_at():
            sizes = self._store.sizes(domain)
            snapshots, usage = self._store.snapshots(domain), self._store.usage(domain)
            records = [snapshots.records[name] for name in names if name in snapshots.records]
            growth = between_text(snapshots, sizes, usage, names)
            self._figures.show_parts(sum_parts([sizes.get(name) for name in names], frees(usage, records), growth))
        elif names or self.view.is_pointed_at() or self.view.hasFocus():
            self._figures.show_parts(self.view.figures())
        else:
            self._figures.show_parts(())

    def _machine(self) -> str:
        domain = self._snapshots.domain
        record = self._store.domain(domain) if domain is not None else None
        return record.name if record is not None else ""

    def _order_buttons(self) -> list[QToolButton]:
        group = QActionGroup(self)
        buttons = []
        for order, text, tip in (
            (Order.TREE, translate("Sizes", "Tree order"), translate("Sizes", "Order the bars as the tree does")),
            (Order.TIME, translate("Sizes", "Time order"), translate("Sizes", "Order the bars by time")),
        ):
            action = QAction(text, group)
            action.setToolTip(tip)
            action.setCheckable(True)
            action.setChecked(order is Order.TREE)
            action.triggered.connect(partial(self._flat.set_order, order))
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            buttons.append(button)
        return buttons

    def _save_menu(self) -> QMenu:
        menu = QMenu(translate("Sizes", "&Save chart as"), self)
        for form, text in (
            (Format.PNG, translate("Sizes", "&Picture (PNG)…")),
            (Format.SVG, translate("Sizes", "&Drawing (SVG)…")),
            (Format.CSV, translate("Sizes", "&Table (CSV)…")),
        ):
            menu.addAction(text).triggered.connect(partial(self._ask_where, form))
        return menu

    def _save_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setText(translate("Sizes", "Save chart"))
        button.setMenu(self.save_menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _ask_where(self, form: Format) -> None:
        dialog = QFileDialog(self, translate("Sizes", "Save chart"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(form.value)
        dialog.setNameFilter(f"{form.name} (*.{form.value})")
        name = translate("Sizes", "{machine} sizes").format(machine=self._machine().replace("/", "_"))
        dialog.setDirectory(self._folder or documents_folder())
        dialog.selectFile(f"{name}.{form.value}")
        dialog.fileSelected.connect(partial(self._save_in, form))
        dialog.open()

    def _save_in(self, form: Format, path: str) -> None:
        self._folder = str(Path(path).parent)  # where the next one is likely to go
        self.save(path, form)

    def _explain_emptiness_of(self, domain: DomainId) -> None:
        if domain == self._snapshots.domain:
            self._explain_emptiness()

    def _explain_emptiness(self) -> None:
        domain = self._snapshots.domain
        if domain is None:
            text = translate("Sizes", "What each snapshot of a machine takes is shown here.")
        elif not self._store.snapshots_known(domain):
            text = translate("Sizes", "Reading the snapshots…")
        elif self._store.snapshots(domain).records:
            text = translate("Sizes", "No snapshot matches the filter.")
        else:
            text = translate("Sizes", "No snapshots yet. Take one to see what it costs.")
        self.view.set_message(text)
        empty = self._flat.rowCount() == 0
        tip = translate("Sizes", "Save the whole chart as a picture, a drawing or a table")
        if empty:
            tip = translate("Sizes", "There is nothing to save: no snapshot is shown.")
        for each in (self._save, self.save_menu.menuAction()):
            each.setEnabled(not empty)
            each.setToolTip(tip)


class _Writer(QObject):
    """Outlives the panel while a file is written: the worker holds it."""

    saved = Signal(str)
    failed = Signal(object)

    def write(self, path: str, chart: Chart, form: Format) -> None:
        """On a worker thread."""
        try:
            charts.export.save(path, chart, form)
        except SnapguiError as error:
            self.failed.emit(error.problem)
        else:
            self.saved.emit(path)
