"""The columns of the tree of snapshots: how wide they are at first, and which give way where not all have room."""

from collections.abc import Collection, Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QStyleOptionHeader, QWidget

from snapgui.models.snapshot_cells import FIGURES, Column

WIDTHS: Final[Mapping[Column, int]] = {  # in digits, for the first start
    Column.NAME: 19,
    Column.TAKEN: 17,
    Column.STATE: 12,
    Column.KIND: 8,
    Column.MEMORY: 10,
    Column.DISK: 10,
    Column.FREES: 10,
    Column.DESCRIPTION: 9,  # at least: it takes what is left
}
# The first goes first. All of them are read beside, in the details, and those that are words in a name's tooltip, too.
_GIVING_WAY: Final = (Column.DISK, Column.KIND, Column.DESCRIPTION, Column.STATE)
LESSER: Final = frozenset(_GIVING_WAY[:2])  # those that give way to any name, however long

GAP: Final = "\N{EN SPACE}"  # after what stands on the right, or it would touch what begins on the left of the next


def without_room(needs: Mapping[Column, int], room: int, kept: Collection[Column]) -> frozenset[Column]:
    """The columns to hide so that the others have ``room``, all in pixels; those to be ``kept`` stay."""
    hidden: set[Column] = set()
    over = sum(needs.values()) - room
    for column in _GIVING_WAY:
        if over > 0 and column not in kept:
            hidden.add(column)
            over -= needs[column]
    return frozenset(hidden)


class Header(QHeaderView):
    """Titles that stand where the cells below them do."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(True)
        self.setSectionsMovable(True)
        self.setStretchLastSection(True)
        self.setResizeContentsPrecision(0)  # what is on screen: no row of 10,000 is asked for nothing

    def initStyleOptionForIndex(self, option: QStyleOptionHeader, section: int) -> None:  # noqa: N802 - Qt's name
        super().initStyleOptionForIndex(option, section)
        if section in FIGURES:
            option.text += GAP
