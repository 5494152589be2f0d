"""What differs between two snapshots of a machine, or between one and the machine as it is now."""

from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from snapgui.core.changed import Changed, Side
from snapgui.core.differences.compare import Configuration
from snapgui.core.errors import Problem
from snapgui.core.text import translate
from snapgui.models.format import one_line
from snapgui.ui.widgets.changed_disks import ChangedDisks
from snapgui.ui.widgets.differences_view import DifferencesView

_SIZE: Final = QSize(720, 560)


class CompareDialog(QDialog):
    """Asks by ``wanted`` for two moments whenever the choice changes.

    To be answered with ``set_configurations`` and, with what part is done before, ``set_disks``.
    """

    wanted = Signal(object, object)  # Side, Side

    def __init__(
        self, machine: str, names: tuple[str, ...], before: Side, after: Side, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("CompareDialog", "What differs in {machine}").format(machine=machine))
        self._before = self._side(translate("CompareDialog", "Before"), names, before)
        self._after = self._side(translate("CompareDialog", "After"), names, after)
        self.view = DifferencesView()
        self.disks = ChangedDisks()
        title = QLabel(translate("CompareDialog", "Settings"))
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        head = QHBoxLayout()
        for text, box in (
            (translate("CompareDialog", "&From"), self._before),
            (translate("CompareDialog", "&to"), self._after),
        ):
            label = QLabel(text)
            label.setBuddy(box)
            head.addWidget(label)
            head.addWidget(box, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setIcon(QIcon())
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(title)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.disks)
        layout.addWidget(buttons)
        self.resize(_SIZE)

    def ask(self) -> None:
        """Ask for what is chosen now."""
        self.view.show_words(translate("CompareDialog", "Reading the settings…"))
        self.disks.show_part(0)
        self.wanted.emit(*self.sides())

    def sides(self) -> tuple[Side, Side]:
        """What is compared."""
        return self._before.currentData(Qt.ItemDataRole.UserRole), self._after.currentData(Qt.ItemDataRole.UserRole)

    def set_configurations(self, sides: tuple[Side, Side], found: tuple[Configuration | None, ...]) -> None:
        """The two configurations that were asked for; None where a snapshot has none."""
        if sides == self.sides():
            self.view.show_comparison(found[0], found[1])

    def set_part(self, sides: tuple[Side, Side], part: float) -> None:
        """How far the comparison of the disks is, from 0 to 1."""
        if sides == self.sides():
            self.disks.show_part(part)

    def set_disks(self, sides: tuple[Side, Side], found: Changed | Problem) -> None:
        """What differs in the disks, or why that is not known."""
        if sides != self.sides():
            return
        if isinstance(found, Problem):
            self.disks.show_problem(found)
        else:
            self.disks.show_changed(found)

    def set_problem(self, problem: Problem) -> None:
        """The settings could not be read."""
        self.view.show_words(" ".join(filter(None, (problem.tried, problem.why, problem.remedy))))

    def _side(self, name: str, names: tuple[str, ...], chosen: Side) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(16)
        box.addItem(translate("CompareDialog", "Now"), None)
        for each in names:
            box.addItem(one_line(each), each)
        box.setCurrentIndex(0 if chosen is None or chosen not in names else 1 + names.index(chosen))
        box.currentIndexChanged.connect(self.ask)
        return box
