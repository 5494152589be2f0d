"""Which comparison of disks is read, told and kept. What is read is told by tests of the reading itself."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from pytestqt.qtbot import QtBot
from testbed.stage import Stage

from snapgui.core.changed import Blocks, Changed, Side
from snapgui.core.errors import Problem, SnapguiError
from snapgui.virt import changes
from snapgui.virt.host import Host

FOUND = Changed({"vda": Blocks(1 << 20, 0, 1 << 20, (0,))})


@dataclass
class Reading:
    """In place of reading images: goes on as far as it is let, and notes what it was asked for."""

    go_on: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    wanted: list[tuple[tuple[Side, Side], Changed | None]] = field(default_factory=list)
    ended_early: list[tuple[Side, Side]] = field(default_factory=list)
    problem: Problem | None = None

    def __call__(
        self,
        _host: Host,
        _uuid: str,
        sides: tuple[Side, Side],
        known: Changed | None,
        progress: Callable[[float], None],
    ) -> Changed:
        self.wanted.append((sides, known))
        try:
            for part in (0.0, 0.5, 0.505):
                progress(part)
            self.go_on.acquire(timeout=10)
            progress(1.0)
        except Exception:
            self.ended_early.append(sides)
            raise
        if self.problem is not None:
            raise SnapguiError(self.problem)
        return FOUND


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    found = Reading()
    monkeypatch.setattr(changes, "read_changes", found)
    return found


@dataclass
class Asker:
    """Somebody who wants a comparison."""

    answers: list[Changed] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    parts: list[float] = field(default_factory=list)

    def ask(self, stage: Stage, *sides: Side) -> None:
        pair = sides[0], sides[1]
        wanted = stage.backend.comparisons.compare
        wanted(stage.domain, pair, self.answers.append, self.problems.append, self.parts.append)


def test_the_part_that_is_done_is_told_now_and_then_and_at_last_the_answer(
    stage: Stage, reading: Reading, qtbot: QtBot
) -> None:
    asker = Asker()
    asker.ask(stage, "a", None)
    qtbot.waitUntil(lambda: asker.parts == [0.5])
    reading.go_on.release()
    qtbot.waitUntil(lambda: asker.answers == [FOUND])
    assert asker.parts == [0.5, 1.0]
    assert reading.wanted == [(("a", None), None)]


def test_what_was_found_before_is_at_hand_when_the_same_is_wanted_again(
    stage: Stage, reading: Reading, qtbot: QtBot
) -> None:
    reading.go_on.release(3)
    asker = Asker()
    for count, sides in enumerate((("a", None), ("a", "b"), ("a", None)), 1):
        asker.ask(stage, *sides)
        qtbot.waitUntil(lambda count=count: len(asker.answers) == count)
    assert [known for _sides, known in reading.wanted] == [None, None, FOUND]


def test_a_newer_wish_ends_an_older_one_which_never_answers(stage: Stage, reading: Reading, qtbot: QtBot) -> None:
    older, newer = Asker(), Asker()
    older.ask(stage, "a", None)
    qtbot.waitUntil(lambda: older.parts == [0.5])
    newer.ask(stage, "b", None)
    reading.go_on.release(2)
    qtbot.waitUntil(lambda: newer.answers == [FOUND])
    assert reading.ended_early == [("a", None)]
    assert (older.answers, older.problems, older.parts) == ([], [], [0.5])


def test_what_nobody_wants_any_more_ends(stage: Stage, reading: Reading, qtbot: QtBot) -> None:
    asker = Asker()
    asker.ask(stage, "a", None)
    qtbot.waitUntil(lambda: asker.parts == [0.5])
    stage.backend.comparisons.stop()
    reading.go_on.release()
    qtbot.waitUntil(lambda: reading.ended_early == [("a", None)])
    qtbot.wait(50)
    assert asker.answers == asker.problems == []


def test_a_problem_is_told_and_so_is_a_host_that_is_not_there(stage: Stage, reading: Reading, qtbot: QtBot) -> None:
    reading.problem = Problem("Comparing", "No.")
    reading.go_on.release()
    asker = Asker()
    asker.ask(stage, "a", None)
    qtbot.waitUntil(lambda: asker.problems == [reading.problem])
    stage.backend.hosts.disconnect_host(stage.domain.uri)
    asker.ask(stage, "a", None)
    assert len(asker.problems) == 2
    assert len(reading.wanted) == 1
