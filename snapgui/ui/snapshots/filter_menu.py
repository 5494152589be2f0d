"""What sorts of snapshots the tree shows: a menu to choose them, and a chip for each that is chosen."""

from functools import partial
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton, QWidget

from snapgui.core.snapshot_filters import SnapshotFilter
from snapgui.core.text import translate
from snapgui.ui.icons import icon

_OPPOSITE: Final = {
    SnapshotFilter.LEAVES: SnapshotFilter.BRANCHES,
    SnapshotFilter.BRANCHES: SnapshotFilter.LEAVES,
}
_FIRSTS: Final = (SnapshotFilter.ACTIVE, SnapshotFilter.INTERNAL, SnapshotFilter.METADATA)  # of which any will do
_CHIP_ICON: Final = QSize(12, 12)  # pixels


class FilterMenu(QToolButton):
    """The button that opens the menu. ``menu`` can be shown elsewhere too."""

    changed = Signal(object)  # frozenset of SnapshotFilter

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(translate("Snapshots", "Show"))
        self.setIcon(icon("filter"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setToolTip(translate("Snapshots", "Show only some sorts of snapshots"))
        self.setAccessibleName(translate("Snapshots", "Show only some sorts of snapshots"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.sorts = QMenu(translate("Snapshots", "&Show only"), self)
        self.sorts.setToolTipsVisible(True)
        self.setMenu(self.sorts)
        self.chips = QToolBar()
        self.chips.setIconSize(_CHIP_ICON)
        self.chips.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.chips.setAccessibleName(translate("Snapshots", "Sorts that are shown"))
        self.chips.hide()
        self._choices = {each: self._choice(each, *words) for each, words in _words().items()}
        self._chips = {each: self._chip(each) for each in self._choices}
        self.sorts.addSeparator()
        everything = self.sorts.addAction(translate("Snapshots", "Show &all"), self.clear)
        everything.setToolTip(translate("Snapshots", "Show all sorts again"))

    def chosen(self) -> frozenset[SnapshotFilter]:
        """What is chosen; nothing means that all are shown."""
        return frozenset(each for each, choice in self._choices.items() if choice.isChecked())

    def clear(self) -> None:
        """Show all sorts again."""
        for choice in self._choices.values():
            choice.setChecked(False)

    def _choice(self, sort: SnapshotFilter, text: str, tip: str) -> QAction:
        if sort in _FIRSTS:
            self.sorts.addSeparator()
        choice = self.sorts.addAction(text)
        choice.setToolTip(tip)
        choice.setCheckable(True)
        choice.toggled.connect(partial(self._toggled, sort))
        return choice

    def _chip(self, sort: SnapshotFilter) -> QAction:
        text = self._choices[sort].text().replace("&", "")
        chip = QAction(icon("close"), text, self)
        chip.setToolTip(translate("Snapshots", "Do not ask for “{sort}” any more").format(sort=text))
        chip.setVisible(False)
        chip.triggered.connect(partial(self._choices[sort].setChecked, False))  # noqa: FBT003 - Qt's own
        self.chips.addAction(chip)
        button = self.chips.widgetForAction(chip)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setAccessibleDescription(chip.toolTip())
        return chip

    def _toggled(self, toggled: SnapshotFilter, on: bool) -> None:  # noqa: FBT001 - a slot of toggled(bool)
        other = _OPPOSITE.get(toggled)
        if on and other is not None and self._choices[other].isChecked():
            self._choices[other].setChecked(False)  # which comes back here
            return
        chosen = self.chosen()
        for sort, chip in self._chips.items():
            chip.setVisible(sort in chosen)
        self.chips.setVisible(bool(chosen))
        self.changed.emit(chosen)


def _words() -> dict[SnapshotFilter, tuple[str, str]]:
    return {
        SnapshotFilter.ROOTS: (
            translate("Snapshots", "&Roots"),
            translate("Snapshots", "Those with none above them"),
        ),
        SnapshotFilter.LEAVES: (
            translate("Snapshots", "&Leaves"),
            translate("Snapshots", "Those with none below them"),
        ),
        SnapshotFilter.BRANCHES: (
            translate("Snapshots", "&Branches"),
            translate("Snapshots", "Those with others below them"),
        ),
        SnapshotFilter.ACTIVE: (
            translate("Snapshots", "Taken &active"),
            translate("Snapshots", "The machine was running or paused"),
        ),
        SnapshotFilter.INACTIVE: (
            translate("Snapshots", "Taken &off"),
            translate("Snapshots", "The machine was off"),
        ),
        SnapshotFilter.DISK_ONLY: (
            translate("Snapshots", "&Disk only"),
            translate("Snapshots", "Of the disks alone"),
        ),
        SnapshotFilter.INTERNAL: (
            translate("Snapshots", "&Internal"),
            translate("Snapshots", "Kept inside the disks’ images"),
        ),
        SnapshotFilter.EXTERNAL: (
            translate("Snapshots", "&External"),
            translate("Snapshots", "Kept in files of their own"),
        ),
        SnapshotFilter.METADATA: (
            translate("Snapshots", "With &metadata"),
            translate("Snapshots", "Those that libvirt knows: all that it lists"),
        ),
        SnapshotFilter.NO_METADATA: (
            translate("Snapshots", "&Without metadata"),
            translate("Snapshots", "Those that only an image knows: libvirt lists none; “Check health” finds them"),
        ),
    }
