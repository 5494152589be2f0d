"""What differs, on the screen: words above, lines below, never a password."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QListWidget, QPlainTextEdit
from pytestqt.qtbot import QtBot

from snapgui.core.differences.compare import Configuration, of_snapshot
from snapgui.ui.contrast import TEXT, contrast
from snapgui.ui.widgets.differences_view import DifferencesView
from snapgui.ui.widgets.text_label import TextLabel

_FILES = Path(__file__).parents[2] / "core" / "domains"
OFF = (_FILES / "off.xml").read_text()
LESS = OFF.replace("'KiB'>65536", "'KiB'>49152").replace("cache='none'", "cache='writeback'")


@pytest.fixture
def view(qtbot: QtBot) -> DifferencesView:
    widget = DifferencesView()
    qtbot.addWidget(widget)
    widget.resize(500, 400)
    widget.show()
    return widget


def lines(view: DifferencesView) -> list[str]:
    view.open_lines()
    return view.findChild(QPlainTextEdit).toPlainText().splitlines()


def test_differences_are_listed_and_their_lines_unfold(view: DifferencesView) -> None:
    view.show_comparison(Configuration(OFF), Configuration(LESS))
    assert view.texts() == (
        "Memory: 64 MiB → 48 MiB",
        "Disk vda: cache: none → writeback",
    )
    changed = [line for line in lines(view) if line[:1] in "+-"]
    assert "-  <memory unit='KiB'>65536</memory>" in changed
    assert len(changed) == 4


def test_a_snapshot_and_the_machine_are_compared_line_by_line(view: DifferencesView) -> None:
    taken = of_snapshot((_FILES / "snapshot-off.xml").read_text())
    view.show_comparison(taken, Configuration(LESS))
    assert len([line for line in lines(view) if line[:1] in "+-"]) == 4


def test_equal_configurations_are_said_to_be(view: DifferencesView) -> None:
    view.show_comparison(Configuration(OFF), Configuration(OFF))
    assert view.texts() == ("The settings do not differ.",)


def test_a_snapshot_without_configuration_is_said_to_have_none(view: DifferencesView) -> None:
    view.show_comparison(None, Configuration(OFF))
    assert "The snapshot does not have the machine" in view.texts()[0]
    view.show_comparison(Configuration("<x"), Configuration(OFF))
    assert "be read" in view.texts()[0]


def test_a_password_is_in_no_line(view: DifferencesView) -> None:
    one, other = (OFF.replace("<graphics type='vnc'", f"<graphics type='vnc' passwd='{word}'") for word in ("a1", "b2"))
    view.show_comparison(Configuration(one), Configuration(other.replace("hpet", "kvmclock")))
    shown = "".join((*view.texts(), *lines(view)))
    assert "a1" not in shown
    assert "b2" not in shown


def test_texts_from_outside_stay_plain(view: DifferencesView) -> None:
    ugly = OFF.replace("A rich machine", "&lt;b&gt;bold&lt;/b&gt; &amp;x \u202eright")
    view.show_comparison(Configuration(OFF), Configuration(ugly))
    assert "<b>bold</b> &x" in view.texts()[0]


def test_chosen_differences_are_copied(view: DifferencesView, qtbot: QtBot) -> None:
    view.show_comparison(Configuration(OFF), Configuration(LESS))
    listing = view.findChild(QListWidget)
    listing.setFocus()
    listing.selectAll()
    qtbot.keyClick(listing, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().splitlines() == list(view.texts())


@pytest.mark.parametrize("base", ["#ffffff", "#1e1e1e"])
def test_the_lines_can_be_read_in_light_and_dark(view: DifferencesView, base: str) -> None:
    palette = view.palette()
    palette.setColor(QPalette.ColorRole.Base, QColor(base))
    view.setPalette(palette)
    view.show_comparison(Configuration(OFF), Configuration(LESS))
    lines(view)
    block = view.findChild(QPlainTextEdit).document().begin()
    while block.isValid():
        if block.text()[:1] in ("+", "-"):
            colour = block.begin().fragment().charFormat().foreground().color()
            assert contrast(colour, QColor(base)) >= TEXT
        block = block.next()


def test_very_many_lines_are_not_compared(view: DifferencesView) -> None:
    many = OFF.replace("<devices>", "<devices>" + "\n" * 6000)
    view.show_comparison(Configuration(OFF), Configuration(many))
    assert lines(view) == ["There are too many lines to compare."]


def test_what_a_running_machine_gets_with_its_next_start_is_told_apart(qtbot: QtBot) -> None:
    def machine(vcpus: int, memory: int) -> str:
        return f"<domain type='qemu'><name>a</name><vcpu>{vcpus}</vcpu><memory unit='KiB'>{memory}</memory></domain>"

    view = DifferencesView()
    qtbot.addWidget(view)
    then = Configuration(persistent=machine(1, 1024), live=machine(1, 1024))
    view.show_comparison(then, Configuration(persistent=machine(3, 2048), live=machine(1, 2048)))
    marked = [text for text in view.texts() if "from the next start on" in text]
    assert len(view.texts()) == 2
    assert len(marked) == 1
    assert "CPU" in marked[0]
    off = Configuration(persistent=machine(3, 2048))
    view.show_comparison(Configuration(persistent=machine(1, 1024)), off)
    assert not any("from the next start on" in text for text in view.texts())


def test_a_sentence_keeps_off_the_edge(view: DifferencesView) -> None:
    view.show_comparison(Configuration(OFF), Configuration(OFF))
    label = view.findChild(TextLabel)
    picture = label.grab().toImage()
    ground = picture.pixelColor(0, 0)
    assert all(picture.pixelColor(x, y) == ground for x in range(6) for y in range(picture.height()))
