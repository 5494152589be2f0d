"""A plan to take a snapshot without a blocker succeeds on real QEMU, and one with a blocker is refused by libvirt."""

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

pytestmark = pytest.mark.real

_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(snapgui.__file__).parents[1])}

# libvirt does what data would be lost by, or a machine could not be started after.
ONLY_HERE = {
    "a_prepared_file_of_another_disk": "reuse-backing",
    "a_comma_while_off": "file-comma",
    "one_file_for_two_disks": "file-twice",
    "a_memory_file_that_exists": "memory-exists",
}
# Whether the machine ran between the two is not to be seen, so it is but warned of.
ONLY_THERE = {"two_with_memory_while_paused"}


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, Any]]:
    """What take_on_qemu.py printed, by case."""
    if names := requirements.missing("real"):
        requirements.lacking(", ".join(names))
    # Not tmp_path: QEMU's monitor sockets lie below it, and a socket's path ends at 108 characters.
    with tempfile.TemporaryDirectory(prefix="snapgui-", dir="/tmp") as root:
        script = Path(__file__).with_name("take_on_qemu.py")
        ran = subprocess.run(
            [sys.executable, script, root], capture_output=True, text=True, timeout=300, check=False, env=_ENVIRONMENT
        )
        assert ran.returncode == 0, ran.stderr
        yield json.loads(ran.stdout)


def test_plans_and_libvirt_agree(told: dict[str, Any]) -> None:
    exceptions = ONLY_HERE.keys() | ONLY_THERE
    differ = {
        name: found
        for name, found in told.items()
        if name not in exceptions and bool(found["blockers"]) != bool(found["failed"])
    }
    assert differ == {}
    assert len(told) > 90


def test_what_was_taken_is_where_the_plan_said(told: dict[str, Any]) -> None:
    taken = {name: found for name, found in told.items() if not found["blockers"] and not found["failed"]}
    assert len(taken) > 40
    assert {name for name, found in taken.items() if found["missing"] or found["unsaid"]} == set()
    unknown = {name for name, found in taken.items() if not found["kept"]}
    assert unknown == {name for name in taken if "no_metadata" in name}
    assert {found["state"] for name, found in taken.items() if "halt" in name} == {5}


def test_what_was_refused_has_left_nothing_behind(told: dict[str, Any]) -> None:
    refused = {name: found for name, found in told.items() if found["failed"]}
    assert len(refused) > 20
    assert {name for name, found in refused.items() if found["kept"]} == set()


@pytest.mark.parametrize("name", ONLY_HERE)
def test_what_libvirt_lets_pass_and_loses_data_by_is_stopped(told: dict[str, Any], name: str) -> None:
    assert told[name]["blockers"] == [ONLY_HERE[name]]
    assert told[name]["failed"] == ""


def test_no_plan_is_stopped_by_a_rule_that_nobody_has_seen_refused(told: dict[str, Any]) -> None:
    seen = {rule for found in told.values() for rule in found["blockers"]}
    assert seen >= {
        "agent", "block-job", "checkpoints", "disk-internal", "disk-left-out", "disk-transient", "diskless",
        "file-exists", "file-format", "file-long", "file-relative", "folder-missing", "live", "quiesce",
        "quiesce-paused", "reuse-missing",
    }  # fmt: skip
