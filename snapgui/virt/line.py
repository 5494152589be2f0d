"""A connection as many threads use it."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import libvirt

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.errors.explain import explain
from snapgui.core.text import translate
from snapgui.virt.connection import Connection
from snapgui.virt.errors import code_of

# A daemon that has five calls of one connection at work (max_client_requests) stops reading from it, also the answers
# to its keepalive; so never more than four.
CALLS_AT_ONCE = 4

_log = logging.getLogger(__name__)


class Line:
    """Lets four callers at a time at a connection; the others wait. Thread-safe."""

    def __init__(self, connection: Connection, on_dead: Callable[[int], None]) -> None:
        """``on_dead`` is given libvirt's reason when a call has failed because the connection has ended."""
        self._connection = connection
        self._on_dead = on_dead
        self._slots = threading.BoundedSemaphore(CALLS_AT_ONCE)
        self._closed = threading.Event()

    @contextmanager
    def calling(self, tried: str) -> Iterator[libvirt.virConnect]:
        """The connection, for calls one after the other; what they raise becomes a SnapguiError.

        ``tried`` says what is being done, in the user's words. Don't nest: the inner one could wait for ever for the
        outer one's place.
        """
        with self._slots:
            if self._closed.is_set():
                raise SnapguiError(Problem(tried, translate("Line", "The connection has been closed.")))
            started = time.perf_counter()
            try:
                yield self._connection.libvirt
            except libvirt.libvirtError as error:
                if self._connection.dead:
                    self._on_dead(_reason(error))
                    raise SnapguiError(_lost(tried, str(error))) from error
                raise SnapguiError(explain(code_of(error), str(error), tried, self._connection.uri)) from error
            finally:
                _log.debug("%s: %.1f ms", tried, (time.perf_counter() - started) * 1000)

    def refuse(self) -> None:
        """Let no new caller in."""
        self._closed.set()

    def drain(self) -> None:
        """Wait until the last caller is out: libvirt does not bear a connection closed under a call."""
        for _ in range(CALLS_AT_ONCE):
            self._slots.acquire()
        self._slots.release(CALLS_AT_ONCE)  # for those who waited for their turn and are refused now


def _lost(tried: str, raw: str) -> Problem:
    """libvirt has many words for this, most of them as internal errors."""
    why = translate("Line", "The connection to the host was lost.")
    return Problem(tried, why, translate("Line", "Connect again."), raw, libvirt.VIR_ERR_RPC)


def _reason(error: libvirt.libvirtError) -> int:
    """virConnectCloseReason, of which the error has nothing but its text."""
    if "keepalive" in str(error):
        return int(libvirt.VIR_CONNECT_CLOSE_REASON_KEEPALIVE)
    return int(libvirt.VIR_CONNECT_CLOSE_REASON_ERROR)
