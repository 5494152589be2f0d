"""A new machine from a snapshot: its name, whether its disks are copies, and where they go."""

from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QButtonGroup, QFormLayout, QHBoxLayout, QLineEdit, QRadioButton, QVBoxLayout, QWidget

from snapgui.core.file_names import free_name, safe_stem
from snapgui.core.plan import Level, Plan
from snapgui.core.records import Situation
from snapgui.core.requests import Clone
from snapgui.core.rules.clone import can_link
from snapgui.core.text import translate
from snapgui.models.format import tooltip
from snapgui.ui.dialogs.plan_dialog import PlanDialog
from snapgui.ui.icons import icon
from snapgui.ui.widgets.fold import Folds
from snapgui.ui.widgets.text_label import TextLabel

_LINES: Final = 14  # of the plan: paths are long
_PAUSE_MS: Final = 300  # in typing a path, before its folder is read
_TAKEN: Final = frozenset({"machine-name", "file-exists"})  # rules


class CloneDialog(PlanDialog):
    """Enter makes a full copy, under a name that is free, beside the images of the other machine."""

    def __init__(self, situation: Situation, snapshot: str, parent: QWidget | None = None) -> None:
        super().__init__(
            situation,
            translate("CloneDialog", "New machine from “{snapshot}” of {machine}").format(
                snapshot=snapshot, machine=situation.domain.name
            ),
            translate("CloneDialog", "Ma&ke it"),
            icon("clone"),
            parent,
        )
        self._snapshot = snapshot
        self._name = QLineEdit(self._free_name())
        self._name.setAccessibleName(translate("CloneDialog", "Name"))
        self._name.selectAll()
        self._mark = self._name.addAction(icon("blocker"), QLineEdit.ActionPosition.TrailingPosition)
        self._copy = QRadioButton(translate("CloneDialog", "&Full copies"))
        self._link = QRadioButton(translate("CloneDialog", "&Linked to the images of then"))
        self._copy.setChecked(True)
        self._about = TextLabel()
        self._folder = QLineEdit()
        self._folder.setAccessibleName(translate("CloneDialog", "Folder"))
        self._folder.setPlaceholderText(translate("CloneDialog", "Beside the images that they are made of"))
        self._lay_out()
        self.plan_view.set_lines(_LINES)
        self._reading = QTimer(self)
        self._reading.setSingleShot(True)
        self._reading.setInterval(_PAUSE_MS)
        self._reading.timeout.connect(self._read_more)
        self._name.textChanged.connect(self.refresh)
        self._link.toggled.connect(self.refresh)
        self._folder.textChanged.connect(self._folder_typed)
        self.situation_changed()
        self.refresh()
        self._name.setFocus()

    def _lay_out(self) -> None:
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        for button in (self._copy, self._link):
            group.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        disks = QVBoxLayout()
        disks.setContentsMargins(0, 0, 0, 0)
        disks.setSpacing(2)
        disks.addLayout(row)
        disks.addWidget(self._about)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(translate("CloneDialog", "&Name"), self._name)
        form.addRow(translate("CloneDialog", "Disks"), disks)
        place = QWidget()
        inside = QFormLayout(place)
        inside.setContentsMargins(4, 4, 4, 4)
        inside.addRow(translate("CloneDialog", "F&older"), self._folder)
        folds = Folds()
        folds.add(translate("CloneDialog", "&Where its files go"), place)
        self.fields.addLayout(form)
        self.fields.addWidget(folds)

    def request(self) -> Clone:
        return Clone(
            self.situation.domain.id,
            self._snapshot,
            self._name.text(),
            self._link.isChecked(),
            self._typed_folder(),
        )

    def copies(self) -> bool:
        return True

    def dependents(self) -> bool:
        return True

    def folders(self) -> tuple[str, ...]:
        folder = self._typed_folder()
        return (folder,) if folder.startswith("/") else ()

    @property
    def waiting(self) -> bool:
        return super().waiting or not self.situation.folders.keys() >= set(self.folders())

    def situation_changed(self) -> None:
        """What can't be linked is marked, and may still be read; a name that is taken by now gives way."""
        record = self.situation.snapshots.records.get(self._snapshot)
        possible = record is None or can_link(record)
        why = "" if possible else translate("CloneDialog", "Only an external snapshot has images of its own.")
        self._link.setIcon(QIcon() if possible else icon("blocker"))
        self._link.setToolTip(tooltip(why))
        self._link.setAccessibleDescription(why)
        if not self._name.isModified() and self._is_taken():
            self._name.setText(self._free_name())
            self._name.selectAll()

    def visible_plan(self, plan: Plan) -> Plan:
        """A name that can't be used is marked, too, as the reason is in the plan."""
        wrong = [each.reason for each in plan.findings if each.level is Level.BLOCKER and each.rule in _TAKEN]
        self._mark.setVisible(bool(wrong))
        self._mark.setToolTip(tooltip(" ".join(wrong)))
        self._name.setAccessibleDescription(" ".join(wrong))
        self._about.setText(self._words())
        return super().visible_plan(plan)

    def _words(self) -> str:
        if self._link.isChecked():
            return translate(
                "CloneDialog",
                "Made at once, and small. The images of then have to stay, and are kept from being changed.",
            )
        return translate("CloneDialog", "The new machine needs nothing of the other one afterwards.")

    def _typed_folder(self) -> str:
        text = self._folder.text()
        return text.rstrip("/") or text[:1]

    def _is_taken(self) -> bool:
        return any(finding.rule in _TAKEN for finding in self._compose().findings)

    def _free_name(self) -> str:
        machine = self.situation.domain.name
        stem = self._snapshot if self._snapshot.startswith(machine) else f"{machine}-{self._snapshot}"
        files = {name.rpartition(".")[0] for each in self.situation.folders.values() for name in each.names or ()}
        return free_name(safe_stem(stem), self.situation.machines | files)

    def _folder_typed(self) -> None:
        if self.waiting and self.situation.config is not None:
            self._reading.start()
        else:
            self._reading.stop()
        self.refresh()

    def _read_more(self) -> None:
        self.reading_wanted.emit()
        self.refresh()
