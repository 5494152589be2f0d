"""The facts of one snapshot, a line each."""

import posixpath
import time
from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from snapgui.core.costs import Cost, MergeCost
from snapgui.core.records import Mode, Size, SnapshotDisk, SnapshotRecord
from snapgui.core.text import translate
from snapgui.models.format import relative_text, size_text, time_text
from snapgui.models.words import kind_text, snapshot_state_text
from snapgui.ui.details.texts import CopyableText, NameLink
from snapgui.ui.widgets.text_label import TextLabel

_CHILDREN_SHOWN = 5


class Facts(QWidget):
    """Time, state, kind, parent, children, memory and disks. What is not known or not there takes no line."""

    snapshot_activated = Signal(str)  # name

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        self._taken = self._text_line(translate("Details", "Taken"))
        self._state = self._text_line(translate("Details", "State"))
        self._kind = self._text_line(translate("Details", "Kind"))
        self._memory = self._text_line(translate("Details", "Memory"))
        self._disk = self._text_line(translate("Details", "Disk"))
        self._frees = self._text_line(translate("Details", "Frees"))
        self._merges = self._text_line(translate("Details", "Merges"))
        self._parent = self._names_line(translate("Details", "Parent"))
        self._children = self._names_line(translate("Details", "Children"))
        self._disks = self._text_line(translate("Details", "Disks"))
        self._record: SnapshotRecord | None = None

    def show_snapshot(self, record: SnapshotRecord, size: Size | None, cost: Cost | None, children: list[str]) -> None:
        """Show a snapshot; ``size`` and ``cost`` are None while they have not been looked up."""
        self._record = record
        self.refresh_time()
        self._state.show_text(snapshot_state_text(record.state))
        self._kind.show_text(kind_text(record.kind))
        self._memory.show_text(_memory_text(size, record.memory_file))
        self._disk.show_text(_shared_text(cost))
        self._frees.show_text(_frees_text(cost, size))
        self._merges.show_text("\n".join(map(_merge_text, cost.merges)) if cost is not None else "")
        self._disks.show_text("\n".join(map(_disk_text, record.disks)))
        self._parent.show_names([record.parent] if record.parent is not None else [])
        self._children.show_names(children)

    def refresh_time(self) -> None:
        """How long ago it was taken changes while one looks at it."""
        created = self._record.created if self._record is not None else None
        text = ""
        if created is not None:
            text = translate("Details", "{time} ({ago})").format(
                time=time_text(created), ago=relative_text(created, time.time())
            )
        self._taken.show_text(text)

    def _text_line(self, label: str) -> "_TextLine":
        line = _TextLine(label, self)
        self._add(line.label, line.value)
        return line

    def _names_line(self, label: str) -> "_NamesLine":
        line = _NamesLine(label, self)
        line.activated.connect(self.snapshot_activated)
        self._add(line.label, line)
        return line

    def _add(self, label: QLabel, value: QWidget) -> None:
        row = self._grid.rowCount()
        top = Qt.AlignmentFlag.AlignTop
        self._grid.addWidget(label, row, 0, top | Qt.AlignmentFlag.AlignLeading)
        self._grid.addWidget(value, row, 1, top)


class _TextLine:
    def __init__(self, label: str, parent: QWidget) -> None:
        self.label = QLabel(label, parent)
        self.value = CopyableText(label, parent)
        self.value.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # Tab would stop at each of half a dozen values

    def show_text(self, text: str) -> None:
        self.value.show_text(text)
        self.label.setVisible(bool(text))
        self.value.setVisible(bool(text))


class _NamesLine(QWidget):
    activated = Signal(str)

    def __init__(self, label: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.label = QLabel(label, parent)
        self._shown: list[str] = []
        self._body = QVBoxLayout(self)
        self._body.setContentsMargins(0, 0, 0, 0)
        self._body.setSpacing(2)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_names(self, names: list[str]) -> None:
        self.label.setVisible(bool(names))
        self.setVisible(bool(names))
        if names == self._shown:
            return  # a refresh takes no focus away
        self._shown = names
        while (item := self._body.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for widget in self._widgets(names):
            self._body.addWidget(widget)
            widget.show()  # Qt shows what joins a layout only later, and the panel's height would jump

    def _widgets(self, names: list[str]) -> Iterable[QWidget]:
        for name in names[:_CHILDREN_SHOWN]:
            link = NameLink(name, self)
            link.clicked.connect(lambda _checked=False, name=name: self.activated.emit(name))
            yield link
        if len(names) > _CHILDREN_SHOWN:
            yield TextLabel(translate("Details", "and %n more", "", len(names) - _CHILDREN_SHOWN), self)


def _memory_text(size: Size | None, file: str) -> str:
    if file and size is not None and size.bytes is not None:
        return translate("Details", "{size} in {path}").format(size=size_text(size.bytes), path=file)
    if size is None:
        return translate("Details", "not read yet")
    if size.bytes is None:
        return translate("Details", "Not known. {reason}").format(reason=size.why)
    if size.bytes == 0:
        return translate("Details", "{size}: no memory is kept in it").format(size=size_text(0))
    return size_text(size.bytes)


def _shared_text(cost: Cost | None) -> str:
    if cost is None or cost.disk.bytes is None:
        return ""
    if cost.shared.bytes is None:
        return translate("Details", "{own} that nothing else needs").format(own=size_text(cost.disk.bytes))
    return translate("Details", "{own} alone, {shared} shared with others").format(
        own=size_text(cost.disk.bytes), shared=size_text(cost.shared.bytes)
    )


def _frees_text(cost: Cost | None, memory: Size | None) -> str:
    """What deleting it gives back, or why that is not known; nothing where it has not been counted.

    After a revert the disk as it is now refers to the memory as well, which is in the image like a part of the disk.
    """
    if cost is None:
        return ""
    if cost.frees.bytes is None:
        return translate("Details", "Not known. {reason}").format(reason=cost.frees.why)
    text = translate("Details", "{size} when it is deleted")
    kept = memory.bytes or 0 if memory is not None and not cost.merges else 0
    if cost.frees.bytes < kept:
        text = translate("Details", "{size} when it is deleted: something else in the image still refers to its memory")
    return text.format(size=size_text(cost.frees.bytes))


def _merge_text(merge: MergeCost) -> str:
    """What deleting an external snapshot does with one of its overlays."""
    file, base = posixpath.basename(merge.merging.file), posixpath.basename(merge.merging.base)
    size = translate("Details", "?") if merge.allocated is None else size_text(merge.allocated)
    head = translate("Details", "{target}: {file} ({size}), one of %n file(s) above one another.", "", merge.depth)
    text = head.format(target=merge.merging.target, file=file, size=size) if merge.depth else ""
    if merge.gain is None:
        return text
    told = translate("Details", "Deleting writes {written} into {base}, which grows by {grows}.")
    if merge.gain.grows <= 0:
        told = translate("Details", "Deleting writes {written} into {base}, which does not grow.")
    written, grows = size_text(merge.gain.written), size_text(max(0, merge.gain.grows))
    return f"{text} {told.format(written=written, base=base, grows=grows)}"


def _disk_text(disk: SnapshotDisk) -> str:
    where = {
        Mode.INTERNAL: translate("Details", "{target}: inside its image"),
        Mode.EXTERNAL: translate("Details", "{target}: external, then written to {path}"),
        Mode.MANUAL: translate("Details", "{target}: kept by other means"),
        Mode.NO: translate("Details", "{target}: not in the snapshot"),
        Mode.UNKNOWN: translate("Details", "{target}"),
    }[disk.mode]
    return where.format(target=disk.target, path=disk.path or translate("Details", "an unknown place"))
