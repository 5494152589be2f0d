"""What libvirt would lose without a word: that it does, on real QEMU, and that the plan says so or stops it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from testbed import requirements

import snapgui

pytestmark = [pytest.mark.real, pytest.mark.since(9, 9)]  # reverts to external snapshots

_PATHS = os.pathsep.join((str(Path(snapgui.__file__).parents[1]), str(Path(__file__).parents[1])))


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, Any]]:
    """What losses_on_qemu.py printed, by case."""
    if names := requirements.missing("real"):
        requirements.lacking(", ".join(names))
    # Not tmp_path: QEMU's monitor sockets lie below it, and a socket's path ends at 108 characters.
    with tempfile.TemporaryDirectory(prefix="snapgui-", dir="/tmp") as root:
        ran = subprocess.run(
            [sys.executable, Path(__file__).with_name("losses_on_qemu.py"), root],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
            env={**os.environ, "PYTHONPATH": _PATHS},
        )
        assert ran.returncode == 0, ran.stderr
        yield json.loads(ran.stdout.replace(f"{root}/", ""))


def test_a_merge_into_what_another_machine_stands_on_is_stopped_and_would_change_it(told: dict[str, Any]) -> None:
    found = told["a_base_that_a_clone_stands_on"]
    assert "“clone” stands on host1-0.qcow2" in found["refused"]["stood-on"]
    assert "stray.qcow2 stands on host1-0.qcow2" in found["warned"]["stood-on-image"]
    assert found["failed"] == "", "libvirt does not mind"
    assert (found["before"], found["after"]) == ([1, 1], [2, 2])


def test_a_revert_deletes_no_file_that_another_machine_stands_on(told: dict[str, Any]) -> None:
    found = told["a_revert_that_deletes_what_a_clone_stands_on"]
    assert "“clone3” stands on host3-0.h1" in found["refused"]["stood-on"]
    assert "safety snapshot" in found["refused"]["stood-on"]
    assert found["safely"] == {}
    assert (found["failed"], found["after"]) == ("", None)


def test_the_way_out_by_a_safety_snapshot_keeps_the_other_machine(told: dict[str, Any]) -> None:
    found = told["an_overlay_that_a_clone_stands_on"]
    assert found == {"ready": True, "failed": "", "after": 2}


def test_a_saved_state_is_not_left_to_be_started_from_on_other_disks(told: dict[str, Any]) -> None:
    found = told["a_saved_state"]
    assert found["refused"].keys() == {"managed-save"}
    assert found["stays"] == ["", True], "libvirt leaves it"
    assert found["started from it"]


def test_no_safety_snapshot_holds_what_was_saved(told: dict[str, Any]) -> None:
    found = told["a_saved_state"]
    assert (found["ready"], found["failed"]) == (True, "")
    assert found["lacks"] == ["the saved state"]
    assert found["memory of the safety snapshot"] == "no"


def test_a_safety_snapshot_keeps_the_memory_also_beside_snapshots_of_disks_only(told: dict[str, Any]) -> None:
    found = told["a_running_machine_with_snapshots_of_its_disks_only"]
    assert (found["whole"], found["part"]) == ([], ["the memory"])
    assert found["failed"] == ["", False], "it is off, as the snapshot has it"
    assert found["undone"] == ["", True], "it runs on"


def test_a_running_guest_s_disk_is_not_made_shorter(told: dict[str, Any]) -> None:
    found = told["a_prepared_file_of_another_size"]
    assert "half.x holds a disk of 4.0 MiB, and disk vda has 8.0 MiB." in found["refused"]["reuse-size"]
    assert (found["failed"], found["before"], found["after"]) == ("", 8 << 20, 4 << 20), "libvirt does it"


def test_what_a_revert_does_to_disks_left_out_and_to_media_is_what_the_plan_says(told: dict[str, Any]) -> None:
    found = told["a_disk_left_out_and_a_medium"]
    assert found["failed"] == ["", "", ""]
    first, second = found["told"]
    for text in (
        "Disk vda goes on in a new file above two.qcow2.",
        "Drive hdc goes on in a new file above cd.iso, and is in the snapshot from then on.",
        (
            "Disk vdb was left out of the snapshot: it keeps what it holds now, in a new file above more.qcow2, "
            "and is in the snapshot from then on."
        ),
    ):
        assert text in first
    assert "Deletes two.a." in first
    assert found["sources"] == [{"vda": "two", "hdc": "cd", "vdb": "more"}] * 2
    assert sorted(found["in the snapshot"]) == ["hdc", "vda", "vdb"]
    assert found["held"][0] == [7, 7], "what it held"
    assert found["held"][1] == [7, 7], "what it held at the first revert"
    assert any(text.startswith("Deletes cd.") and "more." in text and "two." in text for text in second)


def test_a_missing_overlay_is_seen_and_the_revert_works_without_a_safety_snapshot(told: dict[str, Any]) -> None:
    found = told["an_overlay_that_is_missing"]
    assert "lost.b is missing" in found["warned"]["image-missing"]
    assert "lost.b is missing" in found["warned"]["no-safety"]
    assert found["refused"].keys() == {"image-missing"}
    assert found["taken"]
    assert (found["steps"], found["failed"]) == (["SNAPSHOT_REVERT"], "")
    assert found["deep"]["a"] == {}
    assert found["deep"]["b"].keys() == {"image-needed"}
    assert found["deep failed"] == [True, False]


@pytest.mark.parametrize("of", ["external raw", "external qcow2", "internal raw"])
def test_firmware_settings_that_no_snapshot_has_stay_and_that_is_said(told: dict[str, Any], of: str) -> None:
    found = told["firmware_settings"][of]
    assert (found["failed"], found["stays"]) == ("", True)
    assert "stay as they are now: the snapshot has none" in found["warned"]
    assert [text[-7:] for text in found["lacks"]] == ["(NVRAM)"]
