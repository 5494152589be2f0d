"""A snapshot's data as files: one Enter writes an image, and what can't be is said where it is chosen."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QLineEdit
from pytestqt.qtbot import QtBot

from snapgui.core.records import DomainState, Folder, Mode, Prepared, Situation, SnapshotDisk, Snapshots
from snapgui.core.requests import Form
from snapgui.ui.dialogs.export_data import ExportDataDialog

MakeSituation = Callable[..., Situation]
_IMAGES = {"vda": "/images/pisces.qcow2", "vdb": "/images/data.qcow2"}


@pytest.fixture
def read(make_situation: MakeSituation) -> Callable[..., Situation]:
    """pisces, off, with so many disks in the internal snapshot “clean” of it running, and all read that is needed."""

    def build(disks: int = 1) -> Situation:
        images = dict(list(_IMAGES.items())[:disks])
        texts = (
            f"<disk type='file'><driver type='qcow2'/><source file='{path}'/><target dev='{target}'/></disk>"
            for target, path in images.items()
        )
        held = "".join(f"<disk name='{target}' snapshot='internal'/>" for target in images)
        xml = (
            f"<domainsnapshot><name>clean</name><disks>{held}</disks>"
            f"<domain type='kvm'><name>pisces</name><devices>{''.join(texts)}</devices></domain></domainsnapshot>"
        )
        known = make_situation(state=DomainState.SHUT_OFF)
        record = replace(
            known.snapshots.records["clean"], disks=tuple(SnapshotDisk(target, Mode.INTERNAL) for target in images)
        )
        return replace(
            known,
            snapshots=Snapshots({**known.snapshots.records, "clean": record}, "clean"),
            snapshot_xml={"clean": xml},
            prepared={
                path: Prepared("qcow2", size=1 << 30, tags=frozenset({"clean"}), near=True) for path in images.values()
            },
            here={"/out": Folder(1 << 40, frozenset({"pisces-clean.qcow2"}), writable=True)},
        )

    return build


def _open(qtbot: QtBot, situation: Situation) -> ExportDataDialog:
    dialog = ExportDataDialog(situation, "clean", "/out")
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    return dialog


def _name(dialog: ExportDataDialog) -> QLineEdit:
    return next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == "Name")


def _choose(dialog: ExportDataDialog, form: Form) -> None:
    combo = dialog.findChild(QComboBox)
    assert combo is not None
    combo.setCurrentIndex(combo.findData(form))


def test_enter_writes_an_image_under_a_free_name(qtbot: QtBot, read: Callable[..., Situation]) -> None:
    dialog = _open(qtbot, read())
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert [step.path for step in dialog.plan.steps] == ["/out/pisces-clean-2.qcow2"]


def test_each_form_has_its_name_and_its_words(qtbot: QtBot, read: Callable[..., Situation]) -> None:
    dialog = _open(qtbot, read())
    paths = {}
    for form in Form:
        _choose(dialog, form)
        paths[form] = dialog.plan.steps[-1].path
        assert dialog.ok.isEnabled()
        assert any("holds no memory" in text for text in dialog.plan_view.texts()) is (form is not Form.BUNDLE)
    assert paths == {
        Form.QCOW2: "/out/pisces-clean-2.qcow2",
        Form.COMPRESSED: "/out/pisces-clean-2.qcow2",
        Form.RAW: "/out/pisces-clean.raw",
        Form.BUNDLE: "/out/pisces-clean",
    }


def test_of_several_disks_each_can_be_left_out_of_images_but_not_of_a_bundle(
    qtbot: QtBot, read: Callable[..., Situation]
) -> None:
    dialog = _open(qtbot, read(2))
    boxes = {box.text(): box for box in dialog.findChildren(QCheckBox) if box.text() in _IMAGES}
    whole = ["/out/pisces-clean-2-vda.qcow2", "/out/pisces-clean-2-vdb.qcow2"]
    assert [step.path for step in dialog.plan.steps] == whole, "free, whichever disks are chosen"
    boxes["vda"].click()
    assert [step.path for step in dialog.plan.steps] == ["/out/pisces-clean-2.qcow2"]
    boxes["vdb"].click()
    assert not dialog.ok.isEnabled()
    assert "No disk is chosen." in dialog.ok.toolTip()
    _choose(dialog, Form.BUNDLE)
    assert not boxes["vda"].isVisible()
    assert dialog.ok.isEnabled()


def test_a_name_that_is_there_is_marked_and_a_typed_one_stays(qtbot: QtBot, read: Callable[..., Situation]) -> None:
    dialog = _open(qtbot, read())
    _name(dialog).clear()
    qtbot.keyClicks(_name(dialog), "pisces-clean")
    assert not dialog.ok.isEnabled()
    assert "/out/pisces-clean.qcow2 is there already" in _name(dialog).accessibleDescription()
    _choose(dialog, Form.RAW)
    assert dialog.ok.isEnabled()
    assert _name(dialog).text() == "pisces-clean"


def test_a_mark_stands_at_the_field_that_is_wrong(qtbot: QtBot, read: Callable[..., Situation]) -> None:
    dialog = _open(qtbot, read())
    fields = {each.accessibleName(): each for each in dialog.findChildren(QLineEdit)}

    def marked() -> set[str]:
        return {name for name, field in fields.items() if any(each.isVisible() for each in field.actions())}

    assert not marked()
    fields["Folder"].setText("out")
    assert marked() == {"Folder"}
    assert "begins with “/”" in fields["Folder"].accessibleDescription()
    fields["Name"].setText("a/b")
    assert marked() == {"Name", "Folder"}
    fields["Folder"].setText("/out")
    assert marked() == {"Name"}
    assert fields["Folder"].accessibleDescription() == ""


def test_a_folder_is_read_before_anything_is_written(qtbot: QtBot, read: Callable[..., Situation]) -> None:
    situation = read()
    dialog = _open(qtbot, situation)
    folder = next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == "Folder")
    with qtbot.waitSignal(dialog.reading_wanted):
        folder.setText("/else/where/")
    assert (dialog.waiting, dialog.here()) == (True, ("/else/where",))
    dialog.set_situation(replace(situation, here={"/else/where": Folder(missing=True)}))
    assert "There is no folder /else/where." in dialog.ok.toolTip()
    closed = Folder(1 << 40, frozenset(), writable=False)
    dialog.set_situation(replace(situation, here={"/else/where": closed}))
    assert "You may not write to /else/where" in dialog.ok.toolTip()


def test_the_memory_in_the_image_of_a_running_machine_is_no_bundle_s(
    qtbot: QtBot, read: Callable[..., Situation]
) -> None:
    situation = read()
    running = replace(situation, domain=replace(situation.domain, state=DomainState.RUNNING))
    dialog = _open(qtbot, running)
    assert dialog.ok.isEnabled()
    _choose(dialog, Form.BUNDLE)
    assert not dialog.ok.isEnabled()
    assert "Shut the machine off first" in dialog.ok.toolTip()
