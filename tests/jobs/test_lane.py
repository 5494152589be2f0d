"""Lanes run tasks in order off the UI thread, and the bridge brings results back in order."""

import threading
from functools import partial

import pytest
from PySide6.QtCore import QThread

from snapgui.jobs.bridge import Bridge
from snapgui.jobs.lane import Lane


def test_tasks_of_one_lane_run_one_after_another_in_order():
    lane, done, ended = Lane("test"), [], threading.Event()
    for number in range(200):
        lane.submit(partial(done.append, number))
    lane.submit(ended.set)
    assert ended.wait(5)
    assert done == list(range(200))


def test_two_lanes_do_not_wait_for_each_other():
    stuck, free, moved = Lane("stuck"), Lane("free"), threading.Event()
    release = threading.Event()
    stuck.submit(release.wait)
    free.submit(moved.set)
    assert moved.wait(5)
    release.set()


def test_a_waiting_task_can_be_withdrawn_and_a_running_one_cannot():
    lane, running, release, ran = Lane("test"), threading.Event(), threading.Event(), []

    def first() -> None:
        running.set()
        release.wait()

    second = partial(ran.append, "second")
    lane.submit(first)
    lane.submit(second)
    assert running.wait(5)
    assert lane.withdraw(second)
    assert not lane.withdraw(first)
    ended = threading.Event()
    lane.submit(ended.set)
    release.set()
    assert ended.wait(5)
    assert ran == []


def test_a_task_that_breaks_is_told_and_the_lane_goes_on(monkeypatch: pytest.MonkeyPatch):
    told, ended, lane = [], threading.Event(), Lane("test")
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_type))

    def broken() -> None:
        raise KeyError("broken")

    lane.submit(broken)
    lane.submit(ended.set)
    assert ended.wait(5)
    assert told == [KeyError]


def test_what_threads_post_runs_on_the_thread_of_the_bridge_in_order(qtbot):
    bridge, seen, ui = Bridge(), [], QThread.currentThread()

    def note(number: int) -> None:
        seen.append((number, QThread.currentThread() is ui))

    lane = Lane("test")
    for number in range(100):
        lane.submit(partial(bridge.post, partial(note, number)))
    qtbot.waitUntil(lambda: len(seen) == 100)
    assert seen == [(number, True) for number in range(100)]


def test_a_closed_bridge_drops_what_still_comes(qtbot):
    bridge, seen = Bridge(), []
    bridge.post(partial(seen.append, "waiting"))
    bridge.close()
    bridge.post(partial(seen.append, "late"))
    qtbot.wait(20)
    assert seen == []
