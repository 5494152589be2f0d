"""A plan on screen."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractScrollArea, QPlainTextEdit, QScrollArea, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from snapgui.core.plan import Call, Effect, EffectKind, Finding, Level, Plan, Step
from snapgui.core.records import DomainId
from snapgui.core.requests import Take
from snapgui.ui.widgets.plan_view import PlanView
from snapgui.ui.widgets.text_label import TextLabel

_DOMAIN = DomainId("qemu:///system", "1f0c")
_STEP = Step(Call.SNAPSHOT_CREATE, _DOMAIN, "pisces", "a", "<domainsnapshot><name>a</name></domainsnapshot>")
_PLAN = Plan(
    Take(_DOMAIN, "a"),
    "Take",
    (_STEP,),
    (
        Finding("n", Level.NOTE, "A note."),
        Finding("w", Level.WARNING, "A warning.", "A remedy."),
        Finding("b", Level.BLOCKER, "A blocker."),
    ),
    (Effect(EffectKind.ADDS, "Adds “a”.", ("a",)), Effect(EffectKind.LOSES, "Loses something.")),
)


def _view(qtbot: QtBot, plan: Plan = _PLAN) -> PlanView:
    view = PlanView()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.set_plan(plan)
    view.show()
    return view


def _button(view: PlanView, text: str) -> QToolButton:
    return next(button for button in view.findChildren(QToolButton) if button.text() == text)


class _Births(QWidget):
    """Counts the widgets that are made below a view."""

    def __init__(self, view: PlanView) -> None:
        super().__init__()
        self.count = 0
        view.findChild(QScrollArea).widget().installEventFilter(self)

    def eventFilter(self, _watched: object, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.ChildAdded
        return False


def test_what_matters_most_is_read_first(qtbot: QtBot) -> None:
    assert _view(qtbot).texts() == (
        "Not possible: A blocker.",
        "Warning: A warning. A remedy.",
        "Loses something.",
        "Note: A note.",
        "Adds “a”.",
    )


def test_a_screen_reader_gets_all_of_it_with_words_for_the_icons(qtbot: QtBot) -> None:
    view = _view(qtbot)
    area = view.findChild(QScrollArea)
    assert area.accessibleName() == "What will happen"
    assert "Not possible: A blocker." in area.accessibleDescription()


def test_the_next_plan_reuses_what_is_on_screen(qtbot: QtBot) -> None:
    view = _view(qtbot)
    births = _Births(view)
    qtbot.addWidget(births)
    view.set_plan(replace(_PLAN, effects=(Effect(EffectKind.ADDS, "Adds “ab”.", ("ab",)),)))
    assert births.count == 0
    assert "Adds “ab”." in view.texts()
    shown = [label.text() for label in view.findChildren(TextLabel) if label.isVisible()]
    assert "Adds “ab”." in shown
    assert "Adds “a”." not in shown


def test_names_that_the_text_leaves_out_can_be_unfolded(qtbot: QtBot) -> None:
    names = tuple(f"s{n}" for n in range(20))
    view = _view(qtbot, replace(_PLAN, effects=(Effect(EffectKind.LOSES, "Deletes “s0” and 19 more.", names),)))
    unfold = _button(view, "All 20 names")
    listed = next(each for each in view.findChildren(QAbstractScrollArea) if each.accessibleName() == "All names")
    assert not listed.isVisible()
    unfold.click()
    assert listed.isVisible()


def test_commands_are_folded_and_copy_whole(qtbot: QtBot) -> None:
    view = _view(qtbot)
    text = view.findChild(QPlainTextEdit)
    assert not text.isVisible()
    view.open_commands()
    assert text.isReadOnly()
    assert "snapshot-create" in text.toPlainText()
    _button(view, "Cop&y").click()
    assert "snapshot-create" in QGuiApplication.clipboard().text()


def test_passwords_are_copied_and_not_shown(qtbot: QtBot) -> None:
    xml = "<domainsnapshot><name>a</name><graphics passwd='s3cr3t'/></domainsnapshot>"
    view = _view(qtbot, replace(_PLAN, steps=(replace(_PLAN.steps[0], xml=xml),)))
    view.open_commands()
    assert "s3cr3t" not in view.findChild(QPlainTextEdit).toPlainText()
    _button(view, "Cop&y").click()
    assert "s3cr3t" in QGuiApplication.clipboard().text()


@pytest.mark.parametrize(
    ("uri", "to_read_only"), [("qemu:///system", False), ("qemu:///embed?root=/tmp/x", True), ("test:///default", True)]
)
def test_commands_that_reach_nothing_from_elsewhere_say_so(qtbot: QtBot, uri: str, *, to_read_only: bool) -> None:
    view = _view(qtbot, replace(_PLAN, request=Take(DomainId(uri, "1f0c"), "a")))
    for is_open in (False, True):
        if is_open:
            view.open_commands()
        said = [label.text() for label in view.findChildren(TextLabel) if label.isVisible()]
        assert any(text.startswith("To read only") for text in said) is (is_open and to_read_only)


def test_a_plan_without_steps_has_no_commands(qtbot: QtBot) -> None:
    view = _view(qtbot, replace(_PLAN, steps=()))
    assert not _button(view, "Co&mmands").isEnabled()


def test_its_size_does_not_follow_the_plan(qtbot: QtBot) -> None:
    view = _view(qtbot)
    before = view.sizeHint()
    view.set_plan(replace(_PLAN, findings=tuple(Finding("n", Level.NOTE, "x" * 500) for _ in range(20))))
    assert view.sizeHint() == before


def test_there_is_nothing_to_scroll_where_all_is_to_be_seen(qtbot: QtBot) -> None:
    """A long text stands in few lines where the view is wide."""
    long = " ".join(["What changed since “one” is kept in a new safety snapshot."] * 3)
    effects = tuple(Effect(EffectKind.CHANGES, f"{number} {long}") for number in range(5))
    view = _view(qtbot, replace(_PLAN, findings=(), effects=effects))
    view.resize(1400, 300)
    qtbot.wait(10)
    scroll = view.findChild(QScrollArea)
    assert scroll.verticalScrollBar().maximum() == 0
    view.resize(300, 300)
    qtbot.wait(10)
    bottom = scroll.widget().findChildren(TextLabel)[-2]
    assert scroll.verticalScrollBar().maximum() > 0
    assert scroll.widget().height() - bottom.mapTo(scroll.widget(), bottom.rect().bottomLeft()).y() < 30
