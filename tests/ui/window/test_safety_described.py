"""The line by which a safety snapshot is known: nobody reads or loses it where descriptions are shown and edited."""

from collections.abc import Iterator

import libvirt
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from snapgui.app import Application
from snapgui.core.safety_mark import MARK
from snapgui.models.snapshots import Column
from snapgui.ui.actions import Act
from snapgui.ui.details.description import DescriptionEditor
from snapgui.ui.dialogs.describe import DescribeDialog
from snapgui.ui.dialogs.revert import RevertDialog
from snapgui.ui.snapshots.in_place import InPlaceEdit
from snapgui.ui.widgets.text_label import TextLabel

WORDS = "Before the revert."


@pytest.fixture
def marked(qtbot: QtBot, app: Application, other: libvirt.virConnect) -> Iterator[libvirt.virDomain]:
    """With a safety snapshot "s", chosen."""
    domain = app.window.machines.domain()
    machine = other.lookupByName("test")
    machine.snapshotCreateXML(
        f"<domainsnapshot><name>s</name><description>{WORDS}\n{MARK}</description></domainsnapshot>"
    )
    app.backend.hosts.refresh(domain)
    qtbot.waitUntil(lambda: "s" in app.store.snapshots(domain).records)
    app.window.snapshots.select("s")
    qtbot.waitUntil(app.window.actions_[Act.UNDO].isEnabled)
    yield machine
    for snapshot in machine.listAllSnapshots():
        snapshot.delete()


def _edit(qtbot: QtBot, app: Application, way: str) -> QWidget:
    """The widget that the description is edited in, and that is read as it opens."""
    if way == "dialog":
        app.window.actions_[Act.EDIT].trigger()
        qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), DescribeDialog))
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, DescribeDialog)
        qtbot.waitUntil(lambda: not dialog.waiting)
        return next(each for each in dialog.findChildren(QPlainTextEdit) if not each.isReadOnly())
    if way == "row":
        app.window.actions_[Act.DESCRIBE].trigger()
        return app.window.findChild(InPlaceEdit)
    return app.window.findChild(DescriptionEditor).findChild(QPlainTextEdit)


@pytest.mark.parametrize("way", ["dialog", "row", "details"])
@pytest.mark.parametrize("text", ["Other words", ""])
def test_the_mark_is_not_seen_where_a_description_is_edited_and_stays(
    qtbot: QtBot, app: Application, marked: libvirt.virDomain, way: str, text: str
) -> None:
    field = _edit(qtbot, app, way)
    qtbot.waitUntil(lambda: field.toPlainText() == WORDS)
    field.setFocus()
    field.selectAll()
    field.insertPlainText(text)
    if way == "dialog":
        qtbot.waitUntil(QApplication.activeModalWidget().ok.isEnabled)
        QApplication.activeModalWidget().ok.click()
    elif way == "row":
        qtbot.keyClick(field, Qt.Key.Key_Return)
    else:
        app.window.details.commit()
    domain = app.window.machines.domain()
    qtbot.waitUntil(lambda: app.store.snapshots(domain).records["s"].description == text)
    xml = marked.snapshotLookupByName("s").getXMLDesc()
    assert f"<description>{text}\n{MARK}</description>".replace(">\n", ">") in xml  # virsh's users see it
    assert app.window.actions_[Act.UNDO].isEnabled()


@pytest.mark.usefixtures("marked")
def test_the_mark_is_not_seen_where_a_description_is_shown(qtbot: QtBot, app: Application) -> None:
    row = app.window.snapshots.tree.model().index_of("s").siblingAtColumn(Column.DESCRIPTION)
    for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
        assert MARK not in (row.data(role) or "")
    app.window.snapshots.filter.setText("[snapgui")  # what is not seen is not found
    qtbot.waitUntil(lambda: app.window.snapshots.tree.model().index_of("s").isValid() is False)
    app.window.snapshots.filter.clear()
    app.window.snapshots.select("s")
    app.window.actions_[Act.REVERT].trigger()
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), RevertDialog))
    dialog = QApplication.activeModalWidget()
    said = [label.text() for label in dialog.findChildren(TextLabel)]
    assert WORDS in said
    dialog.reject()
    assert not any(MARK in text for text in said)
