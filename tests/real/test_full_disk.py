"""A disk that is full in the middle: what was merged half-way, and what several machines had taken by then."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot
from testbed.daemon import Daemon
from testbed.several import Several, unsaid
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.job_words import problem_of
from snapgui.core.records import Kind
from snapgui.ui.actions import Act

NAMES = ("aquarius", "cancer", "taurus")
_FULL = "The host\N{RIGHT SINGLE QUOTATION MARK}s disk is full."


def _image(daemon: Daemon, path: Path, size: str = "8M") -> Path:
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, size], check=True)
    return daemon.hand_over(path)


def _is_sound(path: Path) -> bool:
    return subprocess.run(["qemu-img", "check", "-q", "-U", path], check=False).returncode == 0


def _room(folder: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


def _fill(folder: Path, left: int) -> None:
    """Leave room for that many bytes."""
    space = os.statvfs(folder)
    (folder / "filling").write_bytes(b"x" * (space.f_bavail * space.f_frsize - left))


# In the middle of a merge


class Grown:
    """A machine whose first image lies where there is room for little, and whose overlays elsewhere are larger."""

    name = "grown"

    def __init__(self, daemon: Daemon, folder: Path) -> None:
        self.daemon = daemon
        self.base = _image(daemon, folder / "grown.qcow2", "64M")
        self.overlays = [daemon.images / f"grown.{name}" for name in ("e1", "e2")]
        daemon.define(tiny_machine(self.name, self.base))
        for overlay in self.overlays:
            daemon.virsh(
                "snapshot-create-as", self.name, overlay.suffix[1:], "--disk-only", "--diskspec", f"vda,file={overlay}"
            )
            subprocess.run(
                ["qemu-io", "-c", f"write -P {len(overlay.name)} 1M 8M", overlay], check=True, stdout=subprocess.DEVNULL
            )
            daemon.hand_over(overlay)

    @property
    def images(self) -> list[Path]:
        return [path for path in (self.base, *self.overlays) if path.exists()]

    def data(self) -> str:
        """What a guest would read from its disk, as a checksum."""
        raw = self.daemon.root / "grown.raw"
        subprocess.run(["qemu-img", "convert", "-U", "-O", "raw", self.images[-1], raw], check=True)
        told = subprocess.run(["sha1sum", raw], check=True, capture_output=True, text=True).stdout.split()[0]
        raw.unlink()
        return told


@pytest.fixture
def folder(small: Callable[[str], Path]) -> Path:
    return small("3m")


@pytest.fixture
def grown(daemon: Daemon, folder: Path) -> Iterator[Grown]:
    machine = Grown(daemon, folder)
    yield machine
    daemon.remove(machine.name)
    for path in machine.images:
        path.unlink()


def _deleting(user: User, *names: str) -> QDialog:
    user.select(*names)
    user.use(Act.DELETE)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the reading")
    return dialog


def _pressed(user: User, dialog: QDialog) -> JobRecord:
    dialog.ok.click()
    user.until(lambda: user.jobs and user.jobs[max(user.jobs)].state.ended, "the end", 60)
    return user.jobs[max(user.jobs)]


@pytest.mark.since(9, 9)
@pytest.mark.parametrize("state", ["shut off", "running"])
def test_a_merge_that_fills_the_disk_costs_nothing_and_can_be_done_again(
    user: User, daemon: Daemon, grown: Grown, folder: Path, state: str
) -> None:
    before = grown.data()
    if state == "running":
        daemon.virsh("start", grown.name)
    user.choose_machine(daemon.uri, grown.name)
    user.until(lambda: user.complete() == 2, "the snapshots")
    dialog = _deleting(user, "e1", "e2")
    assert any("Merging may need 8" in text and str(folder) in text for text in dialog.plan_view.texts())
    job = _pressed(user, dialog)
    assert (job.state, job.problem.why) == (JobState.FAILED, _FULL)
    assert "Deleting the snapshot “e1”" in job.problem.tried
    assert user.window.banner.isVisible()
    assert daemon.snapshots(grown.name) == ["e1"], "the other one was merged where there was room"
    assert [path.exists() for path in grown.overlays] == [True, False]
    user.until(lambda: user.parents() == {"e1": ""}, "the tree as it is")
    assert daemon.state(grown.name) == state
    assert all(map(_is_sound, grown.images))
    assert grown.data() == before

    _room(folder, "32m")
    user.delete("e1")
    assert daemon.snapshots(grown.name) == []
    assert grown.images == [grown.base]
    assert grown.data() == before
    assert daemon.state(grown.name) == state
    daemon.virsh("destroy", grown.name, check=False)
    assert _is_sound(grown.base)


# In the middle of several machines


@pytest.fixture
def several(daemon: Daemon, qtbot: QtBot, tmp_path: Path, folder: Path) -> Iterator[Several]:
    """Three running machines, the second of which has its disk where there is room for little."""
    disks = [(folder if name == "cancer" else daemon.images) / f"{name}.qcow2" for name in NAMES]
    for name, disk in zip(NAMES, disks, strict=True):
        daemon.define(tiny_machine(name, _image(daemon, disk)))
        daemon.virsh("start", name)
    several = Several(daemon, qtbot, tmp_path / "cache")
    yield several
    several.close()
    for name, disk in zip(NAMES, disks, strict=True):
        daemon.remove(name)
        for file in disk.parent.glob(f"{name}*"):
            file.unlink()
    daemon.virsh("pool-refresh", "images")


@pytest.mark.parametrize("roll_back", [False, True])
@pytest.mark.parametrize("kind", [Kind.INTERNAL, Kind.EXTERNAL, Kind.DISK_ONLY])
def test_a_disk_that_fills_up_is_said_of_its_machine_and_the_others_are_kept_or_rolled_back(
    several: Several, daemon: Daemon, folder: Path, kind: Kind, *, roll_back: bool
) -> None:
    before = {path: sorted(each.name for each in path.iterdir()) for path in (daemon.images, folder)}
    plan = several.plan(NAMES, "x", kind, roll_back=roll_back)
    _fill(folder, 0 if kind is Kind.DISK_ONLY else 400 << 10)  # since the plan was made
    job = several.end(several.start(plan))
    assert job.state is (JobState.FAILED if roll_back else JobState.DONE)
    words, *lines = problem_of(job).why.splitlines()
    assert words == ("No snapshot is kept." if roll_back else "2 of 3 taken.")
    assert len(lines) == 1
    assert lines[0].startswith("cancer: ")
    assert "disk is full" in lines[0]
    taken = {name: daemon.snapshots(name) for name in NAMES}
    kept = [] if roll_back else ["x"]
    assert taken == {"aquarius": kept, "cancer": [], "taurus": kept}
    (folder / "filling").unlink()
    after = {path: sorted(each.name for each in path.iterdir()) for path in (daemon.images, folder)}
    assert after[folder] == before[folder]
    left = unsaid(plan, set(after[daemon.images]) - set(before[daemon.images]))
    assert bool(left) is (not roll_back and kind is not Kind.INTERNAL)
    for name in NAMES:
        assert daemon.state(name) == "running"
        daemon.virsh("destroy", name)
    images = [*folder.glob("*.qcow2"), *daemon.images.glob("*.qcow2"), *daemon.images.glob("*.x")]
    assert all(map(_is_sound, images))
    assert all(
        ("x" in _tags(image)) is (bool(kept) and kind is Kind.INTERNAL) for image in images if image.parent != folder
    )
    assert _tags(folder / "cancer.qcow2") == []


def _tags(image: Path) -> list[str]:
    ran = subprocess.run(["qemu-img", "snapshot", "-l", image], capture_output=True, text=True, check=True)
    return [line.split()[1] for line in ran.stdout.splitlines()[2:]]
