"""What each snapshot holds and gives back, from the image to the tree, and what deleting it gives back in truth."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from testbed.daemon import Daemon
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.models.roles import Role
from snapgui.models.snapshots import Column

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
    assert both >= sum(told.values())
    user.delete("a")
    user.until(lambda: user.complete() == 1 and _frees(user, "b") is not None, "the other one to be counted again")
    assert _frees(user, "b") == _figures(disk)["snapshots"][0]["exclusive_bytes"]


def test_an_image_that_cannot_be_read_says_why_in_the_cell(user: User, daemon: Daemon, disk: Path) -> None:
    whole = disk.read_bytes()
    disk.write_bytes(b"no image at all" * 100)
    user.choose_machine(daemon.uri, NAME)
    user.until(lambda: user.complete() == 2 and user.cell("a", Column.FREES) != "", "the figures")
    assert _frees(user, "a") is None
    assert "could not be read" in user.cell("a", Column.FREES, Qt.ItemDataRole.ToolTipRole)
    disk.write_bytes(whole)
