"""Taking a snapshot: what the user reads, what OK waits for, and what it comes to."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLineEdit, QPlainTextEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from snapgui.core.errors import Problem
from snapgui.core.records import DomainState, Situation
from snapgui.core.requests import Take
from snapgui.ui.dialogs.description_edit import DescriptionEdit
from snapgui.ui.dialogs.take import TakeDialog

MakeSituation = Callable[..., Situation]
_LONG = "m" * 250


def _open(qtbot: QtBot, situation: Situation, template: str = "{machine}-{n}") -> TakeDialog:
    dialog = TakeDialog(situation, template)
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    return dialog


def _name(dialog: TakeDialog) -> QLineEdit:
    return dialog.findChild(QLineEdit)


def _type_name(qtbot: QtBot, dialog: TakeDialog, name: str) -> None:
    _name(dialog).selectAll()
    qtbot.keyClicks(_name(dialog), name)


def _description(dialog: TakeDialog) -> QPlainTextEdit:
    return dialog.findChild(DescriptionEdit)


def _button(dialog: TakeDialog, text: str) -> QToolButton:
    return next(button for button in dialog.findChildren(QToolButton) if button.text() == text)


def _reason(dialog: TakeDialog) -> str:
    (mark,) = _name(dialog).actions()
    return mark.toolTip() if mark.isVisible() else ""


def test_enter_takes_the_suggested_name(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(("pisces-1",)))
    qtbot.keyClick(_name(dialog), Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert isinstance(dialog.plan.request, Take)
    assert dialog.plan.request.name == "pisces-2"
    assert dialog.plan.ready


def test_the_suggested_name_is_selected_so_that_typing_replaces_it(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    qtbot.keyClicks(_name(dialog), "mine")
    assert dialog.request().name == "mine"


def test_ctrl_enter_in_the_description_takes_it_and_enter_starts_a_line(
    qtbot: QtBot, make_situation: MakeSituation
) -> None:
    dialog = _open(qtbot, make_situation())
    qtbot.keyClicks(_description(dialog), "one")
    qtbot.keyClick(_description(dialog), Qt.Key.Key_Return)
    qtbot.keyClicks(_description(dialog), "two")
    qtbot.keyClick(_description(dialog), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.request().description == "one\ntwo"


def test_escape_closes_without_a_snapshot(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    qtbot.keyClick(_description(dialog), Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert dialog.result() == QDialog.DialogCode.Rejected


def test_a_name_that_only_a_running_machine_refuses_is_mended_by_a_press(
    qtbot: QtBot, make_situation: MakeSituation
) -> None:
    dialog = _open(qtbot, make_situation())
    (fix,) = [button for button in dialog.findChildren(QPushButton) if button.text() == "Fi&x"]
    assert not fix.isVisible()
    _type_name(qtbot, dialog, "before patch")
    assert fix.isVisible()
    assert fix.accessibleDescription() == "Use “before-patch” instead"
    qtbot.mouseClick(fix, Qt.MouseButton.LeftButton)
    assert _name(dialog).text() == "before-patch"
    assert dialog.ok.isEnabled()
    assert not fix.isVisible()
    _type_name(qtbot, dialog, "a/b c")
    assert not fix.isVisible()


def test_a_bad_name_is_marked_and_all_that_the_plan_says_is_why(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    assert _reason(dialog) == ""
    _type_name(qtbot, dialog, "a/b")
    assert "“/”" in _reason(dialog)
    assert "“/”" in _name(dialog).accessibleDescription()
    assert not dialog.ok.isEnabled()
    assert "“/”" in dialog.ok.toolTip()
    (said,) = dialog.plan_view.texts()
    assert said.startswith("Not possible: ")
    assert "“/”" in said
    assert dialog.plan_view.plan().steps == ()
    qtbot.keyClick(_name(dialog), Qt.Key.Key_Return)
    assert dialog.isVisible()
    _type_name(qtbot, dialog, "ab")
    assert _reason(dialog) == ""
    assert dialog.ok.isEnabled()


def test_a_name_that_is_taken_is_told(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(("clean",)))
    _type_name(qtbot, dialog, "clean")
    assert "already has a snapshot “clean”" in _reason(dialog)


def test_the_plan_follows_every_letter(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    for letter, name in (("a", "a"), ("b", "ab")):
        if letter == "a":
            _name(dialog).selectAll()
        qtbot.keyClicks(_name(dialog), letter)
        assert any(f"Adds “{name}” under “patched”" in text for text in dialog.plan_view.texts())


def test_the_template_of_names_is_the_user_s(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    assert _name(dialog).text() == "pisces-1"
    _button(dialog, "Ad&vanced").click()
    template = next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == "Suggest names like")
    assert template.text() == "{machine}-{n}"
    assert all(field in template.toolTip() for field in ("{machine}", "{date}", "{time}", "{n}"))
    template.selectAll()
    qtbot.keyClicks(template, "{date} patch {n}")
    assert dialog.request().name == datetime.now().astimezone().strftime("%Y-%m-%d patch 1")
    assert dialog.template == "{date} patch {n}"
    template.clear()
    assert _name(dialog).text() == "pisces-1"
    assert dialog.template == "{machine}-{n}"
    _type_name(qtbot, dialog, "mine")
    qtbot.keyClicks(template, "other")
    assert dialog.request().name == "mine"


def test_without_a_name_nothing_is_promised(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    _name(dialog).clear()
    assert dialog.plan_view.texts() == ("Not possible: A snapshot needs a name.",)
    assert not _button(dialog, "Co&mmands").isEnabled()


def test_nothing_moves_when_an_error_comes_and_goes(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    fields = (_description(dialog), dialog.plan_view, dialog.ok)
    before = [field.geometry() for field in fields]
    for name in ("a/b", "two words", "fine"):
        _type_name(qtbot, dialog, name)
        qtbot.wait(1)
        assert [field.geometry() for field in fields] == before


def test_a_name_of_limits_is_warned_of_while_off_and_can_be_used(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(state=DomainState.SHUT_OFF))
    _type_name(qtbot, dialog, "two words")
    warnings = [text for text in dialog.plan_view.texts() if text.startswith("Warning")]
    assert len(warnings) == 1
    assert "“two-words”" in warnings[0]
    assert dialog.ok.isEnabled()


def test_typing_does_not_change_the_size_of_the_dialog(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    before = dialog.size()
    for name in ("a/b", "x" * 255, "fine"):
        _type_name(qtbot, dialog, name)
        qtbot.wait(1)
        assert dialog.size() == before


def test_a_machine_with_an_endless_name_does_not_widen_the_dialog(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(machine=_LONG, names=("x" * 255,)))
    assert dialog.width() < 700
    assert dialog.height() < 560


def test_ok_waits_for_the_machine_and_an_early_enter_is_kept(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(read=False))
    assert "Reading the machine…" in dialog.status()
    qtbot.keyClick(_name(dialog), Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert "goes on by itself" in dialog.status()
    dialog.set_situation(make_situation())
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.plan.ready


def test_an_early_enter_survives_a_change_that_brings_nothing_new(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(read=False))
    qtbot.keyClick(_name(dialog), Qt.Key.Key_Return)
    dialog.set_situation(make_situation(read=False))
    dialog.set_situation(make_situation())
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_an_early_enter_is_dropped_where_the_reading_brings_a_warning(
    qtbot: QtBot, make_situation: MakeSituation
) -> None:
    dialog = _open(qtbot, make_situation(read=False))
    qtbot.keyClick(_name(dialog), Qt.Key.Key_Return)
    dialog.set_situation(make_situation(persistent=False))
    assert dialog.isVisible()
    assert any("transient" in text for text in dialog.plan_view.texts())
    assert dialog.ok.isEnabled()


def test_an_early_enter_is_dropped_where_the_user_types_on(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(read=False))
    qtbot.keyClick(_name(dialog), Qt.Key.Key_Return)
    qtbot.keyClicks(_name(dialog), "x")
    dialog.set_situation(make_situation())
    assert dialog.isVisible()


def test_what_was_typed_stays_when_the_machine_has_been_read(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(read=False))
    _type_name(qtbot, dialog, "mine")
    qtbot.keyClicks(_description(dialog), "why")
    dialog.set_situation(make_situation())
    assert (dialog.request().name, dialog.request().description) == ("mine", "why")
    assert dialog.status() == ""


def test_a_suggestion_that_someone_else_uses_meanwhile_gives_way(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(("clean",)))
    dialog.set_situation(make_situation(("clean", "pisces-1")))
    assert dialog.request().name == "pisces-2"


def test_a_name_that_was_typed_does_not_give_way(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(("clean",)))
    _type_name(qtbot, dialog, "mine")
    dialog.set_situation(make_situation(("clean", "mine")))
    assert dialog.request().name == "mine"
    assert "already" in _reason(dialog)


def test_a_machine_that_can_not_be_read_ends_the_waiting_with_the_reason(
    qtbot: QtBot, make_situation: MakeSituation
) -> None:
    dialog = _open(qtbot, make_situation(read=False))
    dialog.set_reading_failed(Problem("Read pisces.", "The connection is lost.", "Connect again."))
    assert "The connection is lost." in dialog.status()
    assert not dialog.ok.isEnabled()
    qtbot.keyClick(_name(dialog), Qt.Key.Key_Return)
    assert dialog.isVisible()


def test_every_field_has_a_name_for_a_screen_reader(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    assert _name(dialog).accessibleName() == "Name"
    assert _description(dialog).accessibleName() == "Description"


def test_tab_goes_from_the_name_through_the_description_and_the_plan_to_take(
    qtbot: QtBot, make_situation: MakeSituation
) -> None:
    dialog = _open(qtbot, make_situation())
    assert _name(dialog).hasFocus()
    visited = []
    for _ in range(7):
        qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
        visited.append(dialog.focusWidget())
    assert visited[0] is _description(dialog)
    assert [each.text() for each in visited[1:4]] == ["&Inside the images", "Di&sks and memory", "Ad&vanced"]
    assert visited[4].accessibleName() == "What will happen"
    assert visited[6] is dialog.ok


def test_an_early_enter_is_dropped_where_what_was_read_does_not_hold_any_more(
    qtbot: QtBot, make_situation: MakeSituation
) -> None:
    dialog = _open(qtbot, make_situation(("clean", "patched"), read=False))
    assert any("under “patched”" in text for text in dialog.plan_view.texts())
    qtbot.keyClick(_name(dialog), Qt.Key.Key_Return)
    dialog.set_situation(make_situation(("clean",)))
    assert dialog.isVisible()
    assert any("under “clean”" in text for text in dialog.plan_view.texts())
    qtbot.keyClick(_name(dialog), Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
