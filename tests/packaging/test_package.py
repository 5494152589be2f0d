"""What is handed out: the wheel, and the descriptions for desktops and software centres."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from testbed import requirements

import snapgui

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
ID = "org.snapgui.Snapgui"


def outcome(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if shutil.which(program) is None:
        requirements.lacking(program)
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--wheel-dir", folder, ROOT], check=True, timeout=60)
    (packed,) = folder.glob("*.whl")
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_the_wheel_has_every_module_and_every_resource(wheel: Path) -> None:
    def files(folder: Path) -> set[str]:
        return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}

    resources = {f"resources/{name}" for name in files(ROOT / "resources") if not name.startswith("pictures/")}
    assert any(name.endswith(".svg") for name in resources)
    assert files(wheel / "snapgui") == files(ROOT / "snapgui") | resources


def test_the_installed_application_finds_its_resources(wheel: Path) -> None:
    code = "import snapgui.paths; print(snapgui.paths.resources())"
    environment = os.environ | {"PYTHONPATH": str(wheel)}
    found = subprocess.check_output([sys.executable, "-P", "-c", code], env=environment, cwd=wheel, text=True)
    assert Path(found.strip()) == wheel / "snapgui" / "resources"


def test_the_wheel_brings_the_command_and_what_a_desktop_needs(wheel: Path) -> None:
    (entry_points,) = wheel.glob("*.dist-info/entry_points.txt")
    assert "snapgui = snapgui.__main__:main" in entry_points.read_text()
    (share,) = wheel.glob("*.data/data/share")
    for name in (
        f"applications/{ID}.desktop",
        f"metainfo/{ID}.metainfo.xml",
        f"icons/hicolor/scalable/apps/{ID}.svg",
        "man/man1/snapgui.1",
    ):
        assert (share / name).is_file()


def test_the_desktop_entry_is_valid_and_names_the_window() -> None:
    done = outcome("desktop-file-validate", PACKAGING / f"{ID}.desktop")
    assert done.returncode == 0, done.stdout + done.stderr
    text = (PACKAGING / f"{ID}.desktop").read_text()
    assert "\nStartupWMClass=snapgui\n" in text
    assert f"\nIcon={ID}\n" in text


def test_the_metainfo_is_valid() -> None:
    done = outcome("appstreamcli", "validate", "--no-net", PACKAGING / f"{ID}.metainfo.xml")
    complaints = [line for line in done.stdout.splitlines() if line.startswith(("E:", "W:"))]
    # snapgui has no home page. AppStream 1.0 minds that, and 0.16 can't be told to let it pass: it has no such rule.
    unexpected = [line for line in complaints if "url-homepage-missing" not in line]
    assert not unexpected
    assert done.returncode == 0 or complaints, done.stdout + done.stderr


def test_every_place_tells_the_same_version() -> None:
    version = snapgui.__version__
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == version
    release = ET.parse(PACKAGING / f"{ID}.metainfo.xml").find("releases/release")  # noqa: S314 - our own file
    assert release is not None
    assert release.get("version") == version
    assert f'"snapgui {version}"' in (PACKAGING / "snapgui.1").read_text()
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_manual_page_describes_the_options_that_help_lists() -> None:
    printed = subprocess.check_output([sys.executable, "-m", "snapgui", "--help"], cwd=ROOT, text=True)
    listed = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", printed.partition("options:")[2]))
    manual = (PACKAGING / "snapgui.1").read_text().partition(".SH OPTIONS")[2].partition(".SH")[0].replace("\\", "")
    assert {"--help", "--version", "--connect", "-c", "--domain", "--demo", "--debug"} <= listed
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", manual)) == listed
