"""One snapshot of each of several machines on two real hosts: one plan, and what fails on one of them."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from testbed.daemon import Daemon
from testbed.several import Several, unsaid
from testbed.tiny import tiny_machine

from snapgui.core import virsh
from snapgui.core.activity import JobState
from snapgui.core.job_words import problem_of
from snapgui.core.plan import Step
from snapgui.core.records import Kind
from snapgui.virt.host import Host

HERE, THERE = ("aquarius", "cancer"), ("taurus",)
NAMES = (*HERE, *THERE)


@pytest.fixture(scope="module")
def there() -> Iterator[Daemon]:
    """The other host."""
    other = Daemon()
    other.start()
    yield other
    other.stop()


@pytest.fixture
def several(daemon: Daemon, there: Daemon, qtbot: QtBot, tmp_path: Path) -> Iterator[Several]:
    """Two machines on one host and one on the other; the first of each runs."""
    for host, names in ((daemon, HERE), (there, THERE)):
        for name in names:
            disk = host.images / f"{name}.qcow2"
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "8M"], check=True)
            host.define(tiny_machine(name, host.hand_over(disk)))
        host.virsh("start", names[0])
    several = Several(daemon, qtbot, tmp_path / "cache", there)
    yield several
    several.close()
    for host, names in ((daemon, HERE), (there, THERE)):
        if not host._answers():
            host.start()
        for name in names:
            host.remove(name)
            for file in host.images.glob(f"{name}*"):
                file.unlink()
        host.virsh("pool-refresh", "images")


@pytest.fixture
def before_the_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], object]], None]:
    """Have something done right before the snapshot of a machine is taken."""
    real = Host.run

    def install(machine: str, do: Callable[[], object]) -> None:
        def run(host: Host, step: Step) -> None:
            if step.takes and step.domain_name == machine:
                do()
            real(host, step)

        monkeypatch.setattr(Host, "run", run)

    return install


def _files(*hosts: Daemon) -> set[Path]:
    return {path for host in hosts for path in host.images.iterdir()}


def _sound(*hosts: Daemon) -> bool:
    for host in hosts:
        for name in host.virsh("list", "--name").split():
            host.virsh("destroy", name)  # only then is an image the whole truth
    ours = [path for path in _files(*hosts) if path.name.startswith(NAMES)]  # others lie in the folder, too
    images = [path for path in ours if not path.name.endswith(".mem")]
    checks = [subprocess.run(["qemu-img", "check", "-q", "-U", path], check=False).returncode for path in images]
    return set(checks) == {0}


@pytest.mark.parametrize("kind", [Kind.INTERNAL, Kind.EXTERNAL])
def test_one_plan_takes_them_on_both_and_its_script_does_too(
    several: Several, daemon: Daemon, there: Daemon, kind: Kind
) -> None:
    job = several.end(several.start(several.plan(NAMES, "by-job", kind)))
    assert (job.state, problem_of(job)) == (JobState.DONE, None)
    plan = several.plan(NAMES, "by-script", kind)
    assert {step.domain.uri for step in plan.steps} == {daemon.uri, there.uri}
    subprocess.run(["sh", "-c", virsh.script(plan)], check=True, timeout=120, stdout=subprocess.DEVNULL)
    for host, names in ((daemon, HERE), (there, THERE)):
        for name in names:
            assert host.parents(name) == {"by-job": "", "by-script": "by-job"}
    assert _sound(daemon, there)


@pytest.mark.parametrize("roll_back", [False, True])
@pytest.mark.parametrize("kind", [Kind.INTERNAL, Kind.EXTERNAL])
def test_what_fails_on_one_host_is_said_by_name_and_the_other_is_kept_or_rolled_back(
    several: Several, daemon: Daemon, there: Daemon, kind: Kind, *, roll_back: bool
) -> None:
    plan = several.plan(NAMES, "x", kind, roll_back=roll_back)
    before = _files(daemon)
    other = there.images / "taurus.other"
    there.virsh("snapshot-create-as", "taurus", "x", "--diskspec", f"vda,file={other}", "--disk-only")
    job = several.end(several.start(plan))
    assert job.state is (JobState.FAILED if roll_back else JobState.DONE)
    words, *lines = problem_of(job).why.splitlines()
    assert words == ("No snapshot is kept." if roll_back else "2 of 3 taken.")
    assert [line.partition(":")[0] for line in lines] == ["taurus"]
    assert [daemon.snapshots(name) for name in HERE] == [[] if roll_back else ["x"]] * 2
    left = unsaid(plan, {path.name for path in _files(daemon) - before})
    assert bool(left) is (not roll_back and kind is not Kind.INTERNAL)
    assert _sound(daemon, there)


@pytest.mark.parametrize("roll_back", [False, True])
def test_a_host_that_is_lost_is_said_and_the_other_is_kept_or_rolled_back(
    several: Several, daemon: Daemon, there: Daemon, before_the_step: Callable[..., None], *, roll_back: bool
) -> None:
    plan = several.plan(NAMES, "x", Kind.INTERNAL, roll_back=roll_back)
    before_the_step("taurus", there.crash)
    number = several.start(plan)
    job = several.end(number)
    assert job.state is (JobState.FAILED if roll_back else JobState.DONE)
    assert "\ntaurus: " in problem_of(job).why
    assert [daemon.snapshots(name) for name in HERE] == [[] if roll_back else ["x"]] * 2
    there.start()
    several.until(lambda: "The snapshot was not taken." in problem_of(several.jobs[number]).why, "what became of it")
    assert there.snapshots("taurus") == []
    assert _sound(daemon, there)


def test_what_can_not_be_rolled_back_on_a_lost_host_is_said_by_name(
    several: Several, daemon: Daemon, there: Daemon, before_the_step: Callable[..., None]
) -> None:
    plan = several.plan((*THERE, *HERE), "x", Kind.INTERNAL, roll_back=True)
    daemon.virsh("snapshot-create-as", "cancer", "x")
    before_the_step("cancer", there.crash)
    number = several.start(plan)
    job = several.end(number)
    assert job.state is JobState.FAILED
    words, *lines = problem_of(job).why.splitlines()
    assert words == "1 of 3 taken."
    assert [line.partition(":")[0] for line in lines] == ["cancer", "taurus"]
    assert "It could not be deleted again" in lines[1]
    assert daemon.snapshots("aquarius") == []
    there.start()
    several.until(lambda: "The snapshot is there now" in problem_of(several.jobs[number]).why, "what became of it")
    assert there.snapshots("taurus") == ["x"]
    assert _sound(daemon, there)
