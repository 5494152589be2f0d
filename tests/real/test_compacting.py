"""Compacting on real images: smaller, the same to the last byte, and the original stays until that is certain."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog
from testbed.daemon import Daemon
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.rules.compact import compactings
from snapgui.ui.actions import Act


def _takes(path: Path) -> int:
    return path.stat().st_blocks * 512


def _data(path: Path) -> str:
    """What a guest would read, as a checksum."""
    ran = subprocess.run(
        ["sh", "-c", 'qemu-img convert -O raw "$0" /dev/stdout | sha1sum', path], check=False, capture_output=True
    )
    return ran.stdout.decode()


def _fill(path: Path, size: str, *commands: str) -> Path:
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, size], check=True)
    for command in commands:
        subprocess.run(["qemu-io", "-c", command, path], check=True, stdout=subprocess.DEVNULL)
    return path


@pytest.fixture
def fat(daemon: Daemon) -> Iterator[Path]:
    """The image of the machine “fat”, which is off: of 48 MiB that it takes, 40 hold nothing but zeros."""
    disk = _fill(daemon.images / "fat.qcow2", "64M", "write -P 5 0 48M", "write -P 0 8M 40M")
    daemon.define(tiny_machine("fat", daemon.hand_over(disk)))
    yield disk
    daemon.remove("fat")
    for path in daemon.images.iterdir():
        path.unlink()


def _asking(user: User, daemon: Daemon, machine: str) -> QDialog:
    user.choose_machine(daemon.uri, machine)
    user.until(user.window.actions_[Act.COMPACT].isEnabled, "the action")
    user.use(Act.COMPACT)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the machine to be read")
    return dialog


def _ticked(dialog: QDialog) -> QDialog:
    """Zeros that the guest has written can't be seen in the tables: it has to be asked for."""
    (box,) = dialog._boxes.values()
    if not box.isChecked():
        box.click()
    return dialog


def _ended(user: User, dialog: QDialog) -> JobRecord:
    dialog.ok.click()
    user.until(lambda: user.jobs and user.jobs[max(user.jobs)].state.ended, "the end", 120)
    return user.jobs[max(user.jobs)]


def test_an_image_gets_smaller_and_holds_the_same(user: User, daemon: Daemon, fat: Path) -> None:
    before, takes, owner = _data(fat), _takes(fat), fat.stat()
    user.accept(_ticked(_asking(user, daemon, "fat")))
    assert takes - _takes(fat) > 39 << 20
    assert _data(fat) == before
    assert (fat.stat().st_uid, fat.stat().st_mode) == (owner.st_uid, owner.st_mode)
    assert [path.name for path in fat.parent.iterdir()] == ["fat.qcow2"]
    subprocess.run(["qemu-img", "check", "-q", fat], check=True)
    daemon.virsh("start", "fat")
    assert daemon.state("fat") == "running"


def test_what_it_foretells_is_what_comes_of_it(user: User, daemon: Daemon, fat: Path) -> None:
    """Clusters that are free, but not given back: as on a file system without holes, or with an older QEMU."""
    daemon.virsh("snapshot-create-as", "fat", "a")
    subprocess.run(["qemu-io", "-c", "write -P 6 0 24M", fat], check=True, stdout=subprocess.DEVNULL)
    held = _takes(fat)
    subprocess.run(["qemu-img", "snapshot", "-d", "a", fat], check=True)
    daemon.virsh("snapshot-delete", "fat", "a", "--metadata")
    assert held - _takes(fat) > 23 << 20, "QEMU gives freed clusters back by itself where a file can have holes"
    subprocess.run(["fallocate", "-l", str(fat.stat().st_size), fat], check=True)  # the holes are filled again
    daemon.hand_over(fat)
    takes, before = _takes(fat), _data(fat)
    dialog = _asking(user, daemon, "fat")
    user.until(lambda: "come back" in " ".join(dialog.plan_view.texts()), "the figures")
    (box,) = dialog._boxes.values()
    assert box.isChecked()
    (foretold,) = [each.gives for each in compactings(dialog.situation)]
    assert 23 << 20 < foretold < takes
    user.accept(dialog)
    assert takes - _takes(fat) >= foretold - (1 << 20)
    assert _data(fat) == before


def test_an_overlay_keeps_what_is_below_it_and_a_bitmap_stays(user: User, daemon: Daemon, fat: Path) -> None:
    overlay = daemon.images / "over.qcow2"
    behind = ["-b", "fat.qcow2", "-F", "qcow2"]
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *behind, overlay], check=True)
    for command in ("write -P 9 0 30M", "write -P 0 4M 20M"):
        subprocess.run(["qemu-io", "-c", command, overlay], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["qemu-img", "bitmap", "--add", overlay, "kept"], check=True)
    daemon.define(tiny_machine("over", daemon.hand_over(overlay)))
    before, takes, base = _data(overlay), _takes(overlay), fat.read_bytes()
    user.accept(_ticked(_asking(user, daemon, "over")))
    assert takes - _takes(overlay) > 19 << 20
    assert (_data(overlay), fat.read_bytes()) == (before, base)
    told = subprocess.run(["qemu-img", "info", overlay], check=True, capture_output=True, text=True).stdout
    assert "backing file: fat.qcow2" in told
    assert "name: kept" in told
    daemon.remove("over")


def test_an_image_with_snapshots_is_left_alone_and_that_is_said(user: User, daemon: Daemon, fat: Path) -> None:
    daemon.virsh("snapshot-create-as", "fat", "a")
    dialog = _asking(user, daemon, "fat")
    (box,) = dialog._boxes.values()
    assert not box.isEnabled()
    assert "It holds 1 snapshot, which a copy would lose" in box.accessibleDescription()
    assert not dialog.ok.isEnabled()
    assert fat.exists()


# What fails leaves the original, and nothing else


def test_a_full_disk_leaves_the_original_alone(user: User, daemon: Daemon, small: Callable[[str], Path]) -> None:
    folder = small("24m")
    disk = _fill(folder / "tight.qcow2", "64M", "write -P 5 0 14M")
    daemon.define(tiny_machine("tight", daemon.hand_over(disk)))
    before = disk.read_bytes()
    dialog = _ticked(_asking(user, daemon, "tight"))
    assert any("It may need" in text for text in dialog.plan_view.texts())
    job = _ended(user, dialog)
    assert (job.state, job.problem.why) == (JobState.FAILED, "There is no room left for it.")
    assert disk.read_bytes() == before
    assert list(folder.iterdir()) == [disk]
    daemon.remove("tight")
    disk.unlink()


@pytest.fixture
def big(daemon: Daemon) -> Iterator[Path]:
    """The image of the machine “big”, which takes a moment to copy."""
    writes = [f"write -P {7 + place // 256} {place}M 256M" for place in range(0, 1536, 256)]
    disk = _fill(daemon.images / "big.qcow2", "2G", *writes, "write -P 0 0 64M")
    daemon.define(tiny_machine("big", daemon.hand_over(disk)))
    yield disk
    daemon.remove("big")
    for path in daemon.images.iterdir():
        path.unlink()


def _copying(user: User, folder: Path) -> int:
    """The number of the job that makes a copy now."""
    user.until(lambda: any(path.suffix == ".part" for path in folder.iterdir()), "the copy to begin")
    (number,) = user.jobs
    return number


def test_one_that_is_cancelled_leaves_the_original_alone(user: User, daemon: Daemon, big: Path) -> None:
    inode = big.stat().st_ino
    _ticked(_asking(user, daemon, "big")).ok.click()
    number = _copying(user, big.parent)
    user.until(lambda: user.jobs[number].cancellable, "it to be cancellable")
    user.application.backend.runner.cancel(number)
    user.until(lambda: user.jobs[number].state.ended, "the end")
    assert user.jobs[number].state is JobState.CANCELLED
    assert list(big.parent.iterdir()) == [big]
    assert big.stat().st_ino == inode
    subprocess.run(["qemu-img", "check", "-q", big], check=True)


def test_a_program_that_is_killed_leaves_the_original_alone(user: User, daemon: Daemon, big: Path) -> None:
    inode = big.stat().st_ino
    _ticked(_asking(user, daemon, "big")).ok.click()
    number = _copying(user, big.parent)
    for process in Path("/proc").glob("[0-9]*"):
        words = (process / "cmdline").read_bytes().split(b"\0") if (process / "cmdline").exists() else []
        if words[:2] == [b"qemu-img", b"convert"] and str(big).encode() in words:
            os.kill(int(process.name), signal.SIGKILL)
    user.until(lambda: user.jobs[number].state.ended, "the end")
    assert user.jobs[number].state is JobState.FAILED
    assert list(big.parent.iterdir()) == [big]
    assert big.stat().st_ino == inode


def test_a_machine_that_is_started_meanwhile_keeps_its_image(user: User, daemon: Daemon, big: Path) -> None:
    inode = big.stat().st_ino
    _ticked(_asking(user, daemon, "big")).ok.click()
    number = _copying(user, big.parent)
    daemon.virsh("start", "big", check=False)
    user.until(lambda: user.jobs[number].state.ended, "the end", 120)
    kept = user.jobs[number].state is JobState.FAILED
    assert (big.stat().st_ino == inode) is kept
    assert (daemon.state("big") == "running") <= kept, "one that runs has its own image still"
    assert list(big.parent.iterdir()) == [big]
