"""The list of jobs."""

import time
from dataclasses import replace

import pytest
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QTreeView
from pytestqt.qtbot import QtBot

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.errors import Problem
from snapgui.core.plan import Call, Plan, Step
from snapgui.core.records import DomainId
from snapgui.core.requests import Take
from snapgui.models.activity import ActivityModel, Column
from snapgui.ui.activity import ActivityView
from snapgui.ui.dialogs.plan_box import PlanBox
from snapgui.ui.dialogs.problem import ProblemBox

_DOMAIN = DomainId("qemu:///system", "1f0c")
_PLAN = Plan(
    Take(_DOMAIN, "a"),
    "Take snapshot “a” of pisces",
    (Step(Call.SNAPSHOT_CREATE, _DOMAIN, "pisces", "a", "<domainsnapshot><name>a</name></domainsnapshot>"),),
)
_PROBLEM = Problem("Take “a”.", "The disk is full.", "Free some space.")


@pytest.fixture
def model() -> ActivityModel:
    return ActivityModel()


@pytest.fixture
def view(qtbot: QtBot, model: ActivityModel) -> ActivityView:
    view = ActivityView(model)
    qtbot.addWidget(view)
    view.resize(500, 200)
    view.show()
    return view


def _running(number: int, *, cancellable: bool, progress: float | None = None) -> JobRecord:
    return JobRecord(number, _PLAN, "pisces", JobState.RUNNING, 1.0, 1.0, cancellable=cancellable, progress=progress)


def _choose(view: ActivityView, model: ActivityModel, number: int) -> None:
    view.tree.setCurrentIndex(model.index(model.row_of(number), 0))


def test_the_list_is_named_activity(view: ActivityView) -> None:
    assert view.findChild(QTreeView).accessibleName() == "Activity"


@pytest.mark.parametrize("cancelling", [True, False])
@pytest.mark.parametrize("width", [360, 500])
def test_what_becomes_of_a_job_that_waits_is_read_whole(
    qtbot: QtBot, view: ActivityView, model: ActivityModel, width: int, *, cancelling: bool
) -> None:
    view.resize(width, 200)
    model.put(JobRecord(1, _PLAN, "pisces", JobState.WAITING, time.time(), cancellable=True, cancelling=cancelling))
    tree, index = view.tree, model.index(0, Column.RESULT)
    qtbot.waitUntil(lambda: tree.visualRect(index).width() >= tree.sizeHintForIndex(index).width())
    assert index.data() == ("cancelling…" if cancelling else "waiting")
    assert view.cancel.isEnabled() is not cancelling


def test_while_nothing_has_run_it_looks_different_from_a_list(view: ActivityView) -> None:
    empty = view.tree.viewport().grab().toImage()
    blank = empty.copy()
    blank.fill(empty.pixelColor(0, 0))
    assert empty != blank
    assert not view.cancel.isEnabled()
    assert "Nothing runs" in view.cancel.toolTip()


def test_the_job_that_runs_can_be_cancelled_without_choosing_it(
    qtbot: QtBot, view: ActivityView, model: ActivityModel
) -> None:
    model.put(_running(7, cancellable=True))
    with qtbot.waitSignal(view.cancel_wanted, timeout=1000) as asked:
        view.cancel.trigger()
    assert asked.args == [7]


def test_the_bar_grows_with_the_progress(qtbot: QtBot, view: ActivityView, model: ActivityModel) -> None:
    filled = []
    for progress in (0.0, 0.5, 1.0):
        model.put(replace(_running(7, cancellable=True), progress=progress))
        qtbot.wait(10)
        picture = view.tree.viewport().grab().toImage()
        cell = view.tree.visualRect(model.index(0, Column.RESULT))
        colour = view.tree.palette().color(QPalette.ColorRole.Highlight)
        row = cell.center().y() - cell.height() // 4  # above the percentage
        filled.append(sum(picture.pixelColor(x, row) == colour for x in range(cell.left(), cell.right())))
    assert filled[0] == 0
    assert 0.4 < filled[1] / filled[2] < 0.6


def test_a_job_that_libvirt_can_not_stop_says_so(view: ActivityView, model: ActivityModel) -> None:
    model.put(_running(7, cancellable=False))
    assert not view.cancel.isEnabled()
    assert "libvirt" in view.cancel.toolTip()


def test_a_job_that_has_ended_can_not_be_cancelled(view: ActivityView, model: ActivityModel) -> None:
    model.put(_running(7, cancellable=True))
    _choose(view, model, 7)
    model.put(JobRecord(7, _PLAN, "pisces", JobState.DONE, 1.0, 1.0, 2.0))
    assert not view.cancel.isEnabled()


def test_a_failed_job_shows_its_error(view: ActivityView, model: ActivityModel) -> None:
    model.put(JobRecord(7, _PLAN, "pisces", JobState.FAILED, 1.0, 1.0, 2.0, problem=_PROBLEM))
    _choose(view, model, 7)
    view.tree.activated.emit(view.tree.currentIndex())
    box = view.findChild(ProblemBox)
    assert box.isVisible()
    box.close()


def test_any_other_job_shows_its_plan(view: ActivityView, model: ActivityModel) -> None:
    model.put(JobRecord(7, _PLAN, "pisces", JobState.DONE, 1.0, 1.0, 2.0))
    _choose(view, model, 7)
    assert not view.show_error.isEnabled()
    view.tree.activated.emit(view.tree.currentIndex())
    box = view.findChild(PlanBox)
    assert box.isVisible()
    box.close()


def test_its_commands_can_be_copied(view: ActivityView, model: ActivityModel) -> None:
    model.put(JobRecord(7, _PLAN, "pisces", JobState.DONE, 1.0, 1.0, 2.0))
    _choose(view, model, 7)
    view.copy.trigger()
    assert "snapshot-create" in QGuiApplication.clipboard().text()


def test_every_state_and_progress_can_be_drawn(view: ActivityView, model: ActivityModel) -> None:
    for number, state in enumerate(JobState):
        model.put(JobRecord(number, _PLAN, "pisces", state, 1.0, 1.0))
    for number, progress in enumerate((None, 0.0, 0.5, 1.0, 7.0), len(JobState)):
        model.put(_running(number, cancellable=False, progress=progress))
    assert not view.tree.viewport().grab().isNull()


def test_what_was_done_has_the_room_that_the_figures_leave(
    qtbot: QtBot, view: ActivityView, model: ActivityModel
) -> None:
    model.put(JobRecord(7, _PLAN, "pisces", JobState.DONE, time.time(), time.time(), time.time() + 2.0, paused=1.0))
    view.resize(600, 200)
    header, bar = view.tree.header(), view.tree.horizontalScrollBar()
    wanted = view.tree.fontMetrics().horizontalAdvance(_PLAN.title)
    qtbot.waitUntil(lambda: header.sectionSize(Column.WHAT) > wanted and bar.maximum() == 0)
    for column in (Column.RESULT, Column.TOOK, Column.PAUSED, Column.STARTED):
        text = model.index(0, column).data()
        assert view.tree.fontMetrics().horizontalAdvance(text) < header.sectionSize(column), text


def test_widths_that_the_user_sets_stay(qtbot: QtBot, view: ActivityView, model: ActivityModel) -> None:
    view.tree.header().resizeSection(Column.WHAT, 150)
    view.resize(700, 200)
    model.put(JobRecord(7, _PLAN, "pisces", JobState.DONE, 1.0, 1.0, 2.0))
    qtbot.wait(20)
    assert view.tree.header().sectionSize(Column.WHAT) == 150


def test_that_a_job_has_failed_is_read_in_the_narrowest_list(
    qtbot: QtBot, view: ActivityView, model: ActivityModel
) -> None:
    view.resize(200, 200)
    model.put(JobRecord(1, _PLAN, "pisces", JobState.FAILED, 1.0, 1.0, 2.0, problem=_PROBLEM))
    tree = view.tree
    qtbot.waitUntil(lambda: tree.columnWidth(Column.WHAT) < 200)
    option = QStyleOptionViewItem()
    tree.initViewItemOption(option)
    option.rect = tree.visualRect(model.index(0, Column.RESULT))
    tree.itemDelegate().initStyleOption(option, model.index(0, Column.RESULT))
    room = tree.style().subElementRect(QStyle.SubElement.SE_ItemViewItemText, option, tree).width()
    margin = 2 * (tree.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, option, tree) + 1)
    shown = tree.fontMetrics().elidedText(option.text, tree.textElideMode(), room - margin)
    assert shown.startswith("failed")
