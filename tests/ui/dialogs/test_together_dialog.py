"""The dialog that takes one snapshot of each of several machines."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit

from snapgui.core.errors import Problem
from snapgui.core.plan import Call
from snapgui.core.records import Agent, Disk, DomainId, DomainState, Kind, Situation
from snapgui.ui.dialogs.together import TogetherDialog

NAMES = ("pisces", "leo", "virgo")


@pytest.fixture
def machines(make_situation) -> list[Situation]:
    found = []
    for name in NAMES:
        one = make_situation(id=DomainId("qemu:///system", name), name=name)
        disks = (Disk("vda", source=f"/images/{name}.qcow2", format="qcow2"),)
        found.append(replace(one, config=replace(one.config, disks=disks, agent=Agent.CONNECTED)))
    return found


@pytest.fixture
def opened(qtbot) -> Iterator[Callable[[list[Situation]], TogetherDialog]]:
    def build(situations: list[Situation]) -> TogetherDialog:
        dialog = TogetherDialog(situations, "{machine}-{n}")
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return build


def _name(dialog: TogetherDialog) -> QLineEdit:
    return next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == "Name")


def _choose(dialog: TogetherDialog, name: str, text: str) -> None:
    box = next(each for each in dialog.findChildren(QComboBox) if each.accessibleName() == name)
    box.setCurrentIndex(box.findText(text))


def _says(dialog: TogetherDialog) -> str:
    return "\n".join(dialog.plan_view.texts())


def test_one_enter_takes_all_under_a_name_that_is_free_on_each(qtbot, opened, machines) -> None:
    used = replace(machines[1].snapshots.records["patched"], name="together-1")
    records = {**machines[1].snapshots.records, "together-1": used}
    machines[1] = replace(machines[1], snapshots=replace(machines[1].snapshots, records=records))
    dialog = opened(machines)
    assert _name(dialog).text() == "together-2"
    qtbot.keyClick(_name(dialog), Qt.Key.Key_Return)
    assert dialog.result() == dialog.DialogCode.Accepted
    assert dialog.plan.title == "Take snapshot “together-2” of 3 machines"
    assert [step.domain_name for step in dialog.plan.steps] == list(NAMES)


def test_each_machine_s_row_says_what_happens_or_why_not(opened, machines) -> None:
    machines[1] = replace(machines[1], domain=replace(machines[1].domain, state=DomainState.PM_SUSPENDED))
    machines[2] = replace(machines[2], domain=replace(machines[2].domain, state=DomainState.SHUT_OFF))
    dialog = opened(machines)
    pisces, leo, virgo = (dialog._table.texts(domain) for domain in dialog.machines)
    assert pisces[:3] == ("pisces", "running", "internal")
    assert "Adds “together-1” under “patched”" in pisces[3]
    assert "put itself to sleep" in leo[3]
    assert virgo[1] == "off"
    assert not dialog.ok.isEnabled()
    assert "“leo”" in _says(dialog)


def test_a_machine_that_is_not_ticked_blocks_nobody_and_its_row_says_why(opened, machines) -> None:
    machines[1] = replace(machines[1], domain=replace(machines[1].domain, state=DomainState.PM_SUSPENDED))
    dialog = opened(machines)
    dialog._table.set_chosen(dialog.machines[1], chosen=False)
    assert dialog.ok.isEnabled()
    assert dialog._table.texts(dialog.machines[1])[3].startswith("Left out. The guest has put itself to sleep.")
    assert [take.domain.uuid for take in dialog.plan.request.takes] == ["pisces", "virgo"]
    for domain in dialog.machines:
        dialog._table.set_chosen(domain, chosen=False)
    assert not dialog.ok.isEnabled()
    assert "Choose the machines" in _says(dialog)


def test_one_kind_for_all_as_chosen(opened, machines) -> None:
    machines[2] = replace(machines[2], domain=replace(machines[2].domain, state=DomainState.SHUT_OFF))
    dialog = opened(machines)
    _choose(dialog, "Kind", "Disks only")
    assert [take.kind for take in dialog.plan.request.takes] == [Kind.DISK_ONLY, Kind.DISK_ONLY, Kind.EXTERNAL]


def test_guests_are_held_still_where_all_of_them_can_be_unless_the_user_says_otherwise(opened, machines) -> None:
    dialog = opened(machines)
    (freeze,) = dialog.findChildren(QCheckBox)
    assert not freeze.isEnabled()
    _choose(dialog, "Kind", "Disks only")
    assert freeze.isEnabled()
    assert dialog.plan.request.freeze
    assert [step.call for step in dialog.plan.steps].count(Call.FS_FREEZE) == 3
    freeze.click()
    assert not dialog.plan.request.freeze
    silent = replace(machines[0], config=replace(machines[0].config, agent=Agent.SILENT))
    dialog.set_situation(silent)
    freeze.click()
    assert not dialog.ok.isEnabled()
    assert "does not answer" in dialog._table.texts(dialog.machines[0])[3]


def test_what_a_failure_means_is_chosen_before(opened, machines) -> None:
    dialog = opened(machines)
    assert "the others are kept" in _says(dialog)
    _choose(dialog, "If one fails", "Delete those that were taken")
    assert "are deleted again" in _says(dialog)
    assert dialog.plan.request.roll_back


def test_enter_before_all_have_been_read_waits_for_the_last(opened, machines) -> None:
    dialog = opened([replace(each, config=None) for each in machines])
    dialog.accept()
    for each in machines[:2]:
        dialog.set_situation(each)
        dialog.accept()
        assert dialog.isVisible()
    dialog.set_situation(machines[2])
    assert dialog.result() == dialog.DialogCode.Accepted
    assert len(dialog.plan.steps) == 3


def test_a_machine_that_can_t_be_read_or_goes_away_can_be_left_out(opened, machines) -> None:
    dialog = opened([replace(each, config=None) for each in machines])
    dialog.set_situation(machines[0])
    dialog.set_unreadable(dialog.machines[1], Problem("Reading", "The host is gone.", "Connect."))
    dialog.set_gone(dialog.machines[2])
    assert not dialog.waiting
    assert not dialog.ok.isEnabled()
    assert "The host is gone." in dialog._table.texts(dialog.machines[1])[3]
    assert "does not exist" in dialog._table.texts(dialog.machines[2])[3]
    for domain in dialog.machines[1:]:
        dialog._table.set_chosen(domain, chosen=False)
    assert dialog.ok.isEnabled()


@pytest.mark.parametrize("name", ["", "a/b", "patched"])
def test_a_name_that_can_t_be_used_is_said(opened, machines, name: str) -> None:
    dialog = opened(machines)
    _name(dialog).setText(name)
    assert not dialog.ok.isEnabled()
    assert "Not possible" in _says(dialog)


def test_rows_can_be_read_when_the_desktop_turns_dark(opened, machines) -> None:
    dialog = opened(machines)
    table = dialog._table
    table.set_chosen(machines[1].domain.id, chosen=False)
    dark = QPalette(QColor(50, 50, 50))
    dialog.setPalette(dark)
    chosen, left_out = (table._items[machines[number].domain.id] for number in (0, 1))
    assert chosen.data(0, Qt.ItemDataRole.ForegroundRole) is None  # the view's own colour of text
    assert left_out.foreground(0).color() == dark.color(QPalette.ColorRole.PlaceholderText)
