"""libvirt's event loop, run by one thread of our own.

libvirt's default loop runs GLib's default main context, and so does Qt on Linux: together they hang, or call back on
the UI thread. This one is a plain ``epoll``. Contract: https://libvirt.org/html/libvirt-libvirt-event.html

libvirt takes its handle away and gives it back, and puts its keepalive's timer off, with every call. None of that wakes
the loop's thread: where each did, 1,000 calls took twice their time.
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
    (libvirt.VIR_EVENT_HANDLE_READABLE, select.EPOLLIN),
    (libvirt.VIR_EVENT_HANDLE_WRITABLE, select.EPOLLOUT),
    (libvirt.VIR_EVENT_HANDLE_ERROR, select.EPOLLERR),
    (libvirt.VIR_EVENT_HANDLE_HANGUP, select.EPOLLHUP),
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
        self._wakes_at = 0.0  # time.monotonic: when the loop will look at its timers without being woken
        self._broken: list[int] = []  # handles whose descriptor was closed behind our back
        self._polled: set[int] = set()
        self._epoll = select.epoll()
        self._epoll.register(self._wake_read, select.EPOLLIN)

    def add_handle(self, fd: int, events: int, callback: Callable[[int, int, int, Any], None], opaque: Any) -> int:
        if hasattr(_noticed, "descriptors"):
            _noticed.descriptors.append(fd)
            if not _noticed.watch:
                return -1
        with self._lock:
            self._last_id += 1
            self._handles[self._last_id] = _Handle(fd, events, callback, opaque)
            self._poll(fd)
            return self._last_id

    def update_handle(self, watch: int, events: int) -> None:
        with self._lock:
            if handle := self._handles.get(watch):
                # A new object, so that what poll tells of the old one no longer counts: libvirt may have read it since.
                self._handles[watch] = replace(handle, events=events)
                self._poll(handle.fd)

    def remove_handle(self, watch: int) -> int:
        with self._lock:
            removed = self._handles.pop(watch, None)
            if removed is not None:
                self._poll(removed.fd)
            return self._forget(removed)

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
                if interval >= 0 and timer.due < self._wakes_at:
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

    def _poll(self, fd: int) -> None:
        """Have the kernel look out for what a descriptor's handles ask for; that holds for a wait under way too."""
        handles = {watch: handle for watch, handle in self._handles.items() if handle.fd == fd and handle.events}
        wanted = 0
        for handle in handles.values():
            wanted |= sum(poll_event for event, poll_event in _TO_POLL if handle.events & event)
        try:
            if not handles:
                if fd in self._polled:
                    self._polled.discard(fd)
                    self._epoll.unregister(fd)
            elif fd not in self._polled:
                self._epoll.register(fd, wanted)
                self._polled.add(fd)
            else:
                try:
                    self._epoll.modify(fd, wanted)
                except FileNotFoundError:  # closed, and the number has gone to another file
                    self._epoll.register(fd, wanted)
        except OSError:
            self._polled.discard(fd)
            self._broken += handles
            self._wake()

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
            watched = dict(self._handles)
            wait = self._wait()
        ready = dict(self._epoll.poll(wait))
        with self._lock:
            if self._wake_read in ready:
                os.read(self._wake_read, 16)
                self._woken = False
            to_free, self._to_free = self._to_free, []
            broken, self._broken = self._broken, []
        for opaque in to_free:
            _guarded(libvirt.virEventInvokeFreeCallback, opaque)
        self._call_timers()
        for watch, handle in watched.items():
            if handle.events and handle.fd in ready:
                self._call_handle(watch, handle, ready[handle.fd])
        for watch in broken:
            self._call_broken(watch)

    def _wait(self) -> float | None:
        """Seconds until the next timer; epoll rounds them up to milliseconds, so that it does not return before it."""
        due = [timer.due for timer in self._timers.values() if timer.interval >= 0]
        self._wakes_at = min(due, default=float("inf"))
        return max(0.0, self._wakes_at - time.monotonic()) if due else None

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
        events = sum(event for event, poll_event in _TO_POLL if happened & poll_event)
        events &= handle.events | libvirt.VIR_EVENT_HANDLE_ERROR | libvirt.VIR_EVENT_HANDLE_HANGUP
        if events:
            _guarded(handle.callback, watch, handle.fd, events, handle.opaque)

    def _call_broken(self, watch: int) -> None:
        """Tell the error once."""
        with self._lock:
            handle = self._handles.get(watch)
            if handle is not None:
                self._handles[watch] = replace(handle, events=0)
        if handle is not None:
            _guarded(handle.callback, watch, handle.fd, libvirt.VIR_EVENT_HANDLE_ERROR, handle.opaque)


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
def noticing(*, watch: bool) -> Iterator[list[int]]:
    """The file descriptors that libvirt wants watched in this thread meanwhile, such as a new connection's socket.

    Without ``watch`` it is refused: the connection then does without events and keepalive.
    """
    _noticed.descriptors = []
    _noticed.watch = watch
    try:
        yield _noticed.descriptors
    finally:
        del _noticed.descriptors, _noticed.watch


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
