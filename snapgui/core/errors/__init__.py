"""A failure as the user reads it: what was tried, why it failed, what to do; the raw text on demand."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """``code`` is libvirt's virErrorNumber, None where the failure is not libvirt's. ``raw`` is the text as it came.

    ``machine`` is the name of the one that was not taken, of several.
    """

    tried: str
    why: str
    remedy: str = ""
    raw: str = ""
    code: int | None = None
    machine: str = ""


class SnapguiError(Exception):
    """Raised where an operation fails; carries the problem to show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.why)
        self.problem = problem
