"""One connection as many threads use it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import libvirt

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.text import translate
from snapgui.virt.errors import telling

# A daemon that has five calls of one connection at work (max_client_requests) stops reading from it, also the answers
# to its keepalive; so never more than four.
CALLS_AT_ONCE = 4


class Line:
    """Lets four callers at a time at a connection; the others wait. Thread-safe."""

    def __init__(self, connection: libvirt.virConnect) -> None:
        self._connection = connection
        self._slots = threading.BoundedSemaphore(CALLS_AT_ONCE)
        self._closed = threading.Event()

    @contextmanager
    def calling(self, tried: str) -> Iterator[libvirt.virConnect]:
        """The connection, for calls one after the other. Raises SnapguiError, also for what libvirt raises inside.

        Don't nest: the inner one could wait for ever for the outer one's place.
        """
        with self._slots, telling(tried):
            if self._closed.is_set():
                raise SnapguiError(Problem(tried, translate("Line", "The connection has been closed.")))
            yield self._connection

    def refuse(self) -> None:
        """Let no new caller in."""
        self._closed.set()

    def drain(self) -> None:
        """Refuse, and wait until the last caller is out: libvirt does not bear a connection closed under a call."""
        self.refuse()
        for _ in range(CALLS_AT_ONCE):
            self._slots.acquire()
        self._slots.release(CALLS_AT_ONCE)  # for those who waited for their turn and are refused now
