"""Icons by name: our own set, drawn in the colours of the palette; the desktop's theme for what every desktop draws.

A desktop's icons are taken by groups: where its theme lacks one of a group, all of the group are our own, so that
no two icons side by side come from different hands. What a snapshot or a machine is or does is always our own, since no
theme has it all. States differ by shape; colour only repeats it.
"""

from functools import cache
from typing import Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from snapgui.paths import resources

_THEME_GROUPS: Final[tuple[dict[str, str], ...]] = (
    {"copy": "edit-copy", "save": "document-save"},
    {"warning": "dialog-warning", "blocker": "dialog-error", "note": "dialog-information"},
)

_LIGHT_AND_DARK: Final = {
    "amber": ("#a85b00", "#ffb84d"),
    "red": ("#c0271d", "#ff8a80"),
    "blue": ("#1f5fbf", "#8ab4f8"),
    "green": ("#1b7a3d", "#6fd08c"),
}
_TINTS: Final = {
    "warning": "amber",
    "blocker": "red",
    "loses": "red",
    "note": "blue",
    "adds": "green",
    "done": "green",
    "machine-running": "green",
    "machine-paused": "amber",
    "machine-saved": "blue",
    "machine-failed": "red",
    "host-failed": "red",
    "snapshot-running": "green",
    "snapshot-paused": "amber",
    "here": "blue",
}
_DARK_BELOW: Final = 128  # a window colour of less lightness (0..255) makes a dark palette


def icon(name: str) -> QIcon:
    """The icon of that name in ``resources/icons``; it follows the palette by itself. KeyError where there is none."""
    return _themed(name) or _drawn(name)


def names() -> tuple[str, ...]:
    """Every icon of our own set."""
    return tuple(sorted(path.stem for path in (resources() / "icons").glob("*.svg")))


@cache
def app_icon() -> QIcon:
    """The application's own icon, in its own colours."""
    return QIcon(str(resources() / "icons" / "snapgui.svg"))


def tint(colour: str) -> QColor:
    """One of our colours ("amber", "red", "blue", "green") as it reads on the palette of the moment."""
    return QColor(_LIGHT_AND_DARK[colour][_dark()])


def _themed(name: str) -> QIcon | None:
    for group in _THEME_GROUPS:
        if name in group and all(QIcon.hasThemeIcon(theme_name) for theme_name in group.values()):
            return QIcon.fromTheme(group[name])
    return None


@cache
def _drawn(name: str) -> QIcon:
    _source(name)
    return QIcon(_SvgEngine(name))


@cache
def _source(name: str) -> bytes:
    path = resources() / "icons" / f"{name}.svg"
    if not path.is_file():
        raise KeyError(name)
    return path.read_bytes()


def _dark() -> bool:
    return QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < _DARK_BELOW


def _colour(name: str, mode: QIcon.Mode) -> QColor:
    palette = QGuiApplication.palette()
    if mode is QIcon.Mode.Disabled:
        return palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText)
    if mode is QIcon.Mode.Selected:
        return palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.HighlightedText)
    if name in _TINTS:
        return tint(_TINTS[name])
    return palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.WindowText)


@cache
def _render(name: str, width: int, height: int, rgba: int) -> QPixmap:
    """``width`` and ``height`` in device pixels."""
    pixmap = QPixmap(width, height)
    pixmap.fill(Qt.GlobalColor.transparent)
    colour = QColor.fromRgba(rgba)
    painter = QPainter(pixmap)
    painter.setOpacity(colour.alphaF())
    QSvgRenderer(_source(name).replace(b"currentColor", colour.name().encode())).render(painter)
    painter.end()
    return pixmap


# Qt owns a clone, yet PySide frees it with its Python object, and Qt then crashes on it [PySide 6.12]: keep the object.
_clones: Final[list[QIconEngine]] = []


class _SvgEngine(QIconEngine):
    """Draws one SVG in the palette's colour of the moment: a change between light and dark needs no new icon."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def clone(self) -> QIconEngine:
        copy = _SvgEngine(self._name)
        _clones.append(copy)
        return copy

    def key(self) -> str:
        return f"snapgui-{self._name}"

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        ratio = painter.device().devicePixelRatio()
        side = min(rect.width(), rect.height())
        square = QRect(0, 0, side, side)
        square.moveCenter(rect.center())
        painter.drawPixmap(square, self._pixmap(square.size() * ratio, mode))

    def pixmap(self, size: QSize, mode: QIcon.Mode, _state: QIcon.State) -> QPixmap:
        return self._pixmap(size, mode)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, _state: QIcon.State, scale: float) -> QPixmap:  # noqa: N802 - Qt
        pixmap = self._pixmap(size * scale, mode).copy()
        pixmap.setDevicePixelRatio(scale)
        return pixmap

    def _pixmap(self, size: QSize, mode: QIcon.Mode) -> QPixmap:
        return _render(self._name, size.width(), size.height(), _colour(self._name, mode).rgba())
