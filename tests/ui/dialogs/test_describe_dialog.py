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


def test_ctrl_enter_saves_what_was_typed(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog, text = _open(qtbot, make_situation())
    assert text.toPlainText() == "Before clean"
    qtbot.keyClicks(text, ", and new")
    qtbot.keyClick(text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.request().description == "Before clean, and new"
    assert "<description>Before clean, and new</description>" in dialog.plan.steps[0].xml


def test_nothing_is_saved_while_nothing_has_changed(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog, _ = _open(qtbot, make_situation())
    assert not dialog.ok.isEnabled()
    assert "same" in dialog.ok.toolTip()


def test_a_change_by_others_is_taken_over_only_until_the_user_types(
    qtbot: QtBot, make_situation: MakeSituation
) -> None:
    dialog, text = _open(qtbot, make_situation())
    before = make_situation()
    record = replace(before.snapshots.records["clean"], description="by others")
    records = {**before.snapshots.records, "clean": record}
    dialog.set_situation(replace(before, snapshots=Snapshots(records, before.snapshots.current)))
    assert text.toPlainText() == "by others"
    qtbot.keyClicks(text, "!")
    dialog.set_situation(make_situation())
    assert text.toPlainText() == "!by others"
