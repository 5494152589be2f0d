"""The steps of a plan, one after another: which of them run, and what is taken back."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from snapgui.core.errors import Problem
from snapgui.core.plan import Call, Plan, Step
from snapgui.core.requests import TakeTogether
from snapgui.core.text import translate

ABORTED: Final = 78  # VIR_ERR_OPERATION_ABORTED
_AGENT_UNRESPONSIVE: Final = 86
_AGENT_COMMAND_TIMEOUT: Final = 112


def is_silent(problem: Problem) -> bool:
    """Whether a guest's agent did not answer. It may have heard all the same, and do it later."""
    return problem.code in (_AGENT_UNRESPONSIVE, _AGENT_COMMAND_TIMEOUT)


@dataclass(slots=True)
class Course:
    """How it went: what ended it, if anything did, and what else failed.

    ``done``: indexes of the steps that were made and not undone. ``owed``: steps that run always, and have to be tried
    again: for want of a connection, or of an agent's answer. ``lost``: the URIs of the connections that died.
    ``freezes``: when each freeze began and thaw ended.
    """

    problem: Problem | None = None
    warnings: list[Problem] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    owed: dict[Step, Problem] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    freezes: list[float] = field(default_factory=list)

    @property
    def held(self) -> float | None:
        """How many seconds the file systems of guests were held still, from the first to the last."""
        return self.freezes[-1] - self.freezes[0] if self.freezes else None

    def stops(self, step: Step) -> bool:
        """Whether it ends before this step."""
        return self.problem is not None and not step.always

    def failed(self, step: Step, found: Problem, *, lost: bool) -> None:
        """Note that a step failed; ``lost``: for want of a connection."""
        if lost:
            self.lost.add(step.domain.uri)
        if step.always and (lost or is_silent(found)):
            later = translate("Runner", "This is made up for as soon as the host is connected again.")
            again = translate("Runner", "This is tried again until the agent answers.")
            found = replace(found, remedy=later if lost else again)
            self.owed[step] = found
        if self.problem is None and (not (step.may_fail or step.always) or found.code == ABORTED):
            self.problem = found
        else:
            self.warnings.append(found)

    def undo(self, plan: Plan, run: Callable[[Step], Problem | None], is_lost: Callable[[Step, Problem], bool]) -> None:
        """Take back what can be, last things first."""
        for index in reversed(self.done.copy()):
            if (undo := plan.steps[index].undone_by) is None:
                continue
            if (found := run(undo)) is None:
                self.done.remove(index)
            else:
                self.failed(undo, found, lost=is_lost(undo, found))


def run_steps(
    plan: Plan,
    run: Callable[[Step], Problem | None],
    is_lost: Callable[[Step, Problem], bool],
    begins: Callable[[int, Step], None],
    cancelled: threading.Event,
) -> Course:
    """``run`` makes a step; ``begins`` is told of each; once ``cancelled`` is set, no further one is begun."""
    course = Course()
    for index, step in enumerate(plan.steps):
        if course.problem is None and cancelled.is_set() and not step.always:
            course.problem = Problem(plan.title, translate("Runner", "It was cancelled."), code=ABORTED)
        if course.stops(step):
            continue
        begins(index, step)
        course.freezes += [time.time()] if step.call is Call.FS_FREEZE else []
        found = run(step)
        course.freezes += [time.time()] if step.call is Call.FS_THAW else []
        if found is None:
            course.done.append(index)
        else:
            course.failed(step, found, lost=is_lost(step, found))
    if course.problem is not None:
        course.undo(plan, run, is_lost)
    elif course.warnings and isinstance(plan.request, TakeTogether) and not _took(plan, course):
        course.problem = course.warnings.pop(0)  # one of all was to be taken at least
    return course


def _took(plan: Plan, course: Course) -> bool:
    return any(plan.steps[index].takes for index in course.done)
