"""Machines and requests of every kind, drawn: is a plan without a blocker done by libvirt, and one with a blocker not?

Run by test_rules_are_libvirts.py, and by hand: ``PYTHONPATH=.:tests python tests/core/rules_on_qemu.py``, with options.
Prints one line of JSON at the end, and before it each disagreement with what led to it. ``testbed.walk`` says what is
tried and what is not.

libvirt is in the process, or with ``--daemon`` in one of its own, which has storage pools. So that a crash of it is
found and named, the machines are walked through in child processes, some in each.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import libvirt
from testbed import any_machine
from testbed.daemon import Daemon, dying_with_us
from testbed.walk import DisagreementError, Grounds, Walk

from snapgui.virt.host import Host

_SETTINGS = """\
stdio_handler = "file"
security_driver = "none"
namespaces = []
cgroup_controllers = []
remember_owner = 0
"""
_ROOTS_SETTINGS = 'user = "root"\ngroup = "root"\n'
_MACHINES = 12  # in one process
_LAST = 12  # of what led to a disagreement


@contextlib.contextmanager
def embedded(root: Path) -> Iterator[Grounds]:
    """libvirt's QEMU driver in this process, with its files in that folder."""
    machines = root / "m"
    for folder in (root / "etc", machines):
        folder.mkdir()
    (root / "etc" / "qemu.conf").write_text(_SETTINGS + (_ROOTS_SETTINGS if os.geteuid() == 0 else ""))
    host = Host.open(f"qemu:///embed?root={root}", lambda _: None)
    try:
        yield Grounds(host, machines, any_machine.sources(pools=False), lambda _: None)
    finally:
        host.close()


@contextlib.contextmanager
def served(_root: Path) -> Iterator[Grounds]:
    """A daemon of its own; where this is root, its QEMUs are another user's."""
    daemon = Daemon()
    daemon.start()
    try:
        host = Host.open(daemon.uri, lambda _: None)
        yield Grounds(host, daemon.images, any_machine.sources(pools=True), daemon.hand_over)
        host.close()
    finally:
        daemon.stop()


def walk_through(given: argparse.Namespace) -> None:
    """The machines of one process. The first line of its log is what the last machine is, and so on."""
    counts: Counter[str] = Counter()
    disagreements: list[str] = []
    log = Path(given.log)
    libvirt.registerErrorHandler(lambda *_: None, None)
    started = time.monotonic()
    with (served if given.daemon else embedded)(Path(given.root)) as found:
        grounds = replace(found, odd=given.odd, steps=given.steps)
        for seed in range(given.seed, given.seed + given.machines):
            if time.monotonic() - started > given.seconds or tried(counts) >= given.examples:
                break
            log.write_text("")

            def tell(what: str) -> None:
                with log.open("a") as file:
                    file.write(f"{what}\n")
                if given.verbose:
                    print(what, flush=True)

            counts["machines"] += 1
            walk = Walk(grounds, seed, counts, tell)
            try:
                walk.go()
            except DisagreementError as error:
                disagreements.append(f"{seed}: {error}")
                print(f"DISAGREE {error}\n{last(log)}", flush=True)
            finally:
                walk.close()
    print(json.dumps({"disagreements": disagreements, "counts": dict(counts)}), flush=True)


def tried(counts: Counter[str]) -> int:
    """How many requests libvirt was given."""
    return sum(number for what, number in counts.items() if ": tried" in what)


def last(log: Path) -> str:
    """What machine it was, and what was done to it in the end."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([*lines[:1], *lines[1:][-_LAST:]])


def clear_away(root: Path) -> None:
    """What a process has left that died: QEMUs, and devices of files in the folder."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            program, *arguments = (process / "cmdline").read_text(errors="replace").split("\0")
            if "/qemu-system-" in program and any(f"{root}/" in argument for argument in arguments):
                os.kill(int(process.name), signal.SIGKILL)
    if shutil.which("losetup") is None:
        return
    command = ["losetup", "--list", "--noheadings", "-O", "NAME,BACK-FILE"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in told.stdout.splitlines():
        device, _, file = line.strip().partition(" ")
        if file.strip().startswith(f"{root}/"):
            subprocess.run(["losetup", "--detach", device], check=False)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", action="store_true", help="only the machine of that seed")
    parser.add_argument("--daemon", action="store_true", help="libvirt in a process of its own, with storage pools")
    parser.add_argument("--odd", action="store_true", help="only machines that have what few have")
    parser.add_argument("--steps", type=int, default=12, help="requests for one machine")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--machines", type=int, default=_MACHINES, help="in one process")
    parser.add_argument("--root", help=argparse.SUPPRESS)  # of a child process
    parser.add_argument("--log", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.root is not None:
        walk_through(given)
        return
    counts: Counter[str] = Counter()
    disagreements: list[str] = []
    started = time.monotonic()
    seed = given.seed
    while tried(counts) < given.examples and (left := given.seconds - (time.monotonic() - started)) > 0:
        machines = 1 if given.one else given.machines
        found, walked = batch(given, seed, machines, given.examples - tried(counts), left)
        counts.update(found["counts"])
        disagreements += found["disagreements"]
        seed += walked
        if given.one:
            break
    told = {"disagreements": disagreements, "seconds": round(time.monotonic() - started, 1)}
    print(json.dumps({**told, "counts": dict(sorted(counts.items()))}))


def batch(given: argparse.Namespace, seed: int, machines: int, examples: int, seconds: float) -> tuple[dict, int]:
    """Some machines in a process of their own: what it printed last, and how many they were."""
    # Not where tests have their files: QEMU's monitor sockets lie below it, and a socket's path ends at 108 characters.
    with tempfile.TemporaryDirectory(prefix="snapgui-", dir="/tmp") as name:
        log = Path(name) / "log"
        root = Path(name) / "r"
        root.mkdir()
        words = [f"--seed={seed}", f"--machines={machines}", f"--examples={examples}", f"--seconds={seconds}"]
        words += [f"--steps={given.steps}", f"--root={root}", f"--log={log}"]
        words += [f"--{option}" for option in ("daemon", "odd", "verbose") if getattr(given, option)]
        command = [*dying_with_us(), sys.executable, "-X", "faulthandler", __file__, *words]
        lines = [""]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for line in child.stdout:
                if given.verbose or not line.startswith("{"):
                    print(line, end="", flush=True)
                lines = [line]
        if child.returncode == 0:
            found = json.loads(lines[-1])
            return found, machines
        clear_away(root)
        if not last(log):
            raise SystemExit(f"ended with {child.returncode} before the first machine")
        at = int(last(log).split(":")[0].removeprefix("seed "))
        print(f"DIED {child.returncode}\n{last(log)}", flush=True)
        return {"counts": {}, "disagreements": [f"{at}: the process ended with {child.returncode}"]}, at - seed + 1


main()
