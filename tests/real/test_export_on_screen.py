"""Exporting and importing as a user does it, in the window, on a real host."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QDialog, QLineEdit
from testbed.daemon import Daemon
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.core.requests import Form
from snapgui.ui.actions import Act


@pytest.fixture
def out(daemon: Daemon) -> Iterator[Path]:
    """Where exports go."""
    folder = daemon.hand_over_new("seen")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def machine(daemon: Daemon) -> Iterator[str]:
    """A machine that is off, with one snapshot and data."""
    disk = daemon.images / "aries.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
    subprocess.run(["qemu-io", "-c", "write -P 5 1M 40M", disk], check=True, stdout=subprocess.DEVNULL)
    daemon.define(tiny_machine("aries", daemon.hand_over(disk)))
    daemon.virsh("snapshot-create-as", "aries", "s")
    yield "aries"
    for name in ("aries", "aries-2"):
        daemon.remove(name)
    for file in daemon.images.glob("aries*"):
        file.unlink()


def _field(dialog: QDialog, name: str) -> QLineEdit:
    return next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == name)


def _asked(user: User, daemon: Daemon, machine: str, out: Path, form: Form) -> QDialog:
    user.choose_machine(daemon.uri, machine)
    user.until(lambda: user.complete() == 1, "the snapshot")
    user.select("s")
    user.use(Act.EXPORT_DATA)
    dialog = user.dialog()
    _field(dialog, "Folder").setText(str(out))
    combo = dialog.findChild(QComboBox)
    assert combo is not None
    combo.setCurrentIndex(combo.findData(form))
    return dialog


def test_a_bundle_is_exported_and_imported_beside_its_machine(
    user: User, daemon: Daemon, machine: str, out: Path
) -> None:
    dialog = _asked(user, daemon, machine, out, Form.BUNDLE)
    job = user.accept(dialog)
    assert job.plan.title == "Export the data of snapshot “s” of aries"
    assert [path.name for path in out.iterdir()] == ["aries-s"]

    user.use(Act.IMPORT_MACHINE)
    dialog = user.dialog()
    user.until(lambda: _field(dialog, "Folder").text() == str(daemon.images), "the host's own folder for images")
    _field(dialog, "Bundle").setText(str(out / "nothing"))
    user.until(lambda: "There is no such folder." in dialog.status(), "the reading to fail")
    assert not dialog.ok.isEnabled()
    _field(dialog, "Bundle").setText(str(out / "aries-s"))
    user.until(lambda: _field(dialog, "Name").text() == "aries-2", "a free name")
    assert user.button(dialog, "As a new machine, with a UUID of its own").isChecked()
    user.accept(dialog)
    user.choose_machine(daemon.uri, "aries-2")
    user.until(lambda: user.complete() == 1, "its snapshot")
    assert daemon.virsh("domuuid", "aries-2") != daemon.virsh("domuuid", "aries")
    compare = ["qemu-img", "compare", "-q", daemon.images / "aries.qcow2", daemon.images / "aries-2.qcow2"]
    subprocess.run(compare, check=True)


def test_a_running_export_is_cancelled_and_nothing_is_left(
    user: User, daemon: Daemon, machine: str, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = out / "bin"
    slow.mkdir()
    real = shutil.which("qemu-img")
    (slow / "qemu-img").write_text(f'#!/bin/sh\nshift\nexec {real} convert -r 2M "$@"\n')
    (slow / "qemu-img").chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow}:/usr/sbin:/usr/bin:/sbin:/bin")
    dialog = _asked(user, daemon, machine, out, Form.RAW)
    user.until(lambda: not dialog.waiting and dialog.ok.isEnabled(), "the reading")
    dialog.ok.click()
    user.until(lambda: any(job.progress for job in user.jobs.values()), "the progress")
    (number,) = user.jobs
    assert len(list(out.glob(".*.part"))) == 1
    user.application.backend.runner.cancel(number)
    user.until(lambda: user.jobs[number].state.ended, "the end")
    assert user.jobs[number].state.value == "cancelled"
    assert [path.name for path in out.iterdir()] == ["bin"]
