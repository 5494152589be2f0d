"""What a plan says is what libvirt then does, on real QEMU: files that merge and go, names, memory in backing files."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest
from testbed import requirements

import snapgui

pytestmark = pytest.mark.real

_SINCE_EXTERNAL_REVERT = 9_009_000
_EXTERNAL = libvirt.getVersion() >= _SINCE_EXTERNAL_REVERT
_LIMITED = libvirt.getVersion() >= 10_009_000  # QEMU's jobs, which want plain names
_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(snapgui.__file__).parents[1])}

needs_external = pytest.mark.since(9, 9)  # reverts to external snapshots


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, Any]]:
    """What on_qemu.py printed, paths below its folder only by their last part."""
    if names := requirements.missing("real"):
        requirements.lacking(", ".join(names))
    # Not tmp_path: QEMU's monitor sockets lie below it, and a socket's path ends at 108 characters.
    with tempfile.TemporaryDirectory(prefix="snapgui-", dir="/tmp") as root:
        script = Path(__file__).with_name("on_qemu.py")
        ran = subprocess.run(
            [sys.executable, script, root, *(["external"] if _EXTERNAL else [])],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=_ENVIRONMENT,
        )
        assert ran.returncode == 0, ran.stderr
        yield json.loads(ran.stdout.replace(f"{root}/", ""))


def merged(file: str, base: str) -> str:
    return f"Deletes {file} once its data is merged into {base}. The machine keeps all its data."


@needs_external
def test_the_overlay_is_merged_into_the_file_below_it_and_goes(told: dict[str, Any]) -> None:
    assert told["middle"] == {
        "failed": "",
        "said": [merged("disk.e2", "disk.e1")],
        "gone": ["disk.e2"],
        "stands on": ["disk.e3"],
    }


@needs_external
def test_several_go_one_after_another_and_the_memory_file_too(told: dict[str, Any]) -> None:
    found = told["several"]
    assert found["said"][:2] == [merged("disk.e3", "disk.e1"), merged("disk.e1", "disk.qcow2")]
    assert found["said"][2] == f"Deletes the memory file e1.mem, which frees {told['memory file'] / 1024:.1f} KiB."
    assert found["gone"] == ["disk.e1", "disk.e3", "e1.mem"]
    assert found["stands on"] == ["disk.qcow2"]


@needs_external
def test_off_the_machine_s_line_the_file_goes_that_only_this_snapshot_needs(told: dict[str, Any]) -> None:
    found = told["off the line"]
    assert found["said"] == ["Deletes disk.o1, which only “o2” needs."]
    assert (found["failed"], found["gone"], found["stands on"]) == ("", ["disk.o1"], ["disk.b1"])


@needs_external
def test_after_a_revert_the_file_that_it_made_is_merged(told: dict[str, Any]) -> None:
    found = told["after a revert"]
    (made,) = found["gone"]
    assert made.removeprefix("disk.").isdigit()
    assert found["said"] == [merged(made, "disk.qcow2"), "QEMU starts for a moment to merge; the guest does not run."]
    assert told["last"]["said"][0] == merged("disk.b1", "disk.qcow2")
    assert told["last"]["stands on"] == ["disk.qcow2"]


@needs_external
def test_what_is_said_to_help_helps(told: dict[str, Any]) -> None:
    (said,) = told["below an internal one"]
    assert "below an internal snapshot" in said
    assert said.endswith("Delete “i1” first.")
    assert told["mended"] == ["", ""]


@needs_external
@pytest.mark.parametrize(
    ("stage", "said", "done"),
    [
        ("reverted: merge", ["blocker"], False),
        ("reverted: inside", ["blocker"], False),
        ("has run: merge", [], True),
        ("saved paused: merge", ["warning"], False),
        ("resumed: merge", [], True),
        ("restored: inside", ["blocker"], False),
        ("restored, has run: inside", [], True),
        ("reverted inside: delete", [], True),
        ("undone: merge", ["blocker"], False),
        ("undone, resumed: merge", [], True),
        ("undone, resumed: rest", [], True),
    ],
)
def test_a_paused_machine_s_images_change_only_once_it_has_run(
    told: dict[str, Any], stage: str, said: list[str], *, done: bool
) -> None:
    assert told[stage] == [said, done]


@needs_external
def test_undoing_to_a_paused_machine_keeps_the_safety_snapshot_and_says_why(told: dict[str, Any]) -> None:
    (said,), failed = told["undo"]
    assert "the machine is paused then" in said
    assert failed == ""
    assert told["undone"] == [["before", "safety"], libvirt.VIR_DOMAIN_PAUSED]


def test_a_name_taken_while_off_has_the_limits_that_the_plan_warned_of(told: dict[str, Any]) -> None:
    assert told["warned"] == (["name-job"] if _LIMITED else [])
    assert told["taken"] == ""
    assert told["refused live"] == (["name-job"] if _LIMITED else [])
    assert bool(told["live"]) is _LIMITED
    assert bool(told["deleted live"]) is _LIMITED
    assert told["deleted off"] == ""


def test_memory_in_a_backing_file_is_found(told: dict[str, Any]) -> None:
    assert [told["backing size"]] == told["by qemu-img"]
    size = f"{told['backing size'] / 1024:.1f} KiB"
    assert told["freed"] == [f"Frees up to {size} of saved memory inside the images; how much is not known now."]
