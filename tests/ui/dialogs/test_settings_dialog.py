"""The settings dialog: what is typed is never lost, and what would happen is said."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMessageBox, QPlainTextEdit, QSpinBox, QTabWidget
from pytestqt.qtbot import QtBot

from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, DomainRecord, DomainState, HostRecord, HostState, Situation
from snapgui.core.xml.read import read_domain
from snapgui.ui.dialogs.settings import SettingsDialog

OFF = (Path(__file__).parents[2] / "core" / "domains" / "off.xml").read_text()
_DOMAIN = DomainId("qemu:///system", "5d8f1a3c-4f0b-4c9e-9d57-2f3f1a0c7e11")
_READ = Situation(
    HostRecord(_DOMAIN.uri, HostState.CONNECTED, driver="QEMU"),
    DomainRecord(_DOMAIN, "rich", DomainState.SHUT_OFF),
    config=read_domain(OFF),
    next_xml=OFF,
)


@pytest.fixture
def dialog(qtbot: QtBot) -> SettingsDialog:
    made = SettingsDialog(replace(_READ, config=None, next_xml=None))
    qtbot.addWidget(made)
    made.show()
    made.set_situation(_READ)
    return made


def number(dialog: SettingsDialog, name: str) -> QSpinBox:
    return next(each for each in dialog.findChildren(QSpinBox) if each.accessibleName() == name)


def title(dialog: SettingsDialog) -> QLineEdit:
    return next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == "Title")


def text(dialog: SettingsDialog) -> QPlainTextEdit:
    dialog.findChild(QTabWidget).setCurrentIndex(1)
    fields = dialog.findChildren(QPlainTextEdit)
    return next(each for each in fields if each.accessibleName() == "XML of the machine")


def labels(dialog: SettingsDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def test_the_settings_stand_in_their_fields(dialog: SettingsDialog) -> None:
    names = ("Memory", "Current memory", "vCPUs", "vCPUs at the start")
    assert [number(dialog, name).value() for name in names] == [64, 48, 2, 1]
    assert not dialog.ok.isEnabled()
    assert "Nothing is changed." in dialog.ok.toolTip()


def test_less_memory_takes_the_current_memory_with_it(dialog: SettingsDialog) -> None:
    number(dialog, "Memory").setValue(32)
    assert number(dialog, "Current memory").value() == 32
    assert dialog.plan_view.texts() == ("Memory: 64 MiB → 32 MiB", "Current memory: 48 MiB → 32 MiB")
    number(dialog, "Memory").setValue(64)
    number(dialog, "Current memory").setValue(48)
    assert dialog.request().xml == OFF


def test_no_number_is_less_than_one_or_beside_its_limit(dialog: SettingsDialog) -> None:
    for name in ("Memory", "Current memory", "vCPUs", "vCPUs at the start"):
        number(dialog, name).setValue(-5)
        assert number(dialog, name).value() == 1
    number(dialog, "vCPUs at the start").setValue(99)
    assert number(dialog, "vCPUs at the start").value() == 1
    number(dialog, "Memory").setValue(2**31 - 1)
    assert any("can’t start" in each for each in dialog.plan_view.texts())  # noqa: RUF001 - as it is written


def test_fields_and_text_follow_one_another(dialog: SettingsDialog, qtbot: QtBot) -> None:
    number(dialog, "vCPUs").setValue(4)
    editor = text(dialog)
    assert "<vcpu current='1' placement='static'>4</vcpu>" in editor.toPlainText()
    dialog.findChild(QTabWidget).setCurrentIndex(0)
    number(dialog, "vCPUs at the start").setValue(3)
    editor = text(dialog)
    assert "<vcpu current='3' placement='static'>4</vcpu>" in editor.toPlainText()
    editor.setPlainText(editor.toPlainText().replace("A rich machine", "Tom &amp; Jerry"))
    dialog.findChild(QTabWidget).setCurrentIndex(0)
    assert title(dialog).text() == "Tom & Jerry"
    editor = text(dialog)
    editor.setPlainText("<domain")
    qtbot.waitUntil(lambda: "Line 1" in labels(dialog))
    dialog.findChild(QTabWidget).setCurrentIndex(0)
    assert not number(dialog, "Memory").isEnabled()
    assert text(dialog).toPlainText() == "<domain"


def test_a_refusal_by_libvirt_leaves_the_text_and_marks_the_line(dialog: SettingsDialog, qtbot: QtBot) -> None:
    editor = text(dialog)
    editor.setPlainText(OFF.replace("A rich", "My"))
    qtbot.waitUntil(dialog.ok.isEnabled)
    with qtbot.waitSignal(dialog.save_wanted) as asked:
        dialog.ok.click()
    assert "My machine" in asked.args[0].xml
    assert asked.args[0].base == OFF
    assert not dialog.ok.isEnabled()
    dialog.set_refused(Problem("Changing", "at line 7: no", raw="at line 7: <b>no</b>", code=35))
    assert "at line 7: <b>no</b>" in labels(dialog)
    assert editor.textCursor().blockNumber() == 6
    assert "My machine" in editor.toPlainText()
    dialog.set_saved()
    assert not dialog.isVisible()


def test_what_others_change_is_followed_until_something_is_typed(dialog: SettingsDialog) -> None:
    theirs = OFF.replace("'KiB'>65536", "'KiB'>131072")
    dialog.set_situation(replace(_READ, next_xml=theirs))
    assert number(dialog, "Memory").value() == 128
    number(dialog, "Memory").setValue(32)
    dialog.set_situation(_READ)
    assert number(dialog, "Memory").value() == 32
    assert not dialog.ok.isEnabled()
    assert "Somebody else has changed" in dialog.ok.toolTip()


@pytest.mark.parametrize(("answer", "stays"), [("Go on editing", 1), ("Drop it", 0)])
def test_what_was_written_is_not_dropped_unasked(dialog: SettingsDialog, qtbot: QtBot, answer: str, stays: int) -> None:
    number(dialog, "Memory").setValue(32)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    box = next(each for each in QApplication.topLevelWidgets() if isinstance(each, QMessageBox) and each.isVisible())
    next(button for button in box.buttons() if button.text().replace("&", "") == answer).click()
    assert dialog.isVisible() == bool(stays)
    dialog.done(0)


def test_a_title_that_xml_can_not_carry_is_said(dialog: SettingsDialog) -> None:
    title(dialog).setText("a\x01b")
    assert "can’t carry" in labels(dialog)  # noqa: RUF001 - as it is written


def test_a_machine_that_can_not_be_read_is_said(dialog: SettingsDialog) -> None:
    dialog.set_reading_failed(Problem("Reading", "The connection is read-only."))
    assert "read-only" in dialog.status()


def test_the_memory_has_the_focus_once_it_can_be_changed(qtbot: QtBot) -> None:
    made = SettingsDialog(replace(_READ, config=None, next_xml=None))
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    made.set_situation(_READ)
    assert QApplication.focusWidget() is number(made, "Memory")
