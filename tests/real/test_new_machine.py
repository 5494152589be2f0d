"""New machines from snapshots: their disks are what a revert gives, and nothing half is left of one that failed."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog, QLineEdit, QRadioButton
from testbed.daemon import Daemon
from testbed.guest import Guest
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.core.activity import JobRecord, JobState
from snapgui.ui.actions import Act

_FULL = "There is no room left for it."


def _write(disk: Path, byte: int, where: str = "0", length: str = "3M") -> None:
    subprocess.run(["qemu-io", "-c", f"write -P {byte} {where} {length}", disk], check=True, stdout=subprocess.DEVNULL)


def _equal(one: Path, other: Path) -> bool:
    ran = subprocess.run(["qemu-img", "compare", "-U", one, other], check=False, stdout=subprocess.DEVNULL)
    return ran.returncode == 0


def _size(path: Path) -> int:
    ran = subprocess.run(["qemu-img", "info", "--output=json", path], check=True, capture_output=True)
    size: int = json.loads(ran.stdout)["virtual-size"]
    return size


def _disk_of(daemon: Daemon, name: str) -> Path:
    return Path(daemon.virsh("domblklist", name, "--details").split()[-1])


@pytest.fixture
def old(daemon: Daemon) -> Iterator[str]:
    """A machine that is off, with two states in its image, and another one now."""
    disk = daemon.images / "old.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
    daemon.hand_over(disk)
    daemon.define(tiny_machine("old", disk, "<interface type='user'><mac address='52:54:00:00:00:07'/></interface>"))
    for number, name in enumerate(("a", "b"), 1):
        _write(disk, number, f"{number}M")
        daemon.virsh("snapshot-create-as", "old", name)
    _write(disk, 9, "2M", "8M")
    yield "old"
    for name in daemon.virsh("list", "--all", "--name").split():
        daemon.remove(name)
    for path in daemon.images.iterdir():
        path.unlink()


def _ask(user: User, daemon: Daemon, machine: str, snapshot: str, count: int) -> QDialog:
    user.choose_machine(daemon.uri, machine)
    user.until(lambda: user.complete() == count, "the snapshots")
    user.select(snapshot)
    user.use(Act.CLONE)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the machine to be read")
    return dialog


def _name(dialog: QDialog, text: str) -> None:
    next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == "Name").setText(text)


def test_a_copy_is_what_a_revert_gives_and_a_machine_of_its_own(user: User, daemon: Daemon, old: str) -> None:
    dialog = _ask(user, daemon, old, "a", 2)
    user.accept(dialog)
    new = daemon.images / "old-a.qcow2"
    assert _disk_of(daemon, "old-a") == new
    assert daemon.state("old-a") == "shut off"
    assert daemon.snapshots("old-a") == []
    texts = [daemon.virsh("dumpxml", name) for name in (old, "old-a")]
    own = [{line.strip() for line in text.splitlines() if "<uuid>" in line or "<mac" in line} for text in texts]
    assert [len(each) for each in own] == [2, 2]
    assert own[0].isdisjoint(own[1])
    subprocess.run(["qemu-img", "check", "-q", new], check=True)
    assert new.stat().st_mode & 0o077 == 0, "a disk is nobody else's to read"
    daemon.virsh("snapshot-revert", old, "a")
    assert _equal(new, _disk_of(daemon, old))
    daemon.virsh("snapshot-revert", old, "b")
    assert not _equal(new, _disk_of(daemon, old))
    user.choose_machine(daemon.uri, "old-a")  # it is among the machines


def test_a_disk_that_has_grown_since_is_as_large_as_it_was(user: User, daemon: Daemon, old: str) -> None:
    disk = _disk_of(daemon, old)
    subprocess.run(["qemu-img", "resize", "-q", disk, "80M"], check=True)
    _write(disk, 12, "70M")
    user.accept(_ask(user, daemon, old, "a", 2))
    daemon.virsh("snapshot-revert", old, "a")
    new = daemon.images / "old-a.qcow2"
    assert _equal(new, disk)
    assert [_size(path) for path in (new, disk)] == [64 << 20, 64 << 20]


def test_a_running_machine_s_snapshot_is_copied_too(user: User, daemon: Daemon, old: str) -> None:
    daemon.virsh("start", old)
    dialog = _ask(user, daemon, old, "b", 2)
    assert any("must not be deleted by anybody else" in text for text in dialog.plan_view.texts())
    user.accept(dialog)
    assert daemon.state(old) == "running"
    daemon.virsh("destroy", old)
    daemon.virsh("snapshot-revert", old, "b")
    assert _equal(daemon.images / "old-b.qcow2", _disk_of(daemon, old))


@pytest.mark.since(9, 9)  # reverts to external snapshots
@pytest.mark.parametrize("linked", [False, True])
def test_an_external_one_becomes_a_copy_or_an_overlay_that_keeps_what_it_stands_on(
    user: User, daemon: Daemon, old: str, *, linked: bool
) -> None:
    daemon.virsh("snapshot-create-as", old, "x", "--disk-only", "--diskspec", f"vda,file={daemon.images / 'old.x'}")
    _write(daemon.images / "old.x", 11, "0", "20M")
    daemon.hand_over(daemon.images / "old.x")
    dialog = _ask(user, daemon, old, "x", 3)
    if linked:
        dialog.findChildren(QRadioButton)[1].click()
        user.until(lambda: any("upon" in text for text in dialog.plan_view.texts()), "the plan of a linked one")
    user.accept(dialog)
    new = daemon.images / "old-x.qcow2"
    assert (new.stat().st_blocks * 512 < 1 << 20) is linked
    daemon.virsh("start", "old-x")
    user.select("x")
    user.use(Act.DELETE)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the machine to be read")
    blocked = any("“old-x” stands on" in text for text in dialog.plan_view.texts())
    assert blocked is linked
    assert not (linked and dialog.ok.isEnabled())
    user.cancel(dialog)
    daemon.virsh("destroy", "old-x")
    daemon.virsh("snapshot-revert", old, "x")
    assert _equal(new, _disk_of(daemon, old))
    subprocess.run(["qemu-img", "check", "-q", new], check=True)


@pytest.mark.since(9, 9)
def test_what_a_linked_one_stands_on_is_not_reverted_below_it(user: User, daemon: Daemon, old: str) -> None:
    """What the linked machine was made of is forgotten, and the image that it was taken of would be reverted."""
    overlay = daemon.images / "old.x"
    daemon.virsh("snapshot-create-as", old, "x", "--disk-only", "--diskspec", f"vda,file={overlay}")
    dialog = _ask(user, daemon, old, "x", 3)
    dialog.findChildren(QRadioButton)[1].click()
    user.accept(dialog)
    daemon.virsh("snapshot-delete", old, "x", "--metadata")
    user.until(lambda: user.complete() == 2, "it to be gone")
    user.select("a")
    user.use(Act.REVERT)
    dialog = user.dialog()
    user.until(lambda: "“old-x” stands on" in " ".join(dialog.plan_view.texts()), "the linked machine to be seen")
    assert not dialog.ok.isEnabled()
    user.cancel(dialog)
    daemon.remove("old-x")
    user.use(Act.REVERT)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the machine to be read")
    assert any("old-x.qcow2 stands on" in text and "No machine uses it" in text for text in dialog.plan_view.texts())
    assert dialog.ok.isEnabled()
    user.cancel(dialog)


# What fails leaves nothing


def _ended(user: User, dialog: QDialog) -> JobRecord:
    dialog.ok.click()
    user.until(lambda: user.jobs and user.jobs[max(user.jobs)].state.ended, "the end", 60)
    return user.jobs[max(user.jobs)]


def test_a_full_disk_leaves_neither_file_nor_machine(
    user: User, daemon: Daemon, old: str, small: Callable[[str], Path]
) -> None:
    folder = small("2m")
    dialog = _ask(user, daemon, old, "b", 2)
    place = next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == "Folder")
    place.setText(str(folder))
    user.until(lambda: not dialog.waiting, "the folder to be read")
    job = _ended(user, dialog)
    assert (job.state, job.problem.why) == (JobState.FAILED, _FULL)
    assert list(folder.iterdir()) == []
    assert daemon.virsh("list", "--all", "--name").split() == [old]


def test_a_machine_that_libvirt_refuses_leaves_no_file(user: User, daemon: Daemon, old: str) -> None:
    before = sorted(daemon.images.iterdir())
    dialog = _ask(user, daemon, old, "b", 2)
    _name(dialog, "soon")
    assert dialog.plan.ready
    daemon.define(tiny_machine("soon", daemon.images / "soon-not.qcow2"))  # before the application knows of it
    dialog.done(1)
    user.until(lambda: user.jobs and user.jobs[max(user.jobs)].state.ended, "the end", 60)
    job = user.jobs[max(user.jobs)]
    assert job.state is JobState.FAILED
    assert "already exists" in f"{job.problem.why} {job.problem.raw}"
    assert sorted(daemon.images.iterdir()) == before


def test_one_that_is_cancelled_leaves_neither_file_nor_machine(user: User, daemon: Daemon, old: str) -> None:
    big = daemon.images / "big.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", big, "2G"], check=True)
    daemon.define(tiny_machine("big", big))
    for place in range(0, 1536, 256):
        _write(big, 7, f"{place}M", "256M")
    daemon.hand_over(big)
    daemon.virsh("snapshot-create-as", "big", "s")
    before = sorted(daemon.images.iterdir())
    dialog = _ask(user, daemon, "big", "s", 1)
    dialog.ok.click()
    user.until(lambda: any(path.suffix == ".part" for path in daemon.images.iterdir()), "the copy to begin")
    (number,) = user.jobs
    user.until(lambda: user.jobs[number].cancellable, "it to be cancellable")
    user.application.backend.runner.cancel(number)
    user.until(lambda: user.jobs[number].state.ended, "the end")
    assert user.jobs[number].state is JobState.CANCELLED
    assert sorted(daemon.images.iterdir()) == before
    assert sorted(daemon.virsh("list", "--all", "--name").split()) == ["big", old]


# A guest


@pytest.fixture
def guest(daemon: Daemon, guest_files: Path) -> Iterator[Guest]:
    del guest_files
    guest = Guest(daemon, "pisces", disk_size="96M")
    yield guest
    for name in daemon.virsh("list", "--all", "--name").split():
        daemon.remove(name)
    for path in daemon.images.iterdir():
        path.unlink()


@pytest.mark.since(9, 9)
@pytest.mark.parametrize("kind", ["internal", "external", "linked"])
def test_a_guest_boots_and_has_the_files_of_that_moment(user: User, daemon: Daemon, guest: Guest, kind: str) -> None:
    guest.start()
    guest.run("echo then >/disk/note; sync")
    words = () if kind == "internal" else ("--disk-only",)
    daemon.virsh("snapshot-create-as", guest.name, "s", *words)
    guest.run("echo later >/disk/note; sync")
    dialog = _ask(user, daemon, guest.name, "s", 1)
    if kind == "linked":
        dialog.findChildren(QRadioButton)[1].click()
    user.accept(dialog)
    assert guest.run("cat /disk/note") == "later", "the other machine goes on"
    clone = Guest.__new__(Guest)
    clone.__dict__.update(vars(guest), name="pisces-s", _console=daemon.root / "pisces-s.console")
    clone.start()
    assert clone.run("cat /disk/note") == "then"
    clone.run("echo mine >/disk/note; sync")
    assert guest.run("cat /disk/note") == "later"
    os.kill(clone.qemu_pid(), 0)
