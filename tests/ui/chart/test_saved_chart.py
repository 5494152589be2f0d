"""The chart is saved whole, as a picture, a drawing or a table."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PySide6.QtCore import QDir, QRectF, QStandardPaths, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QFileDialog, QToolButton
from pytestqt.qtbot import QtBot

from snapgui.core.records import Mode, Size, SnapshotRecord, SnapshotState
from snapgui.models.stack import Part, Stack, figure_text, part_name
from snapgui.ui.chart.bars import Bar, Colours, Plot, figure_rect, paint_grid, paint_texts
from snapgui.ui.chart.content import Chart, Format, Row
from snapgui.ui.chart.export import csv_text, png, svg
from snapgui.ui.chart.panel import SizesPanel
from snapgui.ui.chart.scale import scale_for
from snapgui.ui.documents import documents_folder

NAMES = ("plain", '=HYPERLINK("x")', "-a", "日本語", "<b>&amp;", 'quo"te', "two\nlines", "L" * 255)


def _chart(*rows: Row) -> Chart:
    return Chart("What the snapshots of <pisces> & more take", rows, QFont(), QColor("#308cc6"))


def _row(name: str, size: Size | None = None) -> Row:
    record = SnapshotRecord(name, parent="p", created=1_700_000_000, state=SnapshotState.RUNNING, memory=Mode.INTERNAL)
    return Row(record, Stack(size or Size(1 << 20), Size(2 << 20), Size(3 << 20)))


def _table(*rows: Row) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_text(_chart(*rows)).data().decode(), newline="")))


def test_the_table_has_exact_bytes_and_times_in_utc() -> None:
    assert _table(_row("pisces-1", Size(99_614_751))) == [
        {
            "name": "pisces-1",
            "parent": "p",
            "taken": "2023-11-14T22:13:20Z",
            "state": "running",
            "kind": "internal",
            "memory_bytes": "99614751",
            "disk_bytes": str(2 << 20),
            "shared_bytes": str(3 << 20),
            "reason": "",
        }
    ]


def test_what_is_not_known_is_empty_in_the_table_and_never_zero() -> None:
    why = Size(None, "permission denied")
    unknown = Row(SnapshotRecord("a", created=None), Stack(why, why, Size(None, "no image")))
    waiting = Row(SnapshotRecord("b", created=10**15), Stack())
    rows = _table(unknown, waiting, Row(SnapshotRecord("c"), Stack(Size(0), Size(0), Size(0))))
    for part in Part:
        assert [row[f"{part.name.lower()}_bytes"] for row in rows] == ["", "", "0"]
    assert [row["taken"] for row in rows] == ["", "", ""]
    assert [row["reason"] for row in rows] == ["permission denied no image", "not read yet", ""]


def test_states_are_called_as_in_the_window() -> None:
    assert _table(Row(SnapshotRecord("a", state=SnapshotState.SHUT_OFF), Stack(Size(0))))[0]["state"] == "off"


def test_no_name_is_a_formula_in_a_spreadsheet_and_all_others_come_back_as_they_are() -> None:
    names = [row["name"] for row in _table(*(_row(name) for name in NAMES))]
    assert names == ["plain", '\'=HYPERLINK("x")', "'-a", *NAMES[3:]]


def test_the_drawing_is_well_formed_and_has_every_name(qtbot: QtBot) -> None:  # noqa: ARG001 - fonts need an application
    data = svg(_chart(*(_row(name) for name in (*NAMES, "bell\x07", "a\u200db"))))
    text = "".join(ET.fromstring(data.data()).itertext())  # noqa: S314 - our own file
    for name in ("plain", "日本語", "<b>&amp;", "two↵lines", "bell\ufffd", "a\u200db"):
        assert name in text
    assert QSvgRenderer(data).isValid()


def test_the_drawing_has_a_legend_of_what_it_shows(qtbot: QtBot) -> None:  # noqa: ARG001 - fonts need an application
    chart = _chart(_row("a"))
    for parts in (tuple(Part), (Part.DISK,)):
        text = "".join(ET.fromstring(svg(replace(chart, parts=parts)).data()).itertext())  # noqa: S314 - our own file
        assert [part for part in Part if part_name(part) in text] == [*parts]
        assert figure_text(chart.rows[0].stack, parts) in text


@pytest.mark.parametrize(("count", "width"), [(1, 960), (50, 10_000), (10_000, 32_767), (40_000, 32_767)])
def test_the_picture_has_every_bar_and_fits_what_an_image_can_hold(
    qtbot: QtBot,  # noqa: ARG001 - fonts need an application
    count: int,
    width: int,
) -> None:
    rows = (_row("a", Size(0)),) * (count - 1) + (_row("z", Size(1 << 30)),)
    image = QImage.fromData(png(_chart(*rows)).data(), "PNG")
    assert image.width() == pytest.approx(width, rel=0.05)
    assert image.width() <= 32_767
    middle = image.height() // 2
    accent = QColor("#308cc6")
    bars = [x for x in range(image.width()) if _near(image.pixelColor(x, middle), accent)]
    assert bars
    assert min(bars) > image.width() * (count - 1) / count * 0.9


def _near(one: QColor, other: QColor) -> bool:
    return abs(one.red() - other.red()) + abs(one.green() - other.green()) + abs(one.blue() - other.blue()) < 150


def test_an_empty_chart_saves_too(qtbot: QtBot) -> None:  # noqa: ARG001 - fonts need an application
    assert not QImage.fromData(png(_chart()).data()).isNull()
    assert QSvgRenderer(svg(_chart())).isValid()
    assert csv_text(_chart()).data().decode().startswith("name,parent,taken,")


@pytest.mark.parametrize("form", list(Format))
def test_saving_writes_a_file(desk: Any, qtbot: QtBot, tmp_path: Path, form: Format) -> None:
    desk.put_family()
    path = tmp_path / f"chart.{form.value}"
    with qtbot.waitSignal(desk.panel.saved) as saved:
        desk.panel.save(str(path), form)
    assert saved.args == [str(path)]
    assert path.stat().st_size > 100
    if form is Format.CSV:
        assert (
            f"deep,pisces-1,2023-11-14T22:18:20Z,running,internal,569376768,{64 << 20},{200 << 20}," in path.read_text()
        )


def test_a_file_that_can_not_be_written_is_a_problem_in_words(desk: Any, qtbot: QtBot, tmp_path: Path) -> None:
    desk.put_family()
    path = tmp_path / "missing" / "chart.csv"
    with qtbot.waitSignal(desk.panel.failed) as failed:
        desk.panel.save(str(path), Format.CSV)
    (problem,) = failed.args
    assert str(path) in problem.tried
    assert problem.why.endswith(".")


def test_the_chart_may_go_while_its_file_is_written(desk: Any, qtbot: QtBot, tmp_path: Path) -> None:
    desk.put_family()
    path = tmp_path / "chart.png"
    panel = SizesPanel(desk.store, desk.model, desk.tree.selectionModel())
    panel.save(str(path), Format.PNG)
    panel.deleteLater()
    qtbot.waitUntil(path.exists)


def test_the_menu_asks_where_without_holding_up_the_window(desk: Any, qtbot: QtBot, tmp_path: Path) -> None:
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    desk.put_family()
    button = next(button for button in desk.panel.findChildren(QToolButton) if button.text() == "Save chart")
    button.menu().actions()[2].trigger()
    dialog = desk.panel.findChild(QFileDialog)
    assert dialog.isVisible()
    assert dialog.selectedFiles()[0].endswith("pisces sizes.csv")
    path = tmp_path / "mine.csv"
    dialog.selectFile(str(path))
    with qtbot.waitSignal(desk.panel.saved):
        dialog.accept()
    assert path.exists()
    button.menu().actions()[2].trigger()
    again = desk.panel.findChildren(QFileDialog)[-1]
    assert again.directory().path() == str(tmp_path)
    again.reject()


@pytest.mark.parametrize("there", [True, False])
def test_a_file_is_saved_among_documents_or_at_home_never_where_the_program_was_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, there: bool
) -> None:
    documents = tmp_path / "Documents"
    if there:
        documents.mkdir()
    monkeypatch.setattr(QDir, "homePath", lambda: str(tmp_path))
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda _: str(documents))
    assert documents_folder() == str(documents if there else tmp_path)


@pytest.mark.parametrize("selected", [True, False])
def test_no_line_of_the_grid_goes_through_a_figure(qtbot: QtBot, *, selected: bool) -> None:  # noqa: ARG001 - fonts need an application
    colours = Colours.of(QGuiApplication.palette())
    plot = Plot.of(200, QFontMetricsF(QGuiApplication.font()), scale_for(1 << 30, 4))
    bar = Bar(
        "a", Stack(Size(round(plot.scale.ticks[1] * 0.8)), Size(0), Size(0))
    )  # its figure lies on the tick above it
    slot = QRectF(0, 0, 120, 200)
    found = []
    for with_grid in (True, False):
        image = QImage(120, 200, QImage.Format.Format_RGB32)
        image.fill(colours.base)
        painter = QPainter(image)
        if with_grid:
            paint_grid(painter, plot, 0, 120, colours)
        paint_texts(painter, slot, plot, bar, colours, selected=selected)
        place = figure_rect(slot, plot, bar, QFontMetricsF(painter.font()))
        painter.end()
        found.append(image.copy(place.toRect().adjusted(1, 1, -1, -1)))
    assert place.top() < plot.y(plot.scale.ticks[1]) < place.bottom()
    assert found[0] == found[1]
