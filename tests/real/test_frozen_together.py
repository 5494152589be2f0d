"""Guests whose file systems are held still by QEMU's own agent in them, one or several, and let go whatever happens."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from testbed.daemon import Daemon
from testbed.guest import Guest
from testbed.several import Several

from snapgui.core import virsh
from snapgui.core.activity import JobState
from snapgui.core.job_words import problem_of
from snapgui.core.plan import Call, Plan, Step
from snapgui.core.records import Kind
from snapgui.core.requests import Take
from snapgui.core.rules import make_plan
from snapgui.virt.host import Host

NAMES = ("draco", "lyra")
_HELD = {"draco": "frozen", "lyra": "frozen"}
_FREE = {"draco": "thawed", "lyra": "thawed"}


@pytest.fixture(scope="module")
def guests(daemon: Daemon, guest_files: Path) -> Iterator[dict[str, Guest]]:  # noqa: ARG001 - built first
    """Two guests with a file system each, on which something writes, and an agent that answers."""
    found = {name: Guest(daemon, name, agent=True) for name in NAMES}
    for name in NAMES:
        daemon.virsh("start", name)
    for guest in found.values():
        guest.wait_until_up()
        assert "return" in _agent(daemon, guest.name, "guest-ping")
    yield found
    for guest in found.values():
        guest.remove()
        for file in daemon.images.glob(f"{guest.name}.*"):
            file.unlink()


@pytest.fixture
def several(guests: dict[str, Guest], daemon: Daemon, qtbot: QtBot, tmp_path: Path) -> Iterator[Several]:
    several = Several(daemon, qtbot, tmp_path / "cache")
    yield several
    several.close()
    if not daemon._answers():
        daemon.start()
    for guest in guests.values():
        daemon.virsh("domfsthaw", guest.name, check=False)


@pytest.fixture
def at_each_take(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Step], None]], None]:
    """Have something done right before each snapshot is taken."""
    real = Host.run

    def install(call: Callable[[Step], None]) -> None:
        def run(host: Host, step: Step) -> None:
            if step.call is Call.SNAPSHOT_CREATE:
                call(step)
            real(host, step)

        monkeypatch.setattr(Host, "run", run)

    return install


def _agent(daemon: Daemon, name: str, command: str) -> str:
    return daemon.virsh("qemu-agent-command", name, json.dumps({"execute": command}))


def _status(daemon: Daemon) -> dict[str, str]:
    return {name: json.loads(_agent(daemon, name, "guest-fsfreeze-status"))["return"] for name in NAMES}


def _taken(daemon: Daemon, name: str) -> dict[str, bool]:
    return {each: name in daemon.snapshots(each) for each in NAMES}


def test_all_are_held_still_while_each_is_taken_and_go_on_afterwards(several: Several, at_each_take) -> None:
    seen: list[dict[str, str]] = []
    at_each_take(lambda _: seen.append(_status(several.daemon)))
    job = several.end(several.start(several.plan(NAMES, "held", Kind.DISK_ONLY, freeze=True)))
    assert (job.state, problem_of(job)) == (JobState.DONE, None)
    assert seen == [_HELD, _HELD]
    assert _status(several.daemon) == _FREE
    assert 0 < job.paused < job.ended - job.started
    assert all(_taken(several.daemon, "held").values())


@pytest.mark.parametrize("roll_back", [False, True])
def test_a_take_that_fails_lets_them_go_and_is_kept_or_rolled_back(
    several: Several, at_each_take, *, roll_back: bool
) -> None:
    daemon, name = several.daemon, f"fails-{roll_back}"
    plan = several.plan(NAMES, name, Kind.DISK_ONLY, freeze=True, roll_back=roll_back)
    stray = daemon.images / f"lyra.{name}"
    stray.write_text("in the way")
    seen: list[dict[str, str]] = []
    at_each_take(lambda _: seen.append(_status(daemon)))
    job = several.end(several.start(plan))
    assert seen == [_HELD, _HELD]
    assert _status(daemon) == _FREE
    assert job.state is (JobState.FAILED if roll_back else JobState.DONE)
    assert "lyra: " in problem_of(job).why
    assert _taken(daemon, name) == {"draco": not roll_back, "lyra": False}
    assert (daemon.images / f"draco.{name}").exists() is not roll_back
    assert stray.read_text() == "in the way"


@pytest.mark.parametrize("roll_back", [False, True])
def test_the_script_holds_them_still_too_and_lets_them_go(several: Several, *, roll_back: bool) -> None:
    daemon, name = several.daemon, f"script-{roll_back}"
    plan = several.plan(NAMES, name, Kind.DISK_ONLY, freeze=True, roll_back=roll_back)
    if roll_back:
        (daemon.images / f"lyra.{name}").write_text("in the way")
    ran = subprocess.run(["sh", "-c", virsh.script(plan)], capture_output=True, text=True, timeout=180, check=False)
    assert (ran.returncode != 0) is roll_back, ran.stderr
    assert ran.stdout.count("Froze 1 filesystem") == 2
    assert ran.stdout.count("Thawed 1 filesystem") == 2
    assert _status(daemon) == _FREE
    assert _taken(daemon, name) == {"draco": not roll_back, "lyra": not roll_back}


def test_an_agent_that_hangs_ends_it_before_any_is_taken_and_the_others_go_on(
    several: Several, guests: dict[str, Guest]
) -> None:
    plan = several.plan(NAMES, "hangs", Kind.DISK_ONLY, freeze=True)
    guests["lyra"].run("kill -STOP $(pidof qemu-ga)")
    try:
        job = several.end(several.start(plan))
        status = json.loads(_agent(several.daemon, "draco", "guest-fsfreeze-status"))["return"]
    finally:
        guests["lyra"].run("kill -CONT $(pidof qemu-ga)")
    assert job.state is JobState.FAILED
    assert "None was taken." in problem_of(job).why
    assert "lyra" in problem_of(job).why
    assert status == "thawed"
    assert not any(_taken(several.daemon, "hangs").values())
    several.until(lambda: _status(several.daemon) == _FREE, "both agents")


def test_an_agent_that_hangs_after_it_was_asked_is_let_go_as_soon_as_it_answers(
    several: Several, guests: dict[str, Guest], at_each_take
) -> None:
    daemon = several.daemon
    at_each_take(lambda step: guests["lyra"].run("kill -STOP $(pidof qemu-ga)") if step.domain_name == "lyra" else None)
    number = several.start(several.plan(NAMES, "late", Kind.DISK_ONLY, freeze=True))
    try:
        job = several.end(number)
        assert [record.id for record in several.backend.runner.owing] == [number]
        assert "tried again until the agent answers" in problem_of(job).why
        assert json.loads(_agent(daemon, "draco", "guest-fsfreeze-status"))["return"] == "thawed"
        assert all(_taken(daemon, "late").values())
    finally:
        guests["lyra"].run("kill -CONT $(pidof qemu-ga)")
    several.until(lambda: not several.backend.runner.owing, "the thaw")
    assert _status(daemon) == _FREE
    several.until(lambda: problem_of(several.jobs[number]) is None, "that nothing is wrong any more")


def test_cancelled_while_they_are_held_still_it_lets_them_go(several: Several, at_each_take) -> None:
    plan = several.plan(NAMES, "cancelled", Kind.DISK_ONLY, freeze=True, roll_back=True)
    numbers: list[int] = []
    at_each_take(lambda _: several.backend.runner._jobs[numbers[0]].cancelled.wait(20))
    numbers.append(several.start(plan))
    several.until(lambda: bool(several.backend.runner.holding), "the freeze")
    takes = [index for index, step in enumerate(plan.steps) if step.takes]
    several.until(lambda: several.jobs[numbers[0]].step == takes[0], "the first take")
    several.backend.runner.cancel(numbers[0])
    job = several.end(numbers[0])
    assert job.state is JobState.CANCELLED
    assert _status(several.daemon) == _FREE
    assert not any(_taken(several.daemon, "cancelled").values())


def test_a_lost_connection_is_made_up_for_once_it_is_back(several: Several, at_each_take) -> None:
    daemon = several.daemon
    plan = several.plan(NAMES, "lost", Kind.DISK_ONLY, freeze=True)
    crashed: list[Step] = []

    def crash(step: Step) -> None:
        if not crashed:
            crashed.append(step)
            daemon.crash()

    at_each_take(crash)
    number = several.start(plan)
    job = several.end(number)
    assert job.state is JobState.FAILED
    assert [record.id for record in several.backend.runner.owing] == [number]
    assert "made up for as soon as the host is connected again" in problem_of(job).why
    daemon.start()
    several.until(lambda: not several.backend.runner.owing, "the thaws")
    assert _status(daemon) == _FREE
    several.until(lambda: "made up" not in problem_of(several.jobs[number]).why, "the word on it")
    several.until(lambda: "was not taken" in problem_of(several.jobs[number]).why, "what became of it")


# One machine, which libvirt itself holds still


def _alone(several: Several, name: str, *, quiesce: bool = True) -> Plan:
    ((domain, known),) = several.survey(["lyra"]).items()
    return make_plan(Take(domain, name, kind=Kind.DISK_ONLY, quiesce=quiesce), known)


@pytest.mark.parametrize("quiesce", [True, False])
def test_what_the_guest_has_not_written_yet_is_in_a_snapshot_that_holds_it_still(
    several: Several, guests: dict[str, Guest], *, quiesce: bool
) -> None:
    daemon, guest, name = several.daemon, guests["lyra"], f"alone-{quiesce}"
    before = daemon.virsh("domblklist", "lyra").split()[1]
    guest.run("echo 60000 >/proc/sys/vm/dirty_expire_centisecs; echo 60000 >/proc/sys/vm/dirty_writeback_centisecs")
    plan = _alone(several, name, quiesce=quiesce)
    guest.run(f"echo just-{quiesce}-typed >/disk/{name}")
    job = several.end(several.start(plan))
    assert (job.state, problem_of(job)) == (JobState.DONE, None)
    assert name in daemon.snapshots("lyra")
    assert _status(daemon) == _FREE
    assert guest.run(f"echo more >>/disk/{name}; sync; cat /disk/{name}") == f"just-{quiesce}-typed\nmore"
    raw = daemon.root / "lyra.raw"
    subprocess.run(["qemu-img", "convert", "-U", "-O", "raw", before, raw], check=True)
    assert (f"just-{quiesce}-typed".encode() in raw.read_bytes()) is quiesce
    raw.unlink()


def test_an_agent_that_hangs_is_told_before_anything_is_done(several: Several, guests: dict[str, Guest]) -> None:
    daemon = several.daemon
    before = daemon.virsh("domblklist", "lyra")
    plan = _alone(several, "hung")
    guests["lyra"].run("kill -STOP $(pidof qemu-ga)")
    try:
        job = several.end(several.start(plan))
    finally:
        guests["lyra"].run("kill -CONT $(pidof qemu-ga)")
    assert job.state is JobState.FAILED
    assert problem_of(job).why == "The guest agent does not answer."
    assert [plan.steps[index].call for index in job.done] == [Call.AGENT_TIMEOUT] * 2, "as before at the end"
    assert daemon.virsh("domblklist", "lyra") == before
    assert "hung" not in daemon.snapshots("lyra")
    several.until(lambda: "return" in _agent(daemon, "lyra", "guest-ping"), "the agent")
    assert _status(daemon) == _FREE
    assert guests["lyra"].run("echo free >/disk/free; sync; cat /disk/free", seconds=20) == "free"
