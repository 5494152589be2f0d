"""What each cell of the snapshot tree says: texts, tooltips and values of one snapshot by column and role."""

import time
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from PySide6.QtCore import Qt

from snapgui.core.records import Size, SnapshotRecord
from snapgui.core.text import translate
from snapgui.models.format import (
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
    DESCRIPTION = 5


class Row(NamedTuple):
    """One snapshot as a row shows it. ``size`` is None while it has not been looked up."""

    record: SnapshotRecord
    size: Size | None
    current: bool


def title(column: Column) -> str:
    """The column's heading."""
    return {
        Column.NAME: translate("Snapshots", "Name"),
        Column.TAKEN: translate("Snapshots", "Taken"),
        Column.STATE: translate("Snapshots", "State"),
        Column.KIND: translate("Snapshots", "Kind"),
        Column.MEMORY: translate("Snapshots", "Memory"),
        Column.DESCRIPTION: translate("Snapshots", "Description"),
    }[column]


def answer(row: Row, column: Column, role: int) -> Any:
    """What the cell holds for a role, None where it has nothing to say."""
    found = _ANSWERS.get(role)
    return found(row, column) if found else None


def _display(row: Row, column: Column) -> str:
    """The cell's text. Of a snapshot that has not been read, the name is all that is known."""
    return _TEXTS[column](row) if row.record.complete or column is Column.NAME else ""


def _taken(row: Row) -> str:
    return "" if row.record.created is None else time_text(row.record.created)


def _memory(row: Row) -> str:
    if row.size is None:
        return ""
    return translate("Snapshots", "–") if row.size.bytes is None else size_text(row.size.bytes)


def _description(row: Row) -> str:
    return first_line(row.record.problem.why if row.record.problem else row.record.description)


_TEXTS: Mapping[Column, Callable[[Row], str]] = {
    Column.NAME: lambda row: one_line(row.record.name),
    Column.TAKEN: _taken,
    Column.STATE: lambda row: snapshot_state_text(row.record.state),
    Column.KIND: lambda row: kind_text(row.record.kind),
    Column.MEMORY: _memory,
    Column.DESCRIPTION: _description,
}


def _tooltip(row: Row, column: Column) -> str | None:
    record, size, _ = row
    texts: tuple[str, ...] = ()
    if column is Column.NAME:
        texts = (record.name, record.problem.why if record.problem else "")
    elif column is Column.TAKEN and record.created is not None:
        texts = (relative_text(record.created, time.time()), full_time_text(record.created))
    elif column is Column.MEMORY and size is not None:
        texts = (size.why,)
    elif column is Column.DESCRIPTION:
        texts = (record.problem.why, record.problem.remedy) if record.problem else (record.description,)
    return tooltip(*texts) or None


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
    if column is Column.MEMORY:
        return row.size.bytes if row.size else None
    return _edit(row, column)


_ANSWERS: Mapping[int, Callable[[Row, Column], Any]] = {
    Qt.ItemDataRole.DisplayRole: _display,
    Qt.ItemDataRole.EditRole: _edit,
    Qt.ItemDataRole.ToolTipRole: _tooltip,
    Qt.ItemDataRole.AccessibleTextRole: _accessible,
    Role.RECORD: lambda row, _column: row.record,
    Role.SORT: _sort,
    Role.SIZE: lambda row, _column: row.size,
    Role.CURRENT: lambda row, _column: row.current,
    Role.PROBLEM: lambda row, _column: row.record.problem,
}

ROLES = frozenset({*_ANSWERS, Role.KEY})  # every other role has no answer in any cell
