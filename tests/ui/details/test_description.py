"""A description that was typed is never lost: not by leaving it, not by a refresh, not by a failed save."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from snapgui.core.errors import Problem
from snapgui.core.records import Snapshots
from snapgui.core.requests import Describe

_NO = Problem("Save the description", "The host is read-only.")


@pytest.fixture
def edited(desk: Any, qtbot: QtBot) -> Any:
    """The panel with an edit under way that nobody has saved yet."""
    desk.choose("pisces-1")
    _type(desk, qtbot, " of May")
    return desk


def _type(desk: Any, qtbot: QtBot, text: str) -> None:
    field = desk.description()
    desk.panel.activateWindow()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    qtbot.keyClick(field, Qt.Key.Key_End)
    qtbot.keyClicks(field, text)


def _request(desk: Any, text: str, name: str = "pisces-1") -> Describe:
    return Describe(desk.domain, name, text, before=("Before the update",))


def _shown(desk: Any) -> str:
    return desk.description().toPlainText()


def test_nothing_is_saved_that_was_not_changed(desk: Any, qtbot: QtBot) -> None:
    desk.choose("pisces-1")
    _type(desk, qtbot, "x")
    qtbot.keyClick(desk.description(), Qt.Key.Key_Backspace)
    desk.choose("clean")
    desk.choose("pisces-1")
    desk.panel.commit()
    assert desk.described == []


def test_leaving_the_field_saves(edited: Any, qtbot: QtBot) -> None:
    assert "Saved when you leave the field. Ctrl+Enter saves now, Esc restores." in edited.texts()
    assert edited.described == []
    qtbot.keyClick(edited.description(), Qt.Key.Key_Tab)
    assert edited.described == [_request(edited, "Before the update of May")]
    assert "Saving…" in edited.texts()


def test_hiding_the_panel_saves(edited: Any) -> None:
    edited.panel.hide()
    assert edited.described == [_request(edited, "Before the update of May")]


def test_choosing_another_snapshot_saves(edited: Any) -> None:
    edited.choose("clean")
    assert edited.described == [_request(edited, "Before the update of May")]


def test_choosing_nothing_saves(edited: Any) -> None:
    edited.tree.clearSelection()
    assert edited.described == [_request(edited, "Before the update of May")]


def test_choosing_another_machine_saves_to_the_first(edited: Any) -> None:
    edited.model.set_domain(edited.other)
    edited.choose("pisces-1")
    assert edited.described == [_request(edited, "Before the update of May")]
    assert _shown(edited) == "Of the other"


def test_closing_the_window_saves(edited: Any) -> None:
    edited.panel.close()
    assert edited.described == [_request(edited, "Before the update of May")]


def test_control_and_enter_saves_at_once(edited: Any, qtbot: QtBot) -> None:
    qtbot.keyClick(edited.description(), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert edited.described == [_request(edited, "Before the update of May")]
    assert edited.description().hasFocus()


def test_escape_restores(edited: Any, qtbot: QtBot) -> None:
    qtbot.keyClick(edited.description(), Qt.Key.Key_Escape)
    assert _shown(edited) == "Before the update"
    edited.choose("clean")
    assert edited.described == []


def test_a_refresh_leaves_what_is_being_typed(edited: Any) -> None:
    cursor = edited.description().textCursor().position()
    edited.change("pisces-1", created=5)
    edited.change("clean", description="else")
    assert _shown(edited) == "Before the update of May"
    assert edited.description().textCursor().position() == cursor


def test_a_change_made_elsewhere_meanwhile_is_told_and_not_mixed_in(edited: Any, qtbot: QtBot) -> None:
    edited.change("pisces-1", description="By virsh")
    assert _shown(edited) == "Before the update of May"
    assert any(text.startswith("Changed elsewhere meanwhile") for text in edited.texts())
    qtbot.keyClick(edited.description(), Qt.Key.Key_Escape)
    assert _shown(edited) == "By virsh"


def test_a_change_made_elsewhere_shows_where_nothing_was_typed(desk: Any) -> None:
    desk.choose("pisces-1")
    desk.change("pisces-1", description="By virsh")
    assert _shown(desk) == "By virsh"


@pytest.mark.parametrize("first", ["result", "reading"])
def test_a_saved_text_stays_on_screen_whatever_comes_first(edited: Any, first: str) -> None:
    edited.panel.commit()
    steps = {
        "result": lambda: edited.panel.set_describe_result(edited.domain, "pisces-1", None),
        "reading": lambda: edited.change("pisces-1", description="Before the update of May"),
    }
    for step in sorted(steps, key=lambda name: name != first):
        steps[step]()
        assert _shown(edited) == "Before the update of May"
    assert "Saved." in edited.texts()
    edited.choose("clean")
    edited.choose("pisces-1")
    assert len(edited.described) == 1


def test_what_libvirt_made_of_the_text_shows_in_the_end(edited: Any) -> None:
    edited.panel.commit()
    edited.panel.set_describe_result(edited.domain, "pisces-1", None)
    edited.change("pisces-1", description="Before the update of May, trimmed")
    assert _shown(edited) == "Before the update of May, trimmed"


def test_a_failed_save_keeps_the_text_and_can_be_tried_again(edited: Any) -> None:
    edited.panel.commit()
    edited.panel.set_describe_result(edited.domain, "pisces-1", _NO)
    assert "Not saved: The host is read-only." in edited.texts()
    edited.choose("clean")
    edited.choose("pisces-1")
    assert _shown(edited) == "Before the update of May"
    assert len(edited.described) == 1
    edited.button("Try again").click()
    assert edited.described == [_request(edited, "Before the update of May")] * 2
    edited.change("pisces-1", description="Before the update of May")
    assert "Saved." in edited.texts()


@pytest.mark.parametrize(("theirs", "said"), [("By virsh\nand more", "to “By virsh"), ("", "emptied")])
def test_a_text_by_others_is_replaced_only_knowingly(edited: Any, theirs: str, said: str) -> None:
    edited.panel.commit()
    edited.panel.set_describe_result(edited.domain, "pisces-1", Problem("Save", "Somebody else has changed it."))
    edited.change("pisces-1", description=theirs)
    assert _shown(edited) == "Before the update of May"
    assert any("Not saved" in text and said in text for text in edited.texts())
    edited.button("Replace it").click()
    assert edited.described[-1] == Describe(edited.domain, "pisces-1", "Before the update of May", (theirs,))


def test_a_long_text_by_others_leaves_room_for_the_own_one(edited: Any) -> None:
    edited.panel.commit()
    edited.panel.set_describe_result(edited.domain, "pisces-1", Problem("Save", "Somebody else has changed it."))
    edited.change("pisces-1", description="Theirs " * 400)
    (said,) = [text for text in edited.texts() if text.startswith("Not saved")]
    assert len(said) < 200
    assert said.endswith("Esc gives your text up.")


def test_what_is_typed_while_a_save_is_on_its_way_may_replace_either_text(edited: Any, qtbot: QtBot) -> None:
    edited.panel.commit()
    _type(edited, qtbot, "!")
    edited.panel.commit()
    assert edited.described[-1].before == ("Before the update", "Before the update of May")


def test_a_failure_of_a_snapshot_that_is_not_shown_is_kept_for_it(edited: Any) -> None:
    edited.choose("clean")
    edited.panel.set_describe_result(edited.domain, "pisces-1", _NO)
    assert _shown(edited) == ""
    edited.choose("pisces-1")
    assert "Not saved: The host is read-only." in edited.texts()
    assert _shown(edited) == "Before the update of May"


def test_escape_gives_up_a_failed_text(edited: Any, qtbot: QtBot) -> None:
    edited.panel.commit()
    edited.panel.set_describe_result(edited.domain, "pisces-1", _NO)
    qtbot.keyClick(edited.description(), Qt.Key.Key_Escape)
    assert _shown(edited) == "Before the update"


def test_typing_goes_on_while_it_is_being_saved(edited: Any, qtbot: QtBot) -> None:
    edited.panel.commit()
    _type(edited, qtbot, " 2026")
    edited.panel.set_describe_result(edited.domain, "pisces-1", None)
    edited.change("pisces-1", description="Before the update of May")
    assert _shown(edited) == "Before the update of May 2026"
    edited.choose("clean")
    assert [request.description for request in edited.described] == [
        "Before the update of May",
        "Before the update of May 2026",
    ]


def test_going_back_to_the_old_text_while_it_is_being_saved_saves_the_old_one(edited: Any, qtbot: QtBot) -> None:
    edited.panel.commit()
    for _ in " of May":
        qtbot.keyClick(edited.description(), Qt.Key.Key_Backspace)
    edited.choose("clean")
    assert [request.description for request in edited.described] == ["Before the update of May", "Before the update"]


def test_a_save_that_fails_while_typing_goes_on_is_made_up_for(edited: Any, qtbot: QtBot) -> None:
    edited.panel.commit()
    _type(edited, qtbot, "!")
    edited.panel.set_describe_result(edited.domain, "pisces-1", _NO)
    edited.choose("clean")
    assert edited.described[-1] == _request(edited, "Before the update of May!")


def test_a_deleted_snapshot_takes_its_draft_along(edited: Any) -> None:
    edited.panel.commit()
    edited.panel.set_describe_result(edited.domain, "pisces-1", _NO)
    snapshots = edited.store.snapshots(edited.domain)
    left = {name: record for name, record in snapshots.records.items() if name != "pisces-1"}
    edited.store.put_snapshots(edited.domain, Snapshots(left, "clean"))
    edited.store.put_snapshots(edited.domain, snapshots)
    edited.choose("pisces-1")
    assert _shown(edited) == "Before the update"


def test_the_edit_action_puts_the_cursor_into_the_field(desk: Any, qtbot: QtBot) -> None:
    desk.choose("pisces-1")
    desk.open_tab("XML")
    desk.panel.activateWindow()
    desk.panel.edit_description()
    qtbot.waitUntil(lambda: desk.description().hasFocus())


def test_plain_text_stays_plain(desk: Any) -> None:
    desk.change("pisces-1", description="<b>bold</b> & more\n\n日本語")
    desk.choose("pisces-1")
    assert _shown(desk) == "<b>bold</b> & more\n\n日本語"


def test_a_menu_of_the_field_is_no_leaving(edited: Any, qtbot: QtBot) -> None:
    other = QLineEdit(edited.panel)
    other.show()
    other.setFocus(Qt.FocusReason.PopupFocusReason)
    qtbot.waitUntil(other.hasFocus)
    assert edited.described == []
