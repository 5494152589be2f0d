"""Reverting: what the user reads before it, and what the choices come to."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QCheckBox, QDialog, QLabel, QRadioButton, QToolButton
from pytestqt.qtbot import QtBot

from snapgui.core.differences.compare import Configuration
from snapgui.core.plan import Call, RevertFlag
from snapgui.core.records import DomainState, Situation
from snapgui.core.requests import RunState
from snapgui.ui.dialogs import revert
from snapgui.ui.dialogs.revert import RevertDialog
from snapgui.ui.widgets.differences_view import DifferencesView
from snapgui.ui.widgets.plan_view import Commands
from snapgui.ui.widgets.room import grow

MakeSituation = Callable[..., Situation]
_HOSTILE = '<b>bold</b> & "quoted"'


def _open(qtbot: QtBot, situation: Situation, snapshot: str = "clean") -> RevertDialog:
    dialog = RevertDialog(situation, snapshot)
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    return dialog


def _box(dialog: RevertDialog, text: str) -> QCheckBox:
    return next(box for box in dialog.findChildren(QCheckBox) if text in box.text().replace("&", ""))


def _fold(dialog: RevertDialog, text: str) -> QToolButton:
    return next(button for button in dialog.findChildren(QToolButton) if button.text().replace("&", "") == text)


def _texts(dialog: RevertDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def test_enter_reverts_as_taken(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    assert dialog.ok.text() == "&Revert"
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.request().run is RunState.AS_TAKEN
    assert [step.call for step in dialog.plan.steps] == [Call.SNAPSHOT_CREATE, Call.SNAPSHOT_REVERT]


def test_it_says_which_snapshot_when_taken_and_in_what_state(qtbot: QtBot, make_situation: MakeSituation) -> None:
    texts = _texts(_open(qtbot, make_situation()))
    assert "clean" in texts
    assert "11/15/23" in texts
    assert "running" in texts
    assert "Before clean" in texts


def test_what_is_lost_is_named(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    assert any("since “patched” is kept in a new safety snapshot" in text for text in dialog.plan_view.texts())
    _box(dialog, "safety").click()
    assert any("since “patched” is lost" in text for text in dialog.plan_view.texts())
    assert [step.call for step in dialog.plan.steps] == [Call.SNAPSHOT_REVERT]


@pytest.mark.parametrize(("label", "flag"), [("r&unning", RevertFlag.RUNNING), ("&paused", RevertFlag.PAUSED)])
def test_the_machine_can_be_left_running_or_paused(
    qtbot: QtBot, make_situation: MakeSituation, label: str, flag: RevertFlag
) -> None:
    dialog = _open(qtbot, make_situation())
    next(button for button in dialog.findChildren(QRadioButton) if button.text() == label).click()
    assert dialog.plan.steps[-1].flags == flag


def test_a_saved_state_can_be_removed_first(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(managed_save=True, state=DomainState.SHUT_OFF))
    assert "start the machine first" in "".join(dialog.plan_view.texts())
    assert not dialog.ok.isEnabled(), "neither lost nor left to damage the disks, unless asked for"
    assert _box(dialog, "safety").text() == "&Take a safety snapshot first, so that this can be undone"
    _box(dialog, "Remove").click()
    assert dialog.ok.isEnabled()
    assert (
        _box(dialog, "safety").text() == "&Take a safety snapshot first, so that all but the saved state can be undone"
    )
    assert [step.call for step in dialog.plan.steps[1:]] == [Call.MANAGED_SAVE_REMOVE, Call.SNAPSHOT_REVERT]
    assert any("is lost for good" in text for text in dialog.plan_view.texts())


def test_without_a_saved_state_there_is_no_such_choice(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    _fold(dialog, "Advanced").click()
    assert not _box(dialog, "Remove").isVisible()
    assert not _box(dialog, "force").isVisible()


def test_the_saved_state_can_be_kept_knowingly(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(managed_save=True))
    _fold(dialog, "Advanced").click()
    _box(dialog, "force").click()
    assert dialog.plan.steps[-1].flags == RevertFlag.FORCE
    assert any("starting from it later would damage" in text for text in dialog.plan_view.texts())
    assert dialog.ok.isEnabled()


def test_enter_reverts_wherever_the_focus_is(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    _box(dialog, "safety").setFocus()
    qtbot.keyClick(_box(dialog, "safety"), Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_nothing_but_the_safety_snapshot_is_asked_at_first(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    assert [box.text() for box in dialog.findChildren(QCheckBox) if box.isVisible()] == [_box(dialog, "safety").text()]
    assert not any(button.isVisible() for button in dialog.findChildren(QRadioButton))


def test_the_firmware_s_settings_are_a_choice_only_where_there_are_any(
    qtbot: QtBot, make_situation: MakeSituation
) -> None:
    situation = make_situation()
    dialog = _open(qtbot, situation)
    _fold(dialog, "Advanced").click()
    assert not _box(dialog, "NVRAM").isVisible()
    config = replace(situation.config, uefi=True, nvram_format="raw")
    dialog.set_situation(replace(situation, config=config))
    _box(dialog, "NVRAM").click()
    assert dialog.plan.steps[-1].flags == RevertFlag.RESET_NVRAM


def test_where_no_safety_snapshot_can_be_taken_it_says_why(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(state=DomainState.PM_SUSPENDED))
    box = _box(dialog, "safety")
    assert (box.isEnabled(), box.isChecked()) == (False, False)
    assert "put itself to sleep" in box.toolTip()
    assert any("be undone" in text and "No safety" in text for text in dialog.plan_view.texts())
    assert dialog.plan.undo is None
    dialog.set_situation(make_situation())
    assert (box.isEnabled(), box.isChecked()) == (True, True)


def test_where_no_safety_snapshot_is_needed_it_says_why_until_the_user_chooses(
    qtbot: QtBot, make_situation: MakeSituation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revert, "is_wanted", lambda *_: False)
    dialog = _open(qtbot, make_situation())
    box = _box(dialog, "safety")
    assert not box.isChecked()
    assert box.text() == "&Take a safety snapshot first (not needed: the machine is as “patched” has it)"
    box.click()
    assert box.text() == "&Take a safety snapshot first, so that this can be undone"


def test_what_the_user_chose_about_the_safety_snapshot_stays(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation(read=False))
    _box(dialog, "safety").click()
    dialog.set_situation(make_situation())
    assert not _box(dialog, "safety").isChecked()


def test_the_configuration_s_changes_are_read_when_they_are_unfolded(
    qtbot: QtBot, make_situation: MakeSituation
) -> None:
    dialog = _open(qtbot, make_situation())
    with qtbot.waitSignal(dialog.comparison_wanted):
        _fold(dialog, "Changes of the settings").click()
    domain = "<domain type='kvm'><name>pisces</name><memory unit='MiB'>{}</memory></domain>"
    dialog.set_comparison(Configuration(domain.format(512)), Configuration(domain.format(128)))
    view = dialog.findChild(DifferencesView)
    assert view.isVisible()
    assert any("512" in text and "128" in text for text in view.texts())


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


@pytest.mark.parametrize("read_later", [True, False])
def test_the_whole_plan_is_in_sight_where_the_screen_has_room(
    qtbot: QtBot, make_situation: MakeSituation, *, read_later: bool
) -> None:
    read = make_situation()
    read = replace(
        read,
        host=replace(read.host, libvirt_version=11_003_000),
        domain=replace(read.domain, state=DomainState.RUNNING),
        config=replace(read.config, uefi=True, nvram_format="raw"),
        checkpoints=0,
    )
    dialog = _open(qtbot, replace(read, config=None) if read_later else read)
    if read_later:
        dialog.set_situation(read)
    assert any("may fail to revert" in text for text in dialog.plan_view.texts())
    qtbot.waitUntil(lambda: dialog.plan_view.missing() == 0)
    room = dialog.screen().availableGeometry()
    before = dialog.plan_view.height() - _commands(dialog).height()
    _fold(dialog, "Commands").click()
    qtbot.waitUntil(lambda: dialog.plan_view.height() - _commands(dialog).height() >= before)  # from the screen
    for _ in range(3):  # never out of it
        grow(dialog, 400)
    assert dialog.height() <= room.height()


def _commands(dialog: RevertDialog) -> Commands:
    return dialog.findChild(Commands)
