"""Actions that are a word in the menu and a step in libvirt: each does its own, and says why where it can't."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QDialog

from snapgui.app import Application
from snapgui.core.plan import Call
from snapgui.core.records import DomainId, DomainRecord, DomainState, HostRecord, HostState
from snapgui.settings import NAME_TEMPLATE, Settings
from snapgui.ui.actions import Act

_STEPS = {
    Act.PAUSE: Call.SUSPEND,
    Act.RESUME: Call.RESUME,
    Act.REBOOT: Call.REBOOT,
    Act.SHUT_DOWN: Call.SHUTDOWN,
    Act.START: Call.CREATE,
    Act.FORCE_OFF: Call.DESTROY,
}


def _use(qtbot: Any, app: Application, act: Act) -> None:
    qtbot.waitUntil(app.window.actions_[act].isEnabled)
    app.window.actions_[act].trigger()


def _dialog(qtbot: Any) -> Any:
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), QDialog))
    return QApplication.activeModalWidget()


def _accept(qtbot: Any) -> None:
    dialog = _dialog(qtbot)
    qtbot.waitUntil(lambda: not dialog.waiting and dialog.ok.isEnabled())
    dialog.ok.click()
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None)


def test_each_power_action_is_its_own_step(qtbot: Any, app: Application) -> None:
    began = {}
    app.backend.runner.job_changed.connect(lambda job: began.setdefault(job.id, job.plan.steps[0].call))
    for number, (act, call) in enumerate(_STEPS.items()):
        _use(qtbot, app, act)
        if act is Act.FORCE_OFF:
            _dialog(qtbot).accept()
        qtbot.waitUntil(lambda number=number: len(began) == number + 1 and not app.backend.runner.busy)
        assert list(began.values())[-1] is call, act


def test_a_console_is_of_a_machine_that_runs(app: Application) -> None:
    uri = "qemu+ssh://root@build/system"
    host = HostRecord(uri, HostState.CONNECTED, "build", "QEMU", 11_004_000)
    machine = DomainRecord(DomainId(uri, "1f0c"), "pisces", DomainState.SHUT_OFF)
    app.store.put_host(host)
    app.store.put_domains(uri, (machine,))
    app.window.machines.choose(machine.id)
    console = app.window.actions_[Act.CONSOLE]
    assert not console.isEnabled()
    assert "The machine is off." in console.toolTip()
    app.store.put_domain(replace(machine, state=DomainState.RUNNING))
    assert "The machine is off." not in console.toolTip()


def test_the_parent_is_a_key_away_and_a_root_has_none(qtbot: Any, app: Application) -> None:
    for name in ("root", "leaf"):
        app.window.snapshots.select_here()
        _use(qtbot, app, Act.TAKE)
        dialog = _dialog(qtbot)
        dialog._name.setText(name)
        _accept(qtbot)
        qtbot.waitUntil(lambda name=name: app.window.snapshots.selected() == (name,))
    parent = app.window.actions_[Act.GO_TO_PARENT]
    assert parent.shortcut().toString() == "Alt+Up"
    _use(qtbot, app, Act.GO_TO_PARENT)
    assert app.window.snapshots.selected() == ("root",)
    assert not parent.isEnabled()
    assert "There is none above it." in parent.toolTip()


def test_the_current_snapshot_is_not_to_be_made_current(qtbot: Any, app: Application) -> None:
    _use(qtbot, app, Act.TAKE)
    _accept(qtbot)
    qtbot.waitUntil(lambda: app.window.snapshots.selected() == ("test-1",))
    set_current = app.window.actions_[Act.SET_CURRENT]
    assert not set_current.isEnabled()
    assert "It is the current one." in set_current.toolTip()


def test_names_follow_the_template_that_is_kept(qtbot: Any, app: Application, settings: Settings) -> None:
    settings.set(NAME_TEMPLATE, "kept {n}")
    _use(qtbot, app, Act.TAKE)
    dialog = _dialog(qtbot)
    assert dialog.request().name == "kept 1"
    dialog.reject()
    _use(qtbot, app, Act.TAKE)
    dialog = _dialog(qtbot)
    dialog._options.template.setText("new {n}")
    _accept(qtbot)
    qtbot.waitUntil(lambda: app.window.snapshots.selected() == ("new 1",))
    assert settings.get(NAME_TEMPLATE) == "new {n}"


@pytest.mark.qt_log_ignore("grabbing the (keyboard|mouse)")  # offscreen has none
def test_the_menu_at_a_row_has_the_actions_of_a_snapshot_and_does_them(qtbot: Any, app: Application) -> None:
    _use(qtbot, app, Act.TAKE)
    _accept(qtbot)
    qtbot.waitUntil(lambda: app.window.snapshots.selected() == ("test-1",))
    tree, offered = app.window.snapshots.tree, []

    def press() -> None:
        menu = QApplication.activePopupWidget()
        offered.extend(action for action in menu.actions() if action.isEnabled())
        menu.setActiveAction(app.window.actions_[Act.DELETE])
        qtbot.keyClick(menu, Qt.Key.Key_Return)

    QTimer.singleShot(50, press)
    place = tree.visualRect(tree.model().index_of("test-1")).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, tree.viewport().mapToGlobal(place))
    QApplication.sendEvent(tree.viewport(), event)  # returns once the menu is closed
    wanted = {Act.TAKE, Act.REVERT, Act.DELETE, Act.EDIT, Act.EDIT_XML, Act.RENAME, Act.EXPORT, Act.COMPARE}
    assert {app.window.actions_[act] for act in wanted} <= set(offered)
    assert _dialog(qtbot).windowTitle() == "Delete snapshots of test"
    _accept(qtbot)
    qtbot.waitUntil(lambda: tree.model().index(0, 0).data() == "You are here")
