"""What each cell of the snapshot tree says: texts, tooltips and values of one snapshot by column and role."""

import time
from collections.abc import Callable, Mapping
from enum import IntEnum
from functools import partial
from typing import Any, Final, NamedTuple

from PySide6.QtCore import Qt

from snapgui.core.costs import Cost, where_it_goes
from snapgui.core.records import Size, SnapshotRecord
from snapgui.core.text import translate
from snapgui.models.format import (
    clock_text,
    first_line,
    full_time_text,
    listed,
    one_line,
    relative_text,
    size_text,
    time_text,
    tooltip,
)
from snapgui.models.roles import Role
from snapgui.models.words import kind_text, snapshot_state_text


class Column(IntEnum):
    """The columns, in their order."""

    NAME = 0
    TAKEN = 1
    STATE = 2
    KIND = 3
    MEMORY = 4
    DISK = 5
    FREES = 6
    DESCRIPTION = 7


FIGURES: Final = (Column.MEMORY, Column.DISK, Column.FREES)


class Row(NamedTuple):
    """One snapshot as a row shows it. ``size`` and ``cost`` are None while they have not been looked up."""

    record: SnapshotRecord
    size: Size | None
    cost: Cost | None
    current: bool


def title(column: Column) -> str:
    """The column's heading."""
    return {
        Column.NAME: translate("Snapshots", "Name"),
        Column.TAKEN: translate("Snapshots", "Taken"),
        Column.STATE: translate("Snapshots", "State"),
        Column.KIND: translate("Snapshots", "Kind"),
        Column.MEMORY: translate("Snapshots", "Memory"),
        Column.DISK: translate("Snapshots", "Disk"),
        Column.FREES: translate("Snapshots", "Frees"),
        Column.DESCRIPTION: translate("Snapshots", "Description"),
    }[column]


def explanation(column: Column) -> str:
    """What the figures of a column are; "" where its heading says it."""
    return {
        Column.MEMORY: translate("Snapshots", "The guest’s memory that is kept in the snapshot."),
        Column.DISK: translate("Snapshots", "The data of the disks that only this snapshot holds."),
        Column.FREES: translate("Snapshots", "What deleting this snapshot alone gives back.") + f" {where_it_goes()}",
    }.get(column, "")


def answer(row: Row, column: Column, role: int) -> Any:
    """What the cell holds for a role, None where it has nothing to say."""
    found = _ANSWERS.get(role)
    return found(row, column) if found else None


def _display(row: Row, column: Column) -> str:
    """The cell's text. Of a snapshot that has not been read, the name is all that is known."""
    return _TEXTS[column](row) if row.record.complete or column is Column.NAME else ""


def _taken(row: Row) -> str:
    return "" if row.record.created is None else time_text(row.record.created)


def figure_of(row: Row, column: Column) -> Size | None:
    """The figure of a column; None where it has not been looked up."""
    if column is Column.MEMORY:
        return row.size
    if row.cost is None:
        return None
    return row.cost.disk if column is Column.DISK else row.cost.frees


def _figure(row: Row, column: Column) -> str:
    size = figure_of(row, column)
    if size is None:
        return ""
    return translate("Snapshots", "–") if size.bytes is None else size_text(size.bytes)


def _description(row: Row) -> str:
    return first_line(row.record.problem.why if row.record.problem else row.record.description)


_TEXTS: Mapping[Column, Callable[[Row], str]] = {
    Column.NAME: lambda row: one_line(row.record.name),
    Column.TAKEN: _taken,
    Column.STATE: lambda row: snapshot_state_text(row.record.state),
    Column.KIND: lambda row: kind_text(row.record.kind),
    **{column: partial(_figure, column=column) for column in FIGURES},
    Column.DESCRIPTION: _description,
}


def _tooltip(row: Row, column: Column) -> str | None:
    record = row.record
    texts: tuple[str, ...] = ()
    if column is Column.NAME:
        words = listed(snapshot_state_text(record.state), kind_text(record.kind)) if record.complete else ""
        texts = (record.name, words, record.problem.why if record.problem else record.description)
    elif column is Column.TAKEN and record.created is not None:
        texts = (relative_text(record.created, time.time()), full_time_text(record.created))
    elif column in FIGURES and (size := figure_of(row, column)) is not None:
        texts = (size.why, _counted(row.cost) if size.bytes is not None and column is not Column.MEMORY else "")
    elif column is Column.DESCRIPTION:
        texts = (record.problem.why, record.problem.remedy) if record.problem else (record.description,)
    return tooltip(*texts) or None


def _counted(cost: Cost | None) -> str:
    if cost is None or cost.as_of is None:
        return ""
    text = translate(
        "Snapshots", "Counted at {time}. What a running machine had not written into its image by then is not in it."
    )
    return text.format(time=clock_text(cost.as_of, time.time()))


def _accessible(row: Row, column: Column) -> str:
    """The whole row in the first column, where a screen reader stands; elsewhere the cell."""
    if column is not Column.NAME:
        return _display(row, column)
    return listed(
        *(_display(row, other) for other in (Column.NAME, Column.STATE, Column.TAKEN, Column.MEMORY)),
        row.size.why if row.size else "",
        translate("Snapshots", "current") if row.current else "",
        row.record.problem.why if row.record.problem else "",
    )


def _edit(row: Row, column: Column) -> str:
    """The text whole and exact, where the cell shows less."""
    exact = {Column.NAME: row.record.name, Column.DESCRIPTION: row.record.description}
    return exact[column] if column in exact else _display(row, column)


def _sort(row: Row, column: Column) -> int | str | None:
    if column is Column.TAKEN:
        return row.record.created
    if column in FIGURES:
        size = figure_of(row, column)
        return size.bytes if size else None
    return _edit(row, column)


_ANSWERS: Mapping[int, Callable[[Row, Column], Any]] = {
    Qt.ItemDataRole.DisplayRole: _display,
    Qt.ItemDataRole.EditRole: _edit,
    Qt.ItemDataRole.ToolTipRole: _tooltip,
    Qt.ItemDataRole.AccessibleTextRole: _accessible,
    Role.RECORD: lambda row, _column: row.record,
    Role.SORT: _sort,
    Role.SIZE: lambda row, _column: row.size,
    Role.COST: lambda row, _column: row.cost,
    Role.CURRENT: lambda row, _column: row.current,
    Role.PROBLEM: lambda row, _column: row.record.problem,
}

ROLES = frozenset({*_ANSWERS, Role.KEY})  # every other role has no answer in any cell
