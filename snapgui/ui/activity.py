"""What runs and what has run: progress, cancel, and a second look at plans and errors."""

import time
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from snapgui.core import virsh
from snapgui.core.activity import JobRecord, JobState
from snapgui.core.job_words import problem_of
from snapgui.core.text import translate
from snapgui.models.activity import ActivityModel, Column
from snapgui.models.roles import Role
from snapgui.ui import dialogs
from snapgui.ui.icons import icon

_FIT_MS: Final = 100  # after what has changed a column: what else that brings is painted first
_ORDER: Final = (Column.WHAT, Column.RESULT, Column.TOOK, Column.PAUSED, Column.STARTED)
_LEAST: Final = {Column.WHAT: 18, Column.RESULT: 17}  # characters: of what is elided before the list scrolls
_ICONS: Final = {
    JobState.WAITING: "waiting",
    JobState.DONE: "done",
    JobState.FAILED: "blocker",
    JobState.CANCELLED: "cancel",
}
_BUSY_PLACES: Final = 6  # where the block of a bar without figures may stand; it goes on by one each second

Index = QModelIndex | QPersistentModelIndex


class ActivityView(QWidget):
    """The list of jobs with a button that cancels. ``cancel_wanted`` tells the id of the job to cancel."""

    cancel_wanted = Signal(int)

    def __init__(self, model: ActivityModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tree = _JobTree()
        self.tree.setModel(model)
        self.tree.set_columns()
        self.cancel = self._action(translate("ActivityView", "&Cancel the job"), "cancel", self._cancel)
        self.cancel.setIconText(translate("ActivityView", "Cancel"))
        self.cancel.setShortcut("Ctrl+.")
        self.copy = self._action(translate("ActivityView", "Cop&y the virsh commands"), "copy", self._copy)
        self.show_plan = self._action(translate("ActivityView", "Show the &plan…"), "note", self._show_plan)
        self.show_error = self._action(translate("ActivityView", "Show the &error…"), "blocker", self._show_error)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.tree.activated.connect(self._activated)
        self.tree.selectionModel().selectionChanged.connect(self._update)
        for changed in (model.dataChanged, model.rowsInserted, model.rowsRemoved, model.modelReset):
            changed.connect(self._update)

        button = QToolButton()
        button.setDefaultAction(self.cancel)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAutoRaise(True)
        title = QLabel(translate("ActivityView", "Activity"))
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        bar = QHBoxLayout()
        bar.setContentsMargins(6, 0, 2, 0)
        bar.addWidget(title)
        bar.addStretch(1)
        bar.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(bar)
        layout.addWidget(self.tree)
        self._update()

    def job(self) -> JobRecord | None:
        """The chosen job; where none is chosen, the newest one that runs."""
        rows = self.tree.selectionModel().selectedRows()
        if rows:
            return _record(rows[0])
        model = self.tree.model()
        records = (_record(model.index(row, 0)) for row in range(model.rowCount()))
        return next((record for record in records if record is not None and not record.state.ended), None)

    def _action(self, text: str, name: str, call: object) -> QAction:
        action = QAction(icon(name), text, self)
        action.triggered.connect(call)
        self.tree.addAction(action)
        return action

    def _update(self) -> None:
        job = self.job()
        why = self._why_not(job)
        self.cancel.setEnabled(not why)
        self.cancel.setToolTip(why or translate("ActivityView", "Cancel the job"))
        self.cancel.setStatusTip(self.cancel.toolTip())
        self.copy.setEnabled(job is not None and bool(job.plan.steps))
        self.show_plan.setEnabled(job is not None)
        self.show_error.setEnabled(job is not None and problem_of(job) is not None)

    def _why_not(self, job: JobRecord | None) -> str:
        """Why the job can't be cancelled; empty where it can."""
        if job is None:
            return translate("ActivityView", "Nothing runs.")
        if job.state.ended:
            return translate("ActivityView", "This has ended.")
        if job.cancelling:
            return translate("ActivityView", "This is being cancelled.")
        if not job.cancellable:
            return translate("ActivityView", "libvirt can’t stop this before it is done.")
        return ""

    def _cancel(self) -> None:
        if (job := self.job()) is not None and not self._why_not(job):
            self.cancel_wanted.emit(job.id)

    def _copy(self) -> None:
        if (job := self.job()) is not None:
            QGuiApplication.clipboard().setText(virsh.script(job.plan, secrets=True))

    def _show_plan(self) -> None:
        if (job := self.job()) is not None:
            _open(dialogs.PlanBox(job.plan, self.window()))

    def _show_error(self) -> None:
        if (job := self.job()) is not None and (told := problem_of(job)) is not None:
            _open(dialogs.ProblemBox(told, self.window()))

    def _activated(self) -> None:
        if self.show_error.isEnabled():
            self._show_error()
        else:
            self._show_plan()


class _JobTree(QTreeView):
    """Gives figures the room that they take, and what was done all the rest, until the user sets a width."""

    def __init__(self) -> None:
        super().__init__()
        self._fits = True
        self._fitting = False
        self._fit_soon = QTimer(self)
        self._fit_soon.setSingleShot(True)
        self._fit_soon.setInterval(_FIT_MS)
        self._fit_soon.timeout.connect(self._fit)
        self.setAccessibleName(translate("ActivityView", "Activity"))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setItemDelegate(_JobDelegate(self))

    def set_columns(self) -> None:
        header = self.header()
        header.setStretchLastSection(False)
        for place, column in enumerate(_ORDER):
            header.moveSection(header.visualIndex(column), place)
        header.hideSection(Column.MACHINE)  # what was done names it
        header.sectionResized.connect(self._resized)
        self.model().dataChanged.connect(self._fit_soon.start)
        self.model().rowsInserted.connect(self._fit_soon.start)
        self._fit_soon.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if not self._fits or self.model() is None:
            return
        self._fitting = True
        wanted = {
            column: max(self.header().sectionSizeHint(column), self.sizeHintForColumn(column)) for column in _ORDER
        }
        character = self.fontMetrics().averageCharWidth()
        least = {column: character * characters for column, characters in _LEAST.items()}
        widths = wanted | least
        spare = self.viewport().width() - sum(widths.values())
        for column in _LEAST:  # what was done before its result
            more = max(0, min(spare, wanted[column] - widths[column]))
            widths[column] += more
            spare -= more
        widths[Column.WHAT] += max(0, spare)
        for column, width in widths.items():
            self.setColumnWidth(column, width)
        self._fitting = False

    def _resized(self) -> None:
        if not self._fitting:
            self._fits = False

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        """The clock changes one cell a second; a busy bar beside it goes on with it."""
        super().dataChanged(first, last, roles)
        if first.column() == Column.TOOK and last.column() == Column.TOOK:
            self.update(first.sibling(first.row(), Column.RESULT))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.model() is not None and self.model().rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(
                self.viewport().rect(),
                Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                translate("ActivityView", "Nothing has run yet."),
            )
            painter.end()


class _JobDelegate(QStyledItemDelegate):
    """Marks how a job ended, and draws a bar while it runs."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        record = _record(index)
        if index.column() != Column.RESULT or record is None:
            return
        if _has_bar(record):
            option.text = ""  # the bar stands there
        else:
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
            partly = record.state is JobState.DONE and problem_of(record) is not None
            option.icon = icon("warning" if partly else _ICONS.get(record.state, "cancel"))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        record = _record(index)
        if index.column() == Column.RESULT and record is not None and _has_bar(record):
            _draw_bar(painter, option.rect.adjusted(4, 3, -4, -3), option.palette, record)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return super().sizeHint(option, index).expandedTo(QSize(0, 22))


def _has_bar(record: JobRecord) -> bool:
    return record.state is JobState.RUNNING and not record.cancelling


def _draw_bar(painter: QPainter, rect: QRect, palette: QPalette, record: JobRecord) -> None:
    painter.save()
    painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid)))
    painter.setBrush(palette.color(QPalette.ColorRole.Base))
    painter.drawRect(rect.adjusted(0, 0, -1, -1))
    inside = rect.adjusted(1, 1, -1, -1)
    filled = QRect(inside)
    if record.progress is None:
        place = int(time.time() - (record.started or 0.0)) % _BUSY_PLACES
        filled.setLeft(inside.left() + inside.width() * place // _BUSY_PLACES)
        filled.setWidth(inside.width() // _BUSY_PLACES)
    else:
        filled.setWidth(round(inside.width() * min(max(record.progress, 0.0), 1.0)))
    painter.fillRect(filled, palette.color(QPalette.ColorRole.Highlight))
    if record.progress is not None:
        text = translate("ActivityView", "{percent} %").format(percent=int(record.progress * 100))
        for clip, role in ((inside, QPalette.ColorRole.Text), (filled, QPalette.ColorRole.HighlightedText)):
            painter.setClipRect(clip)
            painter.setPen(palette.color(role))
            painter.drawText(inside, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def _record(index: Index) -> JobRecord | None:
    record = index.data(Role.RECORD)
    return record if isinstance(record, JobRecord) else None


def _open(dialog: "dialogs.PlanBox | dialogs.ProblemBox") -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
