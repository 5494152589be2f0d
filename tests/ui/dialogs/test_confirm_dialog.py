"""Forcing a machine off is asked about; the plan is on screen."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QPlainTextEdit
from pytestqt.qtbot import QtBot

from snapgui.core.records import DomainState, Situation
from snapgui.core.requests import Power, PowerAction, SetCurrent
from snapgui.core.rules import make_plan
from snapgui.ui.dialogs.confirm import ConfirmDialog
from snapgui.ui.dialogs.plan_box import PlanBox
from snapgui.ui.widgets.plan_view import PlanView

MakeSituation = Callable[..., Situation]


def _open(qtbot: QtBot, situation: Situation) -> ConfirmDialog:
    plan = make_plan(Power(situation.domain.id, PowerAction.FORCE_OFF), situation)
    dialog = ConfirmDialog(plan)
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    return dialog


def test_it_says_what_is_lost_before_it_forces_off(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    assert dialog.ok.text() == "&Force off"
    assert any("lost" in text for text in dialog.findChild(PlanView).texts())
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_a_machine_that_is_off_can_not_be_forced_off(qtbot: QtBot, make_situation: MakeSituation) -> None:
    assert not _open(qtbot, make_situation(state=DomainState.SHUT_OFF)).ok.isEnabled()


def test_a_plan_can_be_looked_at_again_with_its_commands(qtbot: QtBot, make_situation: MakeSituation) -> None:
    situation = make_situation()
    box = PlanBox(make_plan(Power(situation.domain.id, PowerAction.FORCE_OFF), situation))
    qtbot.addWidget(box)
    box.show()
    assert "destroy pisces" in box.findChild(QPlainTextEdit).toPlainText()


def test_the_button_and_the_title_say_what_is_done(qtbot: QtBot, make_situation: MakeSituation) -> None:
    situation = make_situation()
    dialog = ConfirmDialog(make_plan(SetCurrent(situation.domain.id, "clean"), situation))
    qtbot.addWidget(dialog)
    assert (dialog.windowTitle(), dialog.ok.text()) == ("Set as current", "&Set as current")
