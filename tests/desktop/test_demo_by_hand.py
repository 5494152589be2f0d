"""The demo as somebody tries it: started by its command, used on a real screen, closed, and nothing of it is left."""

import os
from pathlib import Path

import pytest
from testbed.desktop import Application, Node, Screen, wait_for

from snapgui.demo.folder import PLACE

# pyatspi itself calls what libatspi has renamed.
pytestmark = [pytest.mark.filterwarnings("ignore:Atspi:DeprecationWarning"), pytest.mark.real]
_HISTORY = ["clean", "counter-1", "counter-2", "counter-3", "You are here"]


def _root(application: Application) -> Path | None:
    """The folder that it keeps open."""
    for link in Path(f"/proc/{application.process.pid}/fd").iterdir():
        try:
            target = link.readlink()
        except OSError:
            continue
        if target.parent.parent == PLACE and target.parent.name.startswith("snapgui-demo-"):
            return target.parent
    return None


def _qemus(root: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if b"qemu" in command.partition(b"\0")[0] and os.fsencode(root) in command:
            found.append(process.name)
    return found


def _state(snapshots: Node) -> str:
    """The machine's, as the row "You are here" says it."""
    return next((row[2] for row in snapshots.rows() if row[0].startswith("You are here")), "")


def _use(application: Application, action: str) -> None:
    wait_for(application.find(action, "button").enabled, f"{action} to be offered")
    application.find(action, "button").press()


def test_all_that_can_be_done_can_be_tried_and_nothing_is_left(screen: Screen, home: Path) -> None:
    with screen.application("-m", "snapgui", "--demo", home=home) as application:
        snapshots = application.find("Snapshots", "tree", seconds=60)
        wait_for(lambda: snapshots.names() == _HISTORY, "its history", 60)
        root = _root(application)
        assert root is not None
        assert len(_qemus(root)) == 1

        _use(application, "Take")
        application.find("Take a snapshot of counter", "dialog").find("Take", "button").press()
        wait_for(lambda: "counter-4" in snapshots.names(), "the new snapshot", 30)

        _use(application, "Pause")
        wait_for(lambda: _state(snapshots) == "paused", "the machine to pause")
        _use(application, "Resume")
        wait_for(lambda: _state(snapshots) == "running", "the machine to go on")

        snapshots.choose_row("counter-1")
        _use(application, "Revert")
        application.find("Revert counter", "dialog").find("Revert", "button").press()
        wait_for(lambda: "before-revert-1" in snapshots.names(), "the safety snapshot", 30)
        application.find("Undo revert…", "button", seconds=30).press()
        application.find("Undo revert", "dialog").find("Undo revert", "button").press()
        wait_for(lambda: "before-revert-1" not in snapshots.names(), "the revert to be undone", 30)

        snapshots.choose_row("counter-4")
        _use(application, "Edit description")
        dialog = application.find("Edit description", "dialog")
        dialog.find("Description", "text").write("tried")
        wait_for(dialog.find("Save", "button").enabled, "the text to be taken up")
        dialog.find("Save", "button").press()
        application.gone("Edit description", "dialog")
        snapshots.choose_row("counter-4")
        _use(application, "Delete")
        application.find("Delete snapshots of counter", "dialog").find("Delete", "button").press()
        wait_for(lambda: snapshots.names() == _HISTORY, "the history as it was", 30)

        _use(application, "Shut down")
        wait_for(lambda: _state(snapshots) == "off", "the machine to be off", 30)
        _use(application, "Start")
        wait_for(lambda: _state(snapshots) == "running", "the machine to run", 30)
    assert application.process.returncode == 0, application.log
    assert not root.exists()
    assert _qemus(root) == []
    kept = [path.relative_to(home) for path in home.rglob("*") if path.is_file()]
    assert [path for path in kept if "snapgui" in path.as_posix()] == [], kept
