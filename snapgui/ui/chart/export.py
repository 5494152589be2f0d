"""The whole chart as a file. Pure functions of values, so that they run on a worker thread."""

import csv
import io
import re
from datetime import UTC, datetime

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSaveFile, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QImageWriter, QPainter, QPalette
from PySide6.QtSvg import QSvgGenerator

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.text import translate
from snapgui.models.stack import PARTS, Stack, known, part_name, reasons
from snapgui.models.words import kind_text, snapshot_state_text
from snapgui.ui.chart.bars import (
    LABEL_WIDTH,
    Bar,
    Colours,
    Plot,
    axis_width,
    paint_axis,
    paint_bar,
    paint_current,
    paint_grid,
    paint_part,
    paint_texts,
)
from snapgui.ui.chart.content import Chart, Format
from snapgui.ui.chart.scale import Scale, scale_for

_HEIGHT = 360  # pixels, as at 96 dpi
_LEAST_WIDTH = 480  # pixels, for the heading
_SLOT = 100  # pixels a bar takes while there is room
_MARGIN = 12
_INTERVALS = 6
_WIDEST = 32_767  # QPainter's limit for an image, in pixels
_PART = 1000  # pixels that are filled in one go
_PNG_SCALE = 2  # for screens and paper of twice the usual density
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet may run

# What XML 1.0 can't hold, not even escaped (its production 2, Char).
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def save(path: str, chart: Chart, form: Format) -> None:
    """Write the chart, whole or not at all. Blocks; raises SnapguiError where it can't be written."""
    data = {Format.PNG: png, Format.SVG: svg, Format.CSV: csv_text}[form](chart)
    file = QSaveFile(path)
    written = file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(data) == data.size() and file.commit()
    if not written:
        raise SnapguiError(
            Problem(
                tried=translate("Sizes", "Save the chart as {path}").format(path=path),
                why=_sentence(file.errorString()),
                remedy=translate("Sizes", "Choose another folder, or make room there."),
            )
        )


def png(chart: Chart) -> QByteArray:
    """A picture of twice the usual density, on white.

    An image is at most 32,767 pixels wide: where the bars would need more, they are narrower; past about 8,000 of them
    their names and figures go, and past about 16,000 the picture is of the usual density and bars may share a pixel.
    """
    metrics = QFontMetricsF(chart.font)
    fixed = _side(chart, metrics) + 2 * _MARGIN + 1
    count = max(1, len(chart.rows))
    density = _PNG_SCALE if fixed + count <= _WIDEST / _PNG_SCALE else 1
    slot = min(float(_SLOT), (_WIDEST / density - fixed) / count)
    size = _canvas(chart, metrics, slot)
    image = QImage(size * density, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(density)
    painter = QPainter(image)
    _paint(painter, chart, size, slot)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return buffer.data()


def svg(chart: Chart) -> QByteArray:
    """A drawing on white with the names and figures of all bars, however wide that makes it."""
    size = _canvas(chart, QFontMetricsF(chart.font), _SLOT)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(96)
    generator.setSize(size)
    generator.setViewBox(QRectF(0, 0, size.width(), size.height()))
    generator.setTitle(_printable(chart.title))
    painter = QPainter(generator)
    _paint(painter, chart, size, _SLOT)
    painter.end()
    return buffer.data()


def csv_text(chart: Chart) -> QByteArray:
    """A table by RFC 4180, in UTF-8; times are ISO 8601 in UTC, sizes are bytes, states and kinds the window's words.

    What is not known is empty, and ``reason`` says why.

    A text that a spreadsheet would run as a formula begins with an apostrophe, which spreadsheets take as "text".
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    columns = (f"{part.name.lower()}_bytes" for part in PARTS)
    writer.writerow(("name", "parent", "taken", "state", "kind", *columns, "reason"))
    for row in chart.rows:
        record = row.record
        taken = "" if record.created is None else _iso(record.created)
        writer.writerow(
            (
                _cell(record.name),
                _cell(record.parent or ""),
                taken,
                snapshot_state_text(record.state),
                kind_text(record.kind),
                *("" if size is None or size.bytes is None else size.bytes for size in row.stack),
                _cell(_reason(row.stack)),
            )
        )
    return QByteArray(out.getvalue().encode("utf-8", errors="replace"))


def _reason(stack: Stack) -> str:
    unread = translate("Sizes", "not read yet") if None in stack else ""
    return " ".join(filter(None, (*reasons(stack), unread)))


def _sentence(text: str) -> str:
    """Qt's words for an error have no full stop, and more follows."""
    return text if text.endswith((".", "。")) else f"{text}."


def _iso(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return ""  # a time past the year 9999 comes from a broken clock or a hostile host


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _printable(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _scale(chart: Chart) -> Scale:
    return scale_for(max((known(row.stack, chart.parts) for row in chart.rows), default=0), _INTERVALS)


def _side(chart: Chart, metrics: QFontMetricsF) -> float:
    return axis_width(_scale(chart), metrics)


def _canvas(chart: Chart, metrics: QFontMetricsF, slot: float) -> QSize:
    bars = slot * len(chart.rows)
    return QSize(max(_LEAST_WIDTH, int(_side(chart, metrics) + bars + 2 * _MARGIN)), _HEIGHT)


def _paint(painter: QPainter, chart: Chart, size: QSize, slot: float) -> None:
    """On white whatever the desktop's colours are: the file goes into documents."""
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Base, QColor("white")),
        (QPalette.ColorRole.Text, QColor("black")),
        (QPalette.ColorRole.Highlight, chart.accent),
    ):
        palette.setColor(QPalette.ColorGroup.Active, role, colour)
    colours = Colours.of(palette)
    # In parts: a call of Qt holds the interpreter's lock, and for a wide picture the UI thread would wait 40 ms for it.
    for left in range(0, size.width(), _PART):
        painter.fillRect(QRectF(left, 0, min(_PART, size.width() - left), size.height()), colours.base)
    painter.setFont(chart.font)
    painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
    metrics = QFontMetricsF(chart.font)
    head = metrics.height() * 3.5
    painter.setPen(colours.text)
    title = metrics.elidedText(chart.title, Qt.TextElideMode.ElideMiddle, size.width() - 2 * _MARGIN)
    painter.drawText(QRectF(_MARGIN, _MARGIN, size.width() - 2 * _MARGIN, head), Qt.AlignmentFlag.AlignLeft, title)
    _paint_legend(painter, chart, colours, metrics)
    painter.translate(_MARGIN, head)
    side = _side(chart, metrics)
    plot = Plot.of(size.height() - head - _MARGIN / 2, metrics, _scale(chart))
    paint_axis(painter, plot, QRectF(0, 0, side, plot.height), colours, Qt.AlignmentFlag.AlignRight)
    painter.translate(side, 0)
    paint_grid(painter, plot, 0, size.width() - side - 2 * _MARGIN, colours)
    for place, row in enumerate(chart.rows):
        area = QRectF(place * slot, 0, slot, plot.height)
        bar = Bar(_printable(row.record.name), row.stack, row.current, chart.parts)
        paint_bar(painter, area, plot, bar, colours)
        if slot >= LABEL_WIDTH:
            paint_texts(painter, area, plot, bar, colours)
        elif bar.current:
            paint_current(painter, area, plot, colours)


def _paint_legend(painter: QPainter, chart: Chart, colours: Colours, metrics: QFontMetricsF) -> None:
    """Below the heading: each part as it is painted, and what it is."""
    line = metrics.height()
    left, top = float(_MARGIN), _MARGIN + 1.5 * line
    for part in chart.parts:
        paint_part(painter, QRectF(left, top + 1, 1.5 * line, line - 2), part, colours)
        left += 1.5 * line + _MARGIN / 2
        width = metrics.horizontalAdvance(part_name(part)) + 1
        painter.setPen(colours.text)
        painter.drawText(QRectF(left, top, width, line), Qt.AlignmentFlag.AlignVCenter, part_name(part))
        left += width + 2 * _MARGIN
