"""How the window's panels share its room, as the user has divided it."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QSplitter, QWidget


class Panels(NamedTuple):
    """What is laid out."""

    machines: QWidget
    snapshots: QWidget
    details: QWidget
    sizes: QWidget
    activity: QWidget


class Panes(QSplitter):
    """Machines on the left; snapshots and details above, sizes and activity below. None can be dragged out of sight."""

    def __init__(self, panels: Panels, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        above = QSplitter(Qt.Orientation.Horizontal)
        above.addWidget(panels.snapshots)
        above.addWidget(panels.details)
        below = QSplitter(Qt.Orientation.Horizontal)
        below.addWidget(panels.sizes)
        below.addWidget(panels.activity)
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(above)
        right.addWidget(below)
        self.addWidget(panels.machines)
        self.addWidget(right)
        self._splitters: tuple[QSplitter, ...] = (self, right, above, below)
        for splitter, sizes in ((self, (240, 1040)), (right, (530, 240)), (above, (760, 310)), (below, (600, 450))):
            splitter.setChildrenCollapsible(False)
            splitter.setSizes(list(sizes))
        self.setStretchFactor(1, 1)
        for splitter, shares in ((right, (2, 1)), (above, (2, 1)), (below, (1, 1))):
            for index, share in enumerate(shares):
                splitter.setStretchFactor(index, share)

    def states(self) -> list[str]:
        """How the room is divided, to be kept."""
        return [bytes(each.saveState().toBase64().data()).decode() for each in self._splitters]

    def restore(self, states: Sequence[str]) -> None:
        """Divide it as it was when ``states`` was kept."""
        for splitter, state in zip(self._splitters, states, strict=False):
            splitter.restoreState(QByteArray.fromBase64(QByteArray(state.encode())))
