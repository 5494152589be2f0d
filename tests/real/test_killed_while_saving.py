"""QEMU dies while a snapshot is written into the image: what is left of it is found and goes, and nothing else does."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from testbed.asking import run, survey
from testbed.daemon import Daemon
from testbed.guest import Guest
from testbed.heard import Events

from snapgui.core.errors import Problem  # noqa: TC001 - in a list that is made when the test runs
from snapgui.core.health.ailments import Ill
from snapgui.core.health.examine import examine
from snapgui.core.records import DomainId
from snapgui.core.requests import Mend, Revert, Take
from snapgui.core.rules import make_plan
from snapgui.virt.host import Host


@pytest.fixture
def host(daemon: Daemon) -> Iterator[Host]:
    opened = Host.open(daemon.uri, Events().append)
    yield opened
    opened.close()


def test_a_snapshot_that_was_never_finished_is_found_and_goes(daemon: Daemon, host: Host, guest: Guest) -> None:
    machine = DomainId(host.uri, guest.uuid)
    guest.define(256)
    guest.start()
    guest.run("echo kept >/disk/file; sync")
    assert run(host, make_plan(Take(machine, "before"), survey(host, machine)).steps) is None
    guest.fill_memory(150)
    plan = make_plan(Take(machine, "half"), survey(host, machine))
    assert plan.ready
    found: list[Problem | None] = []
    taking = threading.Thread(target=lambda: found.append(run(host, plan.steps)), name="pytest taking")
    pid, small = guest.qemu_pid(), guest.disk.stat().st_blocks
    taking.start()
    deadline = time.monotonic() + 30
    while guest.disk.stat().st_blocks * 512 < small * 512 + (8 << 20) and time.monotonic() < deadline:
        time.sleep(0.002)  # until it writes the memory
    os.kill(pid, signal.SIGKILL)
    taking.join()
    (problem,) = found
    assert problem is not None
    assert problem.why == "QEMU ended in the middle of it."
    assert daemon.snapshots("pisces") == ["before"]
    assert daemon.state("pisces") == "shut off"
    # 3: clusters that nothing uses, as after any power cut
    assert subprocess.run(["qemu-img", "check", "-q", guest.disk], check=False).returncode in (0, 3)

    health = examine(host.inventory(guest.uuid))
    assert {each.ill for each in health.ailments} <= {Ill.UNKNOWN}
    left = tuple(each.name for each in health.ailments)
    assert left in ((), ("half",))
    if left:
        mending = make_plan(Mend(machine, erase=left), replace(survey(host, machine), health=health))
        assert mending.ready, mending.findings
        assert run(host, mending.steps) is None
    assert examine(host.inventory(guest.uuid)).ailments == ()

    assert run(host, make_plan(Revert(machine, "before"), survey(host, machine)).steps) is None
    guest.wait_until_up()
    assert guest.run("echo 3 >/proc/sys/vm/drop_caches; cat /disk/file") == "kept"
