"""Delete snapshots: how far, and what goes and moves."""

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtWidgets import QButtonGroup, QCheckBox, QGroupBox, QRadioButton, QVBoxLayout, QWidget

from snapgui.core import tree
from snapgui.core.records import Situation
from snapgui.core.requests import Delete, Scope
from snapgui.core.rules.delete import told_by_xml
from snapgui.core.text import translate
from snapgui.models.format import tooltip
from snapgui.ui.dialogs.plan_dialog import PlanDialog
from snapgui.ui.icons import icon
from snapgui.ui.widgets.fold import Folds

_LINES_WITH_FILES: Final = 16  # their paths are long


class DeleteDialog(PlanDialog):
    """``snapshots`` are the chosen names, one or several."""

    def __init__(self, situation: Situation, snapshots: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(
            situation,
            translate("DeleteDialog", "Delete snapshots of {machine}").format(machine=situation.domain.name),
            translate("DeleteDialog", "&Delete"),
            icon("delete"),
            parent,
        )
        self._snapshots = snapshots
        self._scopes = tuple(Scope)
        texts = _scope_texts(len(snapshots))
        self._choices = QButtonGroup(self)
        group = QGroupBox(translate("DeleteDialog", "Delete"))
        box = QVBoxLayout(group)
        for number, scope in enumerate(self._scopes):
            button = QRadioButton(texts[scope])
            self._choices.addButton(button, number)
            box.addWidget(button)
        self._choices.button(0).setChecked(True)
        self._choices.idToggled.connect(self._toggled)
        self.fields.addWidget(group)
        self._metadata_only = QCheckBox(translate("DeleteDialog", "&Keep the data in the images: libvirt only forgets"))
        self._metadata_only.toggled.connect(self.refresh)
        advanced = QWidget()
        rest = QVBoxLayout(advanced)
        rest.setContentsMargins(4, 4, 4, 4)
        rest.addWidget(self._metadata_only)
        folds = Folds()
        folds.add(translate("DeleteDialog", "Ad&vanced"), advanced)
        self.fields.addWidget(folds)
        if told_by_xml(situation.snapshots, snapshots):
            self.plan_view.set_lines(_LINES_WITH_FILES)
        self.situation_changed()
        self.refresh()
        self.ok.setFocus()

    def _toggled(self, _number: int, is_on: bool) -> None:  # noqa: FBT001 - a slot of idToggled(int, bool)
        if is_on:  # the button that goes off tells it too
            self.refresh()

    def request(self) -> Delete:
        scope = self._scopes[self._choices.checkedId()]
        return Delete(self.situation.domain.id, self._snapshots, scope, self._metadata_only.isChecked())

    def dependents(self) -> bool:
        return bool(told_by_xml(self.situation.snapshots, self._snapshots))

    def situation_changed(self) -> None:
        """Scopes that reach no other snapshot are no choice."""
        self._below = _below(tree.children(self.situation.snapshots), self._snapshots)
        has_children = bool(self._below)
        reason = translate("DeleteDialog", "There are no snapshots below.")
        for number, scope in enumerate(self._scopes):
            if scope is not Scope.THIS:
                button = self._choices.button(number)
                button.setEnabled(has_children)
                button.setToolTip("" if has_children else tooltip(reason))
                button.setAccessibleDescription("" if has_children else reason)
        if not has_children:
            self._choices.button(0).setChecked(True)

    def refresh(self) -> None:
        count = len(self._going())
        if self._metadata_only.isChecked():
            text = translate("DeleteDialog", "&Forget")
            many = translate("DeleteDialog", "&Forget %n snapshot(s)", "", count)
        else:
            text = translate("DeleteDialog", "&Delete")
            many = translate("DeleteDialog", "&Delete %n snapshot(s)", "", count)
        self.ok.setText(text if count <= 1 else many)
        super().refresh()

    def _going(self) -> frozenset[str]:
        scope = self._scopes[self._choices.checkedId()]
        if scope is Scope.THIS:
            return frozenset(self._snapshots)
        return self._below | frozenset(self._snapshots) if scope is Scope.WITH_CHILDREN else self._below


def _scope_texts(count: int) -> dict[Scope, str]:
    if count == 1:
        return {
            Scope.THIS: translate("DeleteDialog", "&Only this snapshot"),
            Scope.WITH_CHILDREN: translate("DeleteDialog", "This snapshot and &everything below it"),
            Scope.CHILDREN_ONLY: translate("DeleteDialog", "Only what is &below it"),
        }
    return {
        Scope.THIS: translate("DeleteDialog", "&Only the %n chosen snapshot(s)", "", count),
        Scope.WITH_CHILDREN: translate("DeleteDialog", "The %n chosen snapshot(s) and &everything below", "", count),
        Scope.CHILDREN_ONLY: translate("DeleteDialog", "Only what is &below the %n chosen snapshot(s)", "", count),
    }


def _below(children: Mapping[str | None, Sequence[str]], chosen: Sequence[str]) -> frozenset[str]:
    """Every snapshot that descends from one of ``chosen``."""
    found: set[str] = set()
    waiting = list(chosen)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return frozenset(found)
