"""packaging/run as a user meets it: without a screen, without rights, with an apt that fails, and the second time."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from testbed import requirements

from snapgui import __version__

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "packaging" / "run"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    screenless = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    del screenless["QT_QPA_PLATFORM"]
    return subprocess.run(
        [RUN, *arguments], env=screenless | environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A PATH of a machine without any of the packages; ``program`` adds to it."""
    for name in ("readlink", "dirname", "cat"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    program(tmp_path, "dpkg-query", "exit 1")
    return tmp_path


def program(path: Path, name: str, body: str) -> None:
    (path / name).write_text(f"#!/bin/sh\n{body}\n")
    (path / name).chmod(0o755)


@pytest.mark.parametrize("platform", ["", "xcb", "wayland"])
def test_without_a_screen_it_says_so_in_one_line_and_installs_nothing(platform: str, bare_path: Path) -> None:
    done = run("--demo", PATH=str(bare_path), QT_QPA_PLATFORM=platform)
    assert done.returncode != 0
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "no screen" in done.stderr
    assert "DISPLAY" in done.stderr


@pytest.mark.parametrize(("argument", "status"), [("--bogus", 2), ("--help", 0), ("--version", 0)])
def test_what_needs_no_screen_is_answered_without_one_and_installs_nothing(
    argument: str, status: int, bare_path: Path
) -> None:
    done = run("--demo", argument, PATH=str(bare_path))
    assert done.returncode == status
    assert "no screen" not in done.stderr
    assert {"--bogus": "arguments: --bogus", "--help": "--connect", "--version": __version__}[argument] in (
        done.stderr if status else done.stdout
    )


def test_without_the_right_to_install_it_names_what_is_missing(bare_path: Path) -> None:
    program(bare_path, "id", "echo 1000")
    done = run("--demo", PATH=str(bare_path), DISPLAY=":0")
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    for package in ("python3-libvirt", "libxcb-cursor0", "qemu-system-x86", "libvirt-daemon-driver-qemu"):
        assert package in done.stderr


def test_where_apt_fails_it_names_what_is_missing_and_what_no_source_has(bare_path: Path) -> None:
    program(
        bare_path, "dpkg-query", "for name; do case $name in -*|*libx*) ;; *) printf 'installed:%s ' $name; esac; done"
    )
    program(bare_path, "id", "echo 0")
    program(bare_path, "apt-get", "echo from apt: $5 $6; exit 100")
    program(bare_path, "apt-cache", "[ $2 != libxcb-cursor0 ]")
    done = run("--demo", PATH=str(bare_path), DISPLAY=":0")
    assert done.returncode != 0
    *_, unknown, last = done.stderr.splitlines()
    assert unknown.split(": ")[1].split() == ["libxcb-cursor0"]
    assert "libxcb-icccm4" in last
    assert "qemu" not in last
    assert "network" in last


def test_the_whole_check_skips_nothing_for_want_of_a_program(bare_path: Path, tmp_path_factory: Any) -> None:
    root = tmp_path_factory.mktemp("checkout")
    for path in (".ci/run", "packaging/prepare.sh"):
        (root / path).parent.mkdir()
        shutil.copy(ROOT / path, root / path)
    program(root / "packaging", "test", 'echo "CI is $CI"')
    program(bare_path, "dpkg", "exit 1")
    done = subprocess.run([root / ".ci/run"], env={"PATH": str(bare_path)}, capture_output=True, text=True, check=True)
    assert done.stdout == "CI is true\n"


@pytest.mark.parametrize(("under", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_what_a_test_lacks_is_named_and_a_failure_under_ci(
    monkeypatch: pytest.MonkeyPatch, under: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", under)
    monkeypatch.setenv("PATH", "/nonexistent")
    names = requirements.missing("real")
    assert {"virsh", "qemu-system-x86_64", "qemu-img"} <= set(names)
    with pytest.raises(outcome, match=r"missing on this machine: .*qemu-img"):
        requirements.lacking(", ".join(names))


def test_the_second_run_starts_at_once_and_a_screen_that_does_not_answer_is_told_in_one_line() -> None:
    if not (ROOT / ".venv" / ".snapgui-run").exists():
        pytest.skip("packaging/test has not made .venv: these tests run in another environment")
    # Any use of the network would fail.
    closed = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    started = time.monotonic()
    done = run("--demo", DISPLAY=":4711", **closed)
    assert time.monotonic() - started < 3  # measured 0.4 s; a busy machine gets its time
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("snapgui: ")
    assert "DISPLAY=:4711" in line
