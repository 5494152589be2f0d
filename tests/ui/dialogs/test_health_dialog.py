"""The health check: what is listed, what is ticked by itself, and what the ticks come to."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QTreeWidget, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from snapgui.core.errors import Problem
from snapgui.core.health.ailments import Ailment, Found, Health, Ill
from snapgui.core.health.inventory import Content, File, Inventory, Seen
from snapgui.core.plan import Call
from snapgui.core.records import Situation
from snapgui.core.requests import Mend
from snapgui.core.usage import NOW, Held, ImageUsage, Usage
from snapgui.ui.dialogs.health import HealthDialog

MakeSituation = Callable[..., Situation]
_DISK = "/images/pisces.qcow2"
_LEFT = "/images/pisces.<b>old & new"
_XML = (
    "<domain type='kvm'><name>pisces</name><devices><disk type='file'><driver name='qemu' type='qcow2'/>"
    f"<source file='{_DISK}'/><target dev='vda'/></disk></devices></domain>"
)
_FOUND = Found("nightly", 1_700_000_000, 145 << 20, {"vda": _DISK})
_AILMENTS = (
    Ailment(Ill.UNKNOWN, "nightly", "unknown", (_DISK,), proof="1", found=_FOUND, adoptable=True),
    Ailment(Ill.UNKNOWN, "half", "not in vdb", (_DISK,), proof="2", found=replace(_FOUND, name="half", memory=0)),
    Ailment(Ill.LOST, "patched", "a part is gone", (_DISK,), proof="3", partly=True),
    Ailment(Ill.UNUSED, _LEFT, "unused", (_LEFT,), 2 << 20, proof="4"),
    Ailment(Ill.UNUSED, "/images/pisces.b", "unused", ("/images/pisces.b",), 1, proof="5", why_not="Locked."),
    Ailment(Ill.UNUSED, "/images/pisces.mem", "memory", ("/images/pisces.mem",), 9, proof="6", doubt="By hand?"),
    Ailment(Ill.PICTURE, "/cache/u/0a1b-17", "", ("/cache/u/0a1b-17",), 24_000, proof="7"),
)


def _health(ailments: tuple[Ailment, ...] = _AILMENTS, unseen: tuple[str, ...] = ()) -> Health:
    files = {
        each.name: File(each.name, Seen.FILE, content=Content.QCOW2) for each in ailments if each.ill is Ill.UNUSED
    }
    inventory = Inventory("1f0c", False, _XML, (), files, {}, frozenset(), 0.0)  # noqa: FBT003 - a field
    return Health(inventory, ailments, unseen, images=3, folders=2, machines=7, snapshots=9)


def _open(qtbot: QtBot, situation: Situation) -> HealthDialog:
    dialog = HealthDialog(situation)
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    return dialog


@pytest.fixture
def dialog(qtbot: QtBot, make_situation: MakeSituation) -> HealthDialog:
    situation = make_situation()
    opened = _open(qtbot, situation)
    opened.set_situation(replace(situation, health=_health()))
    return opened


def _item(dialog: HealthDialog, name: str) -> QTreeWidgetItem:
    groups = [dialog.tree.topLevelItem(number) for number in range(dialog.tree.topLevelItemCount())]
    items = [group.child(row) for group in groups for row in range(group.childCount())]
    return next(item for item in items if item.text(0) == name)


def _texts(dialog: HealthDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def test_while_it_looks_nothing_can_be_agreed_to(qtbot: QtBot, make_situation: MakeSituation) -> None:
    situation = make_situation()
    dialog = _open(qtbot, situation)
    assert not dialog.ok.isEnabled()
    dialog.accept()
    dialog.set_situation(replace(situation, health=_health(_AILMENTS[:1])))
    assert dialog.result() != QDialog.DialogCode.Accepted
    assert dialog.isVisible()


def test_what_is_certain_is_ticked_and_what_is_not_is_left_to_the_user(dialog: HealthDialog) -> None:
    assert dialog.request() == Mend(
        dialog.situation.domain.id,
        adopt=("nightly",),
        files=(_LEFT,),
        pictures=("/cache/u/0a1b-17",),
    )
    assert dialog.plan.ready
    _item(dialog, "patched").setCheckState(0, Qt.CheckState.Checked)  # a part of its data is there still
    assert dialog.request().forget == ("patched",)


def test_a_long_reason_is_read_whole(qtbot: QtBot, make_situation: MakeSituation) -> None:
    short, long = (
        Ailment(Ill.UNUSED, f"/x/{name}", "Why. " * n, why_not="Why. " * n) for name, n in (("a", 1), ("b", 60))
    )
    situation = make_situation()
    dialog = _open(qtbot, situation)
    dialog.set_situation(replace(situation, health=_health((short, long))))
    tree = dialog.tree
    qtbot.waitUntil(lambda: tree.visualItemRect(_item(dialog, "b")).height() > 3 * tree.fontMetrics().lineSpacing())
    assert tree.visualItemRect(_item(dialog, "a")).height() < 2 * tree.fontMetrics().lineSpacing()


def test_what_is_not_proven_can_t_be_ticked_and_says_why(dialog: HealthDialog) -> None:
    item = _item(dialog, "pisces.b")
    assert item.isDisabled()
    assert item.text(1) == "Locked."


def test_rows_say_what_where_and_how_large(dialog: HealthDialog) -> None:
    item = _item(dialog, "patched")
    assert [item.text(column) for column in range(4)] == ["patched", "a part is gone", _DISK, ""]
    assert _item(dialog, "pisces.<b>old & new").text(3) == "2.0 MiB"
    assert "&lt;b&gt;old &amp; new" in _item(dialog, "pisces.<b>old & new").toolTip(0)


def test_what_a_snapshot_takes_is_said_once_it_has_been_counted_and_never_guessed(dialog: HealthDialog) -> None:
    item = _item(dialog, "nightly")
    assert item.text(3) == "\N{EN DASH}", "its memory is not all that it holds"
    assert "have not been counted since" in item.toolTip(3)
    item.setCheckState(0, Qt.CheckState.Unchecked)
    image = ImageUsage(
        _DISK,
        ("nightly", NOW),
        (Held(20 << 20, 145 << 20, 1 << 16), Held()),
        (Held(3 << 20), Held()),
        ((0b01, Held(20 << 20, 145 << 20, 1 << 16)),),
    )
    dialog.set_situation(replace(dialog.situation, usage=Usage({"vda": image})))
    assert item.text(3) == "165.1 MiB"
    assert "145.0 MiB of memory, 20.0 MiB of the disks" in item.toolTip(3)
    assert "3.0 MiB of the disks it shares" in item.data(0, Qt.ItemDataRole.AccessibleTextRole)
    assert item.checkState(0) is Qt.CheckState.Unchecked
    assert _item(dialog, "half").text(3) == "\N{EN DASH}", "it came after the counting"
    stopped = Problem("Counting", "You have stopped the counting.")
    dialog.set_situation(replace(dialog.situation, usage=Usage({"": stopped})))
    assert item.text(3) == "\N{EN DASH}"
    assert "You have stopped the counting." in item.toolTip(3)


def test_unknown_snapshots_are_deleted_instead_where_wanted(dialog: HealthDialog) -> None:
    dialog.findChild(QComboBox).setCurrentIndex(1)
    assert (dialog.request().adopt, dialog.request().erase) == ((), ("nightly",))
    calls = [step.call for step in dialog.plan.steps]
    assert calls[:2] == [Call.SNAPSHOT_CREATE, Call.SNAPSHOT_DELETE]
    assert any("“nightly” and all the data in it" in text for text in dialog.plan_view.texts())


def test_one_that_can_t_be_adopted_is_only_ever_deleted(dialog: HealthDialog) -> None:
    _item(dialog, "half").setCheckState(0, Qt.CheckState.Checked)
    assert (dialog.request().adopt, dialog.request().erase) == (("nightly",), ("half",))


def test_a_doubt_is_a_warning_once_it_is_chosen(dialog: HealthDialog) -> None:
    assert not any("By hand?" in text for text in dialog.plan_view.texts())
    _item(dialog, "pisces.mem").setCheckState(0, Qt.CheckState.Checked)
    assert any("By hand?" in text for text in dialog.plan_view.texts())


def test_with_nothing_chosen_there_is_nothing_to_do(dialog: HealthDialog) -> None:
    for name in ("nightly", "patched", "0a1b-17", "pisces.<b>old & new"):
        _item(dialog, name).setCheckState(0, Qt.CheckState.Unchecked)
    assert not dialog.ok.isEnabled()


def test_ticks_stay_when_the_machine_changes_meanwhile(dialog: HealthDialog) -> None:
    _item(dialog, "nightly").setCheckState(0, Qt.CheckState.Unchecked)
    situation = dialog.situation
    dialog.set_situation(replace(situation, domain=replace(situation.domain, name="renamed")))
    assert dialog.request().adopt == ()


def test_nothing_found_says_what_was_looked_at_and_what_was_not(qtbot: QtBot, make_situation: MakeSituation) -> None:
    situation = make_situation()
    dialog = _open(qtbot, situation)
    dialog.set_situation(replace(situation, health=_health(())))
    assert "Nothing found: everything is where it belongs." in _texts(dialog)
    assert "9 snapshots, 3 images, 2 folders, the settings of 7 machines" in _texts(dialog)
    assert not dialog.ok.isVisible()
    dialog.set_situation(replace(situation, health=_health((), ("aries: no permission",))))
    assert "as far as could be seen" in _texts(dialog)
    lists = [tree for tree in dialog.findChildren(QTreeWidget) if tree.isVisible()]
    assert [tree.topLevelItem(0).text(0) for tree in lists] == ["aries: no permission"]


def test_a_host_that_fails_is_told(qtbot: QtBot, make_situation: MakeSituation) -> None:
    dialog = _open(qtbot, make_situation())
    dialog.set_reading_failed(Problem("Asking.", "The connection was lost.", "Connect again."))
    assert "The connection was lost." in _texts(dialog)
    assert not dialog.ok.isEnabled()
