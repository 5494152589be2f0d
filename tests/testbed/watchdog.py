"""How long the UI thread was not there for its user."""

import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer

if TYPE_CHECKING:
    from types import FrameType

_BEAT = 0.005  # seconds
_LOOK = 0.010  # seconds between two looks of the thread that watches
_LATE = 0.030  # seconds without a beat after which it notes what the UI thread is doing


@dataclass(frozen=True, slots=True)
class Stall:
    """``seconds`` between two beats: the UI thread computed for ``computing`` of them, and for ``elsewhere`` of them it
    was ready and the machine ran something else. In what is left, it waited: for a lock, most likely the interpreter's.
    """

    seconds: float
    computing: float
    elsewhere: float
    label: str  # what the test was at
    stack: str  # what the UI thread was doing, "" where it was not caught at it

    @property
    def own(self) -> float:
        """What the application is to blame for: the time in which the UI thread computed or waited."""
        return self.seconds - self.elsewhere

    def __str__(self) -> str:
        figures = (1000 * seconds for seconds in (self.own, self.computing, self.seconds))
        return "{:6.1f} ms, computing {:6.1f} ms, on the clock {:6.1f} ms: ".format(*figures) + self.label


class Watchdog(QObject):
    """Beats on the UI thread and keeps the longest pauses between two beats.

    The kernel tells for how long the thread was ready and another one had the processor (proc(5), schedstat): a busy
    machine is not a stall of the application's.
    """

    def __init__(self) -> None:
        super().__init__()
        self._label = ""
        self._worst: dict[str, Stall] = {}
        self._thread = threading.get_ident()
        self._schedule = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._stack = ""
        self._frames: list[dict[int, FrameType]] = []  # what they hold may die on the UI thread only
        self._looking = threading.Lock()
        self._last = time.perf_counter()
        self._waited = self._run_queue()
        self._computed = time.thread_time()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(round(_BEAT * 1000))
        self._timer.timeout.connect(self._beat)
        self._timer.start()
        self._ended = threading.Event()
        self._looker = threading.Thread(target=self._look, name="watchdog", daemon=True)
        self._looker.start()

    def begin(self, label: str) -> None:
        """From here on the test is at something else. What it did before the first ``begin`` does not count."""
        self._label = label

    def forget(self) -> None:
        """Begin anew."""
        self._label = ""
        self._worst = {}

    def worst_by_label(self) -> list[Stall]:
        """The longest stall that the application is to blame for, at each thing that the test did."""
        return list(self._worst.values())

    def stop(self) -> None:
        """No more beats."""
        self._timer.stop()
        self._ended.set()
        self._looker.join()
        self._frames.clear()

    def _run_queue(self) -> float:
        return int(self._schedule.read_text().split()[1]) / 1e9

    def _beat(self) -> None:
        now = time.perf_counter()
        if self._looking.acquire(blocking=False):
            self._frames.clear()
            self._looking.release()
        waited = self._run_queue()
        computed = time.thread_time()
        stall = Stall(
            now - self._last - _BEAT, computed - self._computed, waited - self._waited, self._label, self._stack
        )
        self._last, self._waited, self._computed, self._stack = now, waited, computed, ""
        worst = self._worst.get(self._label)
        if self._label and (worst is None or stall.own > worst.own):
            self._worst[self._label] = stall

    def _look(self) -> None:
        while not self._ended.wait(_LOOK):
            if time.perf_counter() - self._last > _LATE:
                self._note_stack()

    def _note_stack(self) -> None:
        """The frames are let go by the UI thread, which may have left them by now.

        A Qt object that dies here would take locks that the UI thread waits for with Python's own in its hand.
        """
        with self._looking:
            self._frames.append(sys._current_frames())
            self._stack = "".join(traceback.format_stack(self._frames[-1][self._thread])[-12:])
