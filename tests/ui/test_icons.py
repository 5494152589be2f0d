"""Icons are there by name, follow the palette, and differ by shape."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QImage, QPalette, QPixmap

import snapgui
from snapgui.paths import resources
from snapgui.ui import icons

_SIZE = QSize(24, 24)
pytestmark = pytest.mark.usefixtures("qapp")


def _image(name: str, mode: QIcon.Mode = QIcon.Mode.Normal) -> QImage:
    return icons.icon(name).pixmap(_SIZE, mode).toImage().convertToFormat(QImage.Format.Format_ARGB32)


def _shape(name: str) -> tuple[int, ...]:
    image = _image(name)
    return tuple(image.pixelColor(x, y).alpha() // 64 for y in range(24) for x in range(24))


@pytest.fixture
def _palette(qapp: QGuiApplication) -> Iterator[None]:
    before = QPalette(qapp.palette())
    yield
    qapp.setPalette(before)


def test_every_icon_that_the_code_names_is_there() -> None:
    code = "".join(path.read_text() for path in Path(snapgui.__file__).parent.rglob("*.py"))
    asked = set(re.findall(r'\bicon\("([a-z-]+)"\)', code))
    assert asked <= set(icons.names())


@pytest.mark.parametrize("name", icons.names())
def test_every_icon_draws_something(name: str) -> None:
    assert any(_shape(name))


def test_an_unknown_name_is_an_error_at_once() -> None:
    with pytest.raises(KeyError):
        icons.icon("no-such-icon")


@pytest.mark.parametrize(
    "states",
    [
        ("machine-running", "machine-paused", "machine-saved", "machine-off", "machine-failed"),
        ("snapshot-running", "snapshot-paused", "snapshot-off"),
        ("internal", "external", "disk-only"),
        ("host", "host-connecting", "host-failed"),
        ("warning", "blocker", "note"),
    ],
)
def test_states_differ_by_shape_and_not_only_by_colour(states: tuple[str, ...]) -> None:
    assert len({_shape(name) for name in states}) == len(states)


@pytest.mark.usefixtures("_palette")
def test_an_icon_follows_the_palette_without_being_asked_for_again(qapp: QGuiApplication) -> None:
    take = icons.icon("take")
    for colour in ("#111111", "#eeeeee"):
        palette = QPalette(qapp.palette())
        palette.setColor(QPalette.ColorRole.WindowText, QColor(colour))
        qapp.setPalette(palette)
        image = take.pixmap(_SIZE).toImage()
        seen = {
            image.pixelColor(x, y).name() for x in range(24) for y in range(24) if image.pixelColor(x, y).alpha() == 255
        }
        assert seen == {colour}


def test_a_disabled_icon_looks_disabled() -> None:
    assert _image("take") != _image("take", QIcon.Mode.Disabled)


def test_a_changed_copy_of_an_icon_leaves_the_icon_alone() -> None:
    before = _image("take")
    copy = QIcon(icons.icon("take"))
    copy.addPixmap(QPixmap(4, 4))
    copy.pixmap(_SIZE)
    assert _image("take") == before


def test_an_icon_is_sharp_on_a_dense_screen() -> None:
    pixmap = icons.icon("take").pixmap(QSize(16, 16), 2.0)
    assert pixmap.size() == QSize(32, 32)
    assert pixmap.devicePixelRatio() == 2.0


def test_resources_are_found_in_a_checkout() -> None:
    assert (resources() / "icons" / "snapgui.svg").is_file()
