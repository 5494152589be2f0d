"""Take, revert and delete on a real screen, as somebody does who hears the window or has only a keyboard.

What came of it is asked of virsh, never of the application.
"""

import time
from pathlib import Path

import pytest
from testbed.daemon import Daemon
from testbed.desktop import Application, Screen, wait_for

# pyatspi itself calls what libatspi has renamed.
pytestmark = pytest.mark.filterwarnings("ignore:Atspi:DeprecationWarning")


def description(daemon: Daemon, machine: str, snapshot: str) -> str:
    """The description that libvirt keeps of a snapshot."""
    xml = daemon.virsh("snapshot-dumpxml", machine, snapshot)
    return xml.partition("<description>")[2].partition("</description>")[0]


def test_the_views_and_the_actions_have_names(application: Application) -> None:
    for name in ("Machines", "Snapshots", "Activity"):
        application.find(name, "tree")
    application.find("Sizes", "list")
    for name in ("Take", "Revert", "Delete", "Edit description"):
        application.find(name, "button")


def test_take_revert_and_delete_by_a_screen_reader(
    application: Application, daemon: Daemon, machine: str, home: Path
) -> None:
    application.find("Take", "button").press()
    dialog = application.find(f"Take a snapshot of {machine}", "dialog")
    dialog.find("Name", "text").write("clean")
    dialog.find("Take", "button").press()
    wait_for(lambda: daemon.snapshots(machine) == ["clean"], "virsh to list the snapshot")
    cache = home / ".cache" / "snapgui"
    wait_for(lambda: [each for each in cache.rglob("*") if each.is_file() and each.stat().st_size], "its picture")

    snapshots = application.find("Snapshots", "tree")
    wait_for(lambda: snapshots.names() == ["clean", "You are here"], "the tree to show it")
    daemon.virsh("suspend", machine)
    wait_for(lambda: snapshots.rows()[1][2] == "paused", "“You are here” to follow")
    snapshots.choose_row("clean")
    wait_for(application.find("Revert", "button").enabled, "Revert to be enabled")
    application.find("Revert", "button").press()
    application.find(f"Revert {machine}", "dialog").find("Revert", "button").press()
    wait_for(lambda: daemon.state(machine) == "running", "virsh to say that the machine runs again")
    wait_for(lambda: snapshots.names() == ["clean", "before-revert-1", "You are here"], "the safety snapshot")

    application.find("Undo revert…", "button").press()
    application.find("Undo revert", "dialog").find("Undo revert", "button").press()
    wait_for(lambda: daemon.snapshots(machine) == ["clean"], "virsh to list no safety snapshot")
    assert daemon.state(machine) == "paused"
    wait_for(lambda: snapshots.names() == ["clean", "You are here"], "the tree to show none")

    snapshots.choose_row("clean")
    application.find("Delete", "button").press()
    application.find(f"Delete snapshots of {machine}", "dialog").find("Delete", "button").press()
    wait_for(lambda: daemon.snapshots(machine) == [], "virsh to list no snapshot")
    wait_for(lambda: snapshots.names() == ["You are here"], "the tree to show none")
    assert daemon.state(machine) == "paused"
    activity = application.find("Activity", "tree")
    wait_for(lambda: len(activity.rows()) == 4, "four jobs among the activity")


def test_take_edit_revert_and_delete_by_keyboard_alone(
    application: Application, screen: Screen, daemon: Daemon, machine: str
) -> None:
    screen.keys("ctrl+t")
    application.find(f"Take a snapshot of {machine}", "dialog")
    screen.type("by-keys")
    screen.keys("Return")
    wait_for(lambda: daemon.snapshots(machine) == ["by-keys"], "virsh to list the snapshot")
    application.gone(f"Take a snapshot of {machine}", "dialog")
    snapshots = application.find("Snapshots", "tree")
    wait_for(lambda: snapshots.names() == ["by-keys", "You are here"], "the tree to show it")

    screen.keys("ctrl+f", "Tab", "Home", "F2")
    screen.type("typed")
    screen.keys("Return")
    wait_for(lambda: description(daemon, machine, "by-keys") == "typed", "virsh to show the description")

    screen.keys("ctrl+f", "Tab", "Home", "ctrl+F2")
    application.find("Edit description", "dialog")
    screen.type("typed again")
    screen.keys("ctrl+Return")
    wait_for(lambda: description(daemon, machine, "by-keys").endswith("typed again"), "virsh to show the description")
    application.gone("Edit description", "dialog")

    daemon.virsh("suspend", machine)
    screen.keys("ctrl+f", "Tab", "Home", "ctrl+r")
    application.find(f"Revert {machine}", "dialog")
    screen.keys("alt+t")  # without a safety snapshot
    time.sleep(0.3)  # Qt shows a box pressed by its key for 0.1 s before it switches it
    screen.keys("Return")
    wait_for(lambda: daemon.state(machine) == "running", "virsh to say that the machine runs again")
    application.gone(f"Revert {machine}", "dialog")

    screen.keys("ctrl+f", "Tab", "Home", "Delete")
    application.find(f"Delete snapshots of {machine}", "dialog")
    screen.keys("Return")
    wait_for(lambda: daemon.snapshots(machine) == [], "virsh to list no snapshot")


def test_the_tab_key_reaches_every_view(application: Application, screen: Screen) -> None:
    reached = []
    screen.keys("ctrl+f")
    for _ in range(40):
        screen.keys("Tab")
        focused = application.focused()
        reached.append(focused.name if focused is not None else "")
    assert {"Machines", "Snapshots", "Sizes", "Activity"} <= set(reached), reached
    assert "" not in reached, reached
