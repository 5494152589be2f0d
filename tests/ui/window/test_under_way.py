"""What a dialog says is what is done: it waits for the jobs of its machine, and says what they have changed."""

import threading
from collections.abc import Callable, Iterator
from functools import partial

import libvirt
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from snapgui.app import Application
from snapgui.core.plan import Step
from snapgui.core.requests import Revert
from snapgui.core.rules import make_plan
from snapgui.ui.actions import Act
from snapgui.ui.dialogs.plan_dialog import PlanDialog
from snapgui.virt.host import Host


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Every job begins once this is set."""
    release, real = threading.Event(), Host.run

    def slow(host: Host, step: Step) -> None:
        release.wait(10)
        real(host, step)

    monkeypatch.setattr(Host, "run", slow)
    yield release
    release.set()


def _take(other: libvirt.virConnect, name: str) -> None:
    other.lookupByName("test").snapshotCreateXML(f"<domainsnapshot><name>{name}</name></domainsnapshot>")


def _revert(qtbot: QtBot, app: Application, name: str) -> None:
    domain = app.window.machines.domain()
    qtbot.waitUntil(lambda: name in app.store.snapshots(domain).records)
    read: list[object] = []
    app.backend.hosts.survey(domain, (name,), read.append, read.append)
    qtbot.waitUntil(lambda: bool(read))
    app.backend.runner.start(make_plan(Revert(domain, name), read[0]))


def _open(app: Application, act: Act) -> PlanDialog:
    app.window.actions_[act].trigger()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, PlanDialog)
    return dialog


@pytest.mark.parametrize("first", [True, False], ids=["the-job-begins-first", "the-dialog-opens-first"])
def test_a_snapshot_lands_where_the_dialog_said_though_a_revert_ends_meanwhile(
    qtbot: QtBot, app: Application, other: libvirt.virConnect, held: threading.Event, *, first: bool
) -> None:
    _take(other, "one")
    _take(other, "two")
    steps: list[Callable[[], object]] = [partial(_revert, qtbot, app, "one"), lambda: _open(app, Act.TAKE)]
    for step in steps if first else reversed(steps):
        step()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, PlanDialog)
    name = dialog.findChild(QLineEdit)
    qtbot.waitUntil(lambda: "Under way on this machine: Revert test to “one”." in dialog.status())
    qtbot.keyClick(name, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert not dialog.ok.isEnabled()
    held.set()
    qtbot.waitUntil(dialog.ok.isEnabled)
    assert dialog.isVisible()
    assert dialog.status() == ""
    assert any("under “one”" in text for text in dialog.plan_view.texts())
    qtbot.keyClick(name, Qt.Key.Key_Return)
    domain = other.lookupByName("test")
    qtbot.waitUntil(lambda: "test-1" in domain.snapshotListNames())
    assert domain.snapshotLookupByName("test-1").getParent().getName() == "one"


def test_settings_wait_for_the_jobs_of_their_machine_too(
    qtbot: QtBot, app: Application, other: libvirt.virConnect, held: threading.Event
) -> None:
    _take(other, "one")
    _revert(qtbot, app, "one")
    dialog = _open(app, Act.SETTINGS)
    assert "Under way on this machine" in dialog.status()
    held.set()
    qtbot.waitUntil(lambda: not dialog.waiting and not dialog.status())
    dialog.reject()


def test_its_own_job_holds_no_dialog_back(
    qtbot: QtBot, app: Application, other: libvirt.virConnect, held: threading.Event
) -> None:
    _take(other, "one")
    domain = app.window.machines.domain()
    qtbot.waitUntil(lambda: "one" in app.store.snapshots(domain).records)
    app.window.snapshots.select("one")
    dialog = _open(app, Act.EDIT_XML)
    qtbot.waitUntil(lambda: not dialog.waiting)
    editor = next(each for each in dialog.findChildren(QPlainTextEdit) if not each.isReadOnly())
    editor.setPlainText(editor.toPlainText().replace("</name>", "</name><description>new</description>", 1))
    qtbot.waitUntil(dialog.ok.isEnabled)
    dialog.ok.click()
    qtbot.waitUntil(lambda: dialog.status() == "Saving…")
    held.set()
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None)
    assert "new" in other.lookupByName("test").snapshotLookupByName("one").getXMLDesc()
