"""A machine from a bundle: what the user has typed stays, and nothing runs that was not on screen."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QLineEdit
from pytestqt.qtbot import QtBot

from snapgui.core.bundle import Bundle, BundleDisk, FoundBundle
from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, Folder, Situation
from snapgui.ui.dialogs.import_bundle import ImportBundleDialog

MakeSituation = Callable[..., Situation]
_UUID = "6477644f-c1a8-4a03-8992-36c0fb522612"
_DOMAIN = (
    f"<domain type='kvm'><name>virgo</name><uuid>{_UUID}</uuid><os><type>hvm</type></os><devices>"
    "<disk type='file' device='disk'><source file='/old/v.qcow2'/><target dev='vda'/></disk></devices></domain>"
)
_SNAPSHOT = (
    "<domainsnapshot><name>s</name><state>shutoff</state><creationTime>1</creationTime><memory snapshot='no'/>"
    f"<disks><disk name='vda' snapshot='internal'/></disks>{_DOMAIN}</domainsnapshot>"
)
_OWN = Folder(1 << 40, frozenset(), writable=True)


def _bundle(folder: str, machine: str = "virgo", twin: str = "") -> FoundBundle:
    said = Bundle(machine, _UUID, "s", (BundleDisk("vda", "disk-vda.qcow2", ""),))
    sizes = dict.fromkeys(said.files(), 1 << 20)
    return FoundBundle(folder, said, _DOMAIN, _SNAPSHOT, sizes, sizes, twin)


@pytest.fixture
def read(make_situation: MakeSituation) -> Callable[..., Situation]:
    """A reading of the host, which has “pisces”; with a bundle, where one is given."""

    def build(bundle: FoundBundle | None = None, *folders: str) -> Situation:
        known = make_situation(read=False)
        nobody = replace(known.domain, id=DomainId(known.host.uri, ""), name="")
        places = dict.fromkeys((*folders, "/images"), _OWN)
        host = replace(known.host, near=True)
        return Situation(
            host, nobody, folders=places, here={"/scratch": _OWN}, machines=frozenset({"pisces"}), bundle=bundle
        )

    return build


@pytest.fixture
def dialog(qtbot: QtBot, read: Callable[..., Situation]) -> ImportBundleDialog:
    opened = ImportBundleDialog(read())
    qtbot.addWidget(opened)
    with qtbot.waitActive(opened):
        opened.show()
        opened.activateWindow()
    opened.set_situation(read())
    return opened


def _name(dialog: ImportBundleDialog) -> QLineEdit:
    return next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == "Name")


def test_a_bundle_s_machine_has_its_name_proposed(
    qtbot: QtBot, dialog: ImportBundleDialog, read: Callable[..., Situation]
) -> None:
    qtbot.keyClicks(dialog.bundle.edit, "/b")
    dialog.set_situation(read(_bundle("/b")))
    assert (_name(dialog).text(), dialog.place.folder()) == ("virgo", "/images")
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.plan.request.name == "virgo"


def test_a_name_that_is_typed_while_the_bundle_is_read_stays(
    qtbot: QtBot, dialog: ImportBundleDialog, read: Callable[..., Situation]
) -> None:
    qtbot.keyClicks(dialog.bundle.edit, "/b")
    qtbot.keyClicks(_name(dialog), "mine")
    dialog.set_situation(read(_bundle("/b")))
    assert _name(dialog).text() == "mine"
    assert dialog.plan.request.name == "mine"
    dialog.bundle.set_folder("/c")
    dialog.set_situation(read(_bundle("/c", "libra")))
    assert _name(dialog).text() == "mine"


def test_a_proposed_name_is_replaced_by_who_types_on(
    qtbot: QtBot, dialog: ImportBundleDialog, read: Callable[..., Situation]
) -> None:
    dialog.bundle.set_folder("/b")
    _name(dialog).setFocus()
    dialog.set_situation(read(_bundle("/b")))
    qtbot.keyClicks(_name(dialog), "mine")
    assert _name(dialog).text() == "mine"


def test_a_folder_and_a_tick_of_the_user_s_stay(
    qtbot: QtBot, dialog: ImportBundleDialog, read: Callable[..., Situation]
) -> None:
    dialog.place.edit.clear()
    qtbot.keyClicks(dialog.place.edit, "/mine")
    anew = dialog.findChild(QCheckBox)
    anew.click()
    dialog.bundle.set_folder("/b")
    dialog.set_situation(read(_bundle("/b"), "/mine"))
    assert (dialog.place.folder(), anew.isChecked()) == ("/mine", True)
    dialog.place.edit.selectAll()
    qtbot.keyClick(dialog.place.edit, Qt.Key.Key_Delete)
    dialog.set_situation(read(_bundle("/b")))
    assert dialog.place.folder() == "", "who has emptied it is about to type another"


def test_nothing_can_be_agreed_to_before_what_is_in_the_fields_has_been_read(
    dialog: ImportBundleDialog, read: Callable[..., Situation]
) -> None:
    dialog.bundle.set_folder("/b")
    assert not dialog.ok.isEnabled()
    dialog.accept()
    dialog.set_situation(read(_bundle("/b")))
    assert dialog.isVisible(), "an Enter before that is not an Enter to this"
    assert dialog.ok.isEnabled()
    for field in (dialog.bundle, dialog.place):
        known = field.folder()
        field.set_folder("/else")
        assert not dialog.ok.isEnabled()
        assert "Reading" in dialog.status()
        dialog.accept()
        field.set_folder(known)
        assert dialog.isVisible()
        assert dialog.ok.isEnabled()


def test_what_was_wrong_with_one_path_is_not_said_of_the_next(
    dialog: ImportBundleDialog, read: Callable[..., Situation]
) -> None:
    dialog.bundle.set_folder("/wrong")
    dialog.set_reading_failed(Problem("Reading the bundle", "There is none in /wrong."))
    assert "There is none in /wrong." in dialog.status()
    dialog.bundle.set_folder("/b")
    assert "wrong" not in dialog.status() + dialog.ok.toolTip()
    assert not dialog.ok.isEnabled()
    dialog.set_situation(read(_bundle("/b")))
    assert dialog.ok.isEnabled()
