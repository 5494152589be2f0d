"""Which kind of snapshot to take."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QRadioButton, QVBoxLayout, QWidget

from snapgui.core.records import Kind, Situation
from snapgui.core.rules.default_kind import default_kind, kind_obstacle
from snapgui.core.text import translate
from snapgui.models.format import tooltip
from snapgui.ui.icons import icon
from snapgui.ui.widgets.text_label import TextLabel


class KindChoice(QWidget):
    """Follows the machine until the user has chosen. A kind that is impossible now is marked, and may still be read."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        words = {
            Kind.INTERNAL: translate("TakeDialog", "&Inside the images"),
            Kind.EXTERNAL: translate("TakeDialog", "In &files of their own"),
            Kind.DISK_ONLY: translate("TakeDialog", "Disks &only"),
        }
        self._chosen: Kind | None = None
        self._active = False
        self._why = ""
        self._group = QButtonGroup(self)
        self._buttons = {kind: QRadioButton(text) for kind, text in words.items()}
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        for number, button in enumerate(self._buttons.values()):
            self._group.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        self._about = TextLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self._about)
        self._buttons[Kind.INTERNAL].setChecked(True)
        self._group.idClicked.connect(self._clicked)
        self._group.idToggled.connect(self._toggled)

    @property
    def kind(self) -> Kind:
        """The kind that is chosen now."""
        return next((kind for kind, button in self._buttons.items() if button.isChecked()), Kind.INTERNAL)

    def about(self) -> str:
        """What is said of it."""
        return self._about.text()

    def set_situation(self, situation: Situation) -> None:
        """Follow the machine: what is possible, and what is chosen where nobody has."""
        self._active = situation.domain.state.active
        default, why = default_kind(situation)
        self._why = "" if self._chosen is not None else why
        # A machine that is off has no memory to leave out.
        self._buttons[Kind.DISK_ONLY].setVisible(self._active)
        if self._chosen is Kind.DISK_ONLY and not self._active:
            self._chosen = Kind.EXTERNAL
        self._buttons[self._chosen or default].setChecked(True)
        for kind, button in self._buttons.items():
            obstacle = kind_obstacle(situation, kind)
            text = "" if obstacle is None else f"{obstacle.reason} {obstacle.remedy}".rstrip()
            button.setIcon(QIcon() if obstacle is None else icon("blocker"))
            button.setToolTip(tooltip(text))
            button.setAccessibleDescription(text or self._words(kind))
        self._say()

    def _clicked(self, number: int) -> None:
        self._chosen = tuple(self._buttons)[number]
        self._why = ""
        self._say()

    def _toggled(self, _number: int, is_on: bool) -> None:  # noqa: FBT001 - a slot of idToggled(int, bool)
        if is_on:  # the button that goes off tells it too
            self._say()
            self.changed.emit()

    def _say(self) -> None:
        self._about.setText(f"{self._words(self.kind)} {self._why}".rstrip())

    def _words(self, kind: Kind) -> str:
        if kind is Kind.DISK_ONLY:
            return translate("TakeDialog", "The disks go on in new files; the memory is not kept.")
        if kind is Kind.EXTERNAL:
            return (
                translate("TakeDialog", "The disks go on in new files, and the memory is kept in another.")
                if self._active
                else translate("TakeDialog", "The disks go on in new files.")
            )
        return (
            translate(
                "TakeDialog", "Disks and memory are kept inside the images that the machine has; there is no new file."
            )
            if self._active
            else translate(
                "TakeDialog", "The disks are kept inside the images that the machine has; there is no new file."
            )
        )
