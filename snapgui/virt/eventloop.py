"""libvirt's event loop, run by one thread of our own.

libvirt's default loop runs GLib's default main context, and so does Qt on Linux: together they hang, or call back on
the UI thread. This one is a plain ``poll``. Contract: https://libvirt.org/html/libvirt-libvirt-event.html
"""

import logging
import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import libvirt

_log = logging.getLogger(__name__)

_TO_POLL = (
    (libvirt.VIR_EVENT_HANDLE_READABLE, select.POLLIN),
    (libvirt.VIR_EVENT_HANDLE_WRITABLE, select.POLLOUT),
    (libvirt.VIR_EVENT_HANDLE_ERROR, select.POLLERR),
    (libvirt.VIR_EVENT_HANDLE_HANGUP, select.POLLHUP),
)


@dataclass(frozen=True, slots=True)
class _Handle:
    fd: int
    events: int
    callback: Callable[[int, int, int, Any], None]
    opaque: Any


@dataclass(slots=True)
class _Timer:
    interval: int  # milliseconds; -1: off, 0: at every turn of the loop
    due: float  # time.monotonic
    callback: Callable[[int, Any], None]
    opaque: Any


class _Loop:
    """Handles and timers. Every method but ``run`` may be called from any thread, also from within a callback.

    Callbacks and the freeing of what belonged to a removed one run on the loop's thread and never under the lock:
    libvirt calls the other methods while it holds locks of its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: dict[int, _Handle] = {}
        self._timers: dict[int, _Timer] = {}
        self._to_free: list[Any] = []
        self._last_id = 0
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._woken = False

    def add_handle(self, fd: int, events: int, callback: Callable[[int, int, int, Any], None], opaque: Any) -> int:
        if hasattr(_noticed, "descriptors"):
            _noticed.descriptors.append(fd)
        with self._lock:
            self._last_id += 1
            self._handles[self._last_id] = _Handle(fd, events, callback, opaque)
            self._wake()
            return self._last_id

    def update_handle(self, watch: int, events: int) -> None:
        with self._lock:
            if handle := self._handles.get(watch):
                # A new object, so that what poll tells of the old one no longer counts: libvirt may have read it since.
                self._handles[watch] = replace(handle, events=events)
                self._wake()

    def remove_handle(self, watch: int) -> int:
        with self._lock:
            return self._forget(self._handles.pop(watch, None))

    def add_timer(self, interval: int, callback: Callable[[int, Any], None], opaque: Any) -> int:
        with self._lock:
            self._last_id += 1
            self._timers[self._last_id] = _Timer(interval, time.monotonic() + interval / 1000, callback, opaque)
            self._wake()
            return self._last_id

    def update_timer(self, timer_id: int, interval: int) -> None:
        with self._lock:
            if timer := self._timers.get(timer_id):
                timer.interval = interval
                timer.due = time.monotonic() + interval / 1000
                self._wake()

    def remove_timer(self, timer_id: int) -> int:
        with self._lock:
            return self._forget(self._timers.pop(timer_id, None))

    def _forget(self, removed: _Handle | _Timer | None) -> int:
        if removed is None:
            return -1
        self._to_free.append(removed.opaque)
        self._wake()
        return 0

    def _wake(self) -> None:
        if not self._woken:
            self._woken = True
            os.write(self._wake_write, b"w")

    def run(self) -> None:
        """Serve for ever."""
        while True:
            self._turn()

    def _turn(self) -> None:
        with self._lock:
            watched = {watch: handle for watch, handle in self._handles.items() if handle.events}
            poller = self._poller()
            wait = self._wait()
        ready = dict(poller.poll(wait))
        with self._lock:
            if self._wake_read in ready:
                os.read(self._wake_read, 16)
                self._woken = False
            to_free, self._to_free = self._to_free, []
        for opaque in to_free:
            _guarded(libvirt.virEventInvokeFreeCallback, opaque)
        self._call_timers()
        for watch, handle in watched.items():
            if handle.fd in ready:
                self._call_handle(watch, handle, ready[handle.fd])

    def _poller(self) -> select.poll:
        wanted = {self._wake_read: select.POLLIN}
        for handle in self._handles.values():
            if handle.events:
                events = sum(poll_event for event, poll_event in _TO_POLL if handle.events & event)
                wanted[handle.fd] = wanted.get(handle.fd, 0) | events
        poller = select.poll()
        for fd, events in wanted.items():
            poller.register(fd, events)
        return poller

    def _wait(self) -> int | None:
        """Milliseconds until the next timer, rounded up so that poll does not return just before it."""
        due = [timer.due for timer in self._timers.values() if timer.interval >= 0]
        return max(0, int((min(due) - time.monotonic()) * 1000) + 1) if due else None

    def _call_timers(self) -> None:
        now = time.monotonic()
        with self._lock:
            due = [timer_id for timer_id, timer in self._timers.items() if timer.interval >= 0 and timer.due <= now]
        for timer_id in due:
            with self._lock:
                timer = self._timers.get(timer_id)
                if timer is None or timer.interval < 0:  # an earlier callback took it away
                    continue
                timer.due = now + timer.interval / 1000
            _guarded(timer.callback, timer_id, timer.opaque)

    def _call_handle(self, watch: int, handle: _Handle, happened: int) -> None:
        with self._lock:
            if self._handles.get(watch) is not handle:
                return
            if happened & select.POLLNVAL:
                # Closed behind our back: told once as an error, or poll would return for ever.
                self._handles[watch] = replace(handle, events=0)
        events = sum(event for event, poll_event in _TO_POLL if happened & poll_event)
        if happened & select.POLLNVAL:
            events |= libvirt.VIR_EVENT_HANDLE_ERROR
        events &= handle.events | libvirt.VIR_EVENT_HANDLE_ERROR | libvirt.VIR_EVENT_HANDLE_HANGUP
        if events:
            _guarded(handle.callback, watch, handle.fd, events, handle.opaque)


def _guarded(callback: Callable[..., object], *arguments: object) -> None:
    """Whatever a callback raises, the loop goes on: every connection of the process depends on it."""
    try:
        callback(*arguments)
    except Exception:  # noqa: BLE001 - see above
        _log.exception("a callback of libvirt's event loop failed")


_start_lock = threading.Lock()
_started = False
_noticed = threading.local()


@contextmanager
def noticing() -> Iterator[list[int]]:
    """The file descriptors that libvirt begins to watch in this thread meanwhile, such as a new connection's socket."""
    _noticed.descriptors = []
    try:
        yield _noticed.descriptors
    finally:
        del _noticed.descriptors


def start() -> None:
    """Make this loop libvirt's, once per process. Must come before the first connection is opened."""
    global _started  # noqa: PLW0603 - libvirt has one event loop per process and can't change it
    with _start_lock:
        if _started:
            return
        loop = _Loop()
        libvirt.virEventRegisterImpl(
            loop.add_handle,
            loop.update_handle,
            loop.remove_handle,
            loop.add_timer,
            loop.update_timer,
            loop.remove_timer,
        )
        threading.Thread(target=loop.run, name="libvirt events", daemon=True).start()
        _started = True
