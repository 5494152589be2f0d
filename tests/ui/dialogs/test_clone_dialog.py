"""A new machine from a snapshot: one Enter makes it, and what can't be is said where it is chosen."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLineEdit, QRadioButton
from pytestqt.qtbot import QtBot

from snapgui.core.records import Folder, Prepared, Situation
from snapgui.ui.dialogs.clone import CloneDialog

MakeSituation = Callable[..., Situation]
_IMAGE = "/images/pisces.qcow2"


@pytest.fixture
def situation(make_situation: MakeSituation) -> Situation:
    """pisces with one disk in the internal snapshot “clean”, and all read that the plan needs."""
    disk = f"<disk type='file'><driver type='qcow2'/><source file='{_IMAGE}'/><target dev='vda'/></disk>"
    xml = (
        "<domainsnapshot><name>clean</name><disks><disk name='vda' snapshot='internal'/></disks>"
        f"<domain type='kvm'><name>pisces</name><devices>{disk}</devices></domain></domainsnapshot>"
    )
    return replace(
        make_situation(),
        snapshot_xml={"clean": xml},
        prepared={_IMAGE: Prepared("qcow2", size=1 << 30, tags=frozenset({"clean"}), near=True)},
        folders={"/images": Folder(1 << 40, frozenset({"pisces.qcow2"}), writable=True)},
        machines=frozenset({"pisces"}),
    )


def _open(qtbot: QtBot, situation: Situation) -> CloneDialog:
    dialog = CloneDialog(situation, "clean")
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    return dialog


def _field(dialog: CloneDialog, name: str) -> QLineEdit:
    return next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == name)


def test_enter_makes_a_full_copy_under_a_free_name(qtbot: QtBot, situation: Situation) -> None:
    dialog = _open(qtbot, situation)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
    request = dialog.request()
    assert (request.snapshot, request.name, request.linked, request.folder) == ("clean", "pisces-clean", False, "")
    assert [step.path for step in dialog.plan.steps if step.path] == ["/images/pisces-clean.qcow2"]


def test_a_name_that_somebody_takes_meanwhile_gives_way_but_a_typed_one_stays(
    qtbot: QtBot, situation: Situation
) -> None:
    dialog = _open(qtbot, situation)
    taken = replace(situation, machines=frozenset({"pisces", "pisces-clean"}))
    dialog.set_situation(taken)
    assert dialog.request().name == "pisces-clean-2"
    there = frozenset({"pisces-clean.qcow2", "pisces-clean-2.qcow2"})
    dialog.set_situation(replace(taken, folders={"/images": Folder(1 << 40, there, writable=True)}))
    assert dialog.request().name == "pisces-clean-3"
    qtbot.keyClicks(_field(dialog, "Name"), "pisces")
    dialog.set_situation(taken)
    assert dialog.request().name == "pisces"
    assert not dialog.ok.isEnabled()
    assert "already has a machine “pisces”" in _field(dialog, "Name").accessibleDescription()


def test_what_is_inside_the_image_can_not_be_linked_to_and_that_is_said(qtbot: QtBot, situation: Situation) -> None:
    dialog = _open(qtbot, situation)
    copy, link = dialog.findChildren(QRadioButton)
    assert "Only an external snapshot" in link.toolTip()
    link.click()
    assert not dialog.ok.isEnabled()
    assert any("inside the images" in text and "Make a full copy." in text for text in dialog.plan_view.texts())
    copy.click()
    assert dialog.ok.isEnabled()


def test_a_folder_that_is_typed_is_read_before_anything_is_made(qtbot: QtBot, situation: Situation) -> None:
    dialog = _open(qtbot, situation)
    with qtbot.waitSignal(dialog.reading_wanted):
        _field(dialog, "Folder").setText("/new/")
    assert dialog.folders() == ("/new",)
    assert dialog.waiting
    folders = {**situation.folders, "/new": Folder(1 << 40, frozenset(), writable=True)}
    dialog.set_situation(replace(situation, folders=folders))
    assert not dialog.waiting
    assert dialog.plan.steps[0].path == "/new/pisces-clean.qcow2"
