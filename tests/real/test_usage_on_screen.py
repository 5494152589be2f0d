"""What each snapshot holds and gives back, from the image to the tree, and what deleting it gives back in truth."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from testbed.daemon import Daemon
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.core.records import DomainId
from snapgui.models import machines
from snapgui.models.format import size_text
from snapgui.models.roles import Role
from snapgui.models.snapshots import Column
from snapgui.qcow2.source import LocalFile
from snapgui.ui.actions import Act
from snapgui.virt.host import Host

NAME = "counted"
_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def disk(daemon: Daemon) -> Iterator[Path]:
    """A machine that is off, with two snapshots and another 4 MiB written before, between and after."""
    path = daemon.images / f"{NAME}.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "64M"], check=True)
    daemon.hand_over(path)
    daemon.define(tiny_machine(NAME, path))
    for number, name in enumerate(("a", "b", "")):
        write = f"write -P {number + 1} 0 4M"
        subprocess.run(["qemu-io", "-f", "qcow2", "-c", write, path], check=True, stdout=subprocess.DEVNULL)
        if name:
            daemon.virsh("snapshot-create-as", NAME, name)
    yield path
    daemon.remove(NAME)
    path.unlink()


def _figures(disk: Path, *words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "snapgui.qcow2", str(disk), "--json", *words]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=_ROOT).stdout)


def _frees(user: User, name: str) -> int | None:
    cost = user.cell(name, Column.FREES, Role.COST)
    return None if cost is None else cost.frees.bytes


def test_the_tree_shows_what_deleting_gives_back_and_counts_again_afterwards(
    user: User, daemon: Daemon, disk: Path
) -> None:
    user.choose_machine(daemon.uri, NAME)
    user.until(lambda: user.complete() == 2 and _frees(user, "b") is not None, "the figures")
    told = {each["name"]: each["exclusive_bytes"] for each in _figures(disk)["snapshots"]}
    assert {name: _frees(user, name) for name in "ab"} == told
    assert all(size > 4 * 2**20 for size in told.values())
    assert user.cell("a", Column.DISK) == "4.0 MiB"
    both = _figures(disk, "--delete", "a", "--delete", "b")["freed_bytes"]
    user.select("a", "b")
    user.until(lambda: "deleting them frees" in user.window.details._words.text(), "the sum")
    assert "Between a and b: 4.0 MiB of disk written." in user.window.details._words.text()
    bars = user.window.sizes.view.model()
    spoken = [bars.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(2)]
    assert all("Memory 0 bytes, Own disk 4.0 MiB, Shared disk 0 bytes" in text for text in spoken)
    assert both >= sum(told.values())
    user.delete("a")
    user.until(lambda: user.complete() == 1 and _frees(user, "b") is not None, "the other one to be counted again")
    assert _frees(user, "b") == _figures(disk)["snapshots"][0]["exclusive_bytes"]


class SlowFile(LocalFile):
    """A file as far away as a volume of another host."""

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        return (self.read(offset, length) for offset, length in ranges)

    def measure(self) -> int:
        return self.size()

    def read(self, offset: int, length: int) -> bytes:
        time.sleep(0.25)
        return super().read(offset, length)


class Elsewhere:
    """No file of this computer."""

    def __init__(self, path: str) -> None:
        file = SlowFile(path)
        self.size, self.measure, self.close = file.size, file.measure, file.close
        self.read, self.read_ranges = file.read, file.read_ranges


def test_what_a_running_machine_had_not_written_yet_is_counted_as_soon_as_it_is_off(
    user: User, daemon: Daemon, disk: Path
) -> None:
    daemon.virsh("start", NAME)
    user.choose_machine(daemon.uri, NAME)
    user.take("live")
    user.until(lambda: user.cell("live", Column.FREES) == "\N{EN DASH}", "the figures")
    daemon.virsh("destroy", NAME)
    user.until(lambda: _frees(user, "live"), "them to be known")
    assert _frees(user, "live") == _figures(disk, "--delete", "live")["freed_bytes"]


def test_memory_that_a_revert_leaves_behind_is_named_till_the_next_snapshot_uses_its_room(
    user: User, daemon: Daemon, disk: Path
) -> None:
    """Neither deleting the snapshot nor shutting off takes it away: libvirt and QEMU themselves are asked."""

    def kept() -> bool:
        return "of memory that no snapshot needs" in user.window.details._words.text()

    daemon.virsh("start", NAME)
    user.choose_machine(daemon.uri, NAME)
    user.take("live")
    user.revert("live")
    user.delete("live")
    user.select_here()
    user.until(kept, "what is left to be named")
    left = _figures(disk)["active"]["exclusive_bytes"]
    assert left > 2**20, "the memory is in the image all the same"
    daemon.virsh("destroy", NAME)
    user.until(lambda: user.machine_state() == "off", "it to be off")
    assert _figures(disk)["active"]["exclusive_bytes"] == left
    assert kept()
    daemon.virsh("start", NAME)
    user.take("next")
    user.select_here()
    user.until(lambda: not kept(), "its room to be in use again")


def test_counting_that_takes_long_is_seen_and_stopped_and_begins_again(
    user: User, daemon: Daemon, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Host, "open_image", lambda _host, path: Elsewhere(path))
        user.choose_machine(daemon.uri, NAME)
        counting = user.window.counting
        user.until(counting.isVisible, "a word of the counting")
        assert counting.words.text().startswith(f"Counting the images of {NAME}: ")
        counting.cancel.click()
        assert not counting.isVisible()
        user.until(lambda: user.complete() == 2 and user.cell("a", Column.FREES) != "", "the reason")
        assert "You have stopped the counting" in user.cell("a", Column.FREES, Qt.ItemDataRole.ToolTipRole)
    user.use(Act.REFRESH)
    user.until(lambda: _frees(user, "a") is not None, "the figures")
    assert not counting.isVisible()
    assert _frees(user, "a") == _figures(disk)["snapshots"][0]["exclusive_bytes"]


def test_an_image_that_cannot_be_read_says_why_in_the_cell(user: User, daemon: Daemon, disk: Path) -> None:
    whole = disk.read_bytes()
    disk.write_bytes(b"no image at all" * 100)
    user.choose_machine(daemon.uri, NAME)
    user.until(lambda: user.complete() == 2 and user.cell("a", Column.FREES) != "", "the figures")
    assert _frees(user, "a") is None
    assert "could not be read" in user.cell("a", Column.FREES, Qt.ItemDataRole.ToolTipRole)
    disk.write_bytes(whole)


def test_machines_that_are_not_on_screen_are_counted_when_that_is_asked_for(
    user: User, daemon: Daemon, disk: Path
) -> None:
    """What is known is in the host's tooltip, and what is not counted yet is said."""
    other = daemon.images / "other.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", other, "64M"], check=True)
    daemon.hand_over(other)
    daemon.define(tiny_machine("other", other))
    try:
        user.choose_machine(daemon.uri, "other")
        model = user.window.machines.tree.model()

        def told() -> str:
            return str(model.index_of(daemon.uri).data(Qt.ItemDataRole.ToolTipRole))

        def frees(key: DomainId | str) -> str:
            return str(model.index_of(key, machines.Column.FREES).data() or "")

        user.until(lambda: "The snapshots of 1 machine have not been counted yet" in told(), "the host to say so")
        assert frees(daemon.uri) == "", "nothing is counted yet"
        user.window.machines.choose(daemon.uri)
        user.use(Act.COUNT)
        both = _figures(disk, "--delete", "a", "--delete", "b")["freed_bytes"]
        assert both > 8 * 2**20
        user.until(lambda: f"Deleting all snapshots of 1 machine frees {size_text(both)}." in told(), "the sum")
        assert "not been counted" not in told()
        rows = [key for key in model.walk() if isinstance(key, DomainId)]
        assert sorted(map(frees, rows)) == ["", size_text(both)], "beside the machine"
        assert frees(daemon.uri) == size_text(both), "and beside the host"
        user.until(lambda: "frees" in user.window.snapshots._message.text(), "the same in the window")
    finally:
        daemon.remove("other")
        other.unlink()
