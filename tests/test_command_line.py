"""The command: what it says of itself, what it takes, and how it ends."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from snapgui import __version__
from snapgui.__main__ import arguments

PYTHON = [sys.executable, "-m", "snapgui"]
ROOT = Path(__file__).resolve().parent.parent


def environment(**variables: str) -> dict[str, str]:
    """This environment without a screen, and with ``variables``."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    return kept | variables


def test_version_is_told_without_loading_qt_or_libvirt() -> None:
    code = "import sys, snapgui.__main__ as m; sys.argv[1:] = ['--version']\ntry: m.main()\nexcept SystemExit: pass\n"
    code += "print(sorted({'PySide6', 'libvirt', 'lxml', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == [f"snapgui {__version__}", "[]"]


def test_help_names_every_option() -> None:
    done = subprocess.run([*PYTHON, "--help"], capture_output=True, text=True, check=True, cwd=ROOT)
    for option in ("--version", "--help", "-c", "--connect", "--domain", "--demo", "--debug"):
        assert option in done.stdout


def test_an_empty_connection_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(["-c", ""])
    assert "-c/--connect: it is empty" in capsys.readouterr().err


def test_connections_may_be_several() -> None:
    chosen = arguments(["-c", "qemu:///system", "--connect", "test:///default", "--domain", "pisces"])
    assert chosen.connect == ["qemu:///system", "test:///default"]
    assert chosen.domain == "pisces"


def test_a_mistake_is_told_in_a_line_and_a_status() -> None:
    done = subprocess.run([*PYTHON, "--nonsense"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 2
    assert "--nonsense" in done.stderr


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "neither DISPLAY nor WAYLAND_DISPLAY is set"),
        ({"DISPLAY": ":4711"}, "DISPLAY=:4711"),
        ({"DISPLAY": "nonsense"}, "DISPLAY=nonsense"),
        ({"WAYLAND_DISPLAY": "wayland-4711"}, "WAYLAND_DISPLAY=wayland-4711"),
        ({"WAYLAND_DISPLAY": "wayland-4711", "DISPLAY": ":4711"}, "WAYLAND_DISPLAY=wayland-4711, DISPLAY=:4711"),
        ({"QT_QPA_PLATFORM": "xcb;wayland", "DISPLAY": ":4711"}, "DISPLAY=:4711"),
        ({"QT_QPA_PLATFORM": "nonsense"}, "QT_QPA_PLATFORM=nonsense"),
    ],
)
def test_a_screen_that_does_not_answer_is_told_in_one_line(variables: dict[str, str], told: str) -> None:
    given = environment(**{"QT_QPA_PLATFORM": ""} | variables)
    done = subprocess.run(
        [*PYTHON, "--demo"], cwd=ROOT, env=given, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("snapgui: ")
    assert told in line


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_as_closing_the_window_does(sent: signal.Signals, home: Path) -> None:
    # Of several platforms, one that can be used is enough.
    given = environment(QT_QPA_PLATFORM="xcb;offscreen", DISPLAY=":4711")
    command = [*PYTHON, "--debug", "-c", "test:///default"]
    process = subprocess.Popen(command, cwd=ROOT, env=given, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    # What is done and how long it took. Once it reads the first machine, the host has answered, and is remembered.
    assert any(re.search(r"Listing the snapshots of the machine: \d+\.\d ms$", line) for line in process.stderr)
    process.send_signal(sent)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert "test:///default" in (home / ".config" / "snapgui" / "snapgui.ini").read_text()


def test_a_signal_while_it_starts_ends_it_too() -> None:
    quiet = {**os.environ, "QT_DEBUG_PLUGINS": "1", "QT_QPA_PLATFORM": "offscreen"}
    process = subprocess.Popen([*PYTHON, "-c", "test:///default"], cwd=ROOT, stderr=subprocess.PIPE, env=quiet)
    assert process.stderr is not None
    process.stderr.readline()  # Qt looks for its plugins
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode in (0, -signal.SIGTERM)
