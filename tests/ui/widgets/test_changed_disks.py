"""What differs in the disks, as a line and a strip for each."""

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from snapgui.core.changed import Blocks, Changed
from snapgui.core.errors import Problem
from snapgui.ui.contrast import GRAPHIC, contrast, legible
from snapgui.ui.widgets.changed_disks import ChangedDisks
from snapgui.ui.widgets.disk_strip import DiskStrip

MIB = 1 << 20
DASH = "\N{EN DASH}"


def blocks(*bins: int) -> Blocks:
    """Of a disk with these bytes that differ in each MiB."""
    return Blocks(len(bins) * MIB, sum(bins), MIB, bins, as_of=1_700_000_000)


@pytest.fixture
def strip(qtbot: QtBot) -> DiskStrip:
    """Of 100 MiB: all of the third MiB differs, and of the last one a little."""
    found = DiskStrip("vda: some", blocks(0, 0, MIB, *[0] * 96, 4096))
    qtbot.addWidget(found)
    found.resize(406, 26)
    found.show()
    return found


def _filled(strip: DiskStrip, number: int) -> int:
    """How many pixels are filled in the middle of a stretch of 4."""
    palette = strip.palette()
    base = palette.color(QPalette.ColorRole.Base)
    colour = legible(palette.color(QPalette.ColorRole.Highlight), base, GRAPHIC)
    picture = strip.grab().toImage()
    return sum(picture.pixelColor(3 + 4 * number + 1, y) == colour for y in range(26))


def test_a_strip_is_filled_where_something_differs_and_higher_where_more_does(strip: DiskStrip) -> None:
    assert _filled(strip, 2) >= 18
    assert 4 <= _filled(strip, 99) <= 10
    assert _filled(strip, 3) == _filled(strip, 0) == 0


@pytest.mark.parametrize("base", ["#ffffff", "#232323"])
@pytest.mark.parametrize("accent", ["#308cc6", "#ffff00", "#000080"])
def test_what_differs_is_told_apart_on_every_palette(strip: DiskStrip, base: str, accent: str) -> None:
    palette = strip.palette()
    palette.setColor(QPalette.ColorRole.Base, QColor(base))
    palette.setColor(QPalette.ColorRole.Highlight, QColor(accent))
    strip.setPalette(palette)
    picture = strip.grab().toImage()
    assert contrast(picture.pixelColor(3 + 9, 13), picture.pixelColor(3 + 25, 13)) >= GRAPHIC


def test_the_keyboard_goes_through_a_strip_and_says_what_is_there(strip: DiskStrip) -> None:
    told: list[str] = []
    strip.pointed.connect(told.append)
    assert strip.accessibleName() == "vda: some"
    assert strip.accessibleDescription() == f"2 MiB {DASH} 3 MiB: all differs"
    for key, expected in (
        (Qt.Key.Key_Right, f"3 MiB {DASH} 4 MiB: nothing differs"),
        (Qt.Key.Key_PageDown, f"99 MiB {DASH} 100 MiB: 4.0 KiB differ"),
        (Qt.Key.Key_PageDown, f"99 MiB {DASH} 100 MiB: 4.0 KiB differ"),
        (Qt.Key.Key_Right, f"99 MiB {DASH} 100 MiB: 4.0 KiB differ"),
        (Qt.Key.Key_Home, f"0 {DASH} 1 MiB: nothing differs"),
        (Qt.Key.Key_Left, f"0 {DASH} 1 MiB: nothing differs"),
        (Qt.Key.Key_End, f"99 MiB {DASH} 100 MiB: 4.0 KiB differ"),
        (Qt.Key.Key_PageUp, f"2 MiB {DASH} 3 MiB: all differs"),
    ):
        QTest.keyClick(strip, key)
        assert strip.accessibleDescription() == strip.text() == expected
    strip.activateWindow()
    strip.setFocus()
    QTest.keyClick(strip, Qt.Key.Key_Home)
    assert told[-1] == f"0 {DASH} 1 MiB: nothing differs"
    strip.clearFocus()
    assert told[-1] == ""


def test_the_mouse_finds_every_stretch(strip: DiskStrip) -> None:
    told: list[str] = []
    strip.pointed.connect(told.append)
    QTest.mouseMove(strip, QPoint(3 + 9, 10))
    assert told[-1] == f"2 MiB {DASH} 3 MiB: all differs"
    at = QPoint(3 + 4 * 99 + 2, 10)
    QApplication.sendEvent(strip, QHelpEvent(QEvent.Type.ToolTip, at, strip.mapToGlobal(at)))
    assert "100 MiB: 4.0 KiB differ" in QToolTip.text()
    QToolTip.hideText()
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(4, 10))
    assert strip.text() == f"0 {DASH} 1 MiB: nothing differs"
    QTest.mouseMove(strip, QPoint(404, 10))
    QApplication.sendEvent(strip, QEvent(QEvent.Type.Leave))
    assert told[-1] == strip.text()  # of the stretch with the focus


def test_a_disk_of_nothing_has_a_strip_too(qtbot: QtBot) -> None:
    strip = DiskStrip("vda: none", Blocks(0, 0, 65536, ()))
    qtbot.addWidget(strip)
    strip.show()
    strip.setFocus()
    QTest.keyClick(strip, Qt.Key.Key_Right)
    QTest.mouseMove(strip, QPoint(20, 10))
    assert strip.text() == ""
    assert not strip.grab().isNull()


@pytest.fixture
def disks(qtbot: QtBot) -> ChangedDisks:
    """Where nothing has been compared yet."""
    found = ChangedDisks()
    qtbot.addWidget(found)
    found.resize(600, 300)
    found.show()
    return found


def test_each_disk_has_a_line_with_its_figures_or_the_reason(disks: ChangedDisks) -> None:
    left_out = Problem("Comparing", "It was left out.")
    disks.show_changed(Changed({"vdb": left_out, "vda": blocks(0, MIB), "vdc": blocks(0, 0)}))
    assert disks.texts()[:3] == (
        "vda: 1.0 MiB of 2.0 MiB differ",
        "vdb: not known. It was left out.",
        "vdc: nothing of 2.0 MiB differs",
    )
    assert len(disks.findChildren(DiskStrip)) == 2
    assert "Read at" not in disks.texts()[-1]
    disks.show_changed(Changed({"vda": blocks(0, MIB)}, live=True))
    assert "Read at" in disks.texts()[-1]
    disks.show_changed(Changed({"vda": left_out}, live=True))
    assert disks.texts() == ("vda: not known. It was left out.", "")


def test_what_is_under_way_and_what_failed_is_told_in_place_of_disks(disks: ChangedDisks) -> None:
    disks.show_changed(Changed({"vda": blocks(0, MIB)}))
    disks.show_part(0.417)
    assert disks.texts() == ("Comparing the disks… 41 %",)
    disks.show_problem(Problem("Connecting", "The host is gone.", "Open it again."))
    assert disks.texts() == ("Connecting: The host is gone. Open it again.",)
    disks.show_changed(Changed())
    assert disks.texts() == ("The machine has no disk that it writes to.",)


def test_many_disks_scroll_and_leave_the_dialog_as_large_as_it_is(disks: ChangedDisks) -> None:
    disks.show_changed(Changed({f"vd{number}": blocks(0, MIB) for number in range(3)}))
    QApplication.processEvents()
    three = disks.sizeHint().height()
    disks.show_changed(Changed({f"vd{number:02}": blocks(0, MIB) for number in range(26)}))
    QApplication.processEvents()
    assert len(disks.texts()) == 27
    assert three <= disks.sizeHint().height() < three * 1.4


def test_no_name_is_markup(disks: ChangedDisks, qtbot: QtBot) -> None:
    disks.show_changed(Changed({"<b>x</b>": blocks(MIB)}))
    plain = disks.grab().toImage()
    disks.show_changed(Changed({"x": blocks(MIB)}))
    qtbot.wait(10)
    assert disks.grab().toImage() != plain
