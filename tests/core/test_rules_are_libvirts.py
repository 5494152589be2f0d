"""A plan without a blocker succeeds, and one with a blocker is refused by libvirt too, or does harm: on drawn machines.

A bounded number of requests; more by hand, see rules_on_qemu.py.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from testbed import requirements

import snapgui

pytestmark = pytest.mark.real

_PATHS = f"{Path(snapgui.__file__).parents[1]}:{Path(requirements.__file__).parents[1]}"


# Before libvirt 11.0, what deleting one kind below the other does is another matter with each release.
@pytest.mark.since(11, 0)
def test_what_a_plan_refuses_libvirt_refuses_and_what_it_allows_libvirt_does() -> None:
    if names := requirements.missing("real"):
        requirements.lacking(", ".join(names))
    script = Path(__file__).with_name("rules_on_qemu.py")
    ran = subprocess.run(
        [sys.executable, script, "--examples", "60", "--seconds", "25"],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env={**os.environ, "PYTHONPATH": _PATHS},
    )
    assert ran.returncode == 0, f"{ran.stdout[-4000:]}\n{ran.stderr[-4000:]}"
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["disagreements"] == [], ran.stdout[-8000:]
    agreed = sum(number for what, number in told["counts"].items() if what.endswith(": agreed"))
    assert agreed >= 10, told
