"""A lane: tasks that run one after another, off the UI thread."""

import threading
from collections import deque
from collections.abc import Callable


class Lane:
    """Runs tasks in order on a thread of its own, which lives only while there are tasks.

    The thread is a daemon: a libvirt call that never comes back can't keep the application from ending. A task handles
    its own errors; one that escapes goes to ``threading.excepthook`` and the lane goes on.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._tasks: deque[Callable[[], None]] = deque()
        self._busy = False

    def submit(self, task: Callable[[], None]) -> None:
        """Run ``task`` after those that were submitted before."""
        with self._lock:
            self._tasks.append(task)
            if not self._busy:
                self._busy = True
                threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def withdraw(self, task: Callable[[], None]) -> bool:
        """Take back a task that has not begun. False if it has."""
        with self._lock:
            try:
                self._tasks.remove(task)
            except ValueError:
                return False
            return True

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._tasks:
                    self._busy = False
                    return
                task = self._tasks.popleft()
            try:
                task()
            except Exception as error:  # noqa: BLE001 - one broken task must not end the lane
                threading.excepthook(
                    threading.ExceptHookArgs((type(error), error, error.__traceback__, threading.current_thread()))
                )
