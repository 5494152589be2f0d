"""What differs between two snapshots of a machine, or between one and the machine as it is now."""

from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from snapgui.core.differences.compare import Configuration
from snapgui.core.errors import Problem
from snapgui.core.text import translate
from snapgui.models.format import one_line
from snapgui.ui.widgets.differences_view import DifferencesView

_SIZE: Final = QSize(720, 500)

Side = str | None  # a snapshot's name; None: the machine as it is now


class CompareDialog(QDialog):
    """Asks by ``wanted`` for two configurations whenever the choice changes; answer with ``set_configurations``."""

    wanted = Signal(object, object)  # Side, Side

    def __init__(
        self, machine: str, names: tuple[str, ...], before: Side, after: Side, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("CompareDialog", "Compare the settings of {machine}").format(machine=machine))
        self._before = self._side(translate("CompareDialog", "Before"), names, before)
        self._after = self._side(translate("CompareDialog", "After"), names, after)
        self.view = DifferencesView()
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
        layout.addWidget(self.view, 1)
        layout.addWidget(buttons)
        self.resize(_SIZE)

    def ask(self) -> None:
        """Ask for what is chosen now."""
        self.view.show_words(translate("CompareDialog", "Reading the settings…"))
        self.wanted.emit(*self.sides())

    def sides(self) -> tuple[Side, Side]:
        """What is compared."""
        return self._before.currentData(Qt.ItemDataRole.UserRole), self._after.currentData(Qt.ItemDataRole.UserRole)

    def set_configurations(self, sides: tuple[Side, Side], found: tuple[Configuration | None, ...]) -> None:
        """The two configurations that were asked for; None where a snapshot has none."""
        if sides == self.sides():
            self.view.show_comparison(found[0], found[1])

    def set_problem(self, problem: Problem) -> None:
        """They could not be read."""
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
