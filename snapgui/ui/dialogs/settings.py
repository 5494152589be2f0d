"""A machine's settings: what is changed most in fields, everything else in its XML."""

from typing import Final

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLineEdit,
    QMessageBox,
    QSizePolicy,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from snapgui.core.errors import Problem
from snapgui.core.plan import Plan
from snapgui.core.records import Situation
from snapgui.core.requests import Configure
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.settings import MachineSettings, read_settings, with_settings
from snapgui.ui.actions import plain_text
from snapgui.ui.dialogs.description_edit import DescriptionEdit
from snapgui.ui.dialogs.plan_dialog import PlanDialog
from snapgui.ui.icons import icon
from snapgui.ui.widgets.text_label import TextLabel
from snapgui.ui.xml.edit import XmlEdit

_MOST: Final = 2**31 - 1  # what a field can hold
_LARGEST: Final = QSize(760, 560)  # a screen of 1024 by 600 less the frame and a panel
_ROWS: Final = 3
_LINES: Final = 11
_TEXT: Final = 1  # the tab of the whole XML


class SettingsDialog(PlanDialog):
    """Stays open until libvirt has taken the settings: where it refuses, nothing of what was written is lost.

    Answer ``save_wanted`` with ``set_saved`` or ``set_refused``.
    """

    save_wanted = Signal(object)  # Configure

    def __init__(self, situation: Situation, parent: QWidget | None = None) -> None:
        super().__init__(
            situation,
            translate("SettingsDialog", "Settings of {machine}").format(machine=situation.domain.name),
            translate("SettingsDialog", "&Save"),
            icon("save"),
            parent,
        )
        self._base = ""  # the XML that the change begins with
        self._xml = ""
        self._loaded = MachineSettings()  # what the fields were filled with
        self._saving = False
        self._refusal = ""
        self._at_the_text = False  # whether the editor says it, too
        self._tabs = QTabWidget()
        self._fields = self._make_fields()
        self._editor = XmlEdit(translate("SettingsDialog", "XML of the machine"))
        self._validate = QCheckBox(translate("SettingsDialog", "Chec&k with libvirt’s schema"))
        self._validate.setChecked(True)
        self._validate.setToolTip(
            translate("SettingsDialog", "Without this, libvirt drops what it does not know without a word.")
        )
        self._validate.toggled.connect(self.refresh)
        self._editor.changed.connect(self._edited)
        whole = QWidget()
        body = QVBoxLayout(whole)
        body.addWidget(self._editor, 1)
        body.addWidget(self._validate)
        self._tabs.addTab(self._fields, translate("SettingsDialog", "Settin&gs"))
        self._tabs.addTab(whole, translate("SettingsDialog", "&Whole XML"))
        self._tabs.currentChanged.connect(self._turned)
        self._refused = TextLabel()
        self._refused.hide()
        self.fields.addWidget(self._tabs, 1)
        self.fields.addWidget(self._refused)
        self.plan_view.set_lines(_LINES)
        self.situation_changed()
        self.refresh()
        if not self.waiting:
            self._memory.setFocus()

    def _make_fields(self) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        self._title = QLineEdit()
        self._description = DescriptionEdit(_ROWS)
        self._description.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        mebibytes = translate("SettingsDialog", " MiB")
        self._memory = _number(mebibytes)
        self._current = _number(mebibytes)
        self._vcpus = _number("")
        self._at_start = _number("")
        rows: tuple[tuple[str, QWidget], ...] = (
            (translate("SettingsDialog", "&Title"), self._title),
            (translate("SettingsDialog", "&Description"), self._description),
            (translate("SettingsDialog", "M&emory"), self._memory),
            (translate("SettingsDialog", "&Current memory"), self._current),
            (translate("SettingsDialog", "&vCPUs"), self._vcpus),
            (translate("SettingsDialog", "vCPUs at the st&art"), self._at_start),
        )
        for label, field in rows:
            form.addRow(label, field)
            field.setAccessibleName(plain_text(label))
        self._current.setToolTip(
            translate("SettingsDialog", "What the guest gets of the memory by its balloon; at most all of it")
        )
        self._memory.valueChanged.connect(self._memory_changed)
        self._vcpus.valueChanged.connect(self._vcpus_changed)
        for number in (self._current, self._at_start):
            number.valueChanged.connect(self._field_changed)
        self._title.textChanged.connect(self._field_changed)
        self._description.textChanged.connect(self._field_changed)
        return page

    def request(self) -> Configure:
        return Configure(self.situation.domain.id, self._xml, self._base, validate=self._validate.isChecked())

    def situation_changed(self) -> None:
        """Follow the host for as long as the user has changed nothing."""
        read = self.situation.next_xml
        if read is not None and read != self._base and self._xml == self._base:
            self._base = self._xml = read
            self._fill()
            self._editor.set_text(read)
        first = read is not None and not self._tabs.isEnabled()
        self._tabs.setEnabled(read is not None)
        if first:  # a field that can't be used takes no focus
            self._memory.setFocus()

    @property
    def busy(self) -> bool:
        return self._saving

    def _drop(self) -> None:
        super().reject()  # as a slot by itself, Qt would look it up by its name and call this class's own

    @property
    def waiting(self) -> bool:
        return self.situation.next_xml is None

    def visible_plan(self, plan: Plan) -> Plan:
        """What is wrong with the text is said at its line, as long as that is to be seen."""
        shown = super().visible_plan(plan)
        without = self._editor.show_findings(shown)
        return without if self._tabs.currentIndex() == _TEXT else shown

    def set_saved(self) -> None:
        """libvirt has taken the settings."""
        self._saving = False
        self._base = self._xml
        self._editor.set_text(self._xml)
        self.done(self.DialogCode.Accepted)

    def set_refused(self, problem: Problem) -> None:
        """libvirt, or a plan made anew, has refused: the text stays, and says why."""
        self._saving = False
        self._tabs.setEnabled(True)
        self._refusal = f"{problem.why} {problem.remedy}".strip()
        self._show_text()
        self._at_the_text = self._editor.show_refusal(problem)
        self.refresh()

    def refresh(self) -> None:
        super().refresh()
        said = self._at_the_text and self._tabs.currentIndex() == _TEXT
        self._refused.setText(self._refusal)
        self._refused.setVisible(bool(self._refusal) and not said)

    def accept(self) -> None:
        self._take_text()
        if self._obstacle() or self.waiting:
            return
        self._saving = True
        self._refusal = ""
        self._tabs.setEnabled(False)
        self.refresh()
        self.save_wanted.emit(self.request())

    def reject(self) -> None:
        self._take_text()
        if self._xml == self._base or self._saving:
            super().reject()
            return
        box = QMessageBox(self)
        box.setWindowTitle(self.windowTitle())
        box.setText(translate("SettingsDialog", "Drop what you have changed?"))
        drop = box.addButton(translate("SettingsDialog", "&Drop it"), QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(translate("SettingsDialog", "&Go on editing"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        drop.clicked.connect(self._drop)
        box.finished.connect(box.deleteLater)
        box.open()

    def sizeHint(self) -> QSize:
        return super().sizeHint().boundedTo(_LARGEST)

    def _obstacle(self) -> str:
        if self._saving:
            return translate("SettingsDialog", "Being saved…")
        return super()._obstacle()

    # Between the fields, the text and the editor

    def _fill(self) -> None:
        """Show in the fields what the text says."""
        try:
            settings = read_settings(self._xml)
        except XmlError:
            self._fields.setEnabled(False)
            return
        self._fields.setEnabled(True)
        self._loaded = settings
        fields = (self._title, self._description, self._memory, self._current, self._vcpus, self._at_start)
        for field in fields:
            field.blockSignals(True)  # noqa: FBT003 - Qt's own
        self._title.setText(settings.title)
        self._description.setPlainText(settings.description)
        self._memory.setValue(settings.memory // 1024)
        self._current.setValue(settings.current_memory // 1024)
        self._vcpus.setValue(settings.vcpus)
        self._at_start.setValue(settings.vcpus_at_start)
        self._keep_order()
        for field in fields:
            field.blockSignals(False)  # noqa: FBT003 - Qt's own

    def _keep_order(self) -> None:
        """No current memory above all memory, nor more vCPUs at the start than there are."""
        self._current.setMaximum(max(self._memory.value(), 1))
        self._at_start.setMaximum(max(self._vcpus.value(), 1))

    def _memory_changed(self, value: int) -> None:
        """A machine that had all of its memory goes on to have it all."""
        all_of_it = self._current.value() == self._current.maximum()
        self._keep_order()
        if all_of_it:
            self._current.setValue(value)
        self._field_changed()

    def _vcpus_changed(self, value: int) -> None:
        all_of_them = self._at_start.value() == self._at_start.maximum()
        self._keep_order()
        if all_of_them:
            self._at_start.setValue(value)
        self._field_changed()

    def _field_changed(self) -> None:
        loaded = self._loaded
        settings = MachineSettings(
            title=self._title.text(),
            description=self._description.toPlainText(),
            memory=_kept(self._memory.value(), loaded.memory),
            current_memory=_kept(self._current.value(), loaded.current_memory),
            vcpus=self._vcpus.value(),
            vcpus_at_start=self._at_start.value(),
        )
        try:
            self._xml = with_settings(self._xml, settings)
        except XmlError as error:
            self._refusal = str(error)
        else:
            self._refusal = ""
        self.refresh()

    def _edited(self) -> None:
        self._take_text()
        self._refusal = ""
        self.refresh()

    def _take_text(self) -> None:
        if self._tabs.currentIndex() == _TEXT and self._base and not self._saving:
            self._xml = self._editor.text()

    def _show_text(self) -> None:
        if self._editor.text() != self._xml:
            self._editor.set_text(self._xml)

    def _turned(self, page: int) -> None:
        if page == _TEXT:
            self._show_text()
            self._editor.setFocus()
        else:
            self._xml = self._editor.text()
            self._fill()
        self.refresh()


def _number(suffix: str) -> QSpinBox:
    field = QSpinBox()
    field.setRange(1, _MOST)
    field.setSuffix(suffix)
    field.setGroupSeparatorShown(True)
    return field


def _kept(mebibytes: int, loaded: int) -> int:
    """KiB; a size that the field can't show to the last KiB stays as it was, unless it was changed."""
    return loaded if mebibytes == loaded // 1024 else mebibytes * 1024
