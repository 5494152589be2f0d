"""What becomes of each disk, and where the memory goes."""

import posixpath
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QLineEdit, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from snapgui.core.records import Disk, Kind, Mode, Situation
from snapgui.core.requests import DiskChoice, Take
from snapgui.core.rules.take_disks import DiskPlace, disk_places, memory_place
from snapgui.core.text import translate
from snapgui.models.format import one_line, tooltip
from snapgui.ui.widgets.elided import ElidedLabel
from snapgui.ui.widgets.text_label import TextLabel

_ROWS: Final = 4  # on screen at once
_IMAGE: Final = 12  # characters
_PATH: Final = 30
_MEMORY: Final = 0  # the first row of the grid


@dataclass(slots=True)
class _Row:
    """One disk that can be written: what becomes of it, and in which file."""

    disk: Disk
    mode: QComboBox
    path: QLineEdit


class Places(QWidget):
    """A row for the memory and one for each disk; a field that is left empty leaves its file to libvirt."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[str, _Row] = {}
        self._disks: tuple[Disk, ...] = ()
        self._kind = Kind.INTERNAL
        self._content = QWidget()
        self._grid = QGridLayout(self._content)
        self._grid.setContentsMargins(4, 4, 4, 4)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnStretch(3, 2)
        self._memory_label = _label(translate("TakeDialog", "Memory"))
        self.memory = QLineEdit()
        self.memory.setAccessibleName(translate("TakeDialog", "File for the memory"))
        self.memory.textChanged.connect(self.changed)
        self._grid.addWidget(self._memory_label, _MEMORY, 0)
        self._grid.addWidget(self.memory, _MEMORY, 1, 1, 3)
        scroll = QScrollArea()
        scroll.setWidget(self._content)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QFrame.Shape.StyledPanel)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setAccessibleName(translate("TakeDialog", "Disks and memory"))
        self._scroll = scroll
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def choices(self) -> tuple[DiskChoice, ...]:
        """For each disk that shall not have what its kind and the machine's configuration give it by themselves."""
        found = []
        for row in self._rows.values():
            mode = row.mode.currentData()
            path = row.path.text() if mode is Mode.EXTERNAL else ""
            if row.mode.currentIndex() != 0 or path:
                found.append(DiskChoice(row.disk.target, mode, path))
        return tuple(found)

    def set_situation(self, situation: Situation, request: Take) -> None:
        """Follow the machine's disks and the kind. What the user chose stays, where it can still be chosen."""
        places = disk_places(Take(request.domain, request.name, kind=request.kind), situation)
        disks = tuple(place.disk for place in places)
        if (disks, request.kind) != (self._disks, self._kind):
            self._disks, self._kind = disks, request.kind
            self._build(places)
        self.suggest(situation, request)

    def suggest(self, situation: Situation, request: Take) -> None:
        """Say where files go by themselves: it changes with the snapshot's name."""
        named = Take(request.domain, request.name, kind=request.kind)
        for place in disk_places(named, situation):
            row = self._rows.get(place.disk.target)
            if row is None:
                continue
            on_file = row.mode.currentData() is Mode.EXTERNAL
            row.path.setEnabled(on_file)
            row.path.setVisible(self._kind is not Kind.INTERNAL)
            row.path.setPlaceholderText(one_line(place.path) if on_file else "")
        place_of_memory = memory_place(named, situation)
        on_file = self._kind is Kind.EXTERNAL and situation.domain.state.active
        self.memory.setPlaceholderText(one_line(place_of_memory))
        self.memory.setVisible(on_file)
        self._memory_label.setVisible(on_file)
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        self._scroll.setMinimumWidth(self._content.minimumSizeHint().width() + bar + 2 * self._scroll.frameWidth())

    def _build(self, places: tuple[DiskPlace, ...]) -> None:
        kept = {choice.target: choice for choice in self.choices()}
        for index in reversed(range(self._grid.count())):
            item = self._grid.itemAt(index)
            widget = None if item is None else item.widget()
            if widget is not None and widget not in (self.memory, self._memory_label):
                self._grid.removeWidget(widget)
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()
        self._rows.clear()
        for number, place in enumerate(places, start=_MEMORY + 1):
            self._add(number, place, kept.get(place.disk.target))
        rows = min(max(len(places) + 1, 2), _ROWS)
        height = self.memory.sizeHint().height() + self._grid.verticalSpacing()
        self._scroll.setFixedHeight(rows * height + 10)

    def _add(self, number: int, place: DiskPlace, kept: DiskChoice | None) -> None:
        disk = place.disk
        image = ElidedLabel(posixpath.basename(disk.source) or (disk.source_type if disk.writable else ""))
        image.setMinimumWidth(self.fontMetrics().averageCharWidth() * _IMAGE)
        image.setToolTip(tooltip(disk.source))
        image.setAccessibleName(disk.source)
        self._grid.addWidget(_label(disk.target), number, 0)
        self._grid.addWidget(image, number, 1)
        if not disk.writable:
            self._grid.addWidget(_label(_why_not(disk)), number, 2, 1, 2)
            return
        mode, path = QComboBox(), QLineEdit()
        path.setMinimumWidth(self.fontMetrics().averageCharWidth() * _PATH)
        mode.setAccessibleName(translate("TakeDialog", "What becomes of disk {disk}").format(disk=disk.target))
        path.setAccessibleName(translate("TakeDialog", "New file of disk {disk}").format(disk=disk.target))
        own = Mode.NO if place.mode is Mode.MANUAL else place.mode
        by_kind = Mode.INTERNAL if self._kind is Kind.INTERNAL else Mode.EXTERNAL
        for each in dict.fromkeys((own, by_kind, Mode.NO)):
            mode.addItem(_mode_text(each), each)
        if kept is not None and (index := mode.findData(kept.mode)) >= 0:
            with QSignalBlocker(mode):
                mode.setCurrentIndex(index)
            path.setText(kept.path)
        mode.currentIndexChanged.connect(self.changed)
        path.textChanged.connect(self.changed)
        self._grid.addWidget(mode, number, 2)
        self._grid.addWidget(path, number, 3)
        self._rows[disk.target] = _Row(disk, mode, path)


def _label(text: str) -> TextLabel:
    label = TextLabel(text)
    label.setMinimumWidth(label.sizeHint().width())
    label.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
    return label


def _mode_text(mode: Mode) -> str:
    texts = {
        Mode.INTERNAL: translate("TakeDialog", "Inside its image"),
        Mode.EXTERNAL: translate("TakeDialog", "Goes on in a new qcow2 file"),
    }
    return texts.get(mode, translate("TakeDialog", "Left out"))


def _why_not(disk: Disk) -> str:
    """Why a disk is in no snapshot."""
    if not disk.source and disk.source_type in ("file", "block"):
        return translate("TakeDialog", "Empty drive")
    if disk.device == "cdrom":
        return translate("TakeDialog", "CD-ROM: never changes")
    return translate("TakeDialog", "Read-only: never changes")
