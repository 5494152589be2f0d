"""The steps of jobs that this computer does itself, as long as they run."""

import threading

from snapgui import virt
from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.plan import Call, Step
from snapgui.virt.host import Host


class Works:
    """Thread-safe. A step runs on the thread of its job; the others ask how far it is, or end it, and never wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Step, virt.making.Work] = {}
        self._closed = False

    def run(self, step: Step, host: Host | None = None) -> Problem | None:
        """Do it, and wait for its end. What it failed of, or None. ``host``: the step's, where it is connected."""
        carry = None
        if host is not None:
            carry = host.upload if step.call is Call.VOLUME_UPLOAD else host.download
        work = virt.making.Work(step, virt.steps.tried(step), carry)
        with self._lock:
            self._running[step] = work
            if self._closed and step.call is not Call.REMOVE:
                work.end()
        try:
            work.run()
        except SnapguiError as error:
            return error.problem
        finally:
            with self._lock:
                del self._running[step]
        return None

    def progress(self, step: Step) -> float | None:
        """From 0 to 1; None where it is not known, or where the step does not run."""
        work = self._running.get(step)
        return None if work is None else work.progress

    def end(self, step: Step) -> None:
        """End the step, if it runs."""
        with self._lock:
            if (work := self._running.get(step)) is not None:
                work.end()

    def close(self) -> None:
        """End all that runs; from now on, things are only removed."""
        with self._lock:
            self._closed = True
            for work in self._running.values():
                work.end()
