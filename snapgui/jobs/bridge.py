"""The one way from a worker thread to the UI thread."""

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal, Slot


class Bridge(QObject):
    """Runs what any thread posts on the thread that made the bridge, in the order in which it was posted."""

    _posted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls: deque[Callable[[], None]] = deque()
        self._closed = False
        self._posted.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def post(self, call: Callable[[], None]) -> None:
        """Run ``call`` on the bridge's thread, soon. After ``close`` it is dropped."""
        if self._closed:
            return
        self._calls.append(call)
        self._posted.emit()

    def close(self) -> None:
        """Drop what waits and what is still to come: nobody is left to hear it."""
        self._closed = True
        self._calls.clear()

    @Slot()
    def _run(self) -> None:
        # One call for each signal: a burst of results leaves room for painting and keys in between.
        if self._calls:
            self._calls.popleft()()
