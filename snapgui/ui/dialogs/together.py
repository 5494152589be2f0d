"""Take one snapshot of each of several machines: which, how, and what becomes of each."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLineEdit, QWidget

from snapgui.core.errors import Problem
from snapgui.core.names import expand
from snapgui.core.plan import Plan
from snapgui.core.records import Agent, DomainId, Kind, Situation
from snapgui.core.requests import Take, TakeTogether
from snapgui.core.rules.default_kind import default_kind
from snapgui.core.rules.naming import check_name
from snapgui.core.rules.take_disks import suffixes_used
from snapgui.core.rules.together import is_held, plan_each, plan_together
from snapgui.core.text import translate
from snapgui.models.format import tooltip
from snapgui.ui.dialogs.description_edit import DescriptionEdit
from snapgui.ui.dialogs.plan_dialog import PlanDialog, Said, said
from snapgui.ui.dialogs.together_table import TogetherTable
from snapgui.ui.icons import icon

_ROWS: Final = 2
_PLAN_LINES: Final = 8
_LARGEST: Final = QSize(900, 552)
_WIDE: Final = QSize(860, 0)  # for what is said of each machine
_OF_ALL: Final = "together"  # where a name is made with a machine's: not translated, QEMU takes English letters only


class TogetherDialog(PlanDialog):
    """``situations`` are the machines in the order in which they are shown. One that is not ticked is left out."""

    def __init__(self, situations: Sequence[Situation], template: str, parent: QWidget | None = None) -> None:
        super().__init__(
            situations[0],
            translate("TogetherDialog", "Take a snapshot of %n machine(s)", "", len(situations)),
            translate("TogetherDialog", "&Take"),
            icon("take"),
            parent,
        )
        self._situations: dict[DomainId, Situation] = {each.domain.id: each for each in situations}
        self._machines = tuple(self._situations)
        self._kinds = {domain: default_kind(each)[0] for domain, each in self._situations.items()}
        self._template = template
        self._now = datetime.now().astimezone()
        self._table = TogetherTable([each.domain for each in situations])
        self._kind = _choice(
            translate("TogetherDialog", "Kind"),
            {
                translate("TogetherDialog", "As fits each machine"): None,
                translate("TogetherDialog", "Inside the images"): Kind.INTERNAL,
                translate("TogetherDialog", "In files of their own"): Kind.EXTERNAL,
                translate("TogetherDialog", "Disks only"): Kind.DISK_ONLY,
            },
        )
        self._failing = _choice(
            translate("TogetherDialog", "If one fails"),
            {
                translate("TogetherDialog", "Keep the others"): False,
                translate("TogetherDialog", "Delete those that were taken"): True,
            },
        )
        self._freeze = QCheckBox(translate("TogetherDialog", "&Hold the guests’ file systems still meanwhile"))
        self._freeze_touched = False
        self._name = QLineEdit()
        self._name.setAccessibleName(translate("TogetherDialog", "Name"))
        self._mark = self._name.addAction(icon("blocker"), QLineEdit.ActionPosition.TrailingPosition)
        self._description = DescriptionEdit(_ROWS)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(translate("TogetherDialog", "&Name"), self._name)
        form.addRow(translate("TogetherDialog", "&Description"), self._description)
        form.addRow(translate("TogetherDialog", "&Kind"), self._kind)
        form.addRow("", self._freeze)
        form.addRow(translate("TogetherDialog", "If one &fails"), self._failing)
        self.fields.addLayout(form)
        self.fields.addWidget(self._table)
        self.plan_view.set_lines(_PLAN_LINES)
        self._suggest()
        self._follow()
        self._name.textChanged.connect(self.refresh)
        self._description.textChanged.connect(self.refresh)
        self._kind.currentIndexChanged.connect(self._changed)
        self._failing.currentIndexChanged.connect(self.refresh)
        self._freeze.clicked.connect(self._freeze_clicked)
        self._table.ticked.connect(self._changed)
        self.refresh()
        self._name.setFocus()

    @property
    def machines(self) -> tuple[DomainId, ...]:
        """All that the dialog is about, ticked or not."""
        return self._machines

    @property
    def waiting(self) -> bool:
        return any(
            known.config is None and known.domain.problem is None
            for domain in self._table.chosen()
            if (known := self._situations.get(domain)) is not None
        )

    def concerns(self) -> tuple[DomainId, ...]:
        return tuple(domain for domain in self._table.chosen() if domain in self._situations)

    def situation_of(self, domain: DomainId) -> Situation | None:
        """What is known of one of the machines; None: it is gone."""
        return self._situations.get(domain)

    def together(self) -> TakeTogether:
        """What the user has chosen so far."""
        return self._of(self._table.chosen())

    def set_situation(self, situation: Situation) -> None:
        """Go on with a fuller or newer reading of one of the machines."""
        domain = situation.domain.id
        if domain in self._situations:
            self._situations[domain] = situation
            self._kinds[domain] = default_kind(situation)[0]
            super().set_situation(situation)

    def set_unreadable(self, domain: DomainId, problem: Problem) -> None:
        """One of the machines could not be read; the others may be taken without it."""
        if (known := self._situations.get(domain)) is not None:
            self.set_situation(replace(known, domain=replace(known.domain, problem=problem)))

    def set_gone(self, domain: DomainId) -> None:
        """One of the machines does not exist any more."""
        if self._situations.pop(domain, None) is not None:
            self._changed()

    def situation_changed(self) -> None:
        """A suggested name that someone has used meanwhile gives way to the next one."""
        if not self._name.isModified():
            self._suggest()
        self._follow()

    def refresh(self) -> None:
        everything = self._of(self._machines)
        # Machines that are left out don't stand in one another's way, so each is told by itself.
        self._table.show_plans(plan_each(everything, self._situations), self._situations, everything.takes)
        super().refresh()

    def visible_plan(self, plan: Plan) -> Plan:
        wrong = check_name(self._name.text())
        self._mark.setVisible(wrong is not None)
        self._mark.setToolTip(tooltip("" if wrong is None else wrong.reason))
        self._name.setAccessibleDescription("" if wrong is None else wrong.reason)
        return super().visible_plan(plan)

    def sizeHint(self) -> QSize:
        return super().sizeHint().expandedTo(_WIDE).boundedTo(_LARGEST)

    def _compose(self) -> Plan:
        return plan_together(self.together(), self._situations)

    def _said(self) -> Said:
        """Of each machine by itself: with every one that has been read, the figures for all together grow."""
        takes = {f"{take.domain} {take.kind}" for take in self.together().takes}
        each = plan_each(self.together(), self._situations)
        effects = {f"{domain} {text}" for domain, plan in each.items() for text in said(plan).effects}
        grave = said(self.plan).grave | takes | {self._name.text(), str(self._freeze.isChecked())}
        return Said(frozenset(effects), grave)

    def _of(self, domains: Sequence[DomainId]) -> TakeTogether:
        name, description = self._name.text(), self._description.toPlainText()
        takes = tuple(Take(domain, name, description, self._kind_of(domain)) for domain in domains)
        freeze = self._freeze.isChecked() and self._freeze.isEnabled()
        return TakeTogether(takes, freeze, self._failing.currentData())

    def _kind_of(self, domain: DomainId) -> Kind:
        chosen = self._kind.currentData() or self._kinds[domain]
        known = self._situations.get(domain)
        if chosen is Kind.DISK_ONLY and known is not None and not known.domain.state.active:
            return Kind.EXTERNAL  # a machine that is off has no memory to leave out
        return Kind(chosen)

    def _changed(self) -> None:
        if not self._name.isModified():
            self._suggest()
        self._follow()
        self.refresh()
        self.concerns_changed.emit()

    def _freeze_clicked(self) -> None:
        self._freeze_touched = True
        self.refresh()

    def _follow(self) -> None:
        """Whether guests can be held still depends on the machines and their kinds. On where all of them can be."""
        takes = [Take(domain, "", kind=self._kind_of(domain)) for domain in self._table.chosen()]
        holding = TakeTogether(tuple(takes), freeze=True)
        held = [take.domain for take in takes if is_held(take, self._situations.get(take.domain), holding)]
        configs = [self._situations[domain].config for domain in held]
        ready = bool(held) and all(config is not None and config.agent is Agent.CONNECTED for config in configs)
        about = (
            translate("TogetherDialog", "Their agents write everything to the disks and stop, until the last is taken.")
            if held
            else translate("TogetherDialog", "Only where running machines’ disks are taken alone.")
        )
        self._freeze.setEnabled(bool(held))
        self._freeze.setToolTip(tooltip(about))
        self._freeze.setAccessibleDescription(about)
        if not self._freeze_touched:
            self._freeze.setChecked(ready)

    def _suggest(self) -> None:
        taken: set[str] = set()
        for domain, known in self._situations.items():
            taken.update(known.snapshots.records)
            taken.update(suffixes_used(known) if self._kind_of(domain) is not Kind.INTERNAL else ())
        name = expand(self._template, _OF_ALL, taken, self._now)
        if name != self._name.text():
            self._name.setText(name)
            self._name.selectAll()


def _choice(name: str, choices: dict[str, object]) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    for text, value in choices.items():
        box.addItem(text, value)
    return box
