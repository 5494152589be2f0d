"""How long the figures of a disk of 1 TiB take, against ``qemu-img check`` of the same image in the same run.

Run by hand: ``PYTHONPATH=. python tests/bench/clusters.py [--runs 3] [--keep IMAGE]``. The image has all its metadata
(``preallocation=metadata``) and 20 snapshots, with 500 random writes of 64 KiB between two: 1.4 GB, removed at the end.
The table shows medians: seconds by the clock, seconds of the processors, and memory in MB (10^6 bytes). Where a process
of its own counts, as for the window, its seconds of the processors are left out, and the memory is the larger one's.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

_DISK = 2**40
_SNAPSHOTS = 20
_WRITES = 500
_BLOCK = 65536
_TRIP = 0.01  # seconds
_MOST_MB = 150
_MOST_RATIO = {"command line": 0.1, "inside the application": 0.05}  # of the seconds of ``qemu-img check``
_MOST_SECONDS = {"10 ms a trip, 2 a read": 5.0}

# In a process of its own, so that its memory can be told; as the application does it, all is loaded before.
_INSIDE = """\
import sys, time
from functools import partial
from snapgui.qcow2.{module} import {function} as read
if {function!r} == "read_clusters":
    read = partial(read, shared=True)  # all figures, as the window shows them
sys.path.insert(0, {bench!r})
import clusters as bench
source = getattr(bench, {source!r})({image!r})
for _ in range({runs}):
    times = time.perf_counter(), time.process_time()
    found = read(source)
    print(time.perf_counter() - times[0], time.process_time() - times[1], flush=True)
if {function!r} != "read_clusters":
    sys.exit()
chosen = range(0, len(found.snapshots), 2)
times = time.perf_counter()
for _ in range(100):
    found.freed(chosen)
print((time.perf_counter() - times) / 100)
"""


def make_image(path: Path) -> None:
    """Takes a minute or more."""
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", path, str(_DISK)], check=True
    )
    random = Random(1)  # noqa: S311 - the same image each time
    for number in range(_SNAPSHOTS + 1):
        writes = [f"write {random.randrange(_DISK // _BLOCK) * _BLOCK} {_BLOCK}\n" for _ in range(_WRITES)]
        command = ["qemu-io", "-t", "unsafe", "-f", "qcow2", path]
        subprocess.run(command, input="".join(writes), text=True, check=True, stdout=subprocess.DEVNULL)
        if number < _SNAPSHOTS:
            subprocess.run(["qemu-img", "snapshot", "-c", f"s{number}", path], check=True)


def near(path: str) -> object:
    """The image as a file of this computer."""
    from snapgui.qcow2.source import LocalFile  # noqa: PLC0415 - its time counts in the child

    return LocalFile(path)


def distant(path: str) -> object:
    """The image where each read takes a trip, read as virt/volume.py reads."""
    from snapgui.qcow2.source import LocalFile  # noqa: PLC0415
    from snapgui.virt import volume  # noqa: PLC0415 - its figures; libvirt is loaded, and none of it called

    class Distant:
        def __init__(self) -> None:
            self._file = LocalFile(path)
            self.size = self.measure = self._file.size
            self.close = self._file.close

        def read(self, offset: int, length: int) -> bytes:
            time.sleep(_TRIP)  # to begin
            found = self._file.read(offset, length)
            time.sleep(_TRIP)  # to end
            return found

        def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
            return volume.read_ranges(self.read, ranges)

    return Distant()


def measured(command: Sequence[str | Path]) -> tuple[float, float, float]:
    """Seconds by the clock, of the processors, and most memory in MB."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def inside(
    image: Path, source: str, runs: int, *, apart: bool = False
) -> tuple[list[tuple[float, float]], float | None, float]:
    """Seconds of each run, of one query for a selection, and the process' most memory in MB."""
    module, function = ("apart", "figures") if apart else ("clusters", "read_clusters")
    code = _INSIDE.format(
        bench=str(Path(__file__).parent), source=source, image=str(image), runs=runs, module=module, function=function
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    times, query = lines[:runs], [float(line) for line in lines[runs:]]
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    pairs = [line.split() for line in times]
    return [(float(wall), float(cpu)) for wall, cpu in pairs], query[0] if query else None, used.ru_maxrss * 1024 / 1e6


def bench(image: Path, runs: int) -> int:
    """Measure and print; 1 where something takes more than it may."""
    cli = [sys.executable, "-m", "snapgui.qcow2", "--json", image]
    check = ["qemu-img", "check", image]
    query: float | None = None
    rows: dict[str, list[tuple[float, float, float]]] = {"qemu-img check": [], "command line": []}
    for _ in range(runs):  # in turn, so that what else runs here meets both
        rows["qemu-img check"].append(measured(check))
        rows["command line"].append(measured(cli))
    found = {name: [statistics.median(column) for column in zip(*values, strict=True)] for name, values in rows.items()}
    for name, source, apart in (
        ("inside the application", "near", False),
        ("for the window, all", "near", True),
        ("10 ms a trip, 2 a read", "distant", False),
        ("that for the window, all", "distant", True),
    ):
        times, asked, memory = inside(image, source, runs, apart=apart)
        query = asked or query
        found[name] = [*(statistics.median(column) for column in zip(*times, strict=True)), memory]
    base = found["qemu-img check"]
    assert query is not None
    print(f"{'':24} {'seconds':>8} {'ratio':>6} {'CPU':>8} {'ratio':>6} {'MB':>6}")
    for name, (wall, cpu, memory) in found.items():
        print(f"{name:24} {wall:8.3f} {wall / base[0]:6.3f} {cpu:8.3f} {cpu / base[1]:6.3f} {memory:6.0f}")
    print(f"what a selection frees: {query * 1000:.3f} ms")
    over = [f"{name}: {row[2]:.0f} MB" for name, row in found.items() if row[2] > _MOST_MB]
    over += [
        f"{name}: {found[name][0] / base[0]:.3f}"
        for name, most in _MOST_RATIO.items()
        if found[name][0] / base[0] > most
    ]
    over += [f"{name}: {found[name][0]:.1f} s" for name, most in _MOST_SECONDS.items() if found[name][0] > most]
    print("too much: " + "; ".join(over) if over else "all within their bounds")
    return 1 if over else 0


def main() -> int:
    """Make the image, measure, remove it; the exit status. On a busy machine, only the memory can be relied on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="use this image, or make it and leave it there")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="snapgui-bench-", dir="/var/tmp") as folder:
        image = chosen.keep or Path(folder) / "disk.qcow2"
        if not image.exists():
            make_image(image)
        return bench(image, chosen.runs)


if __name__ == "__main__":
    sys.exit(main())
