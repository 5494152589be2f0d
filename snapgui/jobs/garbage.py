"""Cyclic garbage collection on the UI thread only.

Python collects on whichever thread happens to allocate. A Qt object that dies on a worker thread takes the process
down, so collection by chance is switched off and done here, between events.
"""

import gc

from PySide6.QtCore import QObject, QTimer

_INTERVAL_MS = 1000


class GarbageCollector(QObject):
    """While it lives, nothing but its own timer collects."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        gc.disable()
        gc.collect()
        # What start-up made stays for good: it need not be looked at again, and full collections stay short.
        gc.freeze()
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collect the generations that are due by Python's own thresholds."""
        counts = gc.get_count()
        for generation in (2, 1, 0):
            if counts[generation] > self._thresholds[generation]:
                gc.collect(generation)
                return

    def stop(self) -> None:
        """Collect no more. Python does not either: workers may go on, and what is left of Qt must not die on them."""
        self._timer.stop()
        gc.unfreeze()
