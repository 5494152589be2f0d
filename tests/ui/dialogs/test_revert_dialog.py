"""Reverting: what the user reads before it, and what the choices come to."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QCheckBox, QDialog, QLabel, QRadioButton
from pytestqt.qtbot import QtBot

from snapgui.core.plan import Call, RevertFlag
from snapgui.core.records import Situation
from snapgui.core.requests import RunState
from snapgui.ui.dialogs.revert import RevertDialog

MakeSituation = Callable[..., Situation]
_HOSTILE = '<b>bold</b> & "quoted"'


def _open(qtbot: QtBot, situation: Situation, snapshot: str = "clean") -> RevertDialog:
    dialog = RevertDialog(situation, snapshot)
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    return dialog


def _texts(dialog: RevertDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def test_enter_reverts_as_taken(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    assert dialog.ok.text() == "&Revert"
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.request().run is RunState.AS_TAKEN
    assert [step.call for step in dialog.plan.steps] == [Call.SNAPSHOT_REVERT]


def test_it_says_which_snapshot_when_taken_and_in_what_state(qtbot: QtBot, make_situation: MakeSituation) -> None:
    texts = _texts(_open(qtbot, make_situation()))
    assert "clean" in texts
    assert "11/15/23" in texts
    assert "running" in texts
    assert "Before clean" in texts


def test_what_is_lost_is_named(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    assert any("since “patched” is lost" in text for text in dialog.plan_view.texts())


@pytest.mark.parametrize(("label", "flag"), [("r&unning", RevertFlag.RUNNING), ("&paused", RevertFlag.PAUSED)])
def test_the_machine_can_be_left_running_or_paused(
    qtbot: QtBot, make_situation: MakeSituation, label: str, flag: RevertFlag
) -> None:
    dialog = _open(qtbot, make_situation())
    next(button for button in dialog.findChildren(QRadioButton) if button.text() == label).click()
    assert dialog.plan.steps[0].flags == flag


def test_a_saved_state_can_be_removed_first(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(managed_save=True))
    assert any(text.startswith("Warning: ") and "saved state" in text for text in dialog.plan_view.texts())
    dialog.findChild(QCheckBox).click()
    assert [step.call for step in dialog.plan.steps] == [Call.MANAGED_SAVE_REMOVE, Call.SNAPSHOT_REVERT]
    assert any("saved state is removed" in text for text in dialog.plan_view.texts())


def test_without_a_saved_state_there_is_no_such_choice(qtbot: QtBot, make_situation: MakeSituation) -> None:
    assert not _open(qtbot, make_situation()).findChild(QCheckBox).isVisible()


def test_a_snapshot_that_vanishes_meanwhile_stops_it(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    dialog.set_situation(make_situation(("patched",)))
    assert not dialog.ok.isEnabled()
    assert any("no snapshot “clean”" in text for text in dialog.plan_view.texts())


def test_markup_in_a_name_is_shown_as_it_is(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation((_HOSTILE,)), _HOSTILE)
    shown = [label for label in dialog.findChildren(QLabel) if _HOSTILE in label.text()]
    assert shown
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in shown)


def test_a_picture_is_shown_where_there_is_one(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    picture = next(each for each in dialog.findChildren(QLabel) if each.accessibleName().startswith("The screen"))
    assert not picture.isVisible()
    screen = QImage(720, 400, QImage.Format.Format_RGB32)
    screen.fill(QColor("blue"))
    dialog.set_picture(screen)
    assert picture.isVisible()
    assert picture.pixmap().width() == 160
