"""Compact a machine's disks: which of them, and what that gives back."""

import posixpath
from typing import Final

from PySide6.QtWidgets import QCheckBox, QGroupBox, QVBoxLayout, QWidget

from snapgui.core.records import Situation
from snapgui.core.requests import Compact
from snapgui.core.rules.compact import Compacting, compactings
from snapgui.core.text import size_text, translate
from snapgui.models.format import one_line, tooltip
from snapgui.ui.dialogs.plan_dialog import PlanDialog
from snapgui.ui.icons import icon
from snapgui.ui.widgets.text_label import TextLabel

_HALF: Final = 20  # characters of a long name that are shown at its begin, and at its end


class CompactDialog(PlanDialog):
    """Enter compacts every disk where there is anything to gain. A disk that can't be says why, and stays unticked."""

    def __init__(self, situation: Situation, parent: QWidget | None = None) -> None:
        super().__init__(
            situation,
            translate("CompactDialog", "Compact the disks of {machine}").format(machine=situation.domain.name),
            translate("CompactDialog", "&Compact"),
            icon("compact"),
            parent,
        )
        self._boxes: dict[str, QCheckBox] = {}
        self._reasons: dict[str, TextLabel] = {}
        self._touched: set[str] = set()
        self._group = QGroupBox(translate("CompactDialog", "Disks"))
        self._column = QVBoxLayout(self._group)
        self.fields.addWidget(self._group)
        self.situation_changed()
        self.refresh()
        self.ok.setFocus()

    def request(self) -> Compact:
        chosen = tuple(target for target, box in self._boxes.items() if box.isChecked())
        return Compact(self.situation.domain.id, chosen)

    def copies(self) -> bool:
        return True

    def dependents(self) -> bool:
        return True

    def situation_changed(self) -> None:
        """A row for each disk; what the user ticked stays, where it can still be."""
        found = compactings(self.situation)
        for each in found:
            target = each.disk.target
            if target not in self._boxes:
                self._add(target)
            box, reason = self._boxes[target], self._reasons[target]
            box.setText(one_line(_words(each)).replace("&", "&&"))
            box.setToolTip(tooltip(each.disk.source))
            box.setEnabled(not each.why_not)
            reason.setText(f"{each.why_not} {each.remedy}".strip())
            reason.setVisible(bool(each.why_not))
            box.setAccessibleDescription(reason.text())
            if target not in self._touched or each.why_not:
                box.setChecked(each.is_worth_it)
        for target in set(self._boxes) - {each.disk.target for each in found}:
            self._boxes.pop(target).deleteLater()
            self._reasons.pop(target).deleteLater()
        self._group.setVisible(bool(found))
        if self.isVisible():  # the disks are known only once they are read
            self.resize(self.size().expandedTo(self.sizeHint()))

    def _add(self, target: str) -> None:
        box, reason = QCheckBox(), TextLabel()
        reason.setContentsMargins(box.iconSize().width() + box.fontMetrics().averageCharWidth(), 0, 0, 0)
        box.clicked.connect(lambda: self._touched.add(target))
        box.toggled.connect(self.refresh)
        self._boxes[target], self._reasons[target] = box, reason
        self._column.addWidget(box)
        self._column.addWidget(reason)


def _words(each: Compacting) -> str:
    name = posixpath.basename(each.disk.source) or each.disk.source_type
    if len(name) > 2 * _HALF:  # a checkbox breaks no lines: it would widen the window
        name = f"{name[:_HALF]}…{name[-_HALF:]}"
    if each.takes is None or each.why_not:
        text = translate("CompactDialog", "{disk}: {image}")
    elif each.gives is None:
        text = translate("CompactDialog", "{disk}: {image} takes {takes}")
    elif not each.is_worth_it:
        text = translate("CompactDialog", "{disk}: {image} takes {takes}, and gives back nothing that its tables tell")
    else:
        text = translate("CompactDialog", "{disk}: {image} takes {takes}, and gives back about {gives}")
    sizes = {"takes": size_text(each.takes or 0), "gives": size_text(each.gives or 0)}
    return text.format(disk=each.disk.target, image=name, **sizes)
