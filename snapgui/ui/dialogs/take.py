"""Take a snapshot: its name, its description, its kind, and what taking it means."""

import posixpath
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from snapgui.core.names import expand
from snapgui.core.plan import Level, Plan
from snapgui.core.records import Kind, Situation
from snapgui.core.requests import Take
from snapgui.core.rules.facts import writable_disks
from snapgui.core.rules.naming import fit_name
from snapgui.core.rules.take_disks import disk_places, suffixes_used
from snapgui.core.text import translate
from snapgui.models.format import tooltip
from snapgui.settings import NAME_TEMPLATE
from snapgui.ui.dialogs.description_edit import DescriptionEdit
from snapgui.ui.dialogs.plan_dialog import PlanDialog, Said
from snapgui.ui.dialogs.take_kind import KindChoice
from snapgui.ui.dialogs.take_options import TakeOptions
from snapgui.ui.dialogs.take_places import Places
from snapgui.ui.icons import icon
from snapgui.ui.widgets.fold import Folds

_ROWS: Final = 3
_OF_THE_NAME: Final = ("name-", "tag-taken")  # rules
_READS_MORE: Final = ("unseen",)  # rules that a further reading may settle
_PAUSE_MS: Final = 300  # in typing a path, before its folder is read


class TakeDialog(PlanDialog):
    """``template`` is one of ``core.names.expand``. Enter in the name, or Ctrl+Enter in the description, takes it.

    Where a path has been typed, its folder is read before the snapshot is taken.
    """

    def __init__(
        self, situation: Situation, template: str = NAME_TEMPLATE.default, parent: QWidget | None = None
    ) -> None:
        super().__init__(
            situation,
            translate("TakeDialog", "Take a snapshot of {machine}").format(machine=situation.domain.name),
            translate("TakeDialog", "&Take"),
            icon("take"),
            parent,
        )
        self._now = datetime.now().astimezone()
        self._kind = KindChoice()
        self._kind.set_situation(situation)
        self._places = Places()
        self._options = TakeOptions(template)
        self._name = QLineEdit(self._suggestion())
        self._name.setAccessibleName(translate("TakeDialog", "Name"))
        self._name.selectAll()
        self._fitting = ""  # a name like the one that is typed, where QEMU refuses that
        # In the field and not below it, where it would move what stands below.
        self._mark = self._name.addAction(icon("blocker"), QLineEdit.ActionPosition.TrailingPosition)
        self._description = DescriptionEdit(_ROWS)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        label = QLabel(translate("TakeDialog", "&Name"))
        label.setBuddy(self._name)
        form.addRow(label, self._name_row())
        form.addRow(translate("TakeDialog", "&Description"), self._description)
        form.addRow(translate("TakeDialog", "Kind"), self._kind)
        self._form = form
        self._folds = Folds()
        self._folds.add(translate("TakeDialog", "Di&sks and memory"), self._places)
        self._folds.add(translate("TakeDialog", "Ad&vanced"), self._options)
        self.fields.addLayout(form)
        self.fields.addWidget(self._folds)
        self._reading = QTimer(self)
        self._reading.setSingleShot(True)
        self._reading.setInterval(_PAUSE_MS)
        self._reading.timeout.connect(self._read_more)
        self._name.textChanged.connect(self._changed)
        self._description.textChanged.connect(self.refresh)
        self._kind.changed.connect(self._kind_changed)
        self._places.changed.connect(self._changed)
        self._options.changed.connect(self._changed)
        self._options.template.textChanged.connect(self._template_changed)
        self._follow()
        self.refresh()
        self._name.setFocus()

    def _name_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self._name, 1)
        self._fix = QPushButton(translate("TakeDialog", "Fi&x"))
        self._fix.setAutoDefault(False)
        self._fix.clicked.connect(lambda: self._name.setText(self._fitting))
        self._fix.setVisible(False)
        self._fix.setFixedHeight(self._name.sizeHint().height())  # nothing below moves when it comes
        row.addWidget(self._fix)
        return row

    @property
    def template(self) -> str:
        """What names are to be suggested by from now on."""
        return self._options.template.text().strip() or NAME_TEMPLATE.default

    def request(self) -> Take:
        request = Take(
            self.situation.domain.id,
            self._name.text(),
            self._description.toPlainText(),
            self._kind.kind,
            self._places.choices(),
            self._places.memory.text() if self._keeps_memory_file() else "",
        )
        return self._options.applied(request)

    def folders(self) -> tuple[str, ...]:
        request = self.request()
        typed = [request.memory_file, *(choice.path for choice in request.disks)]
        return tuple(dict.fromkeys(posixpath.dirname(path) for path in typed if path.startswith("/")))

    def prepared(self) -> tuple[str, ...]:
        request = self.request()
        if not request.reuse:
            return ()
        return tuple(place.path for place in disk_places(request, self.situation) if place.path.startswith("/"))

    @property
    def waiting(self) -> bool:
        return super().waiting or self._unread()

    def situation_changed(self) -> None:
        """A suggested name that someone else has used meanwhile gives way to the next one."""
        self._kind.set_situation(self.situation)
        if not self._name.isModified() and self._name.text() in self._taken():
            self._suggest()
        self._follow()

    def visible_plan(self, plan: Plan) -> Plan:
        """A name that can't be used is marked, too, as the reason is in the plan."""
        wrong = [each for each in plan.findings if each.level is Level.BLOCKER and each.rule.startswith(_OF_THE_NAME)]
        reason = " ".join(f"{each.reason} {each.remedy}".rstrip() for each in wrong)
        self._mark.setVisible(bool(wrong))
        self._mark.setToolTip(tooltip(reason))
        self._name.setAccessibleDescription(reason)
        self._offer([each.rule for each in wrong])
        if self.waiting:
            settled = tuple(each for each in plan.findings if not each.rule.endswith(_READS_MORE))
            plan = replace(plan, findings=settled)
        return super().visible_plan(plan)

    def _offer(self, wrong: Sequence[str]) -> None:
        """Where only the characters are wrong, the name with others is a press away."""
        self._fix.setVisible(wrong == ["name-job"])
        self._fitting = fit_name(self._name.text(), self._taken())
        words = translate("TakeDialog", "Use “{name}” instead").format(name=self._fitting)
        self._fix.setToolTip(tooltip(words))
        self._fix.setAccessibleDescription(words)

    def _said(self) -> Said:
        said = super()._said()
        return replace(said, grave=said.grave | {self._kind.kind.value})

    def _keeps_memory_file(self) -> bool:
        return self._kind.kind is Kind.EXTERNAL and self.situation.domain.state.active

    def _holds_nothing(self) -> bool:
        """Whether there is nothing to take, of whatever kind."""
        situation = self.situation
        known = situation.config is not None and not situation.domain.state.active
        return known and not writable_disks(situation)

    def _follow(self) -> None:
        """What can be chosen depends on the machine and the kind."""
        is_qemu = self.situation.host.driver == "QEMU"
        choice = is_qemu and not self._holds_nothing()  # another driver has but one kind
        self._form.setRowVisible(self._kind, choice)
        self._folds.setVisible(choice)
        self._options.set_situation(self.situation, self._kind.kind)
        self._places.set_situation(self.situation, self.request())

    def _template_changed(self) -> None:
        if not self._name.isModified():
            self._suggest()

    def _kind_changed(self) -> None:
        if not self._name.isModified():
            self._suggest()
        self._follow()
        self._changed()

    def _changed(self) -> None:
        self._places.suggest(self.situation, self.request())
        if self._unread():
            self._reading.start()
        else:
            self._reading.stop()
        self.refresh()

    def _unread(self) -> bool:
        """Whether a path was typed of which nothing is known yet."""
        situation = self.situation
        if situation.config is None:
            return False
        return not (
            situation.folders.keys() >= set(self.folders()) and situation.prepared.keys() >= set(self.prepared())
        )

    def _read_more(self) -> None:
        self.reading_wanted.emit()
        self.refresh()

    def _taken(self) -> frozenset[str]:
        names = frozenset(self.situation.snapshots.records)
        return (
            names
            if self._kind.kind is Kind.INTERNAL or self._options.reuse()
            else names | suffixes_used(self.situation)
        )

    def _suggest(self) -> None:
        """Selected, so that another name is typed in its place."""
        self._name.setText(self._suggestion())
        self._name.selectAll()

    def _suggestion(self) -> str:
        return expand(self.template, self.situation.domain.name, self._taken(), self._now)
