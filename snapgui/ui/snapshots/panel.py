"""The snapshots panel: the tree of the chosen machine's snapshots, and a filter."""

from collections.abc import Callable, Hashable
from functools import partial

from PySide6.QtCore import (
    QByteArray,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QSignalBlocker,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QIcon, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QStackedLayout,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from snapgui.core.records import HostRecord, HostState, SnapshotRecord, SnapshotState
from snapgui.core.snapshot_filters import SnapshotFilter
from snapgui.core.text import translate
from snapgui.models.roles import Role
from snapgui.models.snapshot_cells import FIGURES
from snapgui.models.snapshots import Column, SnapshotsModel
from snapgui.models.tree import Index
from snapgui.ui.focus import Focus
from snapgui.ui.icons import icon
from snapgui.ui.snapshots.columns import GAP
from snapgui.ui.snapshots.filter_menu import FilterMenu
from snapgui.ui.snapshots.in_place import InPlaceEdit
from snapgui.ui.snapshots.tree import SnapshotTree
from snapgui.ui.widgets.filter_edit import FilterEdit
from snapgui.ui.widgets.text_label import TextLabel

_STATE_ICONS = {
    SnapshotState.RUNNING: "snapshot-running",
    SnapshotState.PAUSED: "snapshot-paused",
    SnapshotState.PM_SUSPENDED: "snapshot-paused",
    SnapshotState.DISK_ONLY: "disk-only",
}
_MANY = 20  # rows: from here on, what Qt does for each of them costs more than all of them at once


class SnapshotsPanel(QWidget):
    """Shows the snapshots model; what the user collapsed stays collapsed through every refresh."""

    chosen = Signal()
    described = Signal(object, object, str)  # DomainId, a SnapshotRecord of it, the description that it shall have
    activated = Signal()  # a snapshot was double-clicked, or Enter pressed on it

    def __init__(self, model: SnapshotsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._collapsed: set[str] = set()
        self._kept: tuple[Hashable, ...] = ()  # what was chosen when the filters changed last
        self._shown: tuple[Hashable, ...] = ()  # what of that had a row afterwards
        self._parents = model.keys_with_children()  # the rows that had children when the model last changed
        self.title = TextLabel(bold=True)
        self.title.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        self.filter = FilterEdit(translate("Snapshots", "Filter snapshots"))
        self.filter.setMaximumWidth(self.fontMetrics().averageCharWidth() * 40)
        self.filter.textChanged.connect(self._narrow)
        self.sorts = FilterMenu()
        self.sorts.changed.connect(self._sort)
        self.tree = SnapshotTree()
        self.tree.words = _no_rows(frozenset())
        self.tree.setModel(model)
        self.tree.setItemDelegate(_SnapshotDelegate(model, self.tree))
        self.tree.selectionModel().selectionChanged.connect(self._selection_changed)
        self.tree.activated.connect(self._activated)
        self.tree.collapsed.connect(self._on_collapsed)
        self.tree.expanded.connect(self._on_expanded)
        model.arranged.connect(self._expand_new)
        model.modelReset.connect(self._reset)
        self._edit = InPlaceEdit(self.tree, model)
        self._edit.saved.connect(self.described)
        self._message = QLabel()
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.filter, 1)
        head.addWidget(self.sorts)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.tree)
        self._stack.addWidget(self._message_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self.sorts.chips)
        layout.addLayout(self._stack)

    def selected(self) -> tuple[str, ...]:
        """The names of the chosen snapshots; the row "You are here" has none."""
        return self.tree.choice.names()

    def select(self, name: str) -> None:
        """Choose one snapshot and bring it into view."""
        self._select(self._model.index_of(name))

    def select_here(self) -> None:
        """Choose the "You are here" row and bring it into view; filters that hide it are given up."""
        if not self._model.here_index().isValid():
            self.filter.clear()
            self.sorts.clear()
        self._select(self._model.here_index())

    def describe(self, record: SnapshotRecord) -> None:
        """Edit this snapshot's description in its row; ``described`` follows where it has changed."""
        self._edit.begin(record)

    def commit(self) -> None:
        """Save what is being typed in a row."""
        self._edit.finish()

    def show_focus(self, focus: Focus, *, known: bool, hint: str = "") -> None:
        """Name the machine; say in the tree's place why there is no tree. ``known``: its snapshots have been read.

        ``hint`` is said where no machine can be chosen.
        """
        self.title.setText(focus.domain.name if focus.domain is not None else "")
        self.filter.setEnabled(focus.domain is not None)
        self.sorts.setEnabled(focus.domain is not None)
        text = _message(focus, hint, known=known)
        self._message.setText(text)
        host = focus.host if focus.domain is None else None
        self._retry.setVisible(host is not None and host.state is HostState.FAILED)
        self._stack.setCurrentIndex(1 if text else 0)

    def offer_retry(self, action: QAction) -> None:
        """What connects again to a host that failed, as a button below the reason."""
        self._retry.setIcon(action.icon())
        self._retry.clicked.connect(action.trigger)

    def header_state(self) -> QByteArray:
        """The columns' widths, order and sorting, for the next start."""
        return self.tree.header().saveState()

    def restore_header(self, state: QByteArray, *, names_resized: bool) -> None:
        """Bring back what ``header_state`` gave; names keep their width where it was the user's."""
        if not state.isEmpty():
            self.tree.restore_header(state, names_resized=names_resized)

    def _sort(self, sorts: frozenset[SnapshotFilter]) -> None:
        self.tree.words = _no_rows(sorts)
        self._keep_choice(partial(self._model.set_sorts, sorts))

    def _narrow(self, text: str) -> None:
        self._keep_choice(partial(self._model.set_filter, text))

    def _keep_choice(self, change: Callable[[], None]) -> None:
        """A filter changes what is shown, never what is chosen: what comes back is chosen again."""
        choice = self.tree.choice
        if choice.keys() != self._shown:  # the user has chosen otherwise since
            self._kept = choice.keys()
        change()
        self._shown = tuple(key for key in self._kept if self._model.index_of(key).isValid())
        if set(choice.keys()) != set(self._shown):
            flag = QItemSelectionModel.SelectionFlag
            if self._shown:
                choice.setCurrentIndex(self._model.index_of(self._shown[0]), flag.NoUpdate)
            choice.select(self._model.selection_of(self._shown), flag.ClearAndSelect)
        self._shown = choice.keys()

    def _message_page(self) -> QWidget:
        self._retry = QToolButton()
        self._retry.setText(translate("Snapshots", "Try again"))
        self._retry.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setSpacing(12)
        layout.addStretch(1)
        layout.addWidget(self._message)
        layout.addWidget(self._retry, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        return page

    def _select(self, index: QModelIndex) -> None:
        if index.isValid():
            flag = QItemSelectionModel.SelectionFlag
            self.tree.selectionModel().setCurrentIndex(index, flag.ClearAndSelect | flag.Rows)
            self.tree.scrollTo(index)

    def _selection_changed(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        self.chosen.emit()

    def _activated(self, index: QModelIndex) -> None:
        if isinstance(index.data(Role.RECORD), SnapshotRecord):
            self.activated.emit()

    def _on_collapsed(self, index: QModelIndex) -> None:
        name = index.data(Role.KEY)
        if isinstance(name, str):
            self._collapsed.add(name)

    def _on_expanded(self, index: QModelIndex) -> None:
        self._collapsed.discard(str(index.data(Role.KEY)))

    def _reset(self) -> None:
        self._kept = self._shown = ()
        self._collapsed.clear()
        self._parents = self._model.keys_with_children()
        self.tree.expandAll()

    def _expand_new(self) -> None:
        """Expand the rows that have got their first children, by insertions or by moves."""
        before, self._parents = self._parents, self._model.keys_with_children()
        fresh = self._parents - before - self._collapsed
        if len(fresh) > _MANY and not self._collapsed:
            with QSignalBlocker(self.tree):  # or each row would tell that it is not collapsed, as is known
                self.tree.expandAll()  # one pass over the tree, instead of one for each row
            self.tree.fit()  # before it is painted, not after
            return
        for index in map(self._model.index_of, fresh):
            if not self.tree.isExpanded(index):
                self.tree.expand(index)


class _SnapshotDelegate(QStyledItemDelegate):
    """Puts the icon of the guest's state before a name, and sets the "You are here" row apart."""

    def __init__(self, model: SnapshotsModel, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """What Qt's own does with a text and its alignment; that asks for six more roles at each paint."""
        option.index = index  # type: ignore[assignment]  # the stub knows no persistent one
        option.features |= QStyleOptionViewItem.ViewItemFeature.HasDisplay
        option.text = self._model.data(index) or ""
        if option.text and index.column() in FIGURES:
            option.text += GAP
        option.displayAlignment = self._model.data(index, Qt.ItemDataRole.TextAlignmentRole)
        here = not isinstance(self._model.key(index), str)
        if index.column() == Column.NAME:
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
            option.font.setBold(here)
            option.icon = icon("here") if here else _row_icon(index.data(Role.RECORD))
        if self._model.is_passing(index):
            role = QPalette.ColorRole
            option.palette.setColor(role.Text, option.palette.color(role.PlaceholderText))


def _no_rows(sorts: frozenset[SnapshotFilter]) -> str:
    """What an empty tree says."""
    if SnapshotFilter.NO_METADATA in sorts and SnapshotFilter.METADATA not in sorts:
        return translate(
            "Snapshots",
            "libvirt lists no snapshot without metadata. “Check health” finds those that only an image knows.",
        )
    return translate("Snapshots", "No snapshot matches the filter.")


def _message(focus: Focus, hint: str, *, known: bool) -> str:
    if focus.domain is None:
        return _host_message(focus.host, hint)
    if known:
        return ""
    if focus.connected:
        return translate("Snapshots", "Reading the snapshots…")
    return translate("Snapshots", "Its host is not connected.")


def _host_message(host: HostRecord | None, hint: str) -> str:
    choose = hint or translate("Snapshots", "Choose a machine to see its snapshots.")
    if host is None:
        return choose
    match host.state:
        case HostState.CONNECTING if not hint:
            return translate("Snapshots", "Connecting…")
        case HostState.FAILED if host.problem is not None:
            return "\n\n".join(filter(None, (host.uri, host.problem.why, host.problem.remedy)))
        case _:
            return choose


def _row_icon(record: object) -> QIcon:
    if not isinstance(record, SnapshotRecord):
        return QIcon()
    if record.problem is not None:
        return icon("warning")
    return icon(_STATE_ICONS.get(record.state, "snapshot-off"))
