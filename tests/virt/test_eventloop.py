"""The event loop, through libvirt's own functions for it."""

import os
import threading
import time
from collections.abc import Iterator

import libvirt
import pytest

from snapgui.virt import eventloop

_READABLE = libvirt.VIR_EVENT_HANDLE_READABLE


@pytest.fixture(autouse=True)
def loop() -> None:
    eventloop.start()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_starting_it_again_changes_nothing() -> None:
    before = threading.active_count()
    eventloop.start()
    assert threading.active_count() == before


def test_a_timer_fires_again_and_again_until_it_is_removed() -> None:
    fired = threading.Semaphore(0)
    timer = libvirt.virEventAddTimeout(5, lambda _timer, _opaque: fired.release(), None)
    assert all(fired.acquire(timeout=5) for _ in range(3))
    libvirt.virEventRemoveTimeout(timer)
    time.sleep(0.05)
    while fired.acquire(blocking=False):
        pass
    assert not fired.acquire(timeout=0.05)


def test_a_timer_is_counted_in_milliseconds_and_never_early() -> None:
    fired = threading.Event()
    start = time.monotonic()
    timer = libvirt.virEventAddTimeout(60, lambda _timer, _opaque: fired.set(), None)
    assert fired.wait(5)
    assert 0.06 <= time.monotonic() - start < 2
    libvirt.virEventRemoveTimeout(timer)


def test_a_timer_that_is_off_fires_once_it_is_set() -> None:
    fired = threading.Event()
    timer = libvirt.virEventAddTimeout(-1, lambda _timer, _opaque: fired.set(), None)
    assert not fired.wait(0.05)
    libvirt.virEventUpdateTimeout(timer, 0)
    assert fired.wait(5)
    libvirt.virEventRemoveTimeout(timer)


def test_a_handle_is_told_of_what_can_be_read(pipe: tuple[int, int]) -> None:
    got: list[tuple[int, int, bytes, str]] = []
    done = threading.Event()

    def callback(_watch: int, descriptor: int, events: int, opaque: str) -> None:
        got.append((descriptor, events, os.read(descriptor, 10), opaque))
        done.set()

    watch = libvirt.virEventAddHandle(pipe[0], _READABLE, callback, "mine")
    os.write(pipe[1], b"x")
    assert done.wait(5)
    assert got == [(pipe[0], _READABLE, b"x", "mine")]
    libvirt.virEventRemoveHandle(watch)


def test_a_handle_is_left_alone_while_it_asks_for_nothing(pipe: tuple[int, int]) -> None:
    called = threading.Event()
    watch = libvirt.virEventAddHandle(pipe[0], 0, lambda *_: called.set(), None)
    os.write(pipe[1], b"x")
    assert not called.wait(0.05)
    libvirt.virEventUpdateHandle(watch, _READABLE)
    assert called.wait(5)
    libvirt.virEventRemoveHandle(watch)


def test_callbacks_may_remove_themselves(pipe: tuple[int, int]) -> None:
    calls: list[str] = []
    done = threading.Barrier(2)

    def of_handle(watch: int, *_: object) -> None:
        calls.append("handle")
        libvirt.virEventRemoveHandle(watch)

    def of_timer(timer: int, _opaque: object) -> None:
        calls.append("timer")
        libvirt.virEventRemoveTimeout(timer)

    os.write(pipe[1], b"x")
    libvirt.virEventAddHandle(pipe[0], _READABLE, of_handle, None)
    libvirt.virEventAddTimeout(0, of_timer, None)
    last = libvirt.virEventAddTimeout(100, lambda _timer, _opaque: done.wait(5), None)
    done.wait(5)
    libvirt.virEventRemoveTimeout(last)
    assert sorted(calls) == ["handle", "timer"]


def test_many_threads_can_add_and_remove_at_once() -> None:
    failures: list[str] = []

    def work() -> None:
        for _ in range(50):
            fired = threading.Event()
            timer = libvirt.virEventAddTimeout(0, lambda _timer, event: event.set(), fired)
            if not fired.wait(10):
                failures.append("a timer did not fire")
            libvirt.virEventRemoveTimeout(timer)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures


@pytest.mark.qt_no_exception_capture  # libvirt-python hands it to sys.excepthook, which pytest-qt watches
def test_a_callback_that_fails_ends_nothing() -> None:
    fired = threading.Semaphore(0)

    def fail(_timer: int, _opaque: object) -> None:
        fired.release()
        raise ValueError("from a callback")

    timer = libvirt.virEventAddTimeout(1, fail, None)
    assert all(fired.acquire(timeout=5) for _ in range(2))
    libvirt.virEventRemoveTimeout(timer)


def test_a_descriptor_that_was_closed_is_told_as_an_error_once() -> None:
    read, write = os.pipe()
    got: list[int] = []
    watch = libvirt.virEventAddHandle(read, 0, lambda _watch, _fd, events, _opaque: got.append(events), None)
    os.close(read)
    os.close(write)
    libvirt.virEventUpdateHandle(watch, _READABLE)
    time.sleep(0.1)
    libvirt.virEventRemoveHandle(watch)
    assert got == [libvirt.VIR_EVENT_HANDLE_ERROR]


def test_the_number_of_a_closed_descriptor_can_be_another_ones() -> None:
    read, write = os.pipe()
    old = libvirt.virEventAddHandle(read, _READABLE, lambda *_: None, None)
    os.close(read)
    os.close(write)
    reused, write = os.pipe()
    assert reused == read
    told = threading.Event()
    new = libvirt.virEventAddHandle(reused, _READABLE, lambda *_: told.set(), None)
    libvirt.virEventRemoveHandle(old)
    os.write(write, b"x")
    seen = told.wait(5)
    libvirt.virEventRemoveHandle(new)
    os.close(reused)
    os.close(write)
    assert seen


def test_it_uses_no_time_while_nothing_happens(pipe: tuple[int, int]) -> None:
    watch = libvirt.virEventAddHandle(pipe[0], _READABLE, lambda *_: None, None)
    timer = libvirt.virEventAddTimeout(60_000, lambda *_: None, None)
    time.sleep(0.05)
    before = time.process_time()
    time.sleep(0.5)
    used = time.process_time() - before
    libvirt.virEventRemoveHandle(watch)
    libvirt.virEventRemoveTimeout(timer)
    assert used < 0.025
