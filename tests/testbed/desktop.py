"""A screen of the tests' own: Xvfb, a window manager, a session bus with AT-SPI, and the application as a user has it.

What a test finds and presses here goes through the accessibility bus or the keyboard, never through the application's
own objects.
"""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from testbed.daemon import dying_with_us

T = TypeVar("T")


def wait_for(ask: Callable[[], T], what: str, seconds: float = 15) -> T:
    """The first true answer; fails after that many seconds, and says what did not come."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


class Screen:
    """An X display with a window manager and a session bus. One per process: libatspi connects to its bus once."""

    def __init__(self, size: str = "1280x800") -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("QT_", "DBUS_", "AT_SPI"))},
            "QT_QPA_PLATFORM": "xcb",
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
            "NO_AT_BRIDGE": "1",  # only Qt's own bridge is tested
        }
        try:
            self._start(size)
        except BaseException:
            self.close()
            raise

    def _start(self, size: str) -> None:
        read, write = os.pipe()
        self._run(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-nolisten", "tcp", "-noreset"],
            pass_fds=(write,),
        )
        os.close(write)
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        assert number, "Xvfb did not start"
        self.environment["DISPLAY"] = f":{number}"
        self._run(["openbox", "--sm-disable"])
        read, write = os.pipe()
        self._run(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--print-address={write}"],
            pass_fds=(write,),
        )
        os.close(write)
        with os.fdopen(read) as answer:
            address = answer.readline().strip()
        assert address, "the session bus did not start"
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = address
        asked = subprocess.run(
            [
                "dbus-send",
                "--session",
                "--print-reply",
                "--dest=org.a11y.Bus",
                "/org/a11y/bus",
                "org.a11y.Bus.GetAddress",
            ],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        found = re.search(r'string "(.*)"', asked.stdout)
        assert found, f"the accessibility bus did not start: {asked.stderr}"
        self.environment["AT_SPI_BUS_ADDRESS"] = found[1]

    def _run(self, command: list[str], **options: Any) -> None:
        self._processes.append(
            subprocess.Popen(
                [*dying_with_us(), *command],
                env=self.environment,
                start_new_session=True,  # Ctrl+C ends the tests, which end the application first
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                **options,
            )
        )

    def accessibility(self) -> Any:
        """pyatspi's registry, connected to this screen's bus."""
        os.environ["DISPLAY"] = self.environment["DISPLAY"]
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = self.environment["DBUS_SESSION_BUS_ADDRESS"]
        os.environ["AT_SPI_BUS_ADDRESS"] = self.environment["AT_SPI_BUS_ADDRESS"]
        import pyatspi  # noqa: PLC0415 - it connects when it is imported
        from gi.repository import Atspi  # noqa: PLC0415

        Atspi.set_timeout(3000, 15000)  # milliseconds: for an answer, and while an application starts
        return pyatspi.Registry.getDesktop(0)

    def keys(self, *keys: str) -> None:
        """Press keys in turn, in xdotool's names ("ctrl+t", "Return"), in the window that has the focus."""
        subprocess.run(["xdotool", "key", "--delay", "40", *keys], env=self.environment, check=True, timeout=30)

    def type(self, text: str) -> None:
        """Type a text in the window that has the focus."""
        subprocess.run(["xdotool", "type", "--delay", "20", "--", text], env=self.environment, check=True, timeout=60)

    def picture(self, path: Path, window: str = "root") -> None:
        """Save what is on the screen, or the window of that id, as a PNG."""
        subprocess.run(["import", "-window", window, path], env=self.environment, check=True, timeout=30)

    def windows(self) -> dict[str, str]:
        """The titles of the windows on the screen, by id."""
        ids = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", ".+"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        ).stdout.split()
        return {
            window: subprocess.run(
                ["xdotool", "getwindowname", window],
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            ).stdout.strip()
            for window in ids
        }

    @contextlib.contextmanager
    def application(self, *args: str, home: Path) -> Iterator["Application"]:
        """Run a Python program's command line in a home of its own for as long as the block runs."""
        application = Application(self, args, home)
        try:
            yield application
        finally:
            application.close()

    def close(self) -> None:
        """End what this screen has started, last first."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Application:
    """A program on a screen, seen through AT-SPI."""

    def __init__(self, screen: Screen, args: tuple[str, ...], home: Path) -> None:
        self._screen = screen
        self._log = home / "application.log"
        environment = {
            **screen.environment,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_DATA_HOME": str(home / ".local/share"),
            "XDG_STATE_HOME": str(home / ".local/state"),
        }
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*dying_with_us(), sys.executable, *args], env=environment, stdout=log, stderr=log
            )
        self.node = wait_for(self._appear, f"the application on the accessibility bus:\n{self.log}")

    @property
    def log(self) -> str:
        """What it has written to its terminal."""
        return self._log.read_text(errors="replace")

    def _appear(self) -> Any:
        assert self.process.poll() is None, f"the application ended:\n{self.log}"
        for node in self._screen.accessibility():
            if node is not None and node.get_process_id() == self.process.pid and len(node):
                return node
        return None

    def find(self, name: str, role: str = "", *, seconds: float = 15) -> "Node":
        """The shown thing of that accessible name (and role, in AT-SPI's words: "button", "tree")."""
        what = f"{role or 'something'} named “{name}”"
        try:
            return wait_for(lambda: self._look(name, role), what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; there is:\n{self.outline()}\n{self.log}") from None

    def gone(self, name: str, role: str = "", *, seconds: float = 15) -> None:
        """Wait until nothing of that name is shown."""
        wait_for(lambda: self._look(name, role) is None, f"{role} “{name}” to go", seconds)

    def _look(self, name: str, role: str) -> "Node | None":
        return next((node for node in Node(self.node).walk() if node.matches(name, role)), None)

    def outline(self) -> str:
        """Every shown thing with its role, one a line, for messages."""
        shown = (node for node in Node(self.node).walk() if node.has("showing"))
        return "\n".join(f"{'  ' * node.depth}{node.role}: {node.name}" for node in shown)

    def focused(self) -> "Node | None":
        """The field, button or view that has the keyboard.

        Qt calls every view's current cell focused too, and a panel that hands its focus on to what is in it.
        """
        cells = ("table cell", "list item", "page tab")
        found = [node for node in Node(self.node).walk() if node.has("focused") and node.role not in cells]
        return max(found, key=lambda node: node.depth, default=None)

    def close(self) -> None:
        """End it as a user's logging out would, and hard if that does not help."""
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Node:
    """One accessible thing. It may go away at any time: then it has no name, no role and no children."""

    def __init__(self, accessible: Any, depth: int = 0) -> None:
        self._accessible = accessible
        self.depth = depth

    @property
    def name(self) -> str:
        """Its accessible name; an action's mnemonic is not part of it."""
        return str(self._ask(self._accessible.get_name, ""))

    @property
    def role(self) -> str:
        """AT-SPI's word for what it is, in the words of today's: a button was called "push button" before 2.53."""
        return str(self._ask(self._accessible.get_role_name, "")).removeprefix("push ")

    @property
    def text(self) -> str:
        """What an input field holds."""
        return str(self._ask(lambda: self._accessible.queryText().getText(0, -1), ""))

    @staticmethod
    def _ask(question: Callable[[], T], without: T) -> T:
        from gi.repository import GLib  # noqa: PLC0415 - the desktop tests' own library

        try:
            return question()
        except (GLib.Error, LookupError, NotImplementedError, RuntimeError):
            return without

    def has(self, state: str) -> bool:
        """Whether it has one of AT-SPI's states: "showing", "focused", "enabled", "selected", "checked"."""
        import pyatspi  # noqa: PLC0415 - it connects when it is imported

        constant = getattr(pyatspi, f"STATE_{state.upper()}")
        return bool(self._ask(lambda: self._accessible.getState().contains(constant), without=False))

    def enabled(self) -> bool:
        """Whether it can be pressed."""
        return self.has("enabled")

    def upwards(self) -> "Iterator[Node]":
        """Itself and what it is in, up to the application."""
        node: Node | None = self
        while node is not None:
            yield node
            above = self._ask(node._accessible.get_parent, None)
            node = Node(above) if above is not None else None

    def matches(self, name: str, role: str) -> bool:
        """Whether it is shown and is what is looked for."""
        return self.name == name and (not role or self.role == role) and self.has("showing")

    def children(self) -> "list[Node]":
        """What it contains."""
        count = self._ask(self._accessible.get_child_count, 0)
        found = (self._ask(lambda n=n: self._accessible.get_child_at_index(n), None) for n in range(count))
        return [Node(child, self.depth + 1) for child in found if child is not None]

    def walk(self) -> "Iterator[Node]":
        """Itself and everything in it that is shown."""
        yield self
        for child in self.children():
            yield from child.walk()

    def find(self, name: str, role: str = "", *, seconds: float = 15) -> "Node":
        """The shown thing of that name in this one."""
        return wait_for(
            lambda: next((node for node in self.walk() if node.matches(name, role)), None), f"{role} “{name}”", seconds
        )

    def actions(self) -> list[str]:
        """What can be done to it."""
        action = self._ask(self._accessible.queryAction, None)
        return [action.getName(n) for n in range(action.nActions)] if action is not None else []

    def press(self) -> None:
        """Do its first action, as a screen reader's user would."""
        assert self.actions(), f"{self.role} “{self.name}” has no action"
        # A modal dialog that runs its own event loop answers the call only when it has been closed.
        self._ask(lambda: self._accessible.queryAction().doAction(0), without=False)

    def rows(self) -> list[list[str]]:
        """The cells of a table or tree, row by row, as they are shown."""
        table = self._accessible.queryTable()
        columns = range(table.nColumns)
        cells = ((table.getAccessibleAt(row, column) for column in columns) for row in range(table.nRows))
        return [[cell.get_name() if cell is not None else "" for cell in row] for row in cells]

    def names(self) -> list[str]:
        """What a screen reader says first of each row: the text before the first comma of its first cell."""
        return [row[0].partition(",")[0] for row in self.rows()]

    def choose_row(self, name: str) -> None:
        """Select the one row of a table or tree that begins with that name."""
        wait_for(lambda: name in self.names(), f"the row “{name}” in “{self.name}”")
        self._accessible.querySelection().clearSelection()
        self._accessible.queryTable().addRowSelection(self.names().index(name))

    def focus(self) -> None:
        """Give it the keyboard."""
        self._accessible.queryComponent().grabFocus()

    def write(self, text: str) -> None:
        """Replace what an input field holds."""
        self._accessible.queryEditableText().setTextContents(text)
