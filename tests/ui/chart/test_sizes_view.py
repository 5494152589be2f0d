"""The chart shows a bar for each snapshot, with round values beside them and figures on demand."""

from typing import Any

import pytest
from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPalette, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QToolButton, QToolTip
from pytestqt.qtbot import QtBot

from snapgui.core.records import Size, SnapshotRecord, Snapshots
from snapgui.models.format import round_size_text
from snapgui.models.roles import Role
from snapgui.models.stack import Part, Stack, figures_of
from snapgui.ui.chart.bars import Bar, Colours
from snapgui.ui.chart.scale import scale_for
from snapgui.ui.chart.view import NARROWEST, USUAL, WIDEST, SizesView
from snapgui.ui.contrast import GRAPHIC, TEXT, contrast
from snapgui.ui.widgets.elided import FiguresLabel

MIB = 1 << 20


def _slot(view: SizesView, name: str) -> QPoint:
    """The middle of a bar's slot, in the viewport."""
    model = view.model()
    index = next(model.index(row, 0) for row in range(model.rowCount()) if model.index(row, 0).data() == name)
    return view.visualRect(index).center()


def _colour(view: SizesView, name: str, share: float) -> QColor:
    """What is drawn in the middle of a bar's slot, at that share of the plot's height."""
    plot = view.plot
    y = round(plot.bottom - share * (plot.bottom - plot.top))
    return view.viewport().grab().toImage().pixelColor(QPoint(_slot(view, name).x(), y))


def _press(desk: Any, text: str) -> None:
    next(button for button in desk.panel.findChildren(QToolButton) if button.text() == text).click()


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, ["0", "1 MiB"]),
        (3, ["0", "1 KiB"]),
        (95 * MIB, ["0", "32 MiB", "64 MiB", "96 MiB"]),
        (543 * MIB, ["0", "128 MiB", "256 MiB", "384 MiB", "512 MiB", "640 MiB"]),
        ((1 << 30) + 1, ["0", "256 MiB", "512 MiB", "768 MiB", "1 GiB", "1.25 GiB"]),
    ],
)
def test_the_axis_has_round_values(most: int, ticks: list[str]) -> None:
    assert [round_size_text(tick) for tick in scale_for(most, 5).ticks] == ticks


@pytest.mark.parametrize("most", [2**63 - 1, 2**63, 2**64 - 1])
def test_an_absurd_size_gives_an_axis_all_the_same(most: int) -> None:
    scale = scale_for(most, 5)
    assert round_size_text(scale.ticks[-1]) == "8 EiB"
    assert scale.share(most) == 1.0


def test_each_snapshot_has_a_bar_in_the_order_of_the_tree(desk: Any) -> None:
    desk.put_family()
    assert desk.bars() == ["clean", "pisces-1", "deep", "late"]


def test_time_order_is_a_button_away_and_so_is_the_way_back(desk: Any) -> None:
    desk.put_family()
    _press(desk, "Time order")
    assert desk.bars() == ["clean", "pisces-1", "late", "deep"]
    _press(desk, "Tree order")
    assert desk.bars() == ["clean", "pisces-1", "deep", "late"]


def test_bars_are_as_high_as_their_sizes(desk: Any, qtbot: QtBot) -> None:
    desk.put_family()
    view = desk.panel.view
    qtbot.waitUntil(lambda: view.scale.top >= 807 * MIB)
    colours = view.colours
    share = 543 * MIB / view.scale.top
    assert _colour(view, "deep", share * 0.9) == colours.bar
    assert _colour(view, "pisces-1", share * 0.9) == colours.base
    assert _colour(view, "pisces-1", 95 * MIB / view.scale.top * 0.5) == colours.bar


def _column(view: SizesView, name: str) -> list[str]:
    """The colours of a bar's middle from its foot to the top of the plot."""
    picture, x = view.viewport().grab().toImage(), _slot(view, name).x()
    return [picture.pixelColor(x, y).name() for y in range(round(view.plot.bottom) - 1, round(view.plot.top), -1)]


def test_memory_own_and_shared_disk_are_stacked_and_told_apart_by_their_patterns(desk: Any, qtbot: QtBot) -> None:
    desk.put_family()
    view = desk.panel.view
    qtbot.waitUntil(lambda: view.scale.top >= 807 * MIB)
    desk.panel.resize(640, 700)
    QApplication.processEvents()
    column, top = _column(view, "deep"), view.scale.top
    tall = view.plot.bottom - view.plot.top

    def between(low: int, high: int) -> set[str]:
        return set(column[round(low * MIB / top * tall) + 3 : round(high * MIB / top * tall) - 3])

    full, stripes, dots = between(0, 543), between(543, 607), between(607, 807)
    assert full == {view.colours.bar.name()}
    assert {view.colours.disk.name(), view.colours.bar.name()} <= stripes
    assert view.colours.shared.name() in dots
    assert not full & {view.colours.disk.name(), view.colours.shared.name()}
    assert not stripes & dots - full
    assert set(column[round(807 * MIB / top * tall) + 25 :]) <= {view.colours.base.name(), view.colours.grid.name()}


def test_a_part_that_the_legend_leaves_out_is_no_part_of_the_bars_and_of_the_axis(desk: Any, qtbot: QtBot) -> None:
    desk.put_family()
    view = desk.panel.view
    qtbot.waitUntil(lambda: view.scale.top >= 807 * MIB)
    _press(desk, "Shared disk")
    _press(desk, "Memory")
    assert view.scale.top == 64 * MIB
    assert view.parts == (Part.DISK,)
    assert view.colours.shared.name() not in _column(view, "deep")
    assert "Memory 543.0 MiB" in figures_of(
        desk.model.index_of("deep").data(Role.RECORD), desk.panel.view.model().stacks()[2]
    )
    _press(desk, "Own disk")
    assert view.parts == (Part.DISK,), "a chart of nothing is no chart"
    _press(desk, "Memory")
    assert view.parts == (Part.MEMORY, Part.DISK)


def test_each_part_is_said_to_a_screen_reader_and_none_that_is_not_known_is_zero(desk: Any) -> None:
    desk.put_family()
    model = desk.panel.view.model()
    spoken = [model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(4)]
    assert "Memory 543.0 MiB, Own disk 64.0 MiB, Shared disk 200.0 MiB" in spoken[2]
    assert "running" in spoken[2]
    assert spoken[2].endswith("current")
    assert "Memory not known, Own disk not known, Shared disk not known, The image can't be read." in spoken[3]
    assert " 0 " not in spoken[3]
    desk.put(Snapshots({"new": SnapshotRecord("new")}), {"new": Size(5)})
    assert "Memory 5 bytes, Own disk not known" in model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)


@pytest.mark.parametrize(
    ("stack", "figure"),
    [
        (Stack(Size(MIB), Size(MIB), Size(MIB)), "3.0 MiB"),
        (Stack(Size(MIB), Size(None, "no"), Size(None, "no")), "1.0 MiB + ?"),
        (Stack(Size(MIB)), "1.0 MiB + …"),
        (Stack(Size(0), Size(None), Size(None)), "?"),
        (Stack(), "…"),
        (Stack(Size(0), Size(0), Size(0)), "0 bytes"),
    ],
)
def test_a_figure_never_passes_a_part_for_the_whole(stack: Stack, figure: str) -> None:
    assert Bar("a", stack).figure == figure


def test_two_that_are_chosen_tell_what_came_between_them(desk: Any) -> None:
    desk.put_family()
    desk.tree.expandAll()

    def chosen(*names: str) -> str:
        desk.tree.clearSelection()
        for name in names:
            flag = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
            desk.tree.selectionModel().select(desk.model.index_of(name), flag)
        return _headline(desk, 3000)

    assert "Between clean and pisces-1: 32.0 MiB of disk written" in chosen("pisces-1", "clean")
    assert "Between pisces-1 and clean" not in chosen("pisces-1", "clean")
    growth = "Between pisces-1 and deep: 64.0 MiB of disk written, memory +448.0 MiB"
    assert chosen("deep", "pisces-1") == f"2 snapshots · Frees 96.0 MiB · {growth} · Memory 638.0 MiB"
    assert "Between pisces-1 and late: disk not known (No image" in chosen("late", "pisces-1")
    assert "memory not known" in chosen("late", "pisces-1")
    assert "Between" not in chosen("deep", "pisces-1", "clean")


def test_nothing_and_unknown_look_different_and_neither_is_a_bar(desk: Any, qtbot: QtBot) -> None:
    desk.put_memory({"clean": Size(0), "late": Size(None, "no"), "deep": Size(543 * MIB)})
    view = desk.panel.view
    qtbot.waitUntil(lambda: view.scale.top >= 543 * MIB)
    picture = view.viewport().grab().toImage()
    looks = {}
    for name in ("clean", "late", "deep"):
        centre = _slot(view, name).x()
        rows = range(round(view.plot.top), round(view.plot.bottom) - 2)
        looks[name] = [picture.pixelColor(centre - 23, y).name() for y in rows]
    assert view.colours.bar.name() in looks["deep"]
    assert view.colours.bar.name() not in looks["clean"] + looks["late"]
    assert looks["clean"] != looks["late"]


def test_a_size_that_comes_later_moves_the_axis(desk: Any, qtbot: QtBot) -> None:
    snapshots = Snapshots({"a": SnapshotRecord("a")})
    desk.put(snapshots, {"a": Size(MIB)})
    qtbot.waitUntil(lambda: desk.panel.view.scale.top == MIB)
    desk.put(snapshots, {"a": Size(900 * MIB)})
    qtbot.waitUntil(lambda: desk.panel.view.scale.top >= 900 * MIB)
    desk.put(Snapshots(), {})
    qtbot.waitUntil(lambda: desk.panel.view.scale.top == MIB)


def test_an_empty_chart_says_what_to_do(desk: Any) -> None:
    assert desk.panel.view.message() == "Reading the snapshots…"
    desk.put(Snapshots(), {})
    assert desk.panel.view.message() == "No snapshots yet. Take one to see what it costs."
    desk.model.set_domain(None)
    assert desk.panel.view.message() == "What each snapshot of a machine takes is shown here."


def test_a_filter_that_finds_nothing_is_named(desk: Any, qtbot: QtBot) -> None:
    desk.put_family()
    desk.model.set_filter("no such name")
    qtbot.waitUntil(lambda: desk.panel.view.message() == "No snapshot matches the filter.")


def test_a_machine_that_was_always_off_is_told_apart_from_one_without_figures(desk: Any, qtbot: QtBot) -> None:
    desk.put_memory({"a": Size(0), "b": Size(0)})
    view = desk.panel.view
    qtbot.waitUntil(lambda: view.message() == "The snapshots take nothing of what is shown here.")
    _press(desk, "Own disk")
    _press(desk, "Shared disk")
    assert view.message().startswith("No memory state: taken while")
    _press(desk, "Own disk")
    desk.put_memory({"a": Size(None, "no"), "b": Size(None, "no")})
    qtbot.waitUntil(lambda: view.message().startswith("Not all sizes can be known"))
    _press(desk, "Own disk")
    assert view.message().startswith("No size can be known")
    desk.put_memory({"a": Size(0), "b": Size(5 * MIB)})
    qtbot.waitUntil(lambda: view.message() == "")


def test_the_focused_bar_tells_name_size_and_time(desk: Any, qtbot: QtBot) -> None:
    desk.put_family()
    view = desk.panel.view
    qtbot.waitUntil(lambda: view.scale.top >= 807 * MIB)
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Home)
    qtbot.keyClick(view, Qt.Key.Key_Right)
    shown = next(label.text() for label in desk.panel.findChildren(QLabel) if "pisces-1" in label.text())
    assert "95.0 MiB" in shown
    assert "2023" in shown or "/23" in shown
    view.set_bar_width(NARROWEST)  # no room for figures beside one another: that of the focus is written alone
    before = view.viewport().grab().toImage()
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert "deep" in view.figures()
    plot, middle = view.plot, _slot(view, "deep").x()
    top = round(plot.bottom - view.scale.share(807 * MIB) * (plot.bottom - plot.top))
    after = view.viewport().grab().toImage()
    beside = [(x, y) for x in range(middle + NARROWEST, middle + 5 * NARROWEST) for y in range(max(0, top - 24), top)]
    assert any(after.pixelColor(x, y) != before.pixelColor(x, y) for x, y in beside)


@pytest.mark.parametrize("width", [USUAL, NARROWEST])
def test_the_bar_that_the_machine_stands_on_is_marked(desk: Any, width: int) -> None:
    desk.put_family()
    domain, view = desk.model.domain, desk.panel.view
    records = desk.store.snapshots(domain).records
    view.set_bar_width(width)
    pictures = []
    for current in ("deep", None):
        desk.store.put_snapshots(domain, Snapshots(records, current))
        QApplication.processEvents()
        pictures.append(view.viewport().grab().toImage())
    slot = view.visualRect(view.model().index(2, 0))
    assert pictures[0].copy(slot) != pictures[1].copy(slot)


def test_the_bar_under_the_mouse_tells_why_its_size_is_not_known(desk: Any, qtbot: QtBot) -> None:
    desk.put_family()
    view = desk.panel.view
    qtbot.mouseMove(view.viewport(), QPoint(2, 2))
    view.entered.emit(view.indexAt(_slot(view, "late")))
    qtbot.waitUntil(lambda: view.figures()[:2] == ("late", "Memory not known"))
    assert "The image can't be read." in view.figures()
    QApplication.sendEvent(view.viewport(), QEvent(QEvent.Type.Leave))
    assert "late" not in view.figures()  # but what the bar with the focus says, where there is one


def test_a_name_with_markup_is_no_markup_in_the_tooltip(desk: Any) -> None:
    desk.put(Snapshots({"<b>x</b>&amp;": SnapshotRecord("<b>x</b>&amp;")}), {})
    view = desk.panel.view
    at = _slot(view, "<b>x</b>&amp;")
    event = QHelpEvent(QEvent.Type.ToolTip, at, view.viewport().mapToGlobal(at))
    QApplication.sendEvent(view.viewport(), event)
    assert "&lt;b&gt;x&lt;/b&gt;&amp;amp;" in QToolTip.text()
    QToolTip.hideText()


def test_the_keyboard_reaches_every_bar(desk: Any, qtbot: QtBot) -> None:
    desk.put(Snapshots({f"s{n:03}": SnapshotRecord(f"s{n:03}", created=n) for n in range(100)}), {})
    view = desk.panel.view
    view.setFocus()
    for key, expected in (
        (Qt.Key.Key_Home, "s000"),
        (Qt.Key.Key_Right, "s001"),
        (Qt.Key.Key_End, "s099"),
        (Qt.Key.Key_Left, "s098"),
    ):
        qtbot.keyClick(view, key)
        assert view.currentIndex().data() == expected
    qtbot.keyClick(view, Qt.Key.Key_Home)
    qtbot.keyClick(view, Qt.Key.Key_PageDown)
    page = view.currentIndex().row()
    assert 1 < page <= view.viewport().width() // view.bar_width
    qtbot.keyClick(view, Qt.Key.Key_PageUp)
    assert view.currentIndex().row() == 0
    qtbot.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert desk.bars_selected() == {"s000", "s001"}
    qtbot.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(desk.bars_selected()) == 100


def test_typing_a_name_goes_to_its_bar(desk: Any, qtbot: QtBot) -> None:
    desk.put_family()
    desk.panel.view.setFocus()
    qtbot.keyClicks(desk.panel.view, "dee")
    assert desk.panel.view.currentIndex().data() == "deep"


def test_bars_widen_and_narrow_within_limits_and_keep_their_place(desk: Any, qtbot: QtBot) -> None:
    desk.put(Snapshots({f"s{n:03}": SnapshotRecord(f"s{n:03}", created=n) for n in range(300)}), {})
    view = desk.panel.view
    control = Qt.KeyboardModifier.ControlModifier
    view.setCurrentIndex(view.model().index(150, 0))
    before = view.visualRect(view.currentIndex()).center().x()
    qtbot.keyClick(view, Qt.Key.Key_Minus, control)
    assert view.bar_width < USUAL
    assert abs(view.visualRect(view.currentIndex()).center().x() - before) < view.bar_width
    for _ in range(40):
        qtbot.keyClick(view, Qt.Key.Key_Minus, control)
    assert view.bar_width == NARROWEST
    for _ in range(40):
        at = QPointF(view.viewport().rect().center())
        wheel = QWheelEvent(
            at,
            at,
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            control,
            Qt.ScrollPhase.NoScrollPhase,
            False,  # noqa: FBT003 - Qt takes it by place only
        )
        QApplication.sendEvent(view.viewport(), wheel)
    assert view.bar_width == WIDEST
    qtbot.keyClick(view, Qt.Key.Key_0, control)
    assert view.bar_width == USUAL


def test_a_screen_reader_hears_name_and_size(desk: Any) -> None:
    desk.put_family()
    view = desk.panel.view
    assert view.accessibleName() == "Sizes"
    text = view.model().index(1, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "pisces-1" in text
    assert "95.0 MiB" in text


@pytest.mark.parametrize("base", ["white", "#1e1e1e", "black", "#7f7f7f", "#ffffe0"])
@pytest.mark.parametrize("accent", ["#308cc6", "#ffff00", "#000080", "#ffffff", "#101010"])
def test_bars_and_texts_stand_out_on_any_palette(base: str, accent: str) -> None:
    palette = QPalette()
    text = "black" if QColor(base).lightness() > 100 else "white"
    roles = {"Base": base, "Text": text, "Highlight": accent}
    for role, colour in roles.items():
        palette.setColor(QPalette.ColorGroup.Active, QPalette.ColorRole[role], QColor(colour))
    colours = Colours.of(palette)
    assert contrast(colours.bar, colours.base) >= GRAPHIC
    assert contrast(colours.bar_selected, colours.band) >= GRAPHIC
    assert contrast(colours.muted, colours.base) >= TEXT


def test_the_colours_follow_the_palette(desk: Any) -> None:
    desk.put_family()
    view = desk.panel.view
    palette = view.palette()
    palette.setColor(QPalette.ColorRole.Base, QColor("#101010"))
    palette.setColor(QPalette.ColorRole.Text, QColor("white"))
    view.setPalette(palette)
    assert view.colours.base == QColor("#101010")
    assert contrast(view.colours.bar, QColor("#101010")) >= GRAPHIC


def test_no_figures_are_told_of_a_bar_that_is_gone(desk: Any, qtbot: QtBot) -> None:
    desk.put_family()
    view = desk.panel.view
    told: list[str] = []
    view.figures_changed.connect(lambda: told.append(" · ".join(view.figures())))
    view.entered.emit(view.indexAt(_slot(view, "late")))
    qtbot.waitUntil(lambda: bool(told) and told[-1].startswith("late"))
    domain = desk.model.domain
    records = dict(desk.store.snapshots(domain).records)
    del records["late"]
    desk.put(Snapshots(records, "deep"), desk.store.sizes(domain))
    qtbot.waitUntil(lambda: not told[-1].startswith("late"))


def _headline(desk: Any, width: int) -> str:
    label = desk.panel.findChild(FiguresLabel)
    label.resize(width, label.height())
    return label.text()


def test_of_the_headline_the_time_goes_first_and_the_memory_last(desk: Any) -> None:
    desk.put_family()
    desk.panel.view.setCurrentIndex(desk.panel.view.indexAt(_slot(desk.panel.view, "deep")))
    name, size, own, shared, taken = desk.panel.view.figures()
    assert (size, own, shared) == ("Memory 543.0 MiB", "Own disk 64.0 MiB", "Shared disk 200.0 MiB")
    metrics, margins = desk.panel.fontMetrics(), 12
    assert _headline(desk, 2000) == f"{name} · {size} · {own} · {shared} · {taken}"
    both = metrics.horizontalAdvance(f"{name} · {size}")
    assert _headline(desk, both + margins + 2) == f"{name} · {size}"
    assert _headline(desk, metrics.horizontalAdvance(size) + margins + 2) == size


def test_of_several_the_headline_says_what_they_take_together(desk: Any) -> None:
    desk.put_family()
    desk.tree.expandAll()
    desk.tree.selectAll()
    count = len(desk.tree.selectionModel().names())
    assert count > 1
    assert _headline(desk, 2000).startswith(f"{count} snapshot")


def test_without_room_the_headline_of_several_says_how_many_and_what_they_free_and_never_two_letters_of_it(
    desk: Any,
) -> None:
    desk.put_family()
    flag = QItemSelectionModel.SelectionFlag
    for name in ("clean", "deep"):
        desk.tree.selectionModel().select(desk.model.index_of(name), flag.Select | flag.Rows)
    label = desk.panel.findChild(FiguresLabel)
    whole = _headline(desk, 2000)
    parts = whole.split(" · ")
    assert parts[0] == "2 snapshots"
    assert parts[1].startswith("Frees ")
    assert any(part.startswith("Between ") for part in parts)
    metrics, margins = label.fontMetrics(), 12
    both = " · ".join(parts[:2])
    assert _headline(desk, metrics.horizontalAdvance(both) + margins + 2) == both
    assert _headline(desk, metrics.horizontalAdvance(both) + margins - 40) == parts[1], "not “2…s”"
    assert all(part in label.toolTip() for part in parts)
    assert all(part in label.accessibleDescription() for part in parts)


def test_nothing_is_saved_of_an_empty_chart(desk: Any) -> None:
    desk.put_family()
    button = next(button for button in desk.panel.findChildren(QToolButton) if button.text() == "Save chart")
    assert button.isEnabled()
    desk.model.set_filter("nothing like it")
    assert not button.isEnabled()
    assert not desk.panel.save_menu.menuAction().isEnabled()
    assert "no snapshot is shown" in button.toolTip()
