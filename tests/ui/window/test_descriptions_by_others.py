"""Two people describe one snapshot: neither's words go without a question."""

import libvirt
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from snapgui.app import Application
from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.plan import Step
from snapgui.core.xml.read import read_snapshot
from snapgui.ui.details.description import DescriptionEditor
from snapgui.ui.dialogs.describe import DescribeDialog
from snapgui.ui.dialogs.description_edit import DescriptionEdit
from snapgui.ui.widgets.text_label import TextLabel
from snapgui.virt.host import Host


class Others:
    """What somebody else sees and does."""

    def __init__(self, connection: libvirt.virConnect) -> None:
        self._domain = connection.lookupByName("test")

    def read(self) -> str:
        return read_snapshot(self._domain.snapshotLookupByName("a").getXMLDesc()).description

    def write(self, text: str) -> None:
        xml = self._domain.snapshotLookupByName("a").getXMLDesc()
        changed = xml.replace(f"<description>{self.read()}<", f"<description>{text}<")
        self._domain.snapshotCreateXML(changed, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)


@pytest.fixture
def others(qtbot: QtBot, app: Application, other: libvirt.virConnect) -> Others:
    """With a snapshot "a" that is described as "first", and chosen."""
    domain = app.window.machines.domain()
    other.lookupByName("test").snapshotCreateXML(
        "<domainsnapshot><name>a</name><description>first</description></domainsnapshot>"
    )
    app.backend.hosts.refresh(domain)
    qtbot.waitUntil(lambda: "a" in app.store.snapshots(domain).records)
    app.window.snapshots.select("a")  # whatever key the test before has left down
    qtbot.waitUntil(lambda: _field(app).toPlainText() == "first")
    return Others(other)


def _editor(app: Application) -> DescriptionEditor:
    return app.window.findChild(DescriptionEditor)


def _field(app: Application) -> QPlainTextEdit:
    return _editor(app).findChild(QPlainTextEdit)


def _said(app: Application) -> str:
    return " ".join(label.text() for label in _editor(app).findChildren(TextLabel))


def test_in_place_the_own_text_stays_with_a_question(qtbot: QtBot, app: Application, others: Others) -> None:
    others.write("theirs")
    _field(app).setPlainText("mine")
    _editor(app).commit()
    qtbot.waitUntil(lambda: "to “theirs”" in _said(app))
    assert _field(app).toPlainText() == "mine"
    assert others.read() == "theirs"
    (button,) = _editor(app).findChildren(QPushButton)
    qtbot.waitUntil(lambda: button.text() == "Replace it")  # their text has been read again
    button.click()
    qtbot.waitUntil(lambda: others.read() == "mine")
    qtbot.waitUntil(lambda: "Saved." in _said(app))


def test_in_place_their_text_can_be_taken_instead(qtbot: QtBot, app: Application, others: Others) -> None:
    others.write("theirs")
    _field(app).setPlainText("mine")
    _editor(app).commit()
    qtbot.waitUntil(lambda: "to “theirs”" in _said(app))
    _field(app).setFocus()
    qtbot.keyClick(_field(app), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: _field(app).toPlainText() == "theirs")
    assert others.read() == "theirs"


def test_own_edits_in_a_row_ask_nothing(qtbot: QtBot, app: Application, others: Others) -> None:
    for text in ("second", "third", "fourth"):
        _field(app).setPlainText(text)
        _editor(app).commit()
    qtbot.waitUntil(lambda: others.read() == "fourth")
    qtbot.waitUntil(lambda: "Saved." in _said(app))


def test_in_the_dialog_a_change_since_it_opened_is_shown_first(qtbot: QtBot, app: Application, others: Others) -> None:
    domain = app.window.machines.domain()
    app.window.operations.edit(domain, app.store.snapshots(domain).records["a"])
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), DescribeDialog))
    dialog = QApplication.activeModalWidget()
    qtbot.waitUntil(lambda: not dialog.waiting)
    text = dialog.findChild(DescriptionEdit)
    text.selectAll()
    qtbot.keyClicks(text, "mine")
    others.write("theirs")
    qtbot.keyClick(text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: any("to “theirs”" in row for row in dialog.plan_view.texts()))
    assert others.read() == "theirs"
    assert text.toPlainText() == "mine"
    qtbot.waitUntil(dialog.ok.isEnabled)
    qtbot.keyClick(text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: others.read() == "mine")


def test_what_was_typed_in_the_dialog_and_could_not_be_saved_is_kept(
    qtbot: QtBot, app: Application, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = app.window.machines.domain()
    app.window.operations.edit(domain, app.store.snapshots(domain).records["a"])
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), DescribeDialog))
    dialog = QApplication.activeModalWidget()
    qtbot.waitUntil(lambda: not dialog.waiting)
    text = dialog.findChild(DescriptionEdit)
    text.selectAll()
    qtbot.keyClicks(text, "long work")

    def refuse(_host: Host, _step: Step) -> None:
        raise SnapguiError(Problem("Change it.", "The host's disk is full."))

    with monkeypatch.context() as patched:
        patched.setattr(Host, "run", refuse)
        qtbot.keyClick(text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: "disk is full" in _said(app))
    assert _field(app).toPlainText() == "long work"
    assert others.read() == "first"
    (button,) = _editor(app).findChildren(QPushButton)
    button.click()
    qtbot.waitUntil(lambda: others.read() == "long work")
