"""The kind of a snapshot, its files and its options: what follows the machine, and what the request comes to."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QRadioButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from snapgui.core.plan import CreateFlag
from snapgui.core.records import Disk, DomainState, Folder, Kind, Mode, Prepared, Situation, SnapshotDisk
from snapgui.core.requests import DiskChoice
from snapgui.ui.dialogs.take import TakeDialog

MakeSituation = Callable[..., Situation]
IMAGES = {"/images": Folder(2**40, frozenset({"pisces.qcow2"}))}
RAW = Disk("vdb", source="/images/data.raw", format="raw")
CD = Disk("hdc", device="cdrom", source="/iso/install.iso", readonly=True)


@pytest.fixture
def open_dialog(qtbot: QtBot, make_situation: MakeSituation) -> Callable[..., TakeDialog]:
    """The dialog on a running machine of one qcow2 disk without snapshots, with what a test wants otherwise."""

    def build(*more: Disk, state: DomainState = DomainState.RUNNING, names: tuple[str, ...] = ()) -> TakeDialog:
        dialog = TakeDialog(machine(make_situation(names), *more, state=state))
        qtbot.addWidget(dialog)
        with qtbot.waitActive(dialog):
            dialog.show()
            dialog.activateWindow()
        return dialog

    return build


def machine(situation: Situation, *more: Disk, state: DomainState = DomainState.RUNNING) -> Situation:
    config = situation.config
    assert config is not None
    return replace(
        situation,
        host=replace(situation.host, external_revert=True),
        domain=replace(situation.domain, state=state),
        config=replace(config, disks=(*config.disks, *more)),
        folders=IMAGES,
    )


def named(dialog: TakeDialog, kind: type[Any], name: str) -> Any:
    """A widget by what a screen reader or the screen says."""
    return next(w for w in dialog.findChildren(kind) if name in (w.accessibleName(), _text(w).replace("&", "")))


def _text(widget: QWidget) -> str:
    return widget.text() if isinstance(widget, QRadioButton | QCheckBox | QToolButton) else ""


@pytest.mark.parametrize("disk", [RAW, CD])
@pytest.mark.parametrize("read_later", [True, False])
def test_the_suggested_name_is_selected_whatever_the_machine_is_made_of(
    qtbot: QtBot, make_situation: MakeSituation, disk: Disk, *, read_later: bool
) -> None:
    found = machine(make_situation(()))
    found = replace(found, config=replace(found.config, disks=(disk,)))
    dialog = TakeDialog(replace(found, config=None) if read_later else found)
    qtbot.addWidget(dialog)
    dialog.show()
    if read_later:
        dialog.set_situation(found)
    name = named(dialog, QLineEdit, "Name")
    assert name.selectedText() == name.text() == "pisces-1"
    qtbot.keyClicks(name, "mine")
    assert name.text() == "mine"


def test_a_machine_that_holds_nothing_gets_one_reason_and_no_choice(
    qtbot: QtBot, make_situation: MakeSituation
) -> None:
    found = machine(make_situation(()), state=DomainState.SHUT_OFF)
    dialog = TakeDialog(replace(found, config=replace(found.config, disks=(CD,))))
    qtbot.addWidget(dialog)
    dialog.show()
    said = "Not possible: The machine is off and has no writable disk: there is nothing that a snapshot could hold."
    assert dialog.plan_view.texts() == (said,)
    assert not any(each.isVisible() for each in dialog.findChildren(QRadioButton))
    assert not any("Disks and memory" in each.text().replace("&", "") for each in _buttons(dialog))


@pytest.mark.parametrize("kind", ["Inside the images", "In files of their own", "Disks only"])
def test_a_running_machine_without_disks_is_told_to_keep_its_memory_and_not_to_choose_a_disk(
    qtbot: QtBot, make_situation: MakeSituation, kind: str
) -> None:
    found = machine(make_situation(()))
    dialog = TakeDialog(replace(found, config=replace(found.config, disks=())))
    qtbot.addWidget(dialog)
    dialog.show()
    choose(dialog, kind)
    (said,) = (text for text in dialog.plan_view.texts() if text.startswith("Not possible"))
    assert said.endswith(("Keep the memory in a file of its own.", "Choose a file for it."))


def _buttons(dialog: TakeDialog) -> list[QToolButton]:
    return [each for each in dialog.findChildren(QToolButton) if each.isVisible()]


def choose(dialog: TakeDialog, kind: str) -> None:
    named(dialog, QRadioButton, kind).click()


def step(dialog: TakeDialog) -> Any:
    (found,) = dialog.plan.steps
    return found


def test_the_default_is_taken_by_enter_alone(qtbot: QtBot, open_dialog: Callable[..., TakeDialog]) -> None:
    dialog = open_dialog()
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)
    assert dialog.result() == dialog.DialogCode.Accepted
    assert (dialog.request().kind, dialog.request().disks, step(dialog).flags) == (Kind.INTERNAL, (), 0)


def test_where_the_images_can_not_hold_it_the_kind_changes_and_why_is_said(
    open_dialog: Callable[..., TakeDialog],
) -> None:
    dialog = open_dialog(RAW)
    assert dialog.request().kind is Kind.EXTERNAL
    assert dialog.plan.ready
    assert "Disk vdb is raw" in dialog._kind.about()
    inside = named(dialog, QRadioButton, "Inside the images")
    assert "Disk vdb is raw" in inside.accessibleDescription()
    inside.click()
    assert not dialog.ok.isEnabled()


def test_the_kind_follows_what_is_read_until_the_user_chooses(
    open_dialog: Callable[..., TakeDialog], make_situation: MakeSituation
) -> None:
    dialog = open_dialog()
    with_raw = machine(make_situation(()), RAW)
    dialog.set_situation(with_raw)
    assert dialog.request().kind is Kind.EXTERNAL
    choose(dialog, "Disks only")
    dialog.set_situation(machine(make_situation(())))
    assert dialog.request().kind is Kind.DISK_ONLY
    dialog.set_situation(machine(make_situation(()), state=DomainState.SHUT_OFF))
    assert dialog.request().kind is Kind.EXTERNAL  # there is no memory to leave out
    assert not named(dialog, QRadioButton, "Disks only").isVisible()
    assert dialog.plan.ready


def test_pressed_before_the_machine_is_read_another_kind_has_to_be_seen_first(
    qtbot: QtBot, make_situation: MakeSituation
) -> None:
    dialog = TakeDialog(make_situation((), read=False))
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.accept()
    dialog.set_situation(machine(make_situation(()), RAW))
    assert dialog.isVisible()
    assert dialog.ok.isEnabled()


def test_the_memory_goes_beside_the_disk_or_where_it_is_told_to(
    qtbot: QtBot, open_dialog: Callable[..., TakeDialog]
) -> None:
    dialog = open_dialog()
    choose(dialog, "In files of their own")
    named(dialog, QToolButton, "Disks and memory").click()
    field = named(dialog, QLineEdit, "File for the memory")
    assert field.isVisible()
    assert field.placeholderText() == "/images/pisces-1.mem"
    assert "file='/images/pisces-1.mem'" in step(dialog).xml
    field.setFocus()
    qtbot.keyClicks(field, "/images/mine")
    assert dialog.request().memory_file == "/images/mine"
    assert "file='/images/mine'" in step(dialog).xml
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert dialog.result() == dialog.DialogCode.Accepted


def test_a_folder_that_was_not_read_is_read_before_anything_is_written_there(
    qtbot: QtBot, open_dialog: Callable[..., TakeDialog]
) -> None:
    dialog = open_dialog()
    choose(dialog, "In files of their own")
    with qtbot.waitSignal(dialog.reading_wanted):
        named(dialog, QLineEdit, "File for the memory").setText("/else/where")
    assert dialog.folders() == ("/else",)
    dialog.accept()
    assert dialog.isVisible()
    assert dialog.status()
    there = replace(dialog.situation, folders={**IMAGES, "/else": Folder(2**40, frozenset({"where"}))})
    dialog.set_situation(there)
    assert dialog.isVisible()
    assert "would be overwritten" in dialog.ok.toolTip()
    dialog.set_situation(replace(there, folders={**IMAGES, "/else": Folder(2**40, frozenset())}))
    dialog.accept()
    assert dialog.result() == dialog.DialogCode.Accepted


def test_each_disk_says_what_becomes_of_it(open_dialog: Callable[..., TakeDialog]) -> None:
    dialog = open_dialog(RAW, CD, replace(RAW, target="vdc", readonly=True), replace(CD, target="hdd", source=""))
    texts = [label.text() for label in dialog._places.findChildren(QWidget) if hasattr(label, "text")]
    assert "CD-ROM: never changes" in texts
    assert "Read-only: never changes" in texts
    assert "Empty drive" in texts
    what = named(dialog, QComboBox, "What becomes of disk vdb")
    assert what.currentText() == "Goes on in a new qcow2 file"  # it is raw
    file = named(dialog, QLineEdit, "New file of disk vdb")
    assert file.placeholderText() == "/images/data.pisces-1"
    file.setText("/images/other")
    assert dialog.request().disks == (DiskChoice("vdb", Mode.EXTERNAL, "/images/other"),)
    what.setCurrentIndex(what.findData(Mode.NO))
    assert dialog.request().disks == (DiskChoice("vdb", Mode.NO),)
    assert dialog.plan.ready
    assert not file.isEnabled()
    what.setCurrentIndex(0)
    file.clear()
    assert dialog.request().disks == ()


def test_options_that_do_not_fit_can_not_be_chosen_and_say_why(open_dialog: Callable[..., TakeDialog]) -> None:
    dialog = open_dialog()
    live = named(dialog, QCheckBox, "Go on while the memory is saved")
    quiesce = named(dialog, QCheckBox, "Hold the guest\N{RIGHT SINGLE QUOTATION MARK}s file systems still")
    assert not live.isEnabled()
    assert "memory is kept in a file of its own" in live.accessibleDescription()
    choose(dialog, "In files of their own")
    live.click()
    assert step(dialog).flags == CreateFlag.LIVE
    assert step(dialog).abortable
    choose(dialog, "Disks only")
    assert not dialog.request().live
    quiesce.click()
    assert "agent" in dialog.ok.toolTip()
    choose(dialog, "Inside the images")
    assert step(dialog).flags == 0
    for name in (
        "Turn the machine off afterwards",
        "Without metadata: libvirt won\N{RIGHT SINGLE QUOTATION MARK}t list it",
        "Check with libvirt\N{RIGHT SINGLE QUOTATION MARK}s schema",
    ):
        named(dialog, QCheckBox, name).click()
    assert step(dialog).flags == CreateFlag.HALT | CreateFlag.NO_METADATA | CreateFlag.VALIDATE
    assert dialog.plan.undo is None


def test_prepared_files_are_read_first(qtbot: QtBot, open_dialog: Callable[..., TakeDialog]) -> None:
    dialog = open_dialog()
    choose(dialog, "Disks only")
    prepared = named(dialog, QCheckBox, "Use files that have been prepared")
    for word in ("qemu-img create", "Disks and memory"):  # how they are made, and where they are chosen
        assert word in prepared.toolTip()
    with qtbot.waitSignal(dialog.reading_wanted):
        prepared.click()
    assert dialog.prepared() == ("/images/pisces.pisces-1",)
    assert not dialog.ok.isEnabled()  # there is none
    images = {"/images": Folder(2**40, frozenset({"pisces.pisces-1"}))}
    made = {"/images/pisces.pisces-1": Prepared("qcow2", "pisces.qcow2")}
    dialog.set_situation(replace(dialog.situation, folders=images, prepared=made))
    assert dialog.plan.ready
    assert step(dialog).flags == CreateFlag.DISK_ONLY | CreateFlag.REUSE_EXT


def test_a_suggested_name_is_free_as_a_file_too(
    open_dialog: Callable[..., TakeDialog], make_situation: MakeSituation
) -> None:
    dialog = open_dialog()
    left = {"/images": Folder(2**40, frozenset({"pisces.qcow2", "pisces.pisces-1"}))}
    dialog.set_situation(replace(machine(make_situation(())), folders=left))
    assert dialog.request().name == "pisces-1"
    choose(dialog, "In files of their own")
    assert dialog.request().name == "pisces-2"
    assert dialog.plan.ready


def test_a_chain_of_files_goes_on_in_files(
    open_dialog: Callable[..., TakeDialog], make_situation: MakeSituation
) -> None:
    situation = machine(make_situation(("a",)))
    on_files = replace(
        situation.snapshots.records["a"], memory=Mode.EXTERNAL, disks=(SnapshotDisk("vda", Mode.EXTERNAL),)
    )
    dialog = open_dialog()
    dialog.set_situation(replace(situation, snapshots=replace(situation.snapshots, records={"a": on_files})))
    assert dialog.request().kind is Kind.EXTERNAL
    assert "Like the snapshots that the machine stands on." in dialog._kind.about()


def test_other_drivers_have_one_kind_and_are_not_asked(
    open_dialog: Callable[..., TakeDialog], make_situation: MakeSituation
) -> None:
    dialog = open_dialog()
    situation = make_situation(())
    dialog.set_situation(replace(situation, host=replace(situation.host, driver="TEST")))
    assert not named(dialog, QRadioButton, "Inside the images").isVisible()
    assert not named(dialog, QToolButton, "Advanced").isVisible()
    assert dialog.request().kind is Kind.INTERNAL
