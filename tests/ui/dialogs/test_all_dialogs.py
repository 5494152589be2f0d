"""What holds for every dialog: something has the focus, Enter means OK, and no two things have one letter."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QDialogButtonBox,
    QGroupBox,
    QLabel,
    QMessageBox,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from snapgui.core.differences.compare import Configuration
from snapgui.core.differences.outlook import outlook
from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, Situation
from snapgui.core.requests import Power, PowerAction, SetCurrent
from snapgui.core.rules import make_plan
from snapgui.ui import dialogs
from snapgui.ui.dialogs.lasting_dialog import LastingDialog
from snapgui.ui.dialogs.plan_dialog import PlanDialog
from snapgui.ui.dialogs.together import TogetherDialog
from snapgui.ui.xml.edit import XmlEdit

MakeSituation = Callable[..., Situation]
_MACHINE = (Path(__file__).parents[2] / "core" / "domains" / "off.xml").read_text()
_MNEMONIC = re.compile(r"(?<!&)&(\w)")


def _confirm(situation: Situation) -> QDialog:
    return dialogs.ConfirmDialog(make_plan(Power(situation.domain.id, PowerAction.FORCE_OFF), situation))


def _several(situation: Situation) -> QDialog:
    other = replace(situation.domain, id=DomainId(situation.domain.id.uri, "2f0c"), name="aquarius")
    return TogetherDialog([situation, replace(situation, domain=other)], "{machine}-{n}")


_DIALOGS: dict[str, Callable[[Situation], QDialog]] = {
    "take": dialogs.TakeDialog,
    "together": _several,
    "revert": lambda situation: dialogs.RevertDialog(situation, "clean"),
    "delete": lambda situation: dialogs.DeleteDialog(situation, ("clean",)),
    "delete-several": lambda situation: dialogs.DeleteDialog(situation, ("clean", "patched")),
    "describe": lambda situation: dialogs.DescribeDialog(situation, "clean"),
    "edit-xml": lambda situation: dialogs.EditXmlDialog(situation, "clean"),
    "rename": lambda situation: dialogs.RenameDialog(situation, "clean"),
    "clone": lambda situation: dialogs.CloneDialog(situation, "clean"),
    "export-data": lambda situation: dialogs.ExportDataDialog(situation, "clean", "/out"),
    "compact": dialogs.CompactDialog,
    "import": dialogs.ImportDialog,
    "import-machine": dialogs.ImportBundleDialog,
    "settings": dialogs.SettingsDialog,
    "health": dialogs.HealthDialog,
    "confirm": _confirm,
    "set-current": lambda situation: dialogs.ConfirmDialog(
        make_plan(SetCurrent(situation.domain.id, "clean"), situation)
    ),
    "plan": lambda situation: dialogs.PlanBox(make_plan(SetCurrent(situation.domain.id, "clean"), situation)),
    "export": lambda situation: dialogs.ExportDialog(situation.domain.name, ("clean",), 2),
    "waiting": lambda situation: dialogs.WaitingDialog(
        situation.domain.name, outlook(Configuration(_MACHINE, _MACHINE.replace("cache='none' ", "")))
    ),
    "connect": lambda _situation: dialogs.ConnectDialog(()),
    "problem": lambda _situation: dialogs.ProblemBox(Problem("Doing", "Why.", "Remedy.", raw="raw"), None),
}


@pytest.fixture(params=_DIALOGS)
def dialog(request: pytest.FixtureRequest, qtbot: QtBot, make_situation: MakeSituation) -> QDialog:
    """Each in turn, first as it opens and then with all that is read for it."""
    whole = replace(make_situation(tree={"clean": None, "patched": "clean"}), next_xml=_MACHINE)
    unread = replace(whole, config=None, next_xml=None, snapshot_xml={})
    made = _DIALOGS[request.param](unread)
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    if isinstance(made, PlanDialog):
        made.set_situation(whole)
    return made


def _texts(dialog: QDialog) -> list[tuple[QWidget, str]]:
    """What bears a letter, folded or not, by what it belongs to."""
    found: list[tuple[QWidget, str]] = [(each, each.text()) for each in dialog.findChildren(QAbstractButton)]
    found += [(each, each.text()) for each in dialog.findChildren(QLabel) if each.buddy() is not None]
    found += [(each, each.title()) for each in dialog.findChildren(QGroupBox)]
    for tabs in dialog.findChildren(QTabWidget):
        found += [(tabs, tabs.tabText(number)) for number in range(tabs.count())]
        for number in set(range(tabs.count())) - {tabs.currentIndex()}:
            found = [(widget, text) for widget, text in found if not tabs.widget(number).isAncestorOf(widget)]
    return found


def test_a_dialog_with_a_plan_opens_as_large_as_it_wants_to_be_where_the_screen_allows(dialog: QDialog) -> None:
    if isinstance(dialog, PlanDialog):
        room = dialog.screen().availableSize() - QSize(16, 40)
        wanted = dialog.sizeHint().boundedTo(room)
        assert dialog.size().expandedTo(wanted) == dialog.size()


def _check_letters(dialog: QDialog) -> None:
    by_letter: dict[str, list[str]] = defaultdict(list)
    for _, text in _texts(dialog):
        for letter in _MNEMONIC.findall(text):
            by_letter[letter.lower()].append(text)
    assert {letter: texts for letter, texts in by_letter.items() if len(texts) > 1} == {}


def test_no_two_things_in_a_dialog_have_the_same_letter(dialog: QDialog) -> None:
    _check_letters(dialog)
    for tabs in dialog.findChildren(QTabWidget):
        for number in range(tabs.count()):
            tabs.setCurrentIndex(number)
            _check_letters(dialog)


def test_something_has_the_focus(dialog: QDialog) -> None:
    focused = QApplication.focusWidget()
    assert focused is not None
    assert dialog.isAncestorOf(focused)


def test_enter_means_ok(dialog: QDialog) -> None:
    if isinstance(dialog, PlanDialog | dialogs.ConfirmDialog) and dialog.ok.isEnabled():
        assert dialog.ok.isDefault()
        cancel = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Cancel)
        assert not cancel.isDefault()


def test_escape_closes_it(dialog: QDialog) -> None:
    dialog.reject()
    assert not dialog.isVisible()


@pytest.mark.parametrize("keep", [True, False])
def test_what_was_typed_is_asked_about_once(qtbot: QtBot, make_situation: MakeSituation, *, keep: bool) -> None:
    made = dialogs.EditXmlDialog(make_situation(), "clean")
    qtbot.addWidget(made)
    made.show()
    assert isinstance(made, LastingDialog)
    made._edit.replace_text(made._edit.text() + " ")
    made.reject()
    box = made.findChild(QMessageBox)
    next(each for each in box.buttons() if each.text() == ("&Keep editing" if keep else "&Discard")).click()
    assert made.isVisible() is keep
    made.done(0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<a>\n<b>\n</a>", "Line 3: This is no well-formed XML: mismatched tag"),
        ("\n<!DOCTYPE a []><a/>", "Line 2: A document type has no place in"),
        (" ", "There is no text."),
        ("<network/>", "Line 1: It begins with <network>, where "),
    ],
)
@pytest.mark.parametrize("name", ["edit-xml", "settings"])
def test_both_editors_say_the_same_of_the_same_text(
    qtbot: QtBot, make_situation: MakeSituation, name: str, text: str, said: str
) -> None:
    xml = {"clean": f"<domainsnapshot><name>clean</name>{_MACHINE}</domainsnapshot>"}
    situation = replace(make_situation(tree={"clean": None}), next_xml=_MACHINE, snapshot_xml=xml)
    dialog = _DIALOGS[name](situation)
    qtbot.addWidget(dialog)
    dialog.show()
    if (tabs := dialog.findChild(QTabWidget)) is not None:
        tabs.setCurrentIndex(1)
    editor = dialog.findChild(XmlEdit)
    editor.replace_text(text)
    qtbot.waitUntil(lambda: editor.fault().startswith(said))
    assert dialog.ok.accessibleDescription().startswith(said)


_REFUSALS = {
    "at a line": (
        Problem("", "(x):2: no & never", raw="(x):2: no & never", code=1),
        "Line 2: libvirt: (x):2: no & never",
    ),
    "of the schema": (Problem("", "no & never.", raw="no & never", code=92), "libvirt: no & never"),
    "in plain words, too": (
        Problem("", "It is bad.", "Mend it.", raw="no", code=27),
        "It is bad. Mend it.\nlibvirt: no",
    ),
    "of no text": (Problem("", "It was lost.", "Connect again.", raw="no", code=38), "It was lost. Connect again."),
}


@pytest.mark.parametrize("refusal", _REFUSALS)
@pytest.mark.parametrize("name", ["edit-xml", "settings"])
def test_both_editors_say_the_same_of_a_refusal_and_say_it_once(
    qtbot: QtBot, make_situation: MakeSituation, name: str, refusal: str
) -> None:
    problem, said = _REFUSALS[refusal]
    xml = {"clean": f"<domainsnapshot>\n<name>clean</name>{_MACHINE}</domainsnapshot>"}
    situation = replace(make_situation(tree={"clean": None}), next_xml=_MACHINE, snapshot_xml=xml)
    dialog = _DIALOGS[name](situation)
    qtbot.addWidget(dialog)
    dialog.show()
    if isinstance(dialog, dialogs.SettingsDialog):
        dialog.set_refused(problem)  # while the fields are shown, then it is there as well
        assert any(label.isVisible() and problem.why in label.text() for label in dialog.findChildren(QLabel))
        dialog.findChild(QTabWidget).setCurrentIndex(1)
    else:
        dialog.show_problem(problem)
    shown = [label.text() for label in dialog.findChildren(QLabel) if label.isVisible()]
    assert [text for text in shown if problem.why.rstrip(".") in text] == [said]
    editor = dialog.findChild(XmlEdit)
    assert editor.fault() == ("" if refusal == "of no text" else said)
    dialog.refresh()
    assert editor.fault() == ("" if refusal == "of no text" else said), "it holds until the text is another one"
    editor.replace_text(editor.text() + "\n")
    editor.changed.emit()
    assert not [label for label in dialog.findChildren(QLabel) if label.isVisible() and problem.why in label.text()]
