"""What a saved chart shows, and the files it is saved as."""

from dataclasses import dataclass
from enum import Enum

from PySide6.QtGui import QColor, QFont

from snapgui.core.records import SnapshotRecord
from snapgui.models.stack import PARTS, Part, Stack


class Format(Enum):
    """The files that a chart can be saved as, by their suffix."""

    PNG = "png"
    SVG = "svg"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Row:
    """One snapshot of the chart."""

    record: SnapshotRecord
    stack: Stack
    current: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """All that a file shows: the heading, the snapshots in their order, and the accent of the user's desktop.

    ``parts``: those that a picture shows; a table has all.
    The font's size is in pixels: points would be larger or smaller in a file than on the screen.
    """

    title: str
    rows: tuple[Row, ...]
    font: QFont
    accent: QColor
    parts: tuple[Part, ...] = PARTS
