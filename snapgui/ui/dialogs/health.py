"""Check a machine's health: what is wrong, where it lies and how large it is; mend what is chosen."""

from collections.abc import Iterator, Sequence
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSignalBlocker, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from snapgui.core.costs import frees_from, shares_from, why_uncounted
from snapgui.core.health.ailments import Ailment, Health, Ill
from snapgui.core.records import Situation
from snapgui.core.requests import Mend
from snapgui.core.rules.repair import remedy_against
from snapgui.core.text import translate
from snapgui.core.usage import Held, Usage
from snapgui.models.format import one_line, size_text, tooltip
from snapgui.ui.dialogs.plan_dialog import PlanDialog
from snapgui.ui.icons import icon
from snapgui.ui.widgets.text_label import TextLabel

_NAME, _WHAT, _WHERE, _SIZE = range(4)
_PLAN_LINES: Final = 7
_SMALL: Final = QSize(560, 130)
_LARGE: Final = QSize(880, 560)  # a screen of 1024 by 600 less the frame and a panel
_BETWEEN: Final = 6  # pixels between the texts of two rows
_AILMENT: Final = Qt.ItemDataRole.UserRole


class HealthDialog(PlanDialog):
    """The situation that it is given first has no inventory; ``set_situation`` brings one that has."""

    examines = True

    def __init__(self, situation: Situation, parent: QWidget | None = None) -> None:
        super().__init__(
            situation,
            translate("HealthDialog", "Health of {machine}").format(machine=situation.domain.name),
            translate("HealthDialog", "Me&nd"),
            icon("health"),
            parent,
        )
        self._shown: Health | None = None
        self._summary = TextLabel()
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setAccessibleName(translate("HealthDialog", "Looking at the machine’s snapshots and files"))
        self.tree = _tree()
        self.tree.itemChanged.connect(self._ticked)
        self._unseen = _tree_of_texts()
        self._choice = QComboBox()
        self._choice.addItem(translate("HealthDialog", "Make them known to libvirt"))
        self._choice.addItem(translate("HealthDialog", "Delete them"))
        self._choice.currentIndexChanged.connect(self.refresh)
        label = QLabel(translate("HealthDialog", "&Unknown snapshots:"))
        label.setBuddy(self._choice)
        self._choices = QWidget()
        row = QHBoxLayout(self._choices)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label)
        row.addWidget(self._choice)
        row.addStretch(1)
        self._rest = QWidget()  # takes the room where there is nothing to show
        self._rest.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.plan_view.set_lines(_PLAN_LINES)
        for widget in (self._summary, self._busy, self.tree, self._choices, self._unseen, self._rest):
            self.fields.addWidget(widget)
        self.fields.setStretch(self.fields.indexOf(self.tree), 1)
        layout = self.layout()
        if isinstance(layout, QVBoxLayout):
            layout.setStretch(0, 2)
        self._fill((), ())
        self._summary.hide()
        self.situation_changed()
        self.refresh()

    def request(self) -> Mend:
        chosen: dict[Ill, list[Ailment]] = {ill: [] for ill in Ill}
        for item in self._items():
            if item.checkState(_NAME) is Qt.CheckState.Checked:
                ailment = item.data(_NAME, _AILMENT)
                chosen[ailment.ill].append(ailment)
        adopting = self._choice.currentIndex() == 0
        unknown = chosen[Ill.UNKNOWN]
        return Mend(
            self.situation.domain.id,
            adopt=tuple(each.name for each in unknown if adopting and each.adoptable),
            erase=tuple(each.name for each in unknown if not (adopting and each.adoptable)),
            forget=tuple(each.name for each in chosen[Ill.LOST]),
            files=tuple(each.name for each in chosen[Ill.UNUSED]),
            pictures=tuple(each.name for each in chosen[Ill.PICTURE]),
        )

    @property
    def waiting(self) -> bool:
        return self.situation.health is None

    def accept(self) -> None:
        """Nothing is agreed to before it has been found."""
        if not self.waiting:
            super().accept()

    def refresh(self) -> None:
        super().refresh()
        busy = self.waiting and self._failed is None
        self._busy.setVisible(busy)
        if self.waiting:
            self.ok.setEnabled(False)
        else:
            self.ok.setDefault(True)  # while it could not be pressed, the other button was

    def situation_changed(self) -> None:
        """Show what was found; a later word on the machine alone changes no tick."""
        health = self.situation.health
        if health is self._shown:
            self._show_sizes()
            return
        self._shown = health
        self._fill(health.ailments if health is not None else (), health.unseen if health is not None else ())
        self._summary.setText(_summary(health) if health is not None else "")
        self._summary.setVisible(health is not None)

    def _fill(self, found: tuple[Ailment, ...], unseen: tuple[str, ...]) -> None:
        self.tree.blockSignals(True)  # noqa: FBT003 - Qt takes no keyword
        self.tree.clear()
        for ill, title in _titles().items():
            ailments = [each for each in found if each.ill is ill]
            if ailments:
                group = QTreeWidgetItem(self.tree, [title])
                group.setFirstColumnSpanned(True)
                group.setFlags(Qt.ItemFlag.ItemIsEnabled)
                font = group.font(_NAME)
                font.setBold(True)
                group.setFont(_NAME, font)
                for ailment in ailments:
                    _add(group, ailment)
                group.setExpanded(True)
        self._show_sizes()
        self.tree.blockSignals(False)  # noqa: FBT003 - likewise
        self.tree.setVisible(bool(found))
        self._choices.setVisible(any(each.adoptable and not remedy_against(each) for each in found))
        self.plan_view.setVisible(bool(found))
        self.ok.setVisible(bool(found) or self.waiting)
        close = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        close.setText(
            translate("HealthDialog", "Cancel") if self.ok.isVisibleTo(self) else translate("HealthDialog", "&Close")
        )
        self._rest.setVisible(not found)
        self._unseen.clear()
        for text in unseen:
            QTreeWidgetItem(self._unseen, [one_line(text)]).setToolTip(0, tooltip(text))
        self._unseen.setVisible(bool(unseen))
        if found:
            self.tree.setCurrentItem(next(self._items()))
            self.tree.setFocus()
        # Large from the start: a window that grows just when it is shown may be left small, or reach below the screen.
        small = _SMALL + QSize(0, self._unseen.maximumHeight() * bool(unseen))
        self.resize(_LARGE if found or self.waiting else small)

    def _show_sizes(self) -> None:
        """What snapshots take is counted apart, and may come later."""
        with QSignalBlocker(self.tree):
            for item in self._items():
                _show_size(item, self.situation.usage)

    def _items(self) -> Iterator[QTreeWidgetItem]:
        for number in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(number)
            for row in range(group.childCount() if group is not None else 0):
                item = group.child(row) if group is not None else None
                if item is not None:
                    yield item

    def _ticked(self, _item: QTreeWidgetItem, _column: int) -> None:
        self.refresh()


class _Wrapping(QStyledItemDelegate):
    """Rows as high as the text of their column needs: the view asks for heights without a width."""

    def __init__(self, tree: QTreeWidget) -> None:
        super().__init__(tree)
        self._tree = tree

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        within = QStyleOptionViewItem(option)
        within.rect = QRect(0, 0, self._tree.columnWidth(index.column()), 1)  # a height of 0 means any width, too
        return super().sizeHint(within, index) + QSize(0, _BETWEEN)


def _tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setHeaderLabels(
        [
            translate("HealthDialog", "Found"),
            translate("HealthDialog", "What it is"),
            translate("HealthDialog", "Where"),
            translate("HealthDialog", "Size"),
        ]
    )
    tree.setAccessibleName(translate("HealthDialog", "What was found"))
    tree.setIndentation(14)
    tree.setWordWrap(True)
    tree.setTextElideMode(Qt.TextElideMode.ElideRight)
    tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    header = tree.header()
    header.setStretchLastSection(False)
    header.setSectionResizeMode(_WHAT, QHeaderView.ResizeMode.Stretch)
    # A text that wraps has another height at another width, which the view asks for only when it lays out anew.
    header.sectionResized.connect(tree.scheduleDelayedItemsLayout)
    tree.setItemDelegateForColumn(_WHAT, _Wrapping(tree))
    character = tree.fontMetrics().averageCharWidth()
    header.resizeSection(_NAME, character * 30)
    header.resizeSection(_WHERE, character * 38)
    header.resizeSection(_SIZE, tree.fontMetrics().horizontalAdvance("1,000.0 MiB  "))
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return tree


def _tree_of_texts() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setHeaderLabels([translate("HealthDialog", "Could not be looked at")])
    tree.setAccessibleName(translate("HealthDialog", "What could not be looked at"))
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    tree.setMaximumHeight(tree.fontMetrics().height() * 5)
    return tree


def _titles() -> dict[Ill, str]:
    return {
        Ill.BROKEN: translate("HealthDialog", "Disks whose images are not all there"),
        Ill.UNFINISHED: translate("HealthDialog", "Snapshots that are half deleted"),
        Ill.UNKNOWN: translate("HealthDialog", "Snapshots in the images that libvirt does not know"),
        Ill.LOST: translate("HealthDialog", "Snapshots whose data is gone, all or a part"),
        Ill.UNUSED: translate("HealthDialog", "Files that nothing refers to any more"),
        Ill.PICTURE: translate("HealthDialog", "Pictures of screens whose snapshots are gone"),
    }


def _add(group: QTreeWidgetItem, ailment: Ailment) -> None:
    """A row; ticked where nothing speaks against doing it, and without a box that can be ticked where it can't be.

    What is left of a snapshot's data goes only when somebody ticks it: qemu-img may still get at it.
    """
    why_not = remedy_against(ailment)
    text = why_not or ailment.doubt or ailment.text
    item = QTreeWidgetItem(group, [one_line(_short(ailment)), text, one_line(_place(ailment))])
    item.setData(_NAME, _AILMENT, ailment)
    item.setTextAlignment(_SIZE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    wanted = ailment.ill is not Ill.UNKNOWN or ailment.adoptable
    ticked = wanted and not (why_not or ailment.doubt or ailment.partly)
    item.setCheckState(_NAME, Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
    item.setDisabled(bool(why_not))
    for column in (_NAME, _WHAT, _WHERE):
        item.setToolTip(column, tooltip(ailment.name, ailment.text, ailment.doubt, why_not, "\n".join(ailment.where)))


def _show_size(item: QTreeWidgetItem, usage: Usage | None) -> None:
    """What a file takes; of a snapshot, what it alone holds in the images, which deleting it frees."""
    ailment: Ailment = item.data(_NAME, _AILMENT)
    size, why = ("" if ailment.size is None else size_text(ailment.size)), ""
    if ailment.found is not None:
        name, places = ailment.name, ailment.found.places
        why = why_uncounted(usage, name, places)
        size = translate("HealthDialog", "–")
        if usage is not None and not why:
            held = frees_from(usage, {name: places})
            size, why = size_text(held.total), _holding(held, shares_from(usage, name, places))
    item.setText(_SIZE, size)
    item.setToolTip(_SIZE, tooltip(ailment.name, why))
    facts = (ailment.name, ailment.text, ailment.doubt, remedy_against(ailment), size, why)
    item.setData(_NAME, Qt.ItemDataRole.AccessibleTextRole, ", ".join(filter(None, facts)))


def _holding(alone: Held, shared: Held) -> str:
    text = translate(
        "HealthDialog",
        "Deleting it alone frees {size} inside the images: {memory} of memory, {disk} of the disks, "
        "{tables} of the images’ tables. {shared} of the disks it shares with others.",
    )
    parts = {"memory": alone.memory, "disk": alone.disk, "tables": alone.tables, "size": alone.total}
    return text.format(shared=size_text(shared.disk), **{part: size_text(size) for part, size in parts.items()})


def _short(ailment: Ailment) -> str:
    is_file = ailment.ill in (Ill.UNUSED, Ill.PICTURE)
    return ailment.name.rpartition("/")[2] if is_file else ailment.name


def _place(ailment: Ailment) -> str:
    """The folder of a file; the first image or file of a snapshot, and how many more there are."""
    if ailment.ill in (Ill.UNUSED, Ill.PICTURE):
        return ailment.name.rpartition("/")[0]
    first, more = next(iter(ailment.where), ""), len(ailment.where) - 1
    return first if more < 1 else translate("HealthDialog", "{path} and %n more", "", more).format(path=first)


def _summary(health: Health) -> str:
    looked: Sequence[str] = (
        translate("HealthDialog", "%n snapshot(s)", "", health.snapshots),
        translate("HealthDialog", "%n image(s)", "", health.images),
        translate("HealthDialog", "%n folder(s)", "", health.folders),
        translate("HealthDialog", "the settings of %n machine(s)", "", health.machines),
    )
    text = translate("HealthDialog", "Looked at: {what}.").format(what=", ".join(looked))
    if health.ailments:
        return text
    nothing = translate(
        "HealthDialog",
        "Nothing found: everything is where it belongs. "
        "What is inside the images was not looked at; “qemu-img check” does that.",
    )
    if health.unseen:
        nothing = translate("HealthDialog", "Nothing found, as far as could be seen.")
    return f"{nothing} {text}"
