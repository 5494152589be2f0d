"""The part of the walk-through that was done by ``virsh edit``: other settings, by the application."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QSpinBox, QTabWidget, QWidget
from testbed.daemon import Daemon
from testbed.guest import Guest
from testbed.user import User

from snapgui.ui.actions import Act
from snapgui.ui.details.texts import NameLink
from snapgui.ui.dialogs.compare import CompareDialog
from snapgui.ui.dialogs.settings import SettingsDialog


def settings(user: User) -> SettingsDialog:
    user.use(Act.SETTINGS)
    dialog = user.dialog()
    assert isinstance(dialog, SettingsDialog)
    user.until(lambda: not dialog.waiting, "the settings to be read")
    return dialog


def field(dialog: QWidget, kind: type, name: str) -> QSpinBox | QLineEdit:
    return next(each for each in dialog.findChildren(kind) if each.accessibleName() == name)


def test_a_machine_is_shut_down_gets_less_memory_and_starts_with_it(user: User, daemon: Daemon, guest: Guest) -> None:
    guest.define(512)
    user.choose_machine(daemon.uri, guest.name)
    user.take("with-512")
    user.power(Act.START, "running")
    guest.wait_until_up()

    dialog = settings(user)
    memory = field(dialog, QSpinBox, "Memory")
    assert memory.value() == 512
    memory.setValue(256)
    assert "Memory: 512 MiB → 256 MiB" in dialog.plan_view.texts()
    assert any("shut off and started again" in text for text in dialog.plan_view.texts())
    memory.setValue(512)
    user.cancel(dialog)

    user.power(Act.SHUT_DOWN, "off")
    dialog = settings(user)
    field(dialog, QSpinBox, "Memory").setValue(128)
    assert field(dialog, QSpinBox, "Current memory").value() == 128
    user.accept(dialog)
    user.power(Act.START, "running")
    guest.wait_until_up()
    assert int(guest.run("grep MemTotal /proc/meminfo").split()[1]) < 128 * 1024

    user.select("with-512")
    user.use(Act.COMPARE)
    comparison = user.dialog()
    assert isinstance(comparison, CompareDialog)
    user.until(lambda: comparison.view.texts() == ("Memory: 512 MiB → 128 MiB",), "what differs")
    user.cancel(comparison)


def test_what_libvirt_refuses_stays_in_the_dialog(user: User, daemon: Daemon, guest: Guest) -> None:
    user.choose_machine(daemon.uri, guest.name)
    dialog = settings(user)
    dialog.findChild(QTabWidget).setCurrentIndex(1)
    text = next(each for each in dialog.findChildren(QPlainTextEdit) if each.accessibleName() == "XML of the machine")
    before = text.toPlainText()
    text.setPlainText(before.replace("</name>", "</name>\n  <nonsense/>", 1))
    user.until(dialog.ok.isEnabled, "the text to be taken up")
    dialog.ok.click()
    user.until(lambda: "nonsense" in text.toPlainText() and dialog.ok.isEnabled(), "libvirt's answer")
    user.until(lambda: any("failed to validate" in label for label in _labels(dialog)), "libvirt's own words")
    assert "nonsense" not in daemon.virsh("dumpxml", guest.name)

    text.setPlainText(before.replace("<memory unit='KiB'>131072</memory>", "<memory unit='KiB'>131072</memry>"))
    user.until(lambda: not dialog.ok.isEnabled(), "the fault to be seen")
    assert any(label.startswith("Line ") and "mismatched tag" in label for label in _labels(dialog))

    daemon.virsh("desc", guest.name, "--title", "By somebody else", "--config")
    text.setPlainText(before.replace("</name>", "</name>\n  <title>Mine</title>", 1))
    user.until(dialog.ok.isEnabled, "the text to be taken up")
    dialog.ok.click()
    user.until(lambda: any("Somebody else has changed" in label for label in _labels(dialog)), "the refusal")
    assert "Mine" in text.toPlainText()
    assert "By somebody else" in daemon.virsh("dumpxml", guest.name)
    text.setPlainText(before)
    user.rest(0.4)
    user._qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    user.until(lambda: not dialog.isVisible(), "the dialog to close")


def _labels(dialog: QWidget) -> list[str]:
    return [label.text() for label in dialog.findChildren(QLabel) if label.isVisible()]


def test_what_a_running_machine_gets_at_its_next_start_is_told_where_it_stands(
    user: User, daemon: Daemon, frail: str
) -> None:
    user.choose_machine(daemon.uri, frail)
    user.window.snapshots.select_here()
    outlooks = user.application.backend.outlooks
    user.until(lambda: outlooks.outlook is not None, "its XML to be read")
    assert outlooks.outlook.waiting == ()
    console = user.window.actions_[Act.CONSOLE]
    assert not console.isEnabled()
    assert "has no graphics device" in console.toolTip()
    dialog = settings(user)
    field(dialog, QSpinBox, "Memory").setValue(32)
    user.accept(dialog)
    user.until(lambda: _line(user) == "Waiting for the next start: 1 change", "the line")
    daemon.virsh("destroy", frail)
    daemon.virsh("start", frail)
    user.until(lambda: _line(user) == "" and outlooks.outlook.configuration.live != "", "the line to go")


def _line(user: User) -> str:
    links = (each for each in user.window.details.findChildren(NameLink) if each.isVisible())
    return next((each.accessibleName() for each in links), "")
