"""What runs and what has run, newest first."""

import time
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, QTimer

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.job_words import done_text, problem_of
from snapgui.core.requests import domains
from snapgui.core.text import translate
from snapgui.models.format import clock_text, duration_text, full_time_text, listed, one_line, tooltip
from snapgui.models.roles import Role
from snapgui.models.tree import Index

KEPT = 100
_WORTH_SAYING = 1.0  # seconds: who waits for less has no use for an estimate

_NOWHERE = QModelIndex()
_WAITING = JobState.WAITING
_Role = Qt.ItemDataRole


class Column(IntEnum):
    """The columns, in their order."""

    WHAT = 0
    MACHINE = 1
    STARTED = 2
    TOOK = 3
    PAUSED = 4
    RESULT = 5


class ActivityModel(QAbstractTableModel):
    """The last hundred jobs; one that has not ended is never dropped."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: list[JobRecord] = []
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._tick)

    def put(self, record: JobRecord) -> None:
        """Add a job, or replace what is known of it."""
        row = self.row_of(record.id)
        if row < 0:
            self.beginInsertRows(QModelIndex(), 0, 0)
            self._jobs.insert(0, record)
            self.endInsertRows()
            self._drop_oldest()
        elif record != self._jobs[row]:
            self._jobs[row] = record
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(Column) - 1))
        self._run_clock()

    def row_of(self, job: int) -> int:
        """The row of a job, -1 where it is not kept."""
        return next((row for row, record in enumerate(self._jobs) if record.id == job), -1)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """One row for each job."""
        return 0 if parent.isValid() else len(self._jobs)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """As many as ``Column`` names."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        """Titles, aligned like what is below them."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _Role.TextAlignmentRole:
            return _alignment(section)
        if role == _Role.ToolTipRole and section == Column.PAUSED:
            return tooltip(translate("Activity", "How long the guest stood still meanwhile"))
        if role == _Role.DisplayRole:
            return {
                Column.WHAT: translate("Activity", "What"),
                Column.MACHINE: translate("Activity", "Machine"),
                Column.STARTED: translate("Activity", "Started"),
                Column.TOOK: translate("Activity", "Took"),
                Column.PAUSED: translate("Activity", "Paused"),
                Column.RESULT: translate("Activity", "Result"),
            }[Column(section)]
        return None

    def data(self, index: Index, role: int = _Role.DisplayRole) -> Any:
        """Texts, and the roles KEY, RECORD, PROBLEM and PROGRESS."""
        if not index.isValid() or index.row() >= len(self._jobs):
            return None
        if role == _Role.TextAlignmentRole:
            return _alignment(index.column())
        record = self._jobs[index.row()]
        if role == _Role.ToolTipRole and index.column() in (Column.RESULT, Column.TOOK) and record.state is _WAITING:
            return tooltip(self._waits_for(record))
        found = _ANSWERS.get(role)
        return found(self._jobs[index.row()], Column(index.column())) if found else None

    def _waits_for(self, record: JobRecord) -> str:
        """What a job that has not begun waits for, and since when."""
        mine = set(domains(record.plan.request))
        ahead = (job for job in reversed(self._jobs) if not job.state.ended and job.id < record.id)
        title = next((job.plan.title for job in ahead if not mine.isdisjoint(domains(job.plan.request))), "")
        since = full_time_text(record.asked)
        if title:
            return translate("Activity", "Since {time} it waits for this to end: {title}").format(
                time=since, title=title
            )
        return translate("Activity", "Since {time} it waits for the machine to answer.").format(time=since)

    def _drop_oldest(self) -> None:
        for row in reversed(range(1, len(self._jobs))):
            if len(self._jobs) <= KEPT:
                break
            if self._jobs[row].state.ended:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._jobs[row]
                self.endRemoveRows()

    def _run_clock(self) -> None:
        running = any(not record.state.ended for record in self._jobs)
        if running and not self._clock.isActive():
            self._clock.start()
        elif not running:
            self._clock.stop()

    def _tick(self) -> None:
        for row, record in enumerate(self._jobs):
            if not record.state.ended:
                self.dataChanged.emit(self.index(row, Column.TOOK), self.index(row, Column.TOOK))


def _display(record: JobRecord, column: Column) -> str:
    return _TEXTS[column](record)


def _started(record: JobRecord) -> str:
    return "" if record.started is None else clock_text(record.started, time.time())


def _took(record: JobRecord) -> str:
    """How long it took, or has taken or waited so far; with how long such jobs took before, where that is known."""
    if record.started is None:
        return duration_text(time.time() - record.asked) if record.state is _WAITING else ""
    elapsed = (time.time() if record.ended is None else record.ended) - record.started
    if record.ended is None and record.expected is not None and record.expected >= _WORTH_SAYING:
        return translate("Activity", "{elapsed} of about {expected}").format(
            elapsed=duration_text(elapsed), expected=duration_text(record.expected)
        )
    return duration_text(elapsed)


def _paused(record: JobRecord) -> str:
    return "" if record.paused is None else duration_text(record.paused)


def _result(record: JobRecord) -> str:
    told = problem_of(record)
    if record.cancelling and not record.state.ended:
        return translate("Activity", "cancelling…")
    if record.state is JobState.FAILED and told:
        return translate("Activity", "failed: {reason}").format(reason=one_line(told.why))
    if record.state is JobState.DONE and told:
        return one_line(told.why)
    return {
        JobState.WAITING: translate("Activity", "waiting"),
        JobState.RUNNING: translate("Activity", "running"),
        JobState.DONE: done_text(record.plan.request),
        JobState.FAILED: translate("Activity", "failed"),
        JobState.CANCELLED: translate("Activity", "cancelled"),
    }[record.state]


_TEXTS: Mapping[Column, Callable[[JobRecord], str]] = {
    Column.WHAT: lambda record: one_line(record.plan.title),
    Column.MACHINE: lambda record: one_line(record.machine),
    Column.STARTED: _started,
    Column.TOOK: _took,
    Column.PAUSED: _paused,
    Column.RESULT: _result,
}


def _tooltip(record: JobRecord, column: Column) -> str | None:
    texts: tuple[str, ...] = ()
    if column is Column.WHAT:
        texts = (record.plan.title,)
    elif column is Column.STARTED and record.started is not None:
        texts = (full_time_text(record.started),)
    elif column is Column.RESULT and (told := problem_of(record)):
        texts = (told.tried, told.why, told.remedy)
    elif column is Column.TOOK:
        texts = (_took(record),)
    return tooltip(*texts) or None


def _accessible(record: JobRecord, column: Column) -> str:
    """The whole row in the first column, where a screen reader stands; elsewhere the cell."""
    if column is not Column.WHAT:
        return _display(record, column)
    return listed(*(_display(record, other) for other in (Column.WHAT, Column.MACHINE, Column.RESULT, Column.TOOK)))


_ANSWERS: Mapping[int, Callable[[JobRecord, Column], Any]] = {
    _Role.DisplayRole: _display,
    _Role.ToolTipRole: _tooltip,
    _Role.AccessibleTextRole: _accessible,
    Role.KEY: lambda record, _column: record.id,
    Role.RECORD: lambda record, _column: record,
    Role.PROBLEM: lambda record, _column: problem_of(record),
    Role.PROGRESS: lambda record, _column: record.progress if record.state is JobState.RUNNING else None,
}


def _alignment(column: int) -> Qt.AlignmentFlag:
    right = column in (Column.TOOK, Column.PAUSED)
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
