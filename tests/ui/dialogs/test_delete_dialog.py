"""Deleting: the scopes, and that every snapshot that goes or moves is named."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QListView, QRadioButton, QToolButton
from pytestqt.qtbot import QtBot

from snapgui.core.records import Situation
from snapgui.core.requests import Scope
from snapgui.ui.dialogs.delete import DeleteDialog

MakeSituation = Callable[..., Situation]
_TREE = {"root": None, "a": "root", "b": "root", "a1": "a", "a2": "a"}


def _open(qtbot: QtBot, situation: Situation, *snapshots: str) -> DeleteDialog:
    dialog = DeleteDialog(situation, snapshots)
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    return dialog


def _scope(dialog: DeleteDialog, number: int) -> QRadioButton:
    return dialog.findChildren(QRadioButton)[number]


def test_enter_deletes_only_this_one(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(tree=_TREE), "a")
    assert dialog.ok.text() == "&Delete"
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert (dialog.request().scope, dialog.request().snapshots) == (Scope.THIS, ("a",))


def test_children_that_move_up_are_named(qtbot: QtBot, make_situation: MakeSituation) -> None:
    texts = _open(qtbot, make_situation(tree=_TREE), "a").plan_view.texts()
    assert any("Deletes “a”" in text for text in texts)
    assert any("move up to “root”" in text and "“a1”, “a2”" in text for text in texts)


def test_with_children_says_how_many_go(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(tree=_TREE), "a")
    _scope(dialog, 1).click()
    assert dialog.ok.text() == "&Delete 3 snapshots"
    assert any("“a”, “a1”, “a2”" in text for text in dialog.plan_view.texts())


def test_children_only_keeps_the_chosen_one(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(tree=_TREE), "a")
    _scope(dialog, 2).click()
    assert dialog.ok.text() == "&Delete 2 snapshots"
    assert dialog.request().scope is Scope.CHILDREN_ONLY


def test_a_snapshot_without_children_offers_no_scopes_and_says_why(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(tree=_TREE), "b")
    assert [_scope(dialog, n).isEnabled() for n in range(3)] == [True, False, False]
    assert "no snapshots below" in _scope(dialog, 1).toolTip()


def test_children_that_vanish_meanwhile_end_the_choice_of_them(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(tree=_TREE), "a")
    _scope(dialog, 2).click()
    dialog.set_situation(make_situation(tree={"root": None, "a": "root"}))
    assert dialog.request().scope is Scope.THIS
    assert dialog.plan.ready


def test_a_thousand_names_can_be_unfolded_and_the_dialog_stays_small(
    qtbot: QtBot, make_situation: MakeSituation
) -> None:
    names = [f"pisces-{n}" for n in range(1000)]
    dialog = _open(qtbot, make_situation(names), *names)
    assert dialog.ok.text() == "&Delete 1000 snapshots"
    unfold = next(button for button in dialog.findChildren(QToolButton) if button.text() == "All 1000 names")
    unfold.click()
    listed = next(view for view in dialog.findChildren(QListView) if view.isVisible())
    assert listed.model().rowCount() == 1000
    assert dialog.height() < 560


def test_a_snapshot_that_somebody_else_deleted_stops_it(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(tree=_TREE), "a")
    dialog.set_situation(make_situation(tree={"root": None}))
    assert not dialog.ok.isEnabled()
    assert "“a”" in dialog.ok.toolTip()


def test_forgetting_is_folded_away_and_says_that_the_data_stays(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(tree=_TREE), "a")
    keep = dialog.findChild(QCheckBox)
    assert not keep.isVisible()
    fold = next(button for button in dialog.findChildren(QToolButton) if button.text() == "Ad&vanced")
    fold.click()
    assert keep.isVisible()
    keep.click()
    _scope(dialog, 1).click()
    assert dialog.ok.text() == "&Forget 3 snapshots"
    assert dialog.request().metadata_only
    assert any("No space is freed" in text for text in dialog.plan_view.texts())
    assert dialog.plan.title == f"Forget 3 snapshots of {dialog.situation.domain.name}"
