"""The panel tells all about the chosen snapshot, and says so where there is nothing to tell."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QImageWriter, QPalette, QTextCursor, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPlainTextEdit, QTabWidget
from pytestqt.qtbot import QtBot

from snapgui.core.errors import Problem
from snapgui.core.records import DomainState, Mode, Size, SnapshotDisk, SnapshotRecord, Snapshots, SnapshotState
from snapgui.core.usage import NOW, Held, ImageUsage, Usage
from snapgui.core.virsh import caveat
from snapgui.ui.contrast import TEXT, contrast
from snapgui.ui.details.commands import CommandList
from snapgui.ui.details.facts import Facts
from snapgui.ui.details.picture import Picture, PictureViewer, decode
from snapgui.ui.details.texts import CopyableText, NameLink
from snapgui.ui.details.xml_view import XmlView

XML = """<domainsnapshot>
  <!-- two
       lines -->
  <name>🚀 pisces &lt;1></name>
  <disk name='a > b' size="1"/>
</domainsnapshot>"""

NO_PICTURE = "The picture can\N{RIGHT SINGLE QUOTATION MARK}t be shown."


def _image_file(form: bytes, width: int = 640, height: int = 400) -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("#204080"))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(form)).write(image)
    return bytes(buffer.data().data())


def test_without_a_choice_it_says_what_to_do(desk: Any) -> None:
    assert desk.texts() == ["Select a snapshot to see its details."]


def test_the_facts_of_the_chosen_snapshot(desk: Any) -> None:
    desk.choose("pisces-1")
    assert desk.value("Name") == "pisces-1"
    assert "ago)" in desk.value("Taken")
    assert desk.value("State") == "running"
    assert desk.value("Kind") == "internal"
    assert desk.value("Memory") == "95.0 MiB"
    assert desk.value("Disks") == "vda: inside its image\nvdb: not in the snapshot"
    assert desk.description().toPlainText() == "Before the update"
    assert "clean" in desk.texts()
    assert [f"kid {number}" for number in range(5)] == [text for text in desk.texts() if text.startswith("kid")]
    assert "and 3 more" in desk.texts()


def test_a_size_that_is_not_known_says_why_and_none_says_the_machine_was_off(desk: Any) -> None:
    desk.choose("kid 0")
    assert desk.value("Memory") == "Not known. No permission."
    desk.choose("clean")
    assert desk.value("Memory") == "0 bytes: no memory is kept in it"
    desk.choose("kid 1")
    assert desk.value("Memory") == "not read yet"
    desk.store.put_sizes(desk.domain, {"kid 1": Size(1024)})
    assert desk.value("Memory") == "1.0 KiB"


def test_an_external_disk_says_where_it_went(desk: Any) -> None:
    desk.change(
        "kid 1",
        state=SnapshotState.DISK_ONLY,
        memory=Mode.NO,
        disks=(SnapshotDisk("vda", Mode.EXTERNAL, "/images/vda.kid"),),
    )
    desk.choose("kid 1")
    assert desk.value("Disks") == "vda: external, then written to /images/vda.kid"
    assert desk.value("Kind") == "disk only"
    desk.change("kid 1", memory=Mode.EXTERNAL, memory_file="/images/kid.mem")
    desk.store.put_sizes(desk.domain, {"kid 1": Size(1024)})
    assert desk.value("Memory") == "1.0 KiB in /images/kid.mem"


def test_parent_and_children_lead_to_themselves(desk: Any) -> None:
    desk.choose("pisces-1")
    desk.button("clean").click()
    desk.button("kid 4").click()
    assert desk.activated == ["clean", "kid 4"]


def test_several_are_counted_and_summed(desk: Any) -> None:
    desk.choose("pisces-1", "clean", "kid 0")
    assert desk.texts() == ["3 snapshots, 95.0 MiB of memory state; 1 unknown"]
    desk.choose("kid 0", "kid 1")
    assert desk.texts() == ["2 snapshots, size of their memory state not known"]


def test_what_deleting_gives_back_is_told_of_one_and_of_several(desk: Any) -> None:
    for name in ("clean", "pisces-1"):
        desk.change(name, disks=(SnapshotDisk("vda", Mode.INTERNAL),))
    states = ("clean", "pisces-1", NOW)
    own, common = Held(3 * 2**20, 2**20), Held(2**20)
    groups = ((0b001, own), (0b010, own), (0b011, common))
    image = ImageUsage("/images/vda", states, (own, own, Held()), (common, common, Held()), groups)
    desk.choose("clean")
    assert desk.value("Frees") == ""
    desk.store.put_usage(desk.domain, Usage({"vda": image}))
    assert desk.value("Frees") == "4.0 MiB when it is deleted"
    assert desk.value("Disk") == "3.0 MiB alone, 1.0 MiB shared with others"
    desk.choose("pisces-1")  # whose memory is larger
    assert desk.value("Frees") == ("4.0 MiB when it is deleted: something else in the image still refers to its memory")
    desk.choose("clean", "pisces-1")
    text = desk.texts()[0]
    assert "deleting them frees 9.0 MiB" in text
    assert "stay as long as they are" in text
    wanted = []
    desk.panel.compact_wanted.connect(lambda: wanted.append(True))
    link = desk.button("Compact disks…")
    link.click()
    assert wanted == [True]
    desk.choose("kid 0", "kid 1")
    assert not link.isVisible(), "there is nothing to say of what they give back"


def test_the_machine_itself_tells_where_it_stands(desk: Any) -> None:
    desk.choose_here()
    assert desk.texts() == ["You are here: pisces, running, with what changed since pisces-1."]
    machine = desk.store.domain(desk.domain)
    desk.store.put_domain(type(machine)(machine.id, machine.name, DomainState.SHUT_OFF))
    assert desk.texts() == ["You are here: pisces, off, with what changed since pisces-1."]
    desk.store.put_domain(type(machine)(machine.id, machine.name, DomainState.SHUT_OFF, title="Fish & <chips>"))
    assert desk.texts() == ["You are here: pisces (Fish & <chips>), off, with what changed since pisces-1."]


def test_the_machine_tells_what_all_its_snapshots_hold_once_that_is_counted(desk: Any) -> None:
    names = tuple(desk.store.snapshots(desk.domain).records)
    desk.choose_here()
    nothing = (Held(),) * (len(names) + 1)
    image = ImageUsage("/images/vda", (*names, NOW), nothing, nothing, ((0b011, Held(5 * 2**20)),), as_of=2e9)
    desk.store.put_usage(desk.domain, Usage({"vda": image}))
    assert desk.texts()[0].endswith("since pisces-1.\n\nDeleting all its snapshots frees 5.0 MiB.")


def test_a_deleted_snapshot_leaves_the_panel(desk: Any) -> None:
    desk.choose("kid 3")
    records = {name: r for name, r in desk.store.snapshots(desk.domain).records.items() if name != "kid 3"}
    desk.store.put_snapshots(desk.domain, Snapshots(records, "pisces-1"))
    assert "kid 3" not in desk.texts()


def test_an_unreadable_snapshot_says_why(desk: Any) -> None:
    desk.change("kid 2", problem=Problem("Read it", "Its XML is broken."))
    desk.choose("kid 2")
    assert "Its XML is broken." in desk.texts()
    assert desk.description().isReadOnly()


@pytest.mark.parametrize(
    "name", ["<b>x</b>&amp;", "a & b", "🚀 <script>", "שלום", "日本語のスナップショット", "two\nlines", "L" * 255]
)
def test_every_name_shows_as_it_is_and_widens_nothing(desk: Any, name: str) -> None:
    records = {**desk.store.snapshots(desk.domain).records, name: SnapshotRecord(name, parent="clean")}
    records["child"] = SnapshotRecord("child", parent=name)
    desk.store.put_snapshots(desk.domain, Snapshots(records, "clean"))
    desk.choose(name)
    assert desk.value("Name") == name
    assert desk.panel.minimumSizeHint().width() <= 300
    desk.choose("child")
    link = next(button for button in desk.panel.findChildren(NameLink) if button.isVisible())
    link.click()
    assert desk.activated == [name]
    assert link.text().replace("&&", "&").strip("\u2068\u2069") in (name, name.replace("\n", "↵"))
    assert desk.panel.minimumSizeHint().width() <= 300


def test_the_name_can_be_copied(desk: Any, qtbot: QtBot) -> None:
    desk.choose("pisces-1")
    field = next(e for e in desk.panel.findChildren(QPlainTextEdit) if e.accessibleName() == "Name")
    qtbot.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(field, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "pisces-1"


# The picture


@pytest.mark.parametrize("form", [b"png", b"ppm"])
def test_the_picture_of_the_screen_shows_and_enlarges(desk: Any, qtbot: QtBot, form: bytes) -> None:
    desk.choose("pisces-1")
    assert desk.pictures_wanted == ["pisces-1"]
    picture = desk.panel.findChild(QTabWidget).findChild(Picture)
    assert not picture.isVisible()
    desk.panel.set_picture(desk.domain, "pisces-1", _image_file(form))
    qtbot.waitUntil(lambda: picture.isVisible() and not picture.size().isEmpty())
    shown = picture.grab().toImage()
    assert shown.pixelColor(shown.rect().center()) == QColor("#204080")
    qtbot.keyClick(picture, Qt.Key.Key_Return)
    viewer = desk.panel.findChild(PictureViewer)
    assert viewer.isVisible()
    assert viewer.windowTitle() == "Screen of pisces-1"
    qtbot.keyClick(viewer, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: desk.panel.findChild(PictureViewer) is None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        _image_file(b"png")[:200],
        b"P6 99999 99999 255\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
    ids=["empty", "text", "cut", "huge", "svg"],
)
def test_a_picture_that_can_not_be_shown_costs_only_itself(desk: Any, qtbot: QtBot, data: bytes) -> None:
    desk.choose("pisces-1")
    desk.panel.set_picture(desk.domain, "pisces-1", data)
    qtbot.waitUntil(lambda: NO_PICTURE in desk.texts())
    assert desk.value("Memory") == "95.0 MiB"
    desk.panel.set_picture(desk.domain, "pisces-1", None)
    assert NO_PICTURE not in desk.texts()


def test_a_picture_of_another_snapshot_is_dropped(desk: Any, qtbot: QtBot) -> None:
    desk.choose("pisces-1")
    desk.panel.set_picture(desk.domain, "pisces-1", _image_file(b"png"))
    desk.choose("clean")
    desk.panel.set_picture(desk.domain, "pisces-1", _image_file(b"png"))
    desk.panel.set_picture(desk.other, "clean", _image_file(b"png"))
    qtbot.wait(50)
    assert not desk.panel.findChild(QTabWidget).findChild(Picture).isVisible()


def test_a_screen_is_decoded_whole() -> None:
    assert decode(_image_file(b"ppm", 1920, 1080)).width() == 1920


# XML


def test_the_xml_is_asked_for_when_it_is_looked_at(desk: Any) -> None:
    desk.choose("pisces-1")
    assert desk.xml_wanted == []
    desk.open_tab("XML")
    assert desk.xml_wanted == ["pisces-1"]
    assert "Reading the XML…" in desk.texts()
    desk.panel.set_xml(desk.domain, "clean", "<not-it/>")
    desk.panel.set_xml(desk.domain, "pisces-1", XML)
    assert XML in desk.texts()
    assert desk.panel.findChild(XmlView).findChild(QPlainTextEdit).isReadOnly()
    desk.choose("clean")
    assert desk.xml_wanted == ["pisces-1", "clean"]
    assert XML not in desk.texts()


def test_the_xml_is_read_again_when_the_snapshot_has_changed(desk: Any) -> None:
    desk.choose("pisces-1")
    desk.open_tab("XML")
    desk.change("pisces-1", description="new")
    desk.change("clean", description="of another")
    assert desk.xml_wanted == ["pisces-1", "pisces-1"]


def test_xml_that_can_not_be_read_says_why(desk: Any) -> None:
    desk.choose("pisces-1")
    desk.open_tab("XML")
    desk.panel.set_xml_problem(desk.domain, "pisces-1", Problem("Read the XML", "The host is gone.", raw="eof"))
    assert "The host is gone.\n\neof" in desk.texts()


@pytest.mark.parametrize("base", ["#ffffff", "#1e1e1e"])
def test_the_colours_of_the_xml_can_be_read_in_light_and_dark(qtbot: QtBot, base: str) -> None:
    view = XmlView()
    qtbot.addWidget(view)
    palette = view.palette()
    palette.setColor(QPalette.ColorRole.Base, QColor(base))
    view.setPalette(palette)
    view.show_xml(XML)
    seen: dict[str, str] = {}
    block = view.findChild(QPlainTextEdit).document().begin()
    while block.isValid():
        text = block.text().encode("utf-16-le")
        for part in block.layout().formats():
            colour = part.format.foreground().color()
            assert contrast(colour, QColor(base)) >= TEXT
            seen[text[part.start * 2 : (part.start + part.length) * 2].decode("utf-16-le")] = colour.name()
        block = block.next()
    kinds = {"tag": "</name>", "comment": "       lines -->", "value": "'a > b'", "attribute": "size"}
    assert len({_colour_of(seen, text) for text in kinds.values()}) == 4
    assert not any("pisces" in text for text in seen)


def _colour_of(seen: dict[str, str], text: str) -> str:
    return next(colour for part, colour in seen.items() if part and (part in text or text in part))


def test_find_goes_through_the_xml_and_round(qtbot: QtBot) -> None:
    view = XmlView()
    qtbot.addWidget(view)
    view.show_xml(XML)
    field, text = view.findChild(QLineEdit), view.findChild(QPlainTextEdit)
    qtbot.keyClicks(field, "name")
    assert text.textCursor().selectedText() == "name"
    places = set()
    for _ in range(5):
        places.add(text.textCursor().position())
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert len(places) == 3
    qtbot.keyClicks(field, "xyz")
    assert field.toolTip() == "Not found"


def test_the_same_xml_again_keeps_the_place(qtbot: QtBot) -> None:
    view = XmlView()
    qtbot.addWidget(view)
    view.show_xml(XML)
    text = view.findChild(QPlainTextEdit)
    text.moveCursor(QTextCursor.MoveOperation.End)
    view.show_xml(XML)
    assert text.textCursor().position() > 0


# virsh


def test_virsh_commands_that_reach_nothing_from_elsewhere_say_so(qtbot: QtBot) -> None:
    commands = (("Delete it", "virsh snapshot-delete m a"),)
    shown = CommandList()
    qtbot.addWidget(shown)
    shown.show()
    for uri, said in (("qemu:///embed?root=/tmp/x", True), ("qemu:///system", False)):
        shown.show_commands(commands, caveat(uri))
        labels = [label.text() for label in shown.widget().findChildren(QLabel)]
        assert any("To read only" in text for text in labels) is said


def test_virsh_commands_copy(desk: Any, qtbot: QtBot) -> None:
    desk.choose("pisces-1")
    desk.open_tab("virsh")
    texts = desk.texts()
    assert "virsh -c qemu:///system snapshot-revert pisces pisces-1" in texts
    assert "virsh -c qemu:///system snapshot-dumpxml pisces pisces-1" in texts
    assert any("asks nothing and checks little" in text for text in texts)
    qtbot.mouseClick(desk.button("Copy"), Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "virsh -c qemu:///system snapshot-revert pisces pisces-1"


def test_where_the_screen_could_not_be_photographed_it_says_why_and_guesses_nothing(desk: Any) -> None:
    desk.choose("pisces-1")
    desk.panel.set_picture(desk.domain, "pisces-1", None, "The machine has no screen.")
    (text,) = [text for text in desk.texts() if text.startswith("No picture of the screen")]
    assert text == "No picture of the screen: it could not be taken. The machine has no screen."


@pytest.mark.parametrize(
    ("state", "words"), [(SnapshotState.SHUT_OFF, "the machine was off"), (SnapshotState.RUNNING, "another program")]
)
def test_where_there_is_no_picture_it_says_why(desk: Any, state: SnapshotState, words: str) -> None:
    desk.change("pisces-1", state=state)
    desk.choose("pisces-1")
    desk.panel.set_picture(desk.domain, "pisces-1", None)
    (text,) = [text for text in desk.texts() if text.startswith("No picture of the screen")]
    assert words in text


def test_you_are_here_shows_the_screen_as_it_is_now_again_and_again(desk: Any, qtbot: QtBot) -> None:
    asked: list[Any] = []
    desk.panel.screen_wanted.connect(asked.append)
    desk.choose_here()
    assert asked == [desk.domain]
    desk.panel.set_screen(desk.domain, _image_file(b"png"))
    screens = desk.panel.findChildren(Picture)
    qtbot.waitUntil(lambda: any(screen.isVisible() for screen in screens))
    qtbot.waitUntil(lambda: len(asked) == 2)
    desk.panel.set_screen(desk.domain, None)
    assert not any(screen.isVisible() for screen in screens)
    desk.choose("clean")
    qtbot.wait(1100)
    assert len(asked) == 2


def test_a_machine_that_is_off_is_not_asked_for_its_screen(desk: Any) -> None:
    asked: list[Any] = []
    desk.panel.screen_wanted.connect(asked.append)
    desk.store.put_domain(replace(desk.store.domain(desk.domain), state=DomainState.SHUT_OFF))
    desk.choose_here()
    assert asked == []


def test_a_host_that_takes_long_over_a_picture_is_asked_less_often(desk: Any, qtbot: QtBot) -> None:
    asked: list[Any] = []
    desk.panel.screen_wanted.connect(asked.append)
    desk.choose_here()
    qtbot.wait(200)
    desk.panel.set_screen(desk.domain, None)
    qtbot.wait(1300)
    assert len(asked) == 1
    qtbot.waitUntil(lambda: len(asked) == 2)


def test_all_tabs_are_seen_in_a_narrow_panel(desk: Any) -> None:
    (tabs,) = desk.panel.findChildren(QTabWidget)
    bar = tabs.tabBar()
    assert not bar.usesScrollButtons()
    assert desk.panel.minimumSizeHint().width() >= sum(bar.tabRect(place).width() for place in range(bar.count()))


def test_the_wheel_moves_the_panel_and_never_the_text_in_a_value(qtbot: QtBot) -> None:
    shown = CopyableText("Disk")
    qtbot.addWidget(shown)
    shown.resize(80, 20)
    shown.show_text("one\ntwo\nthree")
    shown.setFixedHeight(20)
    at = QPointF(5, 5)
    buttons, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    down = QWheelEvent(at, at, QPoint(), QPoint(0, -120), buttons, keys, Qt.ScrollPhase.NoScrollPhase, False)  # noqa: FBT003 - Qt takes it by place only
    QApplication.sendEvent(shown.viewport(), down)
    assert shown.verticalScrollBar().value() == 0


def test_tab_passes_over_the_values_of_the_facts(desk: Any) -> None:
    values = desk.panel.findChild(Facts).findChildren(CopyableText)
    assert values
    assert not any(value.focusPolicy() & Qt.FocusPolicy.TabFocus for value in values)
