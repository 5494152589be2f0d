"""Jobs that make files: how far they are, what a cancel and a failure take back, and the end of the application."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from testbed.stage import Stage

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.plan import Plan, Step
from snapgui.core.records import DomainRecord, HostRecord, Situation
from snapgui.core.requests import Power, PowerAction
from snapgui.core.rules import making

Copy = Callable[..., tuple[Step, ...]]


@pytest.fixture
def copies(stage: Stage, tmp_path: Path) -> Copy:
    """The steps of a folder with copies of an image; ``pace`` bytes a second."""
    image = tmp_path / "image"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "64M"], check=True)
    subprocess.run(["qemu-io", "-c", "write -P 7 1M 20M", image], check=True, stdout=subprocess.DEVNULL)
    situation = Situation(HostRecord(stage.domain.uri), DomainRecord(stage.domain, "m"))
    part, whole = str(tmp_path / "to/.bundle.part"), str(tmp_path / "to/bundle")
    (tmp_path / "to").mkdir()

    def convert(name: str, pace: str, source: Path) -> Step:
        path = f"{part}/{name}"
        words = ("qemu-img", "convert", "-p", "-r", pace, "-O", "qcow2", str(source), path)
        return making.program(situation, words, path, 20 << 20)

    def build(second_pace: str = "1G", second: Path = image) -> tuple[Step, ...]:
        return (
            making.folder(situation, part),
            making.write(situation, f"{part}/text", "words"),
            convert("a", "1G", image),
            convert("b", second_pace, second),
            making.move(situation, part, whole),
        )

    return build


def _start(stage: Stage, steps: tuple[Step, ...]) -> tuple[int, list[JobRecord]]:
    told: list[JobRecord] = []
    stage.backend.runner.job_changed.connect(told.append)
    number = stage.backend.runner.start(Plan(Power(stage.domain, PowerAction.START), "Copy it", steps))
    return number, told


def _left(tmp_path: Path) -> list[str]:
    return sorted(str(path.relative_to(tmp_path / "to")) for path in (tmp_path / "to").rglob("*"))


def test_a_whole_plan_shows_how_far_it_is_and_makes_all(
    qtbot: QtBot, stage: Stage, copies: Copy, tmp_path: Path
) -> None:
    _, told = _start(stage, copies("16M"))
    qtbot.waitUntil(lambda: told[-1].state.ended, timeout=20_000)
    assert told[-1].state is JobState.DONE, told[-1].problem
    assert _left(tmp_path) == ["bundle", "bundle/a", "bundle/b", "bundle/text"]
    seen = [record.progress for record in told if record.progress is not None and record.step == 3]
    assert seen == sorted(seen)
    assert all(0.5 <= progress <= 1 for progress in seen), "the second of two as large"


def test_a_cancel_takes_everything_back(qtbot: QtBot, stage: Stage, copies: Copy, tmp_path: Path) -> None:
    number, told = _start(stage, copies("1M"))
    qtbot.waitUntil(lambda: told[-1].step == 3 and bool(told[-1].progress), timeout=20_000)
    assert told[-1].cancellable
    stage.backend.runner.cancel(number)
    qtbot.waitUntil(lambda: told[-1].state.ended, timeout=10_000)
    assert (told[-1].state, told[-1].problem.why) == (JobState.CANCELLED, "It was cancelled.")
    assert told[-1].done == frozenset()
    assert _left(tmp_path) == []


def test_what_fails_takes_back_what_was_made_before(qtbot: QtBot, stage: Stage, copies: Copy, tmp_path: Path) -> None:
    steps = copies(second=tmp_path / "none")
    _, told = _start(stage, steps)
    qtbot.waitUntil(lambda: told[-1].state.ended, timeout=20_000)
    assert (told[-1].state, told[-1].problem.why) == (JobState.FAILED, f"{tmp_path}/none is not there.")
    assert _left(tmp_path) == []
    in_the_way = tmp_path / "to" / "bundle"
    in_the_way.mkdir()
    _, told = _start(stage, tuple(replace(step) for step in copies()))
    qtbot.waitUntil(lambda: told[-1].state.ended, timeout=20_000)
    assert told[-1].problem.why == f"{in_the_way} is there already, and nothing is replaced."
    assert _left(tmp_path) == ["bundle"], "what others have made stays"


def test_the_end_of_the_application_takes_everything_back(
    qtbot: QtBot, stage: Stage, copies: Copy, tmp_path: Path
) -> None:
    _, told = _start(stage, copies("1M"))
    qtbot.waitUntil(lambda: told[-1].step == 3 and bool(told[-1].progress), timeout=20_000)
    assert [record.id for record in stage.backend.runner.holding] == [told[-1].id]
    stage.backend.close()
    assert _left(tmp_path) == []
