"""How much of each disk differs, and where: a line and a strip for each."""

import time
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from snapgui.core.changed import Blocks, Changed
from snapgui.core.errors import Problem
from snapgui.core.text import translate
from snapgui.models.changed import disk_text, note_text
from snapgui.ui.widgets.disk_strip import DiskStrip
from snapgui.ui.widgets.elided import ElidedLabel
from snapgui.ui.widgets.text_label import TextLabel

_WIDEST: Final = 320  # pixels that the line of a disk takes from what is pointed at
_GAP: Final = 12
_ROWS: Final = 3  # disks that are seen at once; more scroll


class ChangedDisks(QWidget):
    """Shows what differs in the disks, or a sentence in its place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel(translate("Changes", "Disks"))
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        self._words = TextLabel()
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._texts: list[str] = []
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(title)
        body.addWidget(self._area)
        body.addWidget(self._words)
        self.show_words("")

    def show_changed(self, changed: Changed) -> None:
        """Show a line for each disk, and how that was found out."""
        rows = QWidget()
        layout = QVBoxLayout(rows)
        layout.setContentsMargins(0, 0, 0, 0)
        self._texts = []
        for target, found in sorted(changed.disks.items()):
            self._texts.append(disk_text(target, found))
            layout.addWidget(_row(self._texts[-1], found))
        layout.addStretch(1)
        self._area.setWidget(rows)
        tallest = rows.sizeHint().height()
        if len(changed.disks) > _ROWS:
            tallest = tallest * (2 * _ROWS + 1) // (2 * len(changed.disks))  # half of the next one: there are more
        self._area.setFixedHeight(tallest)
        self._area.setVisible(bool(changed.disks))
        words = note_text(changed, time.time())
        if not changed.disks:
            words = translate("Changes", "The machine has no disk that it writes to.")
        self._words.setText(words)
        self._words.setVisible(bool(words))

    def show_part(self, part: float) -> None:
        """Show how far the comparison is, from 0 to 1."""
        text = translate("Changes", "Comparing the disks… {percent} %")
        self.show_words(text.format(percent=self.locale().toString(int(part * 100))))

    def show_problem(self, problem: Problem) -> None:
        """Show why nothing is known."""
        self.show_words(" ".join(filter(None, (problem.tried + ":", problem.why, problem.remedy))))

    def show_words(self, text: str) -> None:
        """Show a sentence in place of disks."""
        self._texts = []
        self._area.hide()
        self._words.setText(text)
        self._words.setVisible(bool(text))

    def texts(self) -> tuple[str, ...]:
        """What is read in it, disk by disk, and below them."""
        return (*self._texts, self._words.text())

    def sizeHint(self) -> QSize:
        return QSize(320, super().sizeHint().height())


def _row(text: str, found: Blocks | Problem) -> QWidget:
    row = QWidget()
    layout = QVBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(1)
    if isinstance(found, Problem):
        layout.addWidget(TextLabel(text))
        return row
    pointed = ElidedLabel()
    pointed.setAlignment(Qt.AlignmentFlag.AlignRight)
    name = ElidedLabel(text)
    name.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    name.setMaximumWidth(_WIDEST)
    head = QHBoxLayout()
    head.setSpacing(_GAP)
    head.addWidget(name)
    head.addWidget(pointed, 1)
    strip = DiskStrip(text, found)
    strip.pointed.connect(pointed.setText)
    layout.addLayout(head)
    layout.addWidget(strip)
    return row
