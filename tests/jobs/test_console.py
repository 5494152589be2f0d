"""Opening a machine's console: in virt-viewer where it is installed, and otherwise the reason."""

import gc
import os
from pathlib import Path

import pytest

from snapgui.core.records import DomainId
from snapgui.jobs.console import Console

_DOMAIN = DomainId("qemu+unix:///system?socket=/run/x", "6695eb01-f6a4-8304-79aa-97f2502e193f")


def _viewer(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    path = folder / "virt-viewer"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")


def test_without_virt_viewer_the_user_is_told_what_to_install(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    console, problems = Console(), []
    console.failed.connect(problems.append)
    console.open(_DOMAIN, "pisces")
    qtbot.waitUntil(lambda: bool(problems))
    assert "pisces" in problems[0].tried
    assert "not installed" in problems[0].why
    assert "virt-viewer" in problems[0].remedy


def test_the_viewer_is_started_for_the_machine_on_its_host_and_outlives_the_application(qtbot, tmp_path, monkeypatch):
    said = tmp_path / "said"
    _viewer(tmp_path, monkeypatch, f'printf "%s\\n" "$@" >{said}; echo $$ >{tmp_path}/pid; exec sleep 60')
    console = Console()
    console.open(_DOMAIN, "--evil")
    qtbot.waitUntil((tmp_path / "pid").exists)
    qtbot.waitUntil(lambda: bool((tmp_path / "pid").read_text()))
    assert said.read_text().splitlines() == ["--connect", _DOMAIN.uri, "--reconnect", "--uuid", _DOMAIN.uuid]
    (viewer,) = console._viewers
    console.close()
    console.deleteLater()
    del console
    gc.collect()
    qtbot.wait(50)
    assert viewer.process.poll() is None, "the user may be typing in it"
    viewer.process.kill()
    viewer.process.wait()


def test_what_the_viewer_complains_of_is_one_click_away(qtbot, tmp_path, monkeypatch):
    _viewer(tmp_path, monkeypatch, "echo no graphics here >&2; exit 1")
    console, problems = Console(), []
    console.failed.connect(problems.append)
    console.open(_DOMAIN, "pisces")
    qtbot.waitUntil(lambda: bool(problems))
    assert problems[0].raw == "no graphics here"
    assert problems[0].remedy
