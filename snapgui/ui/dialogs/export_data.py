"""A snapshot's data as files of this computer: as what, under which name, and where."""

from typing import Final

from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QLineEdit, QWidget

from snapgui.core.file_names import free_name, safe_stem
from snapgui.core.plan import Level, Plan
from snapgui.core.records import Situation
from snapgui.core.requests import Export, Form
from snapgui.core.rules.export import SUFFIXES, disk_targets
from snapgui.core.text import translate
from snapgui.models.format import one_line, tooltip
from snapgui.ui.dialogs.plan_dialog import PlanDialog
from snapgui.ui.icons import icon
from snapgui.ui.widgets.folder_field import FolderField
from snapgui.ui.widgets.text_label import TextLabel, described

_LINES: Final = 12  # of the plan: paths are long
_NAMES: Final = frozenset({"export-name", "file-exists"})  # rules
_FOLDERS: Final = frozenset({"export-folder", "folder-missing", "room-closed", "space"})


class ExportDataDialog(PlanDialog):
    """Enter writes a qcow2 image of each disk, under a name that is free, into ``folder``."""

    def __init__(self, situation: Situation, snapshot: str, folder: str, parent: QWidget | None = None) -> None:
        super().__init__(
            situation,
            translate("ExportDataDialog", "Export the data of “{snapshot}” of {machine}").format(
                snapshot=one_line(snapshot), machine=situation.domain.name
            ),
            translate("ExportDataDialog", "&Export"),
            icon("export-data"),
            parent,
        )
        self._snapshot = snapshot
        self._form = QComboBox()
        for form, text in _texts().items():
            self._form.addItem(text[0], form)
        self._about = TextLabel()
        self._name = QLineEdit()
        self._name.setAccessibleName(translate("ExportDataDialog", "Name"))
        self._mark = self._name.addAction(icon("blocker"), QLineEdit.ActionPosition.TrailingPosition)
        self._mark.setVisible(False)
        browse = translate("ExportDataDialog", "&Browse…")
        self._folder = FolderField(translate("ExportDataDialog", "Folder"), browse, folder)
        self._disks = QHBoxLayout()
        self._disks.setContentsMargins(0, 0, 0, 0)
        self._boxes: dict[str, QCheckBox] = {}
        self._form_layout = QFormLayout()
        self._form_layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form_layout.addRow(translate("ExportDataDialog", "&As"), described(self._form, self._about))
        self._form_layout.addRow(translate("ExportDataDialog", "Disks"), self._disks)
        self._form_layout.addRow(translate("ExportDataDialog", "&Name"), self._name)
        self._form_layout.addRow(translate("ExportDataDialog", "&Folder"), self._folder)
        self.fields.addLayout(self._form_layout)
        self.plan_view.set_lines(_LINES)
        self._form.currentIndexChanged.connect(self._form_chosen)
        self._name.textChanged.connect(self.refresh)
        self._folder.changed.connect(self.refresh)
        self._folder.settled.connect(self.reading_wanted)
        self.situation_changed()
        self._form_chosen()
        self._name.setFocus()
        self._name.selectAll()

    @property
    def folder(self) -> str:
        """Where it is written."""
        return self._folder.folder()

    def request(self) -> Export:
        chosen = tuple(target for target, box in self._boxes.items() if box.isChecked())
        # None would mean all: a target that is no disk's stands for no disk.
        disks = chosen or (("",) if self._boxes else ())
        return Export(
            self.situation.domain.id, self._snapshot, self.folder, self._name.text(), self._form.currentData(), disks
        )

    def copies(self) -> bool:
        return True

    def dependents(self) -> bool:
        return True

    def here(self) -> tuple[str, ...]:
        return (self.folder,) if self.folder.startswith("/") else ()

    @property
    def waiting(self) -> bool:
        return super().waiting or not self.situation.here.keys() >= set(self.here())

    def situation_changed(self) -> None:
        """A name that is taken by now gives way, unless the user has typed it."""
        targets = disk_targets(self.situation, self._snapshot)
        for target in targets if len(targets) > 1 else ():
            if target not in self._boxes:
                box = self._boxes[target] = QCheckBox(target)
                box.setChecked(True)
                box.toggled.connect(self.refresh)
                self._disks.addWidget(box)
        self._show_disks()
        if not self._name.isModified():
            self._name.setText(self._free_name())

    def visible_plan(self, plan: Plan) -> Plan:
        """A name or a folder that can't be used is marked, too, as the reason is in the plan."""
        blockers = [each for each in plan.findings if each.level is Level.BLOCKER]
        wrong = " ".join(each.reason for each in blockers if each.rule in _NAMES)
        self._mark.setVisible(bool(wrong))
        self._mark.setToolTip(tooltip(wrong))
        self._name.setAccessibleDescription(wrong)
        self._folder.mark(" ".join(each.reason for each in blockers if each.rule in _FOLDERS))
        return super().visible_plan(plan)

    def _free_name(self) -> str:
        machine = self.situation.domain.name
        stem = self._snapshot if self._snapshot.startswith(machine) else f"{machine}-{self._snapshot}"
        known = self.situation.here.get(self.folder)
        suffix = SUFFIXES[self._form.currentData()]
        taken = {name.removesuffix(suffix) for name in (known.names or ()) if name.endswith(suffix)} if known else set()
        several = [*self._boxes] if self._form.currentData() is not Form.BUNDLE else []
        for target in several:
            taken |= {name.removesuffix(f"-{target}") for name in taken}
        return free_name(safe_stem(stem), taken)

    def _form_chosen(self) -> None:
        self._about.setText(_texts()[self._form.currentData()][1])
        self._show_disks()
        if not self._name.isModified():
            self._name.setText(self._free_name())
        self.refresh()

    def _show_disks(self) -> None:
        wanted = bool(self._boxes) and self._form.currentData() is not Form.BUNDLE
        self._form_layout.setRowVisible(self._disks, wanted)


def _texts() -> dict[Form, tuple[str, str]]:
    """What the forms are called, and what they are good for."""
    return {
        Form.QCOW2: (
            translate("ExportDataDialog", "qcow2 image"),
            translate("ExportDataDialog", "The disk as it was, in a file that needs no other."),
        ),
        Form.COMPRESSED: (
            translate("ExportDataDialog", "Compressed qcow2 image"),
            translate("ExportDataDialog", "The same, smaller; it takes longer."),
        ),
        Form.RAW: (
            translate("ExportDataDialog", "Raw image"),
            translate(
                "ExportDataDialog", "The same for other programs: as large as the disk, with holes where it is empty."
            ),
        ),
        Form.BUNDLE: (
            translate("ExportDataDialog", "Bundle"),
            translate(
                "ExportDataDialog",
                "A folder with disks, memory and settings, from which the machine can be imported on another host.",
            ),
        ),
    }
