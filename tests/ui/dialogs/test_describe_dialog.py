"""Editing a description."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from snapgui.core.records import Situation, Snapshots
from snapgui.ui.dialogs.describe import DescribeDialog
from snapgui.ui.dialogs.description_edit import DescriptionEdit

MakeSituation = Callable[..., Situation]


def _open(qtbot: QtBot, situation: Situation) -> tuple[DescribeDialog, DescriptionEdit]:
    dialog = DescribeDialog(situation, "clean")
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    return dialog, dialog.findChild(DescriptionEdit)


def _by_others(situation: Situation, description: str) -> Situation:
    """As it is read after someone else has described the snapshot."""
    xml = f"<domainsnapshot><name>clean</name><description>{description}</description></domainsnapshot>"
    record = replace(situation.snapshots.records["clean"], description=description)
    records = {**situation.snapshots.records, "clean": record}
    return replace(
        situation,
        snapshots=Snapshots(records, situation.snapshots.current),
        snapshot_xml={**situation.snapshot_xml, "clean": xml},
    )


def _save(qtbot: QtBot, dialog: DescribeDialog, text: DescriptionEdit, answer: Situation) -> None:
    """Press Ctrl+Enter, and let the host be read once more."""
    with qtbot.waitSignal(dialog.reading_wanted):
        qtbot.keyClick(text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert dialog.isVisible()
    dialog.set_situation(answer)


def test_ctrl_enter_saves_what_was_typed(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog, text = _open(qtbot, make_situation())
    assert text.toPlainText() == "Before clean"
    qtbot.keyClicks(text, ", and new")
    _save(qtbot, dialog, text, make_situation())
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.request().description == "Before clean, and new"
    assert "<description>Before clean, and new</description>" in dialog.plan.steps[0].xml


def test_a_text_by_others_is_replaced_only_after_it_was_on_screen(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog, text = _open(qtbot, make_situation())
    qtbot.keyClicks(text, "!")
    _save(qtbot, dialog, text, _by_others(make_situation(), "by others"))
    assert dialog.isVisible()
    assert text.toPlainText() == "Before clean!"
    assert any("to “by others”" in row for row in dialog.plan_view.texts())
    _save(qtbot, dialog, text, _by_others(make_situation(), "by yet others"))
    assert dialog.isVisible()
    _save(qtbot, dialog, text, _by_others(make_situation(), "by yet others"))
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_typing_while_the_host_is_read_keeps_the_dialog_open(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog, text = _open(qtbot, make_situation())
    qtbot.keyClicks(text, "!")
    qtbot.keyClick(text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(text, "?")
    dialog.set_situation(make_situation())
    assert dialog.isVisible()
    _save(qtbot, dialog, text, make_situation())
    assert dialog.request().description == "Before clean!?"
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_nothing_is_saved_while_nothing_has_changed(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog, _ = _open(qtbot, make_situation())
    assert not dialog.ok.isEnabled()
    assert "same" in dialog.ok.toolTip()


def test_a_change_by_others_is_taken_over_only_until_the_user_types(
    qtbot: QtBot, make_situation: MakeSituation
) -> None:
    dialog, text = _open(qtbot, make_situation())
    dialog.set_situation(_by_others(make_situation(), "by others"))
    assert text.toPlainText() == "by others"
    qtbot.keyClicks(text, "!")
    dialog.set_situation(make_situation())
    assert text.toPlainText() == "!by others"
