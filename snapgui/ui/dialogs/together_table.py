"""The machines that a snapshot is taken of together, a row for each."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from snapgui.core.plan import Level, Plan
from snapgui.core.records import DomainId, DomainRecord, Situation
from snapgui.core.requests import Take
from snapgui.core.text import translate
from snapgui.models.format import listed, one_line, tooltip
from snapgui.models.machines import host_label
from snapgui.models.words import kind_text, machine_state_text
from snapgui.ui.icons import icon

_MOST_ROWS: Final = 6
_FEWEST_ROWS: Final = 3


class Column(IntEnum):
    """The columns, in their order."""

    MACHINE = 0
    STATE = 1
    KIND = 2
    WHAT = 3


class TogetherTable(QTreeWidget):
    """``ticked`` tells that a machine was ticked or left out."""

    ticked = Signal()

    def __init__(self, machines: Sequence[DomainRecord], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderLabels(
            [
                translate("TogetherDialog", "Machine"),
                translate("TogetherDialog", "State"),
                translate("TogetherDialog", "Kind"),
                translate("TogetherDialog", "What happens"),
            ]
        )
        self.setAccessibleName(translate("TogetherDialog", "Machines"))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.header()
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._several_hosts = len({machine.id.uri for machine in machines}) > 1
        character = self.fontMetrics().averageCharWidth()
        for column, characters in (
            (Column.MACHINE, 36 if self._several_hosts else 24),
            (Column.STATE, 12),
            (Column.KIND, 11),
        ):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(column, character * characters)
        self._names = {machine.id: machine.name for machine in machines}
        self._items = {machine.id: QTreeWidgetItem(self, [one_line(machine.name)]) for machine in machines}
        for item in self._items.values():
            item.setCheckState(Column.MACHINE, Qt.CheckState.Checked)
            item.setSizeHint(Column.MACHINE, QSize(0, self.fontMetrics().height() + 6))  # with and without an icon
        self.itemChanged.connect(self._item_changed)
        self._chosen = self.chosen()

    def chosen(self) -> tuple[DomainId, ...]:
        """The machines that are ticked, in their order."""
        return tuple(
            domain for domain, item in self._items.items() if item.checkState(Column.MACHINE) is Qt.CheckState.Checked
        )

    def show_plans(
        self, plans: Mapping[DomainId, Plan], situations: Mapping[DomainId, Situation], takes: Sequence[Take]
    ) -> None:
        """Say what becomes of each machine by its own plan; one without a situation is gone."""
        self.blockSignals(True)  # noqa: FBT003 - Qt takes no keyword
        for take in takes:
            self._show(self._items[take.domain], take, plans[take.domain], situations.get(take.domain))
        self.blockSignals(False)  # noqa: FBT003 - likewise

    def texts(self, domain: DomainId) -> tuple[str, ...]:
        """What is read in a machine's row."""
        return tuple(self._items[domain].text(column) for column in Column)

    def set_chosen(self, domain: DomainId, *, chosen: bool) -> None:
        """Tick a machine, or leave it out."""
        self._items[domain].setCheckState(Column.MACHINE, Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self.blockSignals(True)  # noqa: FBT003 - Qt takes no keyword
            for item in self._items.values():
                self._colour(item)
            self.blockSignals(False)  # noqa: FBT003 - likewise

    def sizeHint(self) -> QSize:
        rows = min(max(len(self._items), _FEWEST_ROWS), _MOST_ROWS)
        row = self.sizeHintForRow(0) if self._items else self.fontMetrics().height()
        height = self.header().sizeHint().height() + rows * row + 2 * self.frameWidth() + 2
        return QSize(super().sizeHint().width(), height)

    def minimumSizeHint(self) -> QSize:
        row = self.sizeHintForRow(0) if self._items else self.fontMetrics().height()
        return QSize(super().minimumSizeHint().width(), self.header().sizeHint().height() + 2 * row)

    def _show(self, item: QTreeWidgetItem, take: Take, plan: Plan, situation: Situation | None) -> None:
        chosen = item.checkState(Column.MACHINE) is Qt.CheckState.Checked
        name = one_line(self._names[take.domain])
        state = "" if situation is None else machine_state_text(situation.domain)
        if self._several_hosts and situation is not None:
            host = one_line(host_label(situation.host))
            name = translate("TogetherDialog", "{machine} on {host}").format(machine=name, host=host)
        mark, said = _what(plan)
        shown = said if chosen else translate("TogetherDialog", "Left out. {reason}").format(reason=said).rstrip()
        if not chosen and mark is not Level.BLOCKER:
            shown = translate("TogetherDialog", "Left out.")
        kind = kind_text(take.kind) if chosen and situation is not None else ""
        for column, text in zip(Column, (name, state, kind, one_line(shown)), strict=True):
            item.setText(column, text)
            item.setToolTip(column, tooltip(name, shown))
        self._colour(item)
        item.setIcon(Column.WHAT, icon(mark.value) if mark is not None and chosen else QIcon())
        word = translate("TogetherDialog", "Not possible") if mark is Level.BLOCKER and chosen else ""
        item.setData(Column.MACHINE, Qt.ItemDataRole.AccessibleTextRole, listed(name, state, kind, word, shown))

    def _colour(self, item: QTreeWidgetItem) -> None:
        """What is left out is pale; all else has no colour of its own, and follows the palette by itself."""
        pale = item.checkState(Column.MACHINE) is not Qt.CheckState.Checked
        for column in Column:
            brush = self.palette().placeholderText() if pale else None
            item.setData(column, Qt.ItemDataRole.ForegroundRole, brush)

    def _item_changed(self, _item: QTreeWidgetItem, _column: int) -> None:
        if (chosen := self.chosen()) != self._chosen:
            self._chosen = chosen
            self.ticked.emit()


def _what(plan: Plan) -> tuple[Level | None, str]:
    """What is read of a machine's plan: the first blocker or warning, or else what comes of it."""
    for level in (Level.BLOCKER, Level.WARNING):
        found = next((finding for finding in plan.findings if finding.level is level), None)
        if found is not None:
            return level, f"{found.reason} {found.remedy}".rstrip()
    unread = next((finding for finding in plan.findings if finding.rule == "unread"), None)
    if unread is not None:
        return None, translate("TogetherDialog", "Being read…")
    return None, " ".join(effect.text for effect in plan.effects)
