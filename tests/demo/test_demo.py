"""The demo on a real QEMU: its history, its counting screen, and that nothing of it is left."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PySide6.QtGui import QColor, QImage

from snapgui.core.records import SnapshotState
from snapgui.core.xml.read import read_snapshot
from snapgui.demo import boot_sector as sector

SCRIPT = Path(__file__).with_name("host_a_demo.py")
pytestmark = pytest.mark.real
_NOBODY = 65534


class Process:
    """A process with a demo of its own."""

    def __init__(self, *command: str | Path, **environment: str) -> None:
        self._popen = subprocess.Popen(
            command or [sys.executable, SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])} | environment,
        )
        self.root = Path()
        self.errors = ""

    def ask(self, line: str) -> Any:
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._popen.stdin.write(line + "\n")
        self._popen.stdin.flush()
        answer = self._popen.stdout.readline()
        if not answer:
            self._read_errors()
            pytest.fail(f"the demo's process ended: {self.errors}")
        return json.loads(answer)

    def start(self) -> None:
        self.root = Path(parse_qs(urlsplit(self.ask("start")).query)["root"][0])

    def crash(self) -> None:
        self._popen.kill()
        self._read_errors()

    def end(self) -> None:
        if self._popen.poll() is None:
            self.ask("stop")
            self._read_errors()

    def _read_errors(self) -> None:
        self.errors = self._popen.communicate(timeout=20)[1]

    def number_shown(self) -> int:
        """What the large digits on the screen say; 0 where there are none, as while it starts."""
        return self.number_in(self.ask("screen"))

    def number_in(self, picture: str) -> int:
        """The same of a picture in base64."""
        image = QImage.fromData(base64.b64decode(picture))
        assert not image.isNull()
        digits = [_digit(image, place) for place in range(5)]
        return int("".join(digits)) if all(digits) else 0

    def screen_counts(self) -> bool:
        """Whether the machine is past its start."""
        return self.number_shown() > 0


def _digit(image: QImage, place: int) -> str:
    def lit(row: int, dot: int) -> bool:
        column = 11 + 12 * place + 3 * dot
        colour = QColor(image.pixel(column * 9 + 13, (9 + 2 * row) * 16 + 16))
        return colour.red() > colour.blue()

    rows = ["".join("#" if lit(row, dot) else "." for dot in range(3)) for row in range(5)]
    shapes = [[line.split()[digit] for line in sector._DIGITS] for digit in range(10)]
    return str(shapes.index(rows)) if rows in shapes else ""


def qemus(root: Path) -> list[int]:
    """The processes that run for a demo's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if command.startswith(b"/usr/bin/qemu") and os.fsencode(root) in command:
            found.append(int(process.name))
    return found


def wait_until(met: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def demo() -> Iterator[Process]:
    process = Process()
    process.start()
    process.ask("populate")
    yield process
    process.end()


def test_it_opens_with_a_history_that_branches_and_holds_more_and_more_memory(demo: Process) -> None:
    snapshots = [read_snapshot(text) for text in demo.ask("snapshots")]
    assert {one.name: (one.parent, one.state) for one in snapshots} == {
        "clean": (None, SnapshotState.SHUT_OFF),
        "counter-1": ("clean", SnapshotState.RUNNING),
        "counter-2": ("counter-1", SnapshotState.RUNNING),
        "counter-3": ("counter-1", SnapshotState.RUNNING),
    }
    assert all(one.description for one in snapshots)
    image = demo.root / "counter.qcow2"
    told = json.loads(subprocess.check_output(["qemu-img", "info", "-U", "--output=json", image]))
    sizes = {tag["name"]: tag["vm-state-size"] for tag in told["snapshots"]}
    assert sizes["clean"] == 0 < sizes["counter-1"] < sizes["counter-3"]
    assert sizes["counter-1"] + 2**20 < sizes["counter-2"]


def test_each_snapshot_of_the_running_machine_comes_with_the_picture_of_its_screen(demo: Process) -> None:
    pictures = demo.ask("pictures")
    assert pictures.keys() == {"counter-1", "counter-2", "counter-3"}
    numbers = {name: demo.number_in(picture) for name, picture in pictures.items()}
    assert numbers["counter-1"] < numbers["counter-2"]
    assert numbers["counter-1"] <= numbers["counter-3"]


def test_the_screen_counts_and_a_revert_brings_the_number_back(demo: Process) -> None:
    before = demo.number_shown()
    wait_until(lambda: demo.number_shown() > before + 10)
    later = demo.number_shown()
    demo.ask("revert counter-1")
    assert 0 < demo.number_shown() < later
    again = demo.number_shown()
    wait_until(lambda: demo.number_shown() > again)


def test_it_reboots_and_shuts_down_when_asked_and_starts_again(demo: Process) -> None:
    wait_until(lambda: demo.number_shown() > 20)
    demo.ask("domain reboot")
    wait_until(lambda: 0 < demo.number_shown() < 20)
    demo.ask("domain shutdown")
    wait_until(lambda: not demo.ask("domain isActive"))
    demo.ask("domain create")
    wait_until(demo.screen_counts)


def test_a_crashed_demo_is_cleared_away_by_the_next_and_a_running_one_is_not(demo: Process) -> None:
    crashed = Process()
    crashed.start()
    crashed.ask("populate")
    assert len(qemus(crashed.root)) == len(qemus(demo.root)) == 1
    crashed.crash()
    assert crashed.root.exists()
    assert qemus(crashed.root)

    later = Process()
    later.start()
    assert not crashed.root.exists()
    wait_until(lambda: not qemus(crashed.root))
    later.end()
    assert not later.root.exists()
    assert len(qemus(demo.root)) == 1
    assert demo.number_shown() > 0


def test_closing_leaves_neither_process_nor_file(demo: Process) -> None:
    assert demo.root.exists()
    demo.end()
    assert not demo.root.exists()
    assert qemus(demo.root) == []
    assert demo.errors == ""


def test_it_can_be_closed_while_it_still_makes_its_history() -> None:
    process = Process()
    process.start()
    process.ask("begin")
    wait_until((process.root / "counter.qcow2").exists)
    process.end()
    assert not process.root.exists()
    assert qemus(process.root) == []
    assert process.errors == ""


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A copy of the package and of the demo's script that every user can read, with a home for one."""
    folder = Path(tempfile.mkdtemp(prefix="snapgui-test-", dir="/tmp"))  # pytest's own folders are root's alone
    shutil.copytree(SCRIPT.parents[2] / "snapgui", folder / "snapgui", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(SCRIPT, folder)
    (folder / "home").mkdir()
    shutil.chown(folder / "home", _NOBODY)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests of the demo show it, run by a user")
def test_it_needs_no_rights(open_to_all: Path) -> None:
    home = str(open_to_all / "home")
    homes = dict.fromkeys(("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), home)
    who = [f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
    # Debian's own Python sees its libvirt, and lies where everybody can read it.
    process = Process(
        "setpriv", *who, "/usr/bin/python3", open_to_all / SCRIPT.name, PYTHONPATH=str(open_to_all), **homes
    )
    process.start()
    assert process.root.stat().st_uid == _NOBODY
    process.ask("populate")
    assert len(process.ask("snapshots")) == 4
    (qemu,) = qemus(process.root)
    assert Path(f"/proc/{qemu}").stat().st_uid == _NOBODY
    process.end()
    assert not process.root.exists()


@pytest.mark.parametrize(
    ("environment", "missing"),
    [({"PATH": "/nowhere"}, "qemu-img"), ({"LIBVIRT_DRIVER_DIR": "/nowhere"}, "libvirt_driver_qemu.so")],
)
def test_where_something_is_missing_it_names_the_packages(environment: dict[str, str], missing: str) -> None:
    process = Process(**environment)
    problem = process.ask("start")
    assert missing in problem["why"]
    for package in ("qemu-system-x86", "qemu-utils", "libvirt-daemon-driver-qemu"):
        assert package in problem["remedy"]
    process.end()
