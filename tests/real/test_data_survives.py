"""A Linux guest with 64 MiB of files goes through snapshots of every kind, and finds its files as they were then.

More steps, of each kind, by hand:
``SNAPGUI_STEPS=70 SNAPGUI_SEED=7 python -m pytest tests/real/test_data_survives.py -s``.
"""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from testbed import leavings
from testbed.asking import run, survey
from testbed.daemon import Daemon
from testbed.guest import Guest
from testbed.heard import Events

from snapgui.core.errors import Problem
from snapgui.core.health.ailments import Ailment, Ill
from snapgui.core.health.examine import examine
from snapgui.core.plan import Plan
from snapgui.core.records import DomainId, DomainState, Kind, Situation, SnapshotState
from snapgui.core.requests import Delete, Mend, Power, PowerAction, Request, Revert, RunState, Scope, Take
from snapgui.core.rules import make_plan
from snapgui.virt.host import Host

_STEPS = int(os.environ.get("SNAPGUI_STEPS", "8"))
_SEED = int(os.environ.get("SNAPGUI_SEED", "1"))
_PATIENCE = 300  # seconds for the guest to boot: long walks run beside other work
_FILES = 64  # of 1 MiB each
_KINDS = {
    "internal": (Kind.INTERNAL,),
    "external": (Kind.EXTERNAL, Kind.DISK_ONLY),
    "mixed": (Kind.INTERNAL, Kind.EXTERNAL, Kind.DISK_ONLY),
}


class Walk:
    """A guest whose files are known at every snapshot."""

    def __init__(self, daemon: Daemon, host: Host, guest: Guest, random: Random, kinds: tuple[Kind, ...]) -> None:
        self.daemon, self.host, self.guest, self.random, self.kinds = daemon, host, guest, random, kinds
        self.id = DomainId(host.uri, guest.uuid)
        self.now: dict[str, str] = {}  # checksums by file
        self.then: dict[str, dict[str, str]] = {}  # at each snapshot
        self.counts: Counter[str] = Counter()
        self.told: list[str] = []

    # What the guest does

    def fill(self) -> None:
        """Write all files."""
        self.guest.start()
        script = (
            f"cd /disk; for n in $(seq 0 {_FILES - 1}); do dd if=/dev/urandom of=f$n bs=1M count=1 2>/dev/null; done"
        )
        self.guest.run(f"{script}; sync", seconds=240)
        self.now = self.read()
        assert len(self.now) == _FILES

    def write(self) -> None:
        """Write a few files anew."""
        names = [f"f{self.random.randrange(_FILES)}" for _ in range(self.random.randint(1, 4))]
        script = "; ".join(f"dd if=/dev/urandom of=/disk/{name} bs=1M count=1 2>/dev/null" for name in names)
        self.guest.run(f"{script}; sync", seconds=120)
        self.now |= self.read(*names)

    def read(self, *names: str) -> dict[str, str]:
        """The checksums of files, of all without names, from the disk and not from the guest's memory."""
        which = " ".join(f"/disk/{name}" for name in names) or "/disk/f*"
        said = self.guest.run(f"sync; echo 3 >/proc/sys/vm/drop_caches; md5sum {which}", seconds=240)
        return {Path(path).name: sum_ for sum_, path in (line.split() for line in said.splitlines())}

    # What its user does

    def situation(self, request: Request | None = None) -> Situation:
        return survey(self.host, self.id, request)

    def do(self, request: Request) -> Plan | None:
        """Plan it, and run it where nothing stands in its way."""
        situation = self.situation(request)
        plan = make_plan(request, situation)
        if not plan.ready:
            self.counts[f"{type(request).__name__}: refused by its plan"] += 1
            return None
        self.told.append(f"{situation.domain.state.value}: {plan.title} {request}")
        problem = run(self.host, plan.steps)
        assert problem is None or self.foretold(plan, problem), (problem, self.told[-12:])
        self.counts[f"{type(request).__name__}: {'done' if problem is None else 'failed as foretold'}"] += 1
        return plan if problem is None else None

    @staticmethod
    def foretold(plan: Plan, problem: Problem) -> bool:
        del problem
        return any(finding.rule == "saved-twice" for finding in plan.findings)

    def step(self, number: int) -> None:
        situation = self.situation()
        names = sorted(situation.snapshots.records)
        if situation.domain.state is DomainState.PAUSED:
            self.do(Power(self.id, PowerAction.RESUME))
        elif situation.domain.state is DomainState.SHUT_OFF and self.random.random() < 0.5:
            self.do(Power(self.id, PowerAction.START))
            self.guest.wait_until_up(_PATIENCE)
        if self.running() and self.random.random() < 0.6:
            self.write()
        weights = (5, 4 * bool(names), 3 * (len(names) > 2) + 6 * (len(names) > 8), 1)
        action = self.random.choices((self.take, self.revert, self.delete, self.stop), weights)[0]
        action(number, names)
        self.healthy()

    def running(self) -> bool:
        return self.daemon.state(self.guest.name) == "running"

    def take(self, number: int, names: list[str]) -> None:
        del names
        name, kind = f"s{number}", self.random.choice(self.kinds)
        if self.running():
            self.guest.run("sync")
        if self.do(Take(self.id, name, kind=kind)):
            self.then[name] = dict(self.now)

    def revert(self, number: int, names: list[str]) -> None:
        del number
        name = self.random.choice(names)
        plan = self.do(Revert(self.id, name, self.random.choice((RunState.AS_TAKEN, RunState.RUNNING))))
        if plan is None:
            return
        self.mend(plan)
        self.now = dict(self.then[name])
        record = self.situation().snapshots.records[name]
        state = self.situation().domain.state
        memory = record.state in (SnapshotState.RUNNING, SnapshotState.PAUSED)
        boots = any("boots" in each.text for each in plan.effects)
        assert state is (DomainState.RUNNING if memory or boots else DomainState.SHUT_OFF)
        if state is DomainState.SHUT_OFF:
            self.sound()
            self.do(Power(self.id, PowerAction.START))
        self.guest.wait_until_up(_PATIENCE)
        found = self.read()
        other = [file for file, sum_ in self.now.items() if found.get(file) != sum_]
        assert found == self.now, (other, self.told[-12:])
        self.counts["checksums compared after a revert"] += len(found)

    def delete(self, number: int, names: list[str]) -> None:
        del number
        chosen = tuple(self.random.sample(names, min(len(names), self.random.choice((1, 1, 2, 3)))))
        plan = self.do(Delete(self.id, chosen, self.random.choice((Scope.THIS, Scope.THIS, Scope.WITH_CHILDREN))))
        if plan is not None:
            self.mend(plan)

    def stop(self, number: int, names: list[str]) -> None:
        del number, names
        if self.running():
            self.guest.run("sync")
            self.do(Power(self.id, PowerAction.FORCE_OFF))

    # What has to hold

    def ailments(self) -> tuple[Ailment, ...]:
        return examine(self.host.inventory(self.guest.uuid)).ailments

    def mend(self, plan: Plan) -> None:
        """What the plan has said that it leaves behind is found, and goes."""
        left = [each for each in self.ailments() if each.ill is Ill.UNUSED]
        told, found = leavings.said(plan), {each.name for each in left}
        assert found <= told, (sorted(found), plan.effects, self.told[-12:])
        # On the way to an internal snapshot, files that the one it came from still notes are named, too.
        assert found == told or any(each.rule == "orphans" for each in plan.findings), (told, self.told[-12:])
        if not left:
            return
        for each in left:
            os.utime(each.name, (time.time() - 3600,) * 2)  # a file that has just been written is let alone
        situation = replace(self.situation(), health=examine(self.host.inventory(self.guest.uuid)))
        mended = make_plan(Mend(self.id, files=tuple(each.name for each in left)), situation)
        assert mended.ready, mended.findings
        assert run(self.host, mended.steps) is None
        self.counts["files left behind, found and deleted"] += len(left)

    def healthy(self) -> None:
        assert self.ailments() == (), self.told[-12:]

    def sound(self) -> None:
        for disk in self.host.read_config(self.guest.uuid).disks:
            subprocess.run(["qemu-img", "check", "-q", disk.source], check=True)
            self.counts["images checked"] += 1


@pytest.fixture
def host(daemon: Daemon) -> Iterator[Host]:
    opened = Host.open(daemon.uri, Events().append)
    yield opened
    opened.close()


@pytest.mark.since(9, 9)  # reverts to external snapshots
@pytest.mark.parametrize("kinds", _KINDS if "SNAPGUI_STEPS" in os.environ else ("mixed",))
def test_every_file_is_found_as_it_was(daemon: Daemon, host: Host, guest_files: Path, kinds: str) -> None:
    del guest_files
    guest = Guest(daemon, "pisces", disk_size="96M")
    walk = Walk(daemon, host, guest, Random(f"{kinds} {_SEED}"), _KINDS[kinds])  # noqa: S311 - steps, not secrets
    try:
        walk.fill()
        for number in range(_STEPS):
            walk.step(number)
        left = tuple(walk.situation().snapshots.records)
        print(kinds, dict(sorted(walk.counts.items())), f"{len(left)} snapshots left")
        daemon.virsh("destroy", guest.name, check=False)
        walk.sound()
    finally:
        guest.remove()
        for path in daemon.images.iterdir():
            path.unlink()
