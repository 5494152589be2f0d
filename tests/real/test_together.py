"""One snapshot of each of several real machines: kept or rolled back where one fails, by the job and by its script."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from testbed.daemon import Daemon
from testbed.several import Several, unsaid

from snapgui.core import virsh
from snapgui.core.activity import JobRecord, JobState
from snapgui.core.job_words import problem_of
from snapgui.core.plan import Plan
from snapgui.core.records import Kind

_MACHINE = """\
<domain type='qemu'>
  <name>{name}</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
    <controller type='usb' model='none'/><memballoon model='none'/>
  </devices>
</domain>
"""
NAMES = ("aquarius", "cancer", "taurus")


@pytest.fixture
def several(daemon: Daemon, qtbot: QtBot, tmp_path: Path) -> Iterator[Several]:
    """Three tiny machines, two of which run."""
    for name in NAMES:
        disk = daemon.images / f"{name}.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "8M"], check=True)
        daemon.hand_over(disk)
        daemon.define(_MACHINE.format(name=name, disk=disk))
    for name in NAMES[:2]:
        daemon.virsh("start", name)
    several = Several(daemon, qtbot, tmp_path / "cache")
    yield several
    several.close()
    for name in NAMES:
        daemon.remove(name)
        for file in daemon.images.glob(f"{name}*"):
            file.unlink()
    daemon.virsh("pool-refresh", "images")


def _taken(daemon: Daemon, name: str) -> dict[str, bool]:
    return {each: name in daemon.snapshots(each) for each in NAMES}


def _images_are_sound(daemon: Daemon) -> None:
    for name in NAMES:
        daemon.virsh("destroy", name, check=False)
        for disk in daemon.images.glob(f"{name}*"):
            if not disk.name.endswith(".mem"):
                subprocess.run(["qemu-img", "check", "-q", disk], check=True)


def _qemu(daemon: Daemon, name: str) -> int:
    return int((daemon.root / "run" / "libvirt" / "qemu" / "run" / f"{name}.pid").read_text())


def _script(plan: Plan) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", virsh.script(plan)], capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("kind", [Kind.INTERNAL, Kind.EXTERNAL])
def test_all_are_taken_and_the_script_does_the_same(several: Several, kind: Kind) -> None:
    job = several.end(several.start(several.plan(NAMES, "by-job", kind)))
    assert job.state is JobState.DONE
    assert problem_of(job) is None
    ran = _script(several.plan(NAMES, "by-script", kind))
    assert ran.returncode == 0, ran.stderr
    for name in ("by-job", "by-script"):
        assert all(_taken(several.daemon, name).values())
    for name in NAMES:
        assert several.daemon.parents(name) == {"by-job": "", "by-script": "by-job"}
    _images_are_sound(several.daemon)


@pytest.mark.parametrize("roll_back", [False, True])
@pytest.mark.parametrize("kind", [Kind.INTERNAL, Kind.EXTERNAL])
@pytest.mark.parametrize("by_script", [False, True])
def test_a_name_that_one_has_by_now_is_said_and_the_others_are_kept_or_rolled_back(
    several: Several, kind: Kind, *, roll_back: bool, by_script: bool
) -> None:
    daemon = several.daemon
    plan = several.plan(NAMES, "x", kind, roll_back=roll_back)
    before = {path.name for path in daemon.images.iterdir()}
    daemon.virsh(
        "snapshot-create-as",
        "cancer",
        "x",
        *(
            ["--diskspec", "vda,snapshot=external,file=" + str(daemon.images / "cancer.other"), "--disk-only"]
            if kind is Kind.EXTERNAL
            else []
        ),
    )
    if by_script:
        ran = _script(plan)
        assert (ran.returncode != 0) is roll_back
        assert "x" in ran.stderr
    else:
        job = several.end(several.start(plan))
        told = problem_of(job)
        assert told is not None
        assert "cancer: The machine already has a snapshot of that name." in told.why
        assert job.state is (JobState.FAILED if roll_back else JobState.DONE)
        assert ("No snapshot is kept." if roll_back else "2 of 3 taken.") in told.why
    assert _taken(daemon, "x") == {"aquarius": not roll_back, "cancer": True, "taurus": not roll_back}
    if roll_back:
        left = {path.name for path in daemon.images.iterdir()} - before - {"cancer.other"}
        assert not unsaid(plan, left), "files of what was rolled back"
    _images_are_sound(daemon)


def test_a_machine_whose_qemu_dies_meanwhile_is_said(several: Several) -> None:
    daemon = several.daemon
    plan = several.plan(NAMES, "x", Kind.INTERNAL)
    qemu = _qemu(daemon, "cancer")
    os.kill(qemu, signal.SIGSTOP)
    number = several.start(plan)
    several.until(lambda: number in several.jobs and several.jobs[number].step == 1, "the second step")
    # In the list once libvirt waits for QEMU. Killed sooner, the machine would be refused as one that has stopped.
    several.until(lambda: "x" in daemon.snapshots("cancer"), "libvirt to have begun")
    os.kill(qemu, signal.SIGKILL)
    job = several.end(number)
    assert job.state is JobState.DONE
    assert problem_of(job).why.startswith("2 of 3 taken.\ncancer: QEMU ended in the middle of it.")
    assert _taken(daemon, "x") == {"aquarius": True, "cancer": False, "taurus": True}
    _images_are_sound(daemon)


@pytest.mark.parametrize("kind", [Kind.INTERNAL, Kind.EXTERNAL])
def test_a_machine_that_has_stopped_by_then_is_not_taken_without_its_memory(several: Several, kind: Kind) -> None:
    daemon = several.daemon
    plan = several.plan(NAMES, "x", kind)
    os.kill(_qemu(daemon, "cancer"), signal.SIGKILL)
    several.until(lambda: daemon.state("cancer") == "shut off", "libvirt to see it")
    job = several.end(several.start(plan))
    assert problem_of(job).why.startswith("2 of 3 taken.\ncancer: The machine has stopped meanwhile")
    assert _taken(daemon, "x") == {"aquarius": True, "cancer": False, "taurus": True}
    _images_are_sound(daemon)


def test_a_machine_that_is_gone_by_then_is_said(several: Several) -> None:
    plan = several.plan(NAMES, "x", Kind.INTERNAL)
    several.daemon.remove("taurus")
    job = several.end(several.start(plan))
    assert job.state is JobState.DONE
    assert problem_of(job).why.startswith("2 of 3 taken.\ntaurus: ")


def test_none_at_all_is_a_failure(several: Several) -> None:
    plan = several.plan(NAMES, "x", Kind.INTERNAL)
    for name in NAMES:
        several.daemon.virsh("snapshot-create-as", name, "x")
    job = several.end(several.start(plan))
    assert job.state is JobState.FAILED
    assert problem_of(job).why.startswith("None was taken.")
    assert all(f"{name}: " in problem_of(job).why for name in NAMES)


def test_two_jobs_that_share_machines_run_one_after_the_other(several: Several) -> None:
    first = several.plan(NAMES[:2], "first", Kind.INTERNAL)
    second = several.plan(NAMES[::-1], "second", Kind.INTERNAL)
    numbers = [several.start(first), several.start(second)]
    jobs: list[JobRecord] = [several.end(number) for number in numbers]
    assert [job.state for job in jobs] == [JobState.DONE, JobState.DONE]
    assert jobs[0].ended <= jobs[1].started + 0.05
    for name in NAMES[:2]:
        assert several.daemon.parents(name) == {"first": "", "second": "first"}
