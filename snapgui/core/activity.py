"""What runs and what has run, as the activity list shows it."""

from dataclasses import dataclass
from enum import Enum

from snapgui.core.errors import Problem
from snapgui.core.plan import Plan


class JobState(Enum):
    """A job's life: it waits for its machine, runs, and ends in one of three ways."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One run of a plan. Times are seconds since the epoch.

    ``paused`` is how many seconds a guest stood still, of several the longest; None where none was seen to.
    """

    id: int
    plan: Plan
    machine: str  # the domain's name when it was asked for
    state: JobState = JobState.WAITING
    asked: float = 0.0
    started: float | None = None
    ended: float | None = None
    step: int = 0  # index of the step that runs, or that ended it
    progress: float | None = None  # 0..1 where libvirt tells
    expected: float | None = None  # seconds, from earlier jobs like it
    cancellable: bool = False
    cancelling: bool = False  # it has been asked to end
    paused: float | None = None
    done: frozenset[int] = frozenset()  # indexes of the steps that have been made, and not undone
    problem: Problem | None = None
    warnings: tuple[Problem, ...] = ()  # of steps that may fail, and of what could not be rolled back
