"""Snapshots from XML files: which files, what is in each, and on which of them the machine stands."""

import posixpath
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from snapgui.core.plan import Level, Plan
from snapgui.core.records import Situation
from snapgui.core.requests import Import
from snapgui.core.text import translate
from snapgui.core.xml.definition import Definition, DefinitionError, read_definition
from snapgui.core.xml.fault import at_line
from snapgui.jobs.files import ReadFile
from snapgui.models.format import one_line, tooltip
from snapgui.ui.dialogs.lasting_dialog import LastingDialog
from snapgui.ui.documents import documents_folder
from snapgui.ui.icons import icon

_USUAL: Final = QSize(680, 480)
_MOST_FILES: Final = 5000


@dataclass(frozen=True, slots=True)
class _Source:
    file: ReadFile
    definition: Definition | None
    row: QTreeWidgetItem


class ImportDialog(LastingDialog):
    """Files come by ``files_wanted``, which is answered with ``add``. What can't be read is shown too."""

    files_wanted = Signal(object)  # paths, a tuple of str

    def __init__(self, situation: Situation, parent: QWidget | None = None) -> None:
        super().__init__(
            situation,
            translate("ImportDialog", "Import snapshots into {machine}").format(machine=situation.domain.name),
            translate("ImportDialog", "&Import"),
            icon("import"),
            parent,
        )
        self._sources: list[_Source] = []
        self._reading = 0
        self._list = QTreeWidget()
        self._list.setAccessibleName(translate("ImportDialog", "Files"))
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._list.setHeaderLabels(
            [
                translate("ImportDialog", "File"),
                translate("ImportDialog", "Snapshot"),
                translate("ImportDialog", "Below"),
                translate("ImportDialog", "Can be imported"),
            ]
        )
        self._list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._list.itemChanged.connect(self._checked_changed)
        self._add = QPushButton(translate("ImportDialog", "&Add files…"))
        self._add.setAutoDefault(False)
        self._add.clicked.connect(self.choose_files)
        self._current = QComboBox()
        self._current.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._current.currentIndexChanged.connect(self._current_chosen)
        self._chose_current = False
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(translate("ImportDialog", "The machine &stands on"), self._current)
        above = QHBoxLayout()
        above.addWidget(self._list, 1)
        side = QVBoxLayout()
        side.addWidget(self._add)
        side.addStretch(1)
        above.addLayout(side)
        self.fields.addLayout(above, 1)
        self.fields.addLayout(form)
        self._offer_current()
        self.refresh()

    def choose_files(self) -> None:
        """Ask which."""
        dialog = QFileDialog(self, translate("ImportDialog", "Import snapshots"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setDirectory(documents_folder())
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters(
            [translate("ImportDialog", "XML files (*.xml)"), translate("ImportDialog", "All files (*)")]
        )
        dialog.filesSelected.connect(self.want)
        dialog.open()

    def want(self, paths: list[str]) -> None:
        """Have these files read."""
        self._reading += 1
        self.refresh()
        self.files_wanted.emit(tuple(paths[:_MOST_FILES]))

    def add(self, files: tuple[ReadFile, ...]) -> None:
        """These files have been read."""
        self._reading -= 1
        self.show_problem(None)
        self._list.blockSignals(True)  # noqa: FBT003 - Qt's argument
        for file in files:
            self._add_row(file)
        self._list.blockSignals(False)  # noqa: FBT003 - Qt's argument
        for column in (1, 2, 3):
            self._list.resizeColumnToContents(column)
        self._offer_current()
        self.refresh()
        self.reading_wanted.emit()  # with the folders that these files name

    def folders(self) -> tuple[str, ...]:
        found = set()
        for source in self._chosen():
            record = source.definition.record if source.definition is not None else None
            if record is not None:
                found |= {posixpath.dirname(path) for path in (record.memory_file, *(d.path for d in record.disks))}
        return tuple(sorted(found - {""}))

    def request(self) -> Import:
        chosen = self._chosen()
        return Import(
            self.situation.domain.id,
            tuple(source.file.text for source in chosen),
            self._current.currentData() or "",
            tuple(one_line(source.file.name) for source in chosen),
        )

    def refresh(self) -> None:
        super().refresh()
        self._tell_rows(self.plan)

    def sizeHint(self) -> QSize:
        return super().sizeHint().expandedTo(_USUAL)

    def _obstacle(self) -> str:
        if self._reading:
            return translate("ImportDialog", "Reading the files…")
        if not self._chosen():
            return translate("ImportDialog", "Add the XML files of snapshots first.")
        return super()._obstacle()

    def _chosen(self) -> list[_Source]:
        return [each for each in self._sources if each.row.checkState(0) is Qt.CheckState.Checked]

    def _add_row(self, file: ReadFile) -> None:
        definition = None
        if not file.why:
            try:
                definition = read_definition(file.text)
            except DefinitionError as error:
                file = ReadFile(file.name, why=at_line(str(error), error.line))
        item = QTreeWidgetItem([one_line(file.name), "", "", ""])
        item.setToolTip(0, tooltip(file.name))
        if definition is None:
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(0, Qt.CheckState.Unchecked)
        else:
            item.setCheckState(0, Qt.CheckState.Checked)
            item.setText(1, one_line(definition.record.name))
            item.setText(2, one_line(definition.record.parent or ""))
        self._sources.append(_Source(file, definition, item))
        self._list.addTopLevelItem(item)

    def _tell_rows(self, plan: Plan) -> None:
        """Of each file whether it can be imported; the plan below says why not."""
        findings: dict[str, list[tuple[Level, str]]] = {}
        for finding in plan.findings:
            text = f"{finding.reason} {finding.remedy}".rstrip()
            findings.setdefault(finding.subject, []).append((finding.level, text))
        self._list.blockSignals(True)  # noqa: FBT003 - Qt's argument
        for source in self._sources:
            item = source.row
            said = findings.get(one_line(source.file.name), [])
            left_out = item.checkState(0) is not Qt.CheckState.Checked
            level = next((each for each in Level if any(found is each for found, _ in said)), None)
            if source.definition is None:
                level, said = Level.BLOCKER, [(Level.BLOCKER, source.file.why)]
                text = translate("ImportDialog", "No: {reason}").format(reason=one_line(source.file.why))
            elif left_out:
                level, said, text = None, [], translate("ImportDialog", "Left out")
            elif level is Level.BLOCKER:
                text = translate("ImportDialog", "No")
            else:
                text = translate("ImportDialog", "Yes")
            item.setText(3, text)
            item.setIcon(3, icon("done" if level is None and not left_out else (level or Level.NOTE).value))
            item.setToolTip(3, tooltip("\n".join(reason for _, reason in said)))
        self._list.blockSignals(False)  # noqa: FBT003 - Qt's argument

    def _checked_changed(self, _item: QTreeWidgetItem, _column: int) -> None:
        self._offer_current()
        self.show_problem(None)
        self.refresh()

    def _current_chosen(self) -> None:
        self._chose_current = True
        self.refresh()

    def _offer_current(self) -> None:
        """The file that bears libvirt's mark is proposed, where the machine stands on no snapshot yet."""
        definitions = [source.definition for source in self._chosen() if source.definition is not None]
        names = list(dict.fromkeys(definition.record.name for definition in definitions))
        marked = next((each.record.name for each in definitions if each.current), "")
        current = self.situation.snapshots.current
        wanted = self._current.currentData() if self._chose_current else (marked if current is None else "")
        as_it_is = (
            translate("ImportDialog", "no snapshot")
            if current is None
            else translate("ImportDialog", "{name}, as now").format(name=one_line(current))
        )
        self._current.blockSignals(True)  # noqa: FBT003 - Qt's argument
        self._current.clear()
        self._current.addItem(as_it_is, "")
        for name in names:
            self._current.addItem(one_line(name), name)
        self._current.setCurrentIndex(max(0, self._current.findData(wanted)))
        self._current.blockSignals(False)  # noqa: FBT003 - Qt's argument
