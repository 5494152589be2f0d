"""One bar and what stands behind it, painted alike on the screen and in a saved picture."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPalette, QPen

from snapgui.models.format import one_line, round_size_text
from snapgui.models.stack import PARTS, Part, Stack, figure_text, is_whole
from snapgui.ui.chart.scale import Scale
from snapgui.ui.contrast import GRAPHIC, TEXT, legible, mix

LABEL_WIDTH = 40  # a slot narrower than this many pixels has no room for a name
_GAP = 4
_BAR_SHARE = 0.62  # of a slot's width; the rest keeps neighbours apart
_LEAST_PART = 2.0  # pixels: something is never drawn as nothing
_STUB = 22.0  # pixels: the height of what is not known
_OUTLINED = 10.0  # pixels: a narrower bar has no room for outlines and patterns


@dataclass(frozen=True, slots=True)
class Bar:
    """What one bar shows: of what the snapshot takes, those ``parts``."""

    name: str
    stack: Stack
    current: bool = False
    parts: tuple[Part, ...] = PARTS

    @property
    def figure(self) -> str:
        """What is written above it."""
        return figure_text(self.stack, self.parts)


@dataclass(frozen=True, slots=True)
class Colours:
    """The chart's colours on one palette: one accent, told apart from the base by contrast.

    The parts of a bar differ in lightness and in pattern, not in hue.
    """

    base: QColor
    text: QColor
    muted: QColor
    grid: QColor
    bar: QColor
    disk: QColor  # between the stripes of the own disk
    shared: QColor  # between the dots of the shared disk
    narrow_disk: QColor  # of both where there is no room for stripes and dots
    narrow_shared: QColor
    band: QColor  # behind a selected bar
    hover: QColor
    bar_selected: QColor

    @classmethod
    def of(cls, palette: QPalette) -> "Colours":
        """For what is drawn on the palette's base."""
        active = QPalette.ColorGroup.Active
        base = palette.color(active, QPalette.ColorRole.Base)
        text = palette.color(active, QPalette.ColorRole.Text)
        accent = palette.color(active, QPalette.ColorRole.Highlight)
        band = mix(accent, base, 0.22)
        bar = legible(accent, base, GRAPHIC)
        return cls(
            base=base,
            text=text,
            muted=legible(mix(text, base, 0.6), base, TEXT),
            grid=mix(text, base, 0.16),
            bar=bar,
            disk=mix(bar, base, 0.35),
            shared=mix(bar, base, 0.1),
            narrow_disk=mix(bar, base, 0.65),
            narrow_shared=mix(bar, base, 0.35),
            band=band,
            hover=mix(text, base, 0.07),
            bar_selected=legible(accent, band, GRAPHIC),
        )


@dataclass(frozen=True, slots=True)
class Plot:
    """The heights of the chart, in pixels from its top: figures, bars down to ``bottom``, names below."""

    top: float
    bottom: float
    height: float
    scale: Scale

    @classmethod
    def of(cls, height: float, metrics: QFontMetricsF, scale: Scale) -> "Plot":
        """For a chart of that height."""
        line = metrics.height()
        top = line + 2 * _GAP
        return cls(top, max(top + 1, height - line - 3 * _GAP), height, scale)

    def y(self, value: int) -> float:
        """Where a number of bytes ends."""
        return self.bottom - self.scale.share(value) * (self.bottom - self.top)

    def pieces(self, bar: Bar) -> tuple[list[tuple[Part, float, float]], float]:
        """Where each part of a bar begins and ends that is there, from the bottom up; and the top of the last."""
        found: list[tuple[Part, float, float]] = []
        total, bottom = 0, self.bottom
        for part, size in bar.stack.only(bar.parts):
            if size is not None and size.bytes:
                total += size.bytes
                top = min(self.y(total), bottom - _LEAST_PART)
                found.append((part, top, bottom))
                bottom = top
        return found, bottom

    def end(self, bar: Bar) -> float:
        """Where a bar ends, with what stands for parts that are not known."""
        top = self.pieces(bar)[1]
        return top if is_whole(bar.stack, bar.parts) else max(self.top, top - _STUB)


def paint_grid(painter: QPainter, plot: Plot, left: float, right: float, colours: Colours) -> None:
    """A light line for each tick, and the baseline."""
    painter.setPen(QPen(colours.grid, 1))
    for tick in plot.scale.ticks[1:]:
        y = round(plot.y(tick)) + 0.5
        painter.drawLine(QPointF(left, y), QPointF(right, y))
    painter.setPen(QPen(colours.muted, 1))
    y = round(plot.bottom) + 0.5
    painter.drawLine(QPointF(left, y), QPointF(right, y))


def paint_axis(painter: QPainter, plot: Plot, area: QRectF, colours: Colours, align: Qt.AlignmentFlag) -> None:
    """The ticks' texts within ``area``, on the side that ``align`` says."""
    line = QFontMetricsF(painter.font()).height()
    painter.setPen(colours.muted)
    for tick in plot.scale.ticks:
        text = QRectF(area.left() + _GAP, plot.y(tick) - line / 2, area.width() - 2 * _GAP, line)
        painter.drawText(text, align | Qt.AlignmentFlag.AlignVCenter, round_size_text(tick))


def axis_width(scale: Scale, metrics: QFontMetricsF) -> float:
    """The room that the ticks' texts take, with their margins."""
    return max(metrics.horizontalAdvance(round_size_text(tick)) for tick in scale.ticks) + 3 * _GAP


def paint_bar(
    painter: QPainter, slot: QRectF, plot: Plot, bar: Bar, colours: Colours, *, selected: bool = False
) -> None:
    """The bar itself: nothing but colour, so that ten thousand of them scroll."""
    width = max(1.0, slot.width() * _BAR_SHARE)
    left = slot.left() + (slot.width() - width) / 2
    pieces, end = plot.pieces(bar)
    for part, top, bottom in pieces:
        paint_part(painter, QRectF(left, top, width, bottom - top), part, colours, selected=selected)
    if not is_whole(bar.stack, bar.parts):
        waiting = any(size is None for _part, size in bar.stack.only(bar.parts))
        painter.setPen(QPen(colours.muted, 1, Qt.PenStyle.DotLine if waiting else Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush if waiting else QBrush(colours.muted, Qt.BrushStyle.BDiagPattern))
        top = plot.end(bar)
        painter.drawRect(QRectF(left, top, width, end - top))
    elif not pieces:
        painter.fillRect(QRectF(left, plot.bottom - 1, width, 3), colours.muted)


def paint_part(painter: QPainter, area: QRectF, part: Part, colours: Colours, *, selected: bool = False) -> None:
    """A piece of a bar: full, striped or dotted."""
    colour = colours.bar_selected if selected else colours.bar
    if part is Part.MEMORY:
        painter.fillRect(area, colour)
        return
    if area.width() < _OUTLINED:
        painter.fillRect(area, colours.narrow_disk if part is Part.DISK else colours.narrow_shared)
        return
    painter.fillRect(area, colours.disk if part is Part.DISK else colours.shared)
    pattern = Qt.BrushStyle.FDiagPattern if part is Part.DISK else Qt.BrushStyle.Dense6Pattern
    painter.setBrush(QBrush(colour, pattern))
    painter.setPen(QPen(colour, 1))
    painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5))


def paint_texts(
    painter: QPainter, slot: QRectF, plot: Plot, bar: Bar, colours: Colours, *, selected: bool = False
) -> None:
    """The figure above a bar where it has room, and the name below it, elided in its middle."""
    metrics = QFontMetricsF(painter.font())
    if metrics.horizontalAdvance(bar.figure) <= slot.width():
        place = figure_rect(slot, plot, bar, metrics)
        painter.fillRect(place, colours.band if selected else colours.base)  # or a line of the grid would go through it
        painter.setPen(colours.text)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, bar.figure)
    below = QRectF(slot.left() + 2, plot.bottom + _GAP, slot.width() - 4, metrics.height() + _GAP)
    painter.setPen(colours.text if bar.current or selected else colours.muted)
    if not bar.current:
        name = metrics.elidedText(one_line(bar.name), Qt.TextElideMode.ElideMiddle, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, name)
        return
    regular = painter.font()
    bold = QFont(regular)
    bold.setBold(True)
    painter.setFont(bold)
    metrics = QFontMetricsF(bold)
    mark = metrics.height() * 0.55
    name = metrics.elidedText(one_line(bar.name), Qt.TextElideMode.ElideMiddle, below.width() - mark - _GAP)
    start = below.center().x() - (metrics.horizontalAdvance(name) + mark + _GAP) / 2
    paint_mark(painter, QPointF(start + mark / 2, below.center().y()), mark, colours)
    painter.setPen(colours.text)
    painter.drawText(below.adjusted(start + mark + _GAP - below.left(), 0, 0, 0), _LEFT, name)
    painter.setFont(regular)


def paint_mark(painter: QPainter, centre: QPointF, side: float, colours: Colours) -> None:
    """The ring with a dot that marks the current snapshot, as in the tree."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colours.text, max(1.0, side / 7)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(centre, side / 2, side / 2)
    painter.setBrush(colours.text)
    painter.drawEllipse(centre, side / 7, side / 7)
    painter.restore()


def paint_current(painter: QPainter, slot: QRectF, plot: Plot, colours: Colours) -> None:
    """The current snapshot's mark where there is no room for its name."""
    side = plot.height - plot.bottom - 3 * _GAP
    paint_mark(painter, QPointF(slot.center().x(), plot.bottom + _GAP + side / 2), side * 0.6, colours)


def figure_rect(slot: QRectF, plot: Plot, bar: Bar, metrics: QFontMetricsF) -> QRectF:
    """Where the figure of a bar stands: as wide as its text, above the bar and centred on it."""
    width = metrics.horizontalAdvance(bar.figure) + 2
    top = max(0.0, plot.end(bar) - metrics.height() - 2)
    return QRectF(slot.center().x() - width / 2, top, width, metrics.height())


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
