"""The same call on many things, a few at once."""

import threading
import time

import pytest

from snapgui.virt.parallel import in_parallel


def test_every_item_gives_its_result() -> None:
    assert sorted(in_parallel(lambda item: item * 2, range(100), 4)) == list(range(0, 200, 2))


def test_nothing_gives_nothing() -> None:
    assert list(in_parallel(str, [], 4)) == []


def test_no_more_run_at_once_than_asked_for() -> None:
    lock = threading.Lock()
    now = most = 0

    def work(_: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with lock:
            now -= 1

    assert len(list(in_parallel(work, range(20), 3))) == 20
    assert most == 3


def test_an_exception_reaches_the_caller_and_ends_the_rest() -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        time.sleep(0.001)
        raise ValueError(str(item))

    with pytest.raises(ValueError, match="0"):
        list(in_parallel(work, range(1000), 1))
    assert len(begun) < 1000


def test_a_caller_that_leaves_early_ends_the_rest() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        time.sleep(0.001)
        return item

    results = in_parallel(work, range(1000), 2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    time.sleep(0.05)
    assert len(begun) < 1000
