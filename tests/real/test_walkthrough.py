"""What the hand-made walk-through with virsh did, done by the application on a real Linux guest."""

import json
import subprocess

from testbed.daemon import Daemon
from testbed.guest import Guest
from testbed.user import User

from snapgui.ui.actions import Act


def memory_sizes(guest: Guest) -> dict[str, int]:
    """The bytes of memory state by snapshot, as qemu-img has them."""
    text = subprocess.run(
        ["qemu-img", "info", "-U", "--output=json", guest.disk], check=True, capture_output=True, text=True
    ).stdout
    return {snapshot["name"]: snapshot["vm-state-size"] for snapshot in json.loads(text).get("snapshots", [])}


def test_a_change_is_taken_back_and_the_snapshot_deleted_under_the_running_guest(
    user: User, daemon: Daemon, guest: Guest
) -> None:
    user.choose_machine(daemon.uri, guest.name)
    user.power(Act.START, "running")
    guest.wait_until_up()
    guest.run("touch /disk/snap-before; sync")

    user.take("pisces-1", "Before the change")
    assert daemon.parents(guest.name) == {"pisces-1": ""}
    assert user.here() == "pisces-1"

    guest.run("rm /disk/snap-before; touch /disk/snap-after; sync")
    user.power(Act.SHUT_DOWN, "off")
    assert daemon.state(guest.name) == "shut off"
    user.power(Act.START, "running")
    guest.wait_until_up()
    assert guest.run("ls /disk | grep snap") == "snap-after"

    user.revert("pisces-1")
    assert daemon.state(guest.name) == "running"
    user.until(lambda: user.machine_state() == "running", "the machine to run")
    assert guest.run("ls /disk | grep snap") == "snap-before"

    guest.run("touch /disk/snap-again")
    guest.begin_counting()
    process = guest.qemu_pid()
    user.delete("pisces-1")
    assert daemon.snapshots(guest.name) == []
    assert memory_sizes(guest) == {}
    assert user.parents() == {}
    counted = guest.counted()
    assert guest.qemu_pid() == process
    assert guest.run("ls /disk | grep snap").split() == ["snap-again", "snap-before"]
    assert guest.counted(later=1) > counted


def test_tree_and_chart_show_the_memory_that_qemu_img_shows(user: User, daemon: Daemon, guest: Guest) -> None:
    user.choose_machine(daemon.uri, guest.name)
    for memory, filling in ((512, 320), (128, 50)):
        guest.define(memory)
        user.power(Act.START, "running")
        guest.wait_until_up()
        guest.fill_memory(filling)
        user.take(f"with-{memory}")
        user.power(Act.SHUT_DOWN, "off")
    user.take("stopped")

    expected = memory_sizes(guest)
    assert expected.keys() == {"with-512", "with-128", "stopped"}
    user.until(lambda: all(size is not None for size in user.chart_sizes().values()), "the sizes")
    assert user.chart_sizes() == expected
    assert {name: user.tree_size(name) for name in expected} == expected
    assert 0 == expected["stopped"] < expected["with-128"] < expected["with-512"]
    assert expected["with-512"] > 320 * 1024 * 1024


def test_the_children_of_a_deleted_snapshot_move_up(user: User, daemon: Daemon, guest: Guest) -> None:
    user.choose_machine(daemon.uri, guest.name)
    user.take("clean")
    user.take("patched")
    user.revert("clean")
    user.take("other")
    assert user.parents() == {"clean": "", "patched": "clean", "other": "clean"}

    user.delete("clean")
    user.until(lambda: user.parents() == {"patched": "", "other": ""}, "both children at the top")
    assert daemon.parents(guest.name) == {"patched": "", "other": ""}
    assert user.here() == "other"
