"""What differs between two snapshots, or between one and now, in the window."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot
from testbed.mock import Machine, mock_uri

from snapgui.app import Application
from snapgui.settings import Settings
from snapgui.ui.actions import Act
from snapgui.ui.dialogs.compare import CompareDialog
from snapgui.virt import eventloop


@pytest.fixture
def compared(qtbot: QtBot, settings: Settings, tmp_path: Path) -> Iterator[Application]:
    """A machine that had one disk, then another, and has two now."""
    eventloop.start()
    machine = Machine("pisces", state=5, disks=["/images/a.qcow2"], disks_now=["/images/a.qcow2", "/images/b.qcow2"])
    for name in ("first", "second"):
        machine.snapshot(name, state="shutoff", memory="no", parent="first" if name == "second" else "")
    # The driver gives every snapshot the same configuration: the second one's memory is changed by hand.
    file = Path(mock_uri(tmp_path, machine).removeprefix("test://"))
    head, _, tail = file.read_text().rpartition("<memory>65536</memory>")
    file.write_text(f"{head}<memory>32768</memory>{tail}")
    application = Application(settings, tmp_path / "cache")
    qtbot.addWidget(application.window)
    application.window.show()
    application.connect([f"test://{file}"])
    qtbot.waitUntil(lambda: application.window.machines.domain() is not None)
    domain = application.window.machines.domain()
    qtbot.waitUntil(lambda: len(application.store.snapshots(domain).records) == 2)
    qtbot.waitUntil(lambda: all(each.complete for each in application.store.snapshots(domain).records.values()))
    yield application
    application.close()


def _compare(qtbot: QtBot, application: Application, *names: str) -> CompareDialog:
    tree = application.window.snapshots.tree
    flag = tree.selectionModel().SelectionFlag
    tree.clearSelection()
    for name in names:
        tree.selectionModel().select(tree.model().index_of(name), flag.Select | flag.Rows)
    action = application.window.actions_[Act.COMPARE]
    qtbot.waitUntil(action.isEnabled)
    action.trigger()
    dialog = application.window.findChild(CompareDialog)
    qtbot.waitUntil(lambda: "Reading" not in " ".join(dialog.view.texts()))
    return dialog


def test_two_snapshots_are_compared_the_older_one_first(qtbot: QtBot, compared: Application) -> None:
    dialog = _compare(qtbot, compared, "second", "first")
    assert dialog.sides() == ("first", "second")
    qtbot.waitUntil(lambda: dialog.view.texts() == ("Memory: 64 MiB → 32 MiB",))
    before, after = dialog.findChildren(QComboBox)
    assert [after.itemText(place) for place in range(after.count())] == ["Now", "first", "second"]
    before.setCurrentText("second")
    after.setCurrentText("first")
    qtbot.waitUntil(lambda: dialog.view.texts() == ("Memory: 32 MiB → 64 MiB",))
    dialog.reject()


def test_one_snapshot_is_compared_with_now(qtbot: QtBot, compared: Application) -> None:
    dialog = _compare(qtbot, compared, "first")
    assert dialog.sides() == ("first", None)
    qtbot.waitUntil(lambda: len(dialog.view.texts()) == 1 and "vdb" in dialog.view.texts()[0])
    dialog.reject()


def test_three_are_too_many(qtbot: QtBot, compared: Application) -> None:
    compared.window.snapshots.select_here()
    compare = compared.window.actions_[Act.COMPARE]
    qtbot.waitUntil(lambda: not compare.isEnabled())
    assert "Choose a snapshot first." in compare.toolTip()
