"""Whatever stands in a list of snapshots, each of its rows can be looked at: virt-manager's own test of its panel."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot
from testbed.mock import Machine, mock_uri

from snapgui.app import Application
from snapgui.models.snapshots import Column
from snapgui.settings import Settings
from snapgui.virt import eventloop

_SHOWN = {  # name, parent: state and kind
    ("off", ""): ("off", "internal"),
    ("running", "off"): ("running", "internal"),
    ("paused", "running"): ("paused", "internal"),
    ("asleep", "running"): ("asleep", "internal"),
    ("crashed", ""): ("crashed", "internal"),
    ("memory & disks", "paused"): ("running", "external"),
    ("disks", "memory & disks"): ("disk only", "disk only"),
    ("off, in files", "disks"): ("off", "external"),
    ("<b>deep</b> &amp;", "off, in files"): ("running", "internal"),
    ("undescribed", "<b>deep</b> &amp;"): ("off", "internal"),
}


@pytest.fixture
def listed(qtbot: QtBot, settings: Settings, tmp_path: Path) -> Iterator[Application]:
    eventloop.start()
    machine = Machine("pisces", disks=["/images/a.qcow2"])
    states = {"off": "shutoff", "asleep": "pmsuspended", "disk only": "disk-snapshot"}
    for (name, parent), (state, kind) in _SHOWN.items():
        memory = "no" if state in ("off", "disk only") else "internal"
        outside = kind != "internal"
        memory = "/images/x.mem" if outside and memory == "internal" else memory
        machine.snapshot(name, parent=parent, state=states.get(state, state), memory=memory)
        place = "'external'><source file='/images/o'/></disk>" if outside else "'internal'/>"
        machine.snapshots[name] += f"<disks><disk name='vda' snapshot={place}</disks>"
    machine.snapshots["undescribed"] = machine.snapshots["undescribed"].replace("about undescribed", "")
    application = Application(settings, tmp_path / "cache")
    qtbot.addWidget(application.window)
    application.window.show()
    application.connect([mock_uri(tmp_path, machine)])
    qtbot.waitUntil(lambda: application.window.machines.domain() is not None)
    domain = application.window.machines.domain()
    qtbot.waitUntil(lambda: len(application.store.snapshots(domain).records) == len(_SHOWN))
    qtbot.waitUntil(lambda: all(each.complete for each in application.store.snapshots(domain).records.values()))
    yield application
    application.close()


def test_every_row_of_a_mixed_list_shows_without_an_error(qtbot: QtBot, listed: Application) -> None:
    window = listed.window
    model = window.snapshots.tree.model()

    def value(label: str) -> str:
        fields = window.details.findChildren(QPlainTextEdit)
        return next(each for each in fields if each.accessibleName() == label).toPlainText()

    for (name, parent), (state, kind) in _SHOWN.items():
        window.snapshots.select(name)
        assert value("Name") == name
        assert value("State") == state
        assert value("Kind") == kind
        assert value("Description") == ("" if name == "undescribed" else f"about {name}")
        index = model.index_of(name)
        assert (index.parent().data() or "") == parent
        assert index.siblingAtColumn(Column.STATE).data() == state
        qtbot.wait(5)
    assert window.banner.isHidden()
    assert window.activity.tree.model().rowCount() == 0
