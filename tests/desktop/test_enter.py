"""Enter in a dialog on a desktop where Qt has it press what has the focus, as GNOME does."""

import subprocess
import sys

import pytest
from testbed.desktop import Screen

_SCRIPT = """
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QRadioButton
from snapgui.core.records import (
    Disk, DomainConfig, DomainId, DomainRecord, DomainState, HostRecord, HostState, Situation, SnapshotRecord, Snapshots
)
from snapgui.ui.dialogs.delete import DeleteDialog
qt = QApplication([])
domain = DomainId("qemu:///system", "1f0c")
dialog = DeleteDialog(Situation(
    HostRecord(domain.uri, HostState.CONNECTED, driver="QEMU", libvirt_version=11_004_000),
    DomainRecord(domain, "pisces", DomainState.SHUT_OFF),
    Snapshots({"a": SnapshotRecord("a"), "b": SnapshotRecord("b", parent="a")}, "b"),
    DomainConfig(disks=(Disk("vda", source="/i/v.qcow2", format="qcow2"),)),
    image_tags={"vda": frozenset("ab")},
), ("a",))
dialog.show()
assert QTest.qWaitForWindowActive(dialog)
button = dialog.findChildren(QRadioButton)[2]
button.setFocus()
button.click()
QTest.keyClick(button, Qt.Key.Key_Return)
print(dialog.result(), dialog.isVisible(), dialog.request().scope.value)
"""


@pytest.mark.parametrize("theme", ["", "gnome"])
def test_enter_after_a_choice_agrees_to_the_dialog(screen: Screen, theme: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        env={**screen.environment, "QT_QPA_PLATFORMTHEME": theme},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert said.stdout.split("\n")[0] == "1 False children only"
