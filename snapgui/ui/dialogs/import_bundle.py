"""A machine from a bundle: which, what it is called here, and where its files go."""

from typing import Final
from uuid import uuid4

from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QWidget

from snapgui.core.file_names import free_name
from snapgui.core.plan import Level, Plan
from snapgui.core.records import DomainId, Situation
from snapgui.core.requests import ImportBundle
from snapgui.core.text import translate
from snapgui.models.format import one_line, size_text, tooltip
from snapgui.ui.dialogs.plan_dialog import PlanDialog
from snapgui.ui.icons import icon
from snapgui.ui.widgets.folder_field import FolderField
from snapgui.ui.widgets.text_label import TextLabel, described

_LINES: Final = 12
_NAMES: Final = frozenset({"machine-name", "file-exists"})  # rules
_FOLDERS: Final = frozenset({"folder-missing", "room-closed", "space"})


class ImportBundleDialog(PlanDialog):
    """The machine keeps its name and its UUID where nobody has them here. The bundle is asked for at once.

    What the user has typed or ticked stays, whatever is read later. OK waits for the reading of just what is in the
    fields: what an earlier one proposed is not what anybody agreed to.
    """

    def __init__(self, situation: Situation, parent: QWidget | None = None) -> None:
        """The situation is that of a machine that is not there yet, on the host that it shall come to."""
        super().__init__(
            situation,
            translate("ImportBundleDialog", "Import a machine"),
            translate("ImportBundleDialog", "&Import"),
            icon("import-machine"),
            parent,
        )
        self._own_uuid = str(uuid4())
        self._shown = ""  # the bundle that the fields are about
        self._decided = False  # whether the user has said if it is a new machine
        self.bundle = FolderField(
            translate("ImportBundleDialog", "Bundle"), translate("ImportBundleDialog", "&Choose…")
        )
        self._about = TextLabel()
        self._name = QLineEdit()
        self._name.setAccessibleName(translate("ImportBundleDialog", "Name"))
        self._mark = self._name.addAction(icon("blocker"), QLineEdit.ActionPosition.TrailingPosition)
        self._mark.setVisible(False)
        self.place = FolderField(translate("ImportBundleDialog", "Folder"), translate("ImportBundleDialog", "B&rowse…"))
        self._anew = QCheckBox(translate("ImportBundleDialog", "As a new machine, with a &UUID of its own"))
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(translate("ImportBundleDialog", "&Bundle"), described(self.bundle, self._about))
        form.addRow(translate("ImportBundleDialog", "&Name"), self._name)
        form.addRow(translate("ImportBundleDialog", "&Folder"), self.place)
        form.addRow("", self._anew)
        self.fields.addLayout(form)
        self.plan_view.set_lines(_LINES)
        self.bundle.changed.connect(self._path_changed)
        self.bundle.settled.connect(self.reading_wanted)
        self.place.changed.connect(self._path_changed)
        self.place.settled.connect(self.reading_wanted)
        self._name.textChanged.connect(self.refresh)
        self._anew.toggled.connect(self.refresh)
        self._anew.clicked.connect(self._decide)
        self.refresh()
        self.bundle.setFocus()

    def request(self) -> ImportBundle:
        found = self.situation.bundle
        keeps = found is not None and found.bundle.uuid and not self._anew.isChecked()
        uuid = found.bundle.uuid if found is not None and keeps else self._own_uuid
        return ImportBundle(
            DomainId(self.situation.host.uri, uuid), self.bundle.folder(), self._name.text(), self.place.folder()
        )

    @property
    def waiting(self) -> bool:
        found = self.situation.bundle
        if not self.bundle.folder():
            return False
        return found is None or found.folder != self.bundle.folder() or self._place_unread()

    def situation_changed(self) -> None:
        """Propose what fits a bundle that has just been read."""
        found = self.situation.bundle
        self.place.offer(self._pools(), browse=self.situation.host.near)
        if not self.place.folder() and not self.place.edit.isModified() and self.situation.folders:
            self.place.set_folder(next(iter(self.situation.folders)))
        if found is None or found.folder == self._shown:
            return
        self._shown = found.folder
        if not self._decided:
            self._anew.setChecked(bool(found.twin))
        if not self._name.isModified():
            self._name.setText(free_name(found.bundle.machine, self.situation.machines))
            if self._name.hasFocus():
                self._name.selectAll()  # who is about to type one replaces it

    def visible_plan(self, plan: Plan) -> Plan:
        """A name or a folder that can't be used is marked, too, as the reason is in the plan."""
        self._about.setText(self._words())
        blockers = [each for each in plan.findings if each.level is Level.BLOCKER]
        wrong = " ".join(each.reason for each in blockers if each.rule in _NAMES)
        self._mark.setVisible(bool(wrong))
        self._mark.setToolTip(tooltip(wrong))
        self._name.setAccessibleDescription(wrong)
        self.place.mark(" ".join(each.reason for each in blockers if each.rule in _FOLDERS))
        return super().visible_plan(plan)

    def _words(self) -> str:
        """About the bundle that is chosen."""
        found = self.situation.bundle
        if found is None or found.folder != self.bundle.folder():
            return translate("ImportBundleDialog", "The folder of a bundle that was exported elsewhere.")
        text = translate("ImportBundleDialog", "{machine} with its snapshot “{snapshot}”, {size}")
        if found.bundle.memory:
            text = translate("ImportBundleDialog", "{machine} with its snapshot “{snapshot}” and its memory, {size}")
        return text.format(
            machine=one_line(found.bundle.machine),
            snapshot=one_line(found.bundle.snapshot),
            size=size_text(sum(found.sizes.values())),
        )

    def _pools(self) -> dict[str, str]:
        """The host's own folders for images, in words."""
        found = {}
        for path, folder in self.situation.folders.items():
            text = translate("ImportBundleDialog", "{folder} ({size} free)") if folder.free is not None else "{folder}"
            if folder.pool:
                found[path] = text.format(folder=one_line(path), size=size_text(folder.free or 0))
        return found

    def _place_unread(self) -> bool:
        return bool(self.place.folder()) and self.place.folder() not in self.situation.folders

    def _obstacle(self) -> str:
        if not self.bundle.folder():
            return translate("ImportBundleDialog", "Choose a bundle first.")
        return super()._obstacle() or (_reading() if self.waiting else "")

    def _status_text(self) -> str:
        return _reading() if self.waiting and self._failed is None else super()._status_text()

    def _path_changed(self) -> None:
        self._failed = None  # it was about another path
        self.refresh()

    def _decide(self) -> None:
        self._decided = True


def _reading() -> str:
    return translate("ImportBundleDialog", "Reading the bundle and the folder…")
