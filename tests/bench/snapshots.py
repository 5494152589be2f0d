"""How long a machine with very many snapshots takes to show, against the bare libvirt calls in the same process.

Run by hand: ``python tests/bench/snapshots.py [--runs 5] [--counts 1000,10000]``. Every run is a fresh process of the
application on an Xvfb of its own; the table shows the medians. Times are in milliseconds, memory in MB
(10^6 bytes).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

_MACHINE = "many"
_GIVE_UP_SECONDS = 120
_SETTLED_SECONDS = 3  # after the last column: pictures, sizes and garbage have had their turn


def bare_calls(uri: str, machine: str = _MACHINE) -> dict[str, float]:
    """The list, the current name and every XML, one after the other, on an open connection; in milliseconds."""
    import libvirt  # noqa: PLC0415 - part of what is measured

    connection = libvirt.open(uri)
    domain = connection.lookupByName(machine)
    began = time.perf_counter()
    listed = domain.listAllSnapshots()
    [snapshot.getName() for snapshot in listed]
    domain.snapshotCurrent().getName()
    names = time.perf_counter()
    for snapshot in listed:
        snapshot.getXMLDesc()
    ended = time.perf_counter()
    connection.close()
    return {"bare names": (names - began) * 1000, "bare all": (ended - began) * 1000}


def child(uri: str, machine: str, spawned: float) -> None:
    """One start of the application, measured from inside; prints its figures as JSON. ``spawned`` is time.monotonic."""
    from PySide6.QtCore import QEvent, QObject, QSettings, QTimer  # noqa: PLC0415 - its time counts
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    from snapgui.__main__ import import_plainly  # noqa: PLC0415

    import_plainly()
    import snapgui.app as application  # noqa: PLC0415
    from snapgui.settings import Settings  # noqa: PLC0415
    from snapgui.virt.host import Host  # noqa: PLC0415

    qt = QApplication(["snapgui"])
    garbage = application.keep_responsive(qt)
    home = Path(os.environ["HOME"])
    app = application.Application(
        Settings(QSettings(str(home / "settings.ini"), QSettings.Format.IniFormat)), home / "cache"
    )
    at: dict[str, float] = {}
    list_snapshots = Host.list_snapshots

    def timed_list(host: Host, uuid: str) -> Any:
        at.setdefault("asked", time.monotonic())
        listed = list_snapshots(host, uuid)
        at.setdefault("listed", time.monotonic())
        return listed

    Host.list_snapshots = timed_list  # type: ignore[method-assign]  # only looked at, not replaced

    class Watch(QObject):
        """Notes the first paint of the window, and of the tree once it has the names and all columns."""

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                QTimer.singleShot(0, lambda: self.painted(watched))
            return False

        def painted(self, watched: QObject) -> None:
            at.setdefault("painted", time.monotonic())
            if watched is tree.viewport() and (domain := app.window.machines.domain()) is not None:
                records = app.store.snapshots(domain).records
                if records:
                    at.setdefault("names", time.monotonic())
                if records and all(record.complete for record in records.values()) and "all" not in at:
                    at["all"] = time.monotonic()
                    QTimer.singleShot(_SETTLED_SECONDS * 1000, qt.quit)

    tree = app.window.snapshots.tree
    watch = Watch()
    app.window.installEventFilter(watch)
    tree.viewport().installEventFilter(watch)
    app.window.show()
    app.connect([uri], machine)
    QTimer.singleShot(_GIVE_UP_SECONDS * 1000, qt.quit)
    qt.exec()
    memory = _resident(os.getpid())
    app.close()
    garbage.stop()
    if "all" not in at:
        sys.exit(f"not all columns came: {sorted(at)}")
    figures = {
        "first paint": at["painted"] - spawned,
        "list call": at["listed"] - at["asked"],
        "answer to names": at["names"] - at["listed"],
        "asked to names": at["names"] - at["asked"],
        "asked to all": at["all"] - at["asked"],
    }
    print(json.dumps({**{name: value * 1000 for name, value in figures.items()}, "RSS, measured (MB)": memory}))


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


def resident_as_started(uri: str, machine: str, environment: dict[str, str], seconds: float) -> float:
    """The memory of ``python -m snapgui`` itself, that long after its start; in MB (10^6 bytes)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "snapgui", "-c", uri, "--domain", machine],
        env=environment,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).resolve().parents[2],
    )
    time.sleep(seconds)
    assert process.poll() is None, "the application ended"
    memory = _resident(process.pid)
    process.terminate()
    process.wait(timeout=30)
    return memory


def measure(title: str, uri: str, environment: dict[str, str], runs: int, machine: str = _MACHINE) -> None:
    """Print the medians of that many runs, and their range."""
    rows: dict[str, list[float]] = {}
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="snapgui-") as home:
            own = {**environment, "HOME": home, "XDG_CONFIG_HOME": f"{home}/config", "XDG_CACHE_HOME": f"{home}/cache"}
            command = [sys.executable, __file__, "--child", uri, "--machine", machine]
            spawned = time.monotonic()
            ran = subprocess.run(
                [*command, "--spawned", repr(spawned)], env=own, check=True, text=True, stdout=subprocess.PIPE
            )
            figures = json.loads(ran.stdout)
            figures |= bare_calls(uri, machine)
            figures["asked to all / bare all"] = figures["asked to all"] / figures["bare all"]
            figures["RSS, as started (MB)"] = resident_as_started(uri, machine, own, figures["asked to all"] / 1000 + 5)
        for name, value in figures.items():
            rows.setdefault(name, []).append(value)
    print(f"\n{title}: medians of {runs} (lowest to highest)")
    for name, values in rows.items():
        print(f"  {name:28} {statistics.median(values):9.2f}   ({min(values):.2f} to {max(values):.2f})")


def main() -> None:
    """Measure libvirt's mock driver and a real libvirtd."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--counts", default="1000,10000")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--machine", default=_MACHINE, help=argparse.SUPPRESS)
    parser.add_argument("--spawned", type=float, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(chosen.child, chosen.machine, chosen.spawned)
        return

    from testbed import many  # noqa: PLC0415 - not part of what the child measures
    from testbed.daemon import Daemon  # noqa: PLC0415
    from testbed.desktop import Screen  # noqa: PLC0415

    counts = [int(count) for count in chosen.counts.split(",")]
    screen = Screen()
    daemon = Daemon()
    environment = {**screen.environment, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    del environment["QT_LINUX_ACCESSIBILITY_ALWAYS_ON"]  # an ordinary desktop runs without a screen reader
    try:
        with tempfile.TemporaryDirectory(prefix="snapgui-") as folder:
            # An installed application has its bytecode; compiling takes time, and memory that is not given back.
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            environment["PYTHONPYCACHEPREFIX"] = f"{folder}/bytecode"
            subprocess.run([sys.executable, "-c", "import snapgui.app"], env=environment, check=True)
            for count in counts:
                uri = many.mock_host(Path(folder), count)
                measure(f"{count} snapshots, libvirt's mock driver", uri, environment, chosen.runs)
            daemon.start()
            disk = daemon.images / "many.qcow2"
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
            daemon.hand_over(disk)
            daemon.virsh("pool-refresh", "images")
            for count in counts:
                many.real_host(daemon.uri, disk, count, f"many-{count}")
                measure(f"{count} snapshots, a real libvirtd", daemon.uri, environment, chosen.runs, f"many-{count}")
    finally:
        daemon.stop()
        screen.close()


if __name__ == "__main__":
    main()
