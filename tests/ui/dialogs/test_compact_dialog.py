"""Compacting: what each disk gives back is said beside it, and Enter takes those that give anything."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog
from pytestqt.qtbot import QtBot

from snapgui.core.records import Disk, DomainState, Folder, Layer, Prepared, Situation
from snapgui.core.usage import NOW, Held, ImageUsage, Usage
from snapgui.ui.dialogs.compact import CompactDialog

MakeSituation = Callable[..., Situation]
_GIB = 1 << 30
_PATHS = {"vda": "/images/a & b.qcow2", "vdb": "/images/b.qcow2", "vdc": "/images/c.img"}


@pytest.fixture
def situation(make_situation: MakeSituation) -> Situation:
    """A machine that is off: vda takes too much, vdb does not, vdc is raw."""
    read = make_situation(state=DomainState.SHUT_OFF)
    assert read.config is not None
    disks = tuple(Disk(name, source=path, format="raw" if name == "vdc" else "qcow2") for name, path in _PATHS.items())
    built = Prepared("qcow2", near=True, options="compat=1.1,cluster_size=65536")
    images = {name: ImageUsage(_PATHS[name], (NOW,), (Held(2 * _GIB),), (Held(),), ()) for name in ("vda", "vdb")}
    return replace(
        read,
        config=replace(read.config, disks=disks),
        prepared=dict.fromkeys(_PATHS.values(), built),
        folders={"/images": Folder(1 << 40, frozenset(), writable=True)},
        chains={"vda": (Layer(_PATHS["vda"], "qcow2", 5 * _GIB),), "vdb": (Layer(_PATHS["vdb"], "qcow2", 2 * _GIB),)},
        usage=Usage(images),
    )


def _open(qtbot: QtBot, situation: Situation) -> CompactDialog:
    dialog = CompactDialog(situation)
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    return dialog


def test_enter_compacts_what_gives_anything_back(qtbot: QtBot, situation: Situation) -> None:
    dialog = _open(qtbot, replace(situation, config=None))
    assert dialog.findChildren(QCheckBox) == []
    dialog.set_situation(situation)
    first, second, third = dialog.findChildren(QCheckBox)
    assert [box.isChecked() for box in (first, second, third)] == [True, False, False]
    assert first.text() == "vda: a && b.qcow2 takes 5.0 GiB, and gives back about 3.0 GiB"
    assert not third.isEnabled()
    assert "no qcow2 file" in third.accessibleDescription()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.request().targets == ("vda",)


def test_what_gives_nothing_can_be_ticked_and_stays_ticked(qtbot: QtBot, situation: Situation) -> None:
    dialog = _open(qtbot, situation)
    first, second, _ = dialog.findChildren(QCheckBox)
    second.click()
    first.click()
    dialog.set_situation(replace(situation, chains=dict(situation.chains)))
    assert dialog.request().targets == ("vdb",)
    assert any("nothing to give back" in text for text in dialog.plan_view.texts())
    second.click()
    assert not dialog.ok.isEnabled()


def test_where_no_image_can_be_made_smaller_that_is_said(qtbot: QtBot, situation: Situation) -> None:
    with_snapshots = Prepared("qcow2", tags=frozenset({"a"}), near=True)
    dialog = _open(qtbot, replace(situation, prepared=dict.fromkeys(_PATHS.values(), with_snapshots)))
    assert any("None of its images can be made smaller." in text for text in dialog.plan_view.texts())
    assert not dialog.ok.isEnabled()


def test_a_machine_that_runs_keeps_its_images(qtbot: QtBot, situation: Situation) -> None:
    running = replace(situation, domain=replace(situation.domain, state=DomainState.RUNNING))
    dialog = _open(qtbot, running)
    assert not dialog.ok.isEnabled()
    assert any("Shut it off first" in text and "fstrim" in text for text in dialog.plan_view.texts())
