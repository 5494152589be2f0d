"""What is defined and does not run yet is told where the machine stands, and opened from there."""

import libvirt
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from snapgui.app import Application
from snapgui.core.differences.compare import Configuration
from snapgui.core.differences.outlook import outlook
from snapgui.core.records import DomainId, DomainRecord, DomainState, HostRecord, HostState, Situation
from snapgui.ui.actions import Act, Actions
from snapgui.ui.details.texts import NameLink
from snapgui.ui.dialogs.waiting import WaitingDialog
from snapgui.ui.focus import Focus

_INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE


def _lines(app: Application) -> list[str]:
    return [each.accessibleName() for each in app.window.details.findChildren(NameLink) if each.isVisible()]


def _define(app: Application, other: libvirt.virConnect, devices: str) -> None:
    xml = other.lookupByName("test").XMLDesc(_INACTIVE)
    other.defineXML(xml.replace("</devices>", f"{devices}</devices>"))
    app.backend.hosts.refresh_host(app.window.machines.uri())


def test_what_waits_for_the_next_start_is_a_line_that_opens_it(
    qtbot: QtBot, app: Application, other: libvirt.virConnect
) -> None:
    app.window.snapshots.select_here()
    qtbot.waitUntil(lambda: app.backend.outlooks.outlook is not None)
    assert _lines(app) == []
    _define(app, other, "<sound model='ac97'/>")
    qtbot.waitUntil(lambda: _lines(app) == ["Waiting for the next start: 1 change"])
    (line,) = (each for each in app.window.details.findChildren(NameLink) if each.isVisible())
    line.click()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, WaitingDialog)
    assert dialog.view.texts() == ("Sound added: ac97",)
    dialog.reject()


def test_it_goes_with_the_row_and_with_the_start(qtbot: QtBot, app: Application, other: libvirt.virConnect) -> None:
    other.lookupByName("test").snapshotCreateXML("<domainsnapshot><name>a</name></domainsnapshot>")
    qtbot.waitUntil(lambda: "a" in app.store.snapshots(app.window.machines.domain()).records)
    app.window.snapshots.select_here()
    _define(app, other, "<sound model='ac97'/>")
    qtbot.waitUntil(lambda: len(_lines(app)) == 1)
    app.window.snapshots.select("a")
    assert not any("next start" in line for line in _lines(app))
    app.window.snapshots.select_here()
    assert len(_lines(app)) == 1
    other.lookupByName("test").destroy()
    qtbot.waitUntil(lambda: _lines(app) == [])
    other.lookupByName("test").create()
    qtbot.waitUntil(lambda: other.lookupByName("test").isActive() and not app.backend.outlooks._soon.isActive())
    assert _lines(app) == []


@pytest.mark.parametrize(
    ("devices", "reason"),
    [
        ("", "has no graphics device"),
        ("<graphics type='egl-headless'/>", "has no graphics device"),
        ("<graphics type='vnc'/>", ""),
        (None, ""),
    ],
)
@pytest.mark.usefixtures("qapp")
def test_a_machine_without_graphics_has_no_console(devices: str | None, reason: str) -> None:
    uri = "qemu+ssh://root@build/system"
    host = HostRecord(uri, HostState.CONNECTED, "build", "QEMU", 11_004_000)
    machine = DomainRecord(DomainId(uri, "1f0c"), "pisces", DomainState.RUNNING)
    known = None
    if devices is not None:
        known = outlook(Configuration(live=f"<domain type='kvm' id='1'><devices>{devices}</devices></domain>"))
    actions = Actions(None)
    actions.update(Focus(host, machine, outlook=known), Situation(host, machine))
    console = actions[Act.CONSOLE]
    assert console.isEnabled() is not bool(reason)
    assert reason in console.toolTip()
