"""The window answers at all times: the longest pause of the UI thread, through everything that takes its time."""

import subprocess
from collections.abc import Iterator

import pytest
from testbed import many
from testbed.daemon import Daemon
from testbed.user import User
from testbed.watchdog import Watchdog

_LIMIT = 0.050  # seconds


@pytest.fixture
def watchdog(user: User) -> Iterator[Watchdog]:  # noqa: ARG001 - its event loop is watched
    watchdog = Watchdog()
    yield watchdog
    watchdog.stop()


@pytest.fixture
def crowded(daemon: Daemon) -> Iterator[str]:
    """A machine with 1,000 snapshots, shut off."""
    name = "many"
    disk = daemon.images / f"{name}.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
    daemon.hand_over(disk)
    daemon.virsh("pool-refresh", "images")
    many.real_host(daemon.uri, disk, 1000, name)
    yield name
    daemon.remove(name)
    disk.unlink()


def check(watchdog: Watchdog) -> None:
    """The longest stall, with what it was about."""
    worst = watchdog.worst
    assert worst.own < _LIMIT, (
        f"{worst.own * 1000:.0f} ms ({worst.seconds * 1000:.0f} ms on the clock) during “{worst.label}”:\n{worst.stack}"
    )


def test_through_every_action_with_a_thousand_snapshots(
    user: User, watchdog: Watchdog, daemon: Daemon, crowded: str
) -> None:
    watchdog.forget()
    watchdog.label = "connecting and reading"
    user.choose_machine(daemon.uri, crowded)
    user.until(lambda: len(user.parents()) == 1000, "all snapshots")
    check(watchdog)
