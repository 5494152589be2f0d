"""The editor of XML: its text is the user's, and what is wrong with it is marked."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette, QTextCursor
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from snapgui.ui.contrast import TEXT, contrast
from snapgui.ui.xml.edit import XmlEdit

XML = """<domain type='qemu'>
  <name>pisces</name>
  <memory unit='KiB'>524288</memory>
</domain>
"""


@pytest.fixture
def edit(qtbot: QtBot) -> XmlEdit:
    widget = XmlEdit("XML of the machine")
    qtbot.addWidget(widget)
    widget.resize(500, 300)
    widget.show()
    widget.set_text(XML)
    return widget


def body(edit: XmlEdit) -> QPlainTextEdit:
    return edit.findChild(QPlainTextEdit)


def marked(edit: XmlEdit) -> list[int]:
    return [selection.cursor.blockNumber() + 1 for selection in body(edit).extraSelections()]


def test_what_is_typed_is_told_once_the_user_rests(edit: XmlEdit, qtbot: QtBot) -> None:
    assert not edit.is_modified()
    with qtbot.waitSignal(edit.changed, timeout=2000):
        qtbot.keyClicks(body(edit), "<!---->")
    assert edit.is_modified()
    assert edit.text() == "<!---->" + XML


def test_a_fault_marks_its_line_and_leaves_the_text_and_the_cursor(edit: XmlEdit) -> None:
    body(edit).moveCursor(QTextCursor.MoveOperation.End)
    edit.show_fault("there is something wrong", 3)
    assert marked(edit) == [3]
    assert edit.fault() == "Line 3: there is something wrong"
    assert edit.text() == XML
    assert body(edit).textCursor().atEnd()
    edit.go_to_fault()
    assert body(edit).textCursor().blockNumber() == 2
    edit.clear_fault()
    assert marked(edit) == []
    assert edit.fault() == ""


@pytest.mark.parametrize("line", [0, -5, 10**9])
def test_a_line_that_is_not_there_marks_the_nearest(edit: XmlEdit, line: int) -> None:
    edit.show_fault("wrong", line)
    assert marked(edit) == [5 if line > 0 else 1]
    body(edit).clear()
    assert len(marked(edit)) <= 1


def test_a_fault_of_no_line_is_said_only(edit: XmlEdit) -> None:
    edit.show_fault("<b>libvirt</b> says & means no")
    assert marked(edit) == []
    assert edit.fault() == "<b>libvirt</b> says & means no"


def test_a_new_line_begins_where_the_one_above_does_and_can_be_undone(edit: XmlEdit, qtbot: QtBot) -> None:
    text = body(edit)
    text.setTextCursor(QTextCursor(text.document().findBlockByNumber(1)))
    text.moveCursor(QTextCursor.MoveOperation.EndOfBlock)
    qtbot.keyClick(text, Qt.Key.Key_Return)
    qtbot.keyClicks(text, "<x/>")
    assert edit.text().splitlines()[2] == "  <x/>"
    while text.document().isUndoAvailable():
        text.undo()
    assert edit.text() == XML


def test_find_leads_to_the_next(edit: XmlEdit, qtbot: QtBot) -> None:
    qtbot.keyClicks(edit.findChild(QLineEdit), "memory")
    assert body(edit).textCursor().selectedText() == "memory"


def test_the_keyboard_gets_out_of_it(edit: XmlEdit, qtbot: QtBot) -> None:
    edit.setFocus()
    qtbot.keyClick(body(edit), Qt.Key.Key_Tab)
    assert edit.text() == XML


@pytest.mark.parametrize("base", ["#ffffff", "#1e1e1e"])
def test_the_marked_line_can_be_read_in_light_and_dark(edit: XmlEdit, base: str) -> None:
    palette = edit.palette()
    palette.setColor(QPalette.ColorRole.Base, QColor(base))
    palette.setColor(QPalette.ColorRole.Text, QColor("#000000" if base == "#ffffff" else "#ffffff"))
    edit.setPalette(palette)
    edit.show_fault("wrong", 2)
    selection = body(edit).extraSelections()[0]
    line = selection.format
    assert contrast(line.foreground().color(), line.background().color()) >= TEXT


def test_a_huge_text_is_taken_without_colours(edit: XmlEdit) -> None:
    edit.set_text("<x>" + "y" * 2_000_000)
    assert len(edit.text()) == 2_000_003
    edit.show_fault("wrong", 1)
    assert not edit.grab().isNull()


def test_what_was_typed_last_is_told_once_where_nobody_can_wait_for_a_rest(qtbot: QtBot) -> None:
    edit = XmlEdit("XML")
    qtbot.addWidget(edit)
    edit.set_text("<a/>")
    told: list[str] = []
    edit.changed.connect(lambda: told.append(edit.text()))
    edit.tell_now()
    assert told == []
    edit.replace_text("<b/>")
    edit.tell_now()
    assert told == ["<b/>"]
    qtbot.wait(400)
    assert told == ["<b/>"]
