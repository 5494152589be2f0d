"""Every window and dialog can be looked at, in light and in dark."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from snapgui.ui import dialogs

_SCRIPT = Path(__file__).parent / "pictures.py"
_LEAST_COLOURS = 24  # text alone has as many, smoothed at its edges; a blank window has a few
_IN_A_SCREEN = 3  # colours of the demo's own screen: blue, yellow and white


def _colours(image: QImage) -> int:
    size = image.size()
    return len({image.pixel(x, y) for x, y in itertools.product(range(0, size.width(), 3), range(0, size.height(), 3))})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [sys.executable, _SCRIPT, folder],
        env={**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home), "XDG_CONFIG_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,  # seconds: there are many, and the machine may have other work
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_window_and_dialog_has_a_picture_in_light_and_dark(folder: Path) -> None:
    found = {path.stem for path in folder.glob("*.png")}
    for scheme, size in itertools.product(("light", "dark"), ("1280x800", "1024x600")):
        for name in ("main-snapshot", "take", "revert", "delete-many", "problem", "about"):
            assert f"{name}-{scheme}-{size}" in found
    assert {name.replace("-light-", "-dark-") for name in found} == {name for name in found if "-dark-" in name}


def test_no_dialog_is_without_a_picture(folder: Path) -> None:
    shown = set((folder / "shown").read_text().split())
    abstract = {"PlanDialog", "LastingDialog"}
    wanted = {name for name in dialogs._MODULES if name[0].isupper()} - abstract
    assert wanted - shown == set()


def test_no_picture_is_blank_and_dark_differs_from_light(folder: Path) -> None:
    for light in sorted(folder.glob("*-light-*.png")):
        dark = light.with_name(light.name.replace("-light-", "-dark-"))
        bright, dim = QImage(str(light)), QImage(str(dark))
        least = _IN_A_SCREEN if light.name.startswith("details-picture") else _LEAST_COLOURS
        assert _colours(bright) >= least, light.name
        assert _colours(dim) >= least, dark.name
        if least is _IN_A_SCREEN:
            continue  # the machine's screen is the same in both
        assert bright != dim, dark.name
        assert bright.pixelColor(1, 1).lightness() >= dim.pixelColor(1, 1).lightness(), dark.name
