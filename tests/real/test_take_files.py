"""Snapshots in files of their own, taken through the application on a real guest: where they go, progress, faults."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLineEdit, QRadioButton, QWidget
from testbed.daemon import Daemon
from testbed.guest import Guest
from testbed.user import User

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.plan import Level
from snapgui.core.records import Kind
from snapgui.models.snapshot_cells import Column
from snapgui.ui.actions import Act
from snapgui.ui.dialogs.take import TakeDialog

_SMALL = """\
<domain type='qemu'>
  <name>full</name><memory unit='MiB'>16</memory><os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
    <controller type='usb' model='none'/>
  </devices>
</domain>
"""
_MEMORY = 1200  # MiB
_FILLED = 900


@pytest.fixture
def running(user: User, daemon: Daemon, guest: Guest) -> Guest:
    """The guest at work, chosen in the window."""
    guest.start()
    user.choose_machine(daemon.uri, guest.name)
    user.until(lambda: user.machine_state() == "running", "the machine to run")
    return guest


@pytest.fixture
def large(user: User, daemon: Daemon, guest: Guest) -> Guest:
    """The same with so much memory in use that saving it takes a while."""
    guest.define(_MEMORY)
    guest.start()
    guest.fill_memory(_FILLED)
    user.choose_machine(daemon.uri, guest.name)
    user.until(lambda: user.machine_state() == "running", "the machine to run")
    return guest


def named(parent: QWidget, kind: type[Any], name: str) -> Any:
    return next(w for w in parent.findChildren(kind) if name in (w.accessibleName(), _text(w).replace("&", "")))


def _text(widget: QWidget) -> str:
    return widget.text() if isinstance(widget, QRadioButton | QCheckBox) else ""


def open_dialog(user: User, kind: str = "") -> TakeDialog:
    """The dialog, once the machine has been read; on that kind, where one is given."""
    user.use(Act.TAKE)
    dialog = user.dialog()
    assert isinstance(dialog, TakeDialog)
    user.until(lambda: not dialog.waiting, "the machine to be read")
    if kind:
        named(dialog, QRadioButton, kind).click()
    return dialog


def told(user: User, dialog: TakeDialog, field: str, text: str) -> None:
    """Type a path, and wait until its folder has been read."""
    named(dialog, QLineEdit, field).setText(text)
    user.until(lambda: not dialog.waiting, "the folder to be read")


def begin(user: User, dialog: TakeDialog) -> int:
    """Press Take; the job's number."""
    known = set(user.jobs)
    dialog.accept()
    return user.until(lambda: next((job for job in user.jobs if job not in known), None), "the job to begin")


def ended(user: User, job: int) -> JobRecord:
    user.until(lambda: user.jobs[job].state.ended, "the job to end", 60)
    return user.jobs[job]


def image_is_sound(path: Path) -> bool:
    return subprocess.run(["qemu-img", "check", "-q", "-U", path], check=False).returncode == 0


def files(daemon: Daemon) -> set[str]:
    return {path.name for path in daemon.images.iterdir()}


def test_a_running_guest_is_taken_beside_its_disk_while_it_goes_on(user: User, daemon: Daemon, running: Guest) -> None:
    dialog = open_dialog(user, "In files of their own")
    named(dialog, QCheckBox, "Go on while the memory is saved").click()
    name = dialog.request().name
    running.begin_counting()
    counted = running.counted()
    user.press(Qt.Key.Key_Return)
    user.until(lambda: user.parents().keys() == {name}, "the snapshot")
    assert files(daemon) >= {f"pisces.{name}", f"{name}.mem"}
    assert f"file='{daemon.images}/{name}.mem'" in daemon.virsh("snapshot-dumpxml", "pisces", name)
    assert daemon.state("pisces") == "running"
    assert running.counted() > counted
    dialog = open_dialog(user)
    assert dialog.request().kind is Kind.EXTERNAL
    user.cancel(dialog)


@pytest.mark.since(9, 9)
def test_memory_goes_where_it_is_told_to_and_comes_back_from_there(user: User, daemon: Daemon, running: Guest) -> None:
    folder = daemon.root / "elsewhere"
    folder.mkdir(exist_ok=True)
    daemon.hand_over(folder)
    running.run("echo before >/tmp/mark")
    dialog = open_dialog(user, "In files of their own")
    told(user, dialog, "File for the memory", str(folder / "my memory"))
    assert not [finding for finding in dialog.plan.findings if finding.level is not Level.NOTE]
    name = dialog.request().name
    assert ended(user, begin(user, dialog)).state is JobState.DONE
    assert (folder / "my memory").stat().st_size > 2**20
    running.run("echo after >/tmp/mark")
    user.until(lambda: user.parents().keys() == {name}, "the snapshot")
    user.select(name)
    user.use(Act.REVERT)
    back = user.dialog()
    user.until(lambda: not back.waiting, "the machine to be read")
    user.accept(back)
    running.wait_until_up()
    assert running.run("cat /tmp/mark") == "before"


def test_what_is_there_is_never_written_over(user: User, daemon: Daemon, running: Guest) -> None:
    (daemon.images / "precious").write_text("data")
    dialog = open_dialog(user, "In files of their own")
    told(user, dialog, "File for the memory", str(daemon.images / "precious"))
    assert not dialog.ok.isEnabled()
    assert "would be overwritten" in dialog.ok.toolTip()
    told(user, dialog, "File for the memory", str(daemon.images / "none" / "file"))
    assert "There is no folder" in dialog.ok.toolTip()
    (daemon.images / "none").mkdir()  # as the dialog says
    QTest.keyClick(dialog, Qt.Key.Key_F5)
    user.until(lambda: dialog.plan.ready, "the folder to be seen")
    (daemon.images / "none").rmdir()
    told(user, dialog, "File for the memory", "")
    assert dialog.plan.ready
    user.cancel(dialog)
    (daemon.images / "precious").unlink()
    del running


def test_bad_names_and_names_in_use_are_told_in_the_dialog(user: User, daemon: Daemon, frail: str) -> None:
    user.choose_machine(daemon.uri, frail)
    user.until(lambda: user.parents() == {"before": ""}, "the snapshot")
    dialog = open_dialog(user)
    for name, reason in (("before", "already has a snapshot"), ("a/b", "can’t contain"), (".a", "with a dot")):  # noqa: RUF001 - as on screen
        named(dialog, QLineEdit, "Name").setText(name)
        assert reason in dialog.ok.toolTip()
        assert not dialog.ok.isEnabled()
    user.cancel(dialog)


def test_saving_tells_how_far_it_is_and_cancelling_leaves_nothing(user: User, daemon: Daemon, large: Guest) -> None:
    before = files(daemon)
    seen: list[float] = []
    dialog = open_dialog(user, "In files of their own")
    job = begin(user, dialog)
    user.until(lambda: user.jobs[job].progress is not None, "the progress", 60)
    seen.append(user.jobs[job].progress or 0)
    assert user.jobs[job].cancellable
    user.application.backend.runner.cancel(job)
    assert ended(user, job).state is JobState.CANCELLED
    assert 0 <= seen[0] <= 1
    assert files(daemon) == before
    assert daemon.snapshots("pisces") == []
    assert daemon.state("pisces") == "running"
    assert large.run("echo well") == "well"
    assert image_is_sound(large.disk)
    user.until(lambda: user.parents() == {}, "the tree to be empty")


def test_a_folder_that_fills_up_while_memory_is_saved(
    user: User, daemon: Daemon, large: Guest, small: Callable[[str], Path]
) -> None:
    folder, before = small("32m"), files(daemon)
    dialog = open_dialog(user, "In files of their own")
    told(user, dialog, "File for the memory", str(folder / "memory"))
    warned = {finding.rule for finding in dialog.plan.findings if finding.level is Level.WARNING}
    assert warned - {"no-revert"} == {"memory-space"}  # before 9.9, libvirt takes what it can't revert to
    assert any(text.endswith(f"32.0 MiB are free on {folder}.") for text in dialog.plan_view.texts())
    job = ended(user, begin(user, dialog))
    assert job.state is JobState.FAILED
    assert job.problem is not None
    assert job.problem.why == "The host\N{RIGHT SINGLE QUOTATION MARK}s disk is full."
    assert list(folder.iterdir()) == []
    assert files(daemon) == before
    assert daemon.snapshots("pisces") == []
    assert large.run("echo well") == "well"
    assert image_is_sound(large.disk)
    user.until(lambda: user.parents() == {}, "the tree to be empty")


def test_a_folder_in_which_qemu_may_not_write(user: User, daemon: Daemon, running: Guest) -> None:
    if daemon.user is None:
        pytest.skip("here QEMU runs as root, who may write everywhere")
    folder = daemon.root / "forbidden"
    folder.mkdir(mode=0o755, exist_ok=True)
    dialog = open_dialog(user, "In files of their own")
    told(user, dialog, "File for the memory", str(folder / "memory"))
    assert "memory-allowed" in [finding.rule for finding in dialog.plan.findings]
    job = ended(user, begin(user, dialog))
    assert job.state is JobState.FAILED
    assert job.problem is not None
    assert job.problem.why.endswith(f"QEMU may not write {folder}/memory.")
    assert list(folder.iterdir()) == []
    assert daemon.snapshots("pisces") == []
    assert running.run("echo well") == "well"


def test_a_folder_without_room_for_the_new_file_of_a_disk(
    user: User, daemon: Daemon, frail: str, small: Callable[[str], Path]
) -> None:
    folder = small("4k")
    user.choose_machine(daemon.uri, frail)
    user.until(lambda: user.parents() == {"before": ""}, "the snapshot")
    dialog = open_dialog(user, "Disks only")
    told(user, dialog, "New file of disk vda", str(folder / "overlay"))
    job = ended(user, begin(user, dialog))
    assert job.state is JobState.FAILED
    assert job.problem is not None
    assert job.problem.why == "The host\N{RIGHT SINGLE QUOTATION MARK}s disk is full."
    assert list(folder.iterdir()) == []
    assert daemon.snapshots(frail) == ["before"]
    assert daemon.state(frail) == "running"
    daemon.virsh("destroy", frail)  # only then is the image the whole truth
    assert image_is_sound(daemon.images / "frail.qcow2")


def test_an_image_that_fills_up_while_memory_is_saved_inside(
    user: User, daemon: Daemon, small: Callable[[str], Path]
) -> None:
    image = small("740k") / "full.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "16M"], check=True)
    daemon.hand_over(image)
    daemon.define(_SMALL.format(disk=image))
    daemon.virsh("start", "full")
    try:
        user.choose_machine(daemon.uri, "full")
        user.until(lambda: user.machine_state() == "running", "the machine to run")
        dialog = open_dialog(user)
        assert dialog.request().kind is Kind.INTERNAL
        assert [finding.rule for finding in dialog.plan.findings] == ["memory-space"]
        job = ended(user, begin(user, dialog))
        assert job.state is JobState.FAILED
        assert job.problem is not None
        assert "most often" in job.problem.why
        assert daemon.snapshots("full") == []
        assert daemon.state("full") == "running"
        daemon.virsh("destroy", "full")
        tags = subprocess.run(["qemu-img", "snapshot", "-l", image], capture_output=True, text=True, check=True)
        assert tags.stdout.strip() == ""
        assert image_is_sound(image)
    finally:
        daemon.remove("full")


def test_qemu_dies_while_memory_is_saved(user: User, daemon: Daemon, large: Guest) -> None:
    before = files(daemon)
    job = begin(user, open_dialog(user, "In files of their own"))
    user.until(lambda: user.jobs[job].state is JobState.RUNNING, "the job to run")
    user.rest(0.3)
    os.kill(large.qemu_pid(), signal.SIGKILL)
    found = ended(user, job)
    assert found.state is JobState.FAILED
    assert found.problem is not None
    assert found.problem.why == "The machine stopped in the middle of it."
    user.until(lambda: user.machine_state() == "off", "the machine to be off")
    assert daemon.snapshots("pisces") == []
    assert files(daemon) == before
    assert image_is_sound(large.disk)


def test_the_tree_says_what_kind_it_is(user: User, daemon: Daemon, running: Guest) -> None:
    dialog = open_dialog(user, "Disks only")
    name = dialog.request().name
    assert ended(user, begin(user, dialog)).state is JobState.DONE
    user.until(lambda: name in user.parents(), "the snapshot")
    assert user.cell(name, Column.KIND) == "disk only"
    del daemon, running
