"""The one way from a worker thread to the UI thread."""

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot


class Bridge(QObject):
    """Runs what any thread posts on the thread that made the bridge, in the order in which it was posted."""

    _posted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls: deque[Callable[[], None]] = deque()
        self._closed = False
        # Qt delivers all posted events in a row, but a timer once in a round of its loop: so a burst of results leaves
        # room for painting and keys after each.
        self._rounds = QTimer(self)
        self._rounds.setInterval(0)
        self._rounds.timeout.connect(self._run)
        self._posted.connect(self._rounds.start, Qt.ConnectionType.QueuedConnection)

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
        if not self._calls:
            self._rounds.stop()
            return
        self._calls.popleft()()
