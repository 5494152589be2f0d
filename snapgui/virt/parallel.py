"""The same call on many things, a few at once."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Raised:
    error: BaseException


def in_parallel(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """The results as they come, in no promised order. The first exception is raised here, and no more items are begun.

    The threads are daemons, unlike those of concurrent.futures: a call that never returns must not keep the process.
    """
    waiting: SimpleQueue[Item] = SimpleQueue()
    for item in items:
        waiting.put(item)
    total = waiting.qsize()
    done: SimpleQueue[Result | _Raised] = SimpleQueue()
    stopped = threading.Event()

    def work() -> None:
        while not stopped.is_set():
            try:
                item = waiting.get_nowait()
            except Empty:
                return
            try:
                done.put(function(item))
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits for the result
                done.put(_Raised(error))

    for _ in range(min(threads, total)):
        threading.Thread(target=work, name="libvirt calls", daemon=True).start()
    try:
        for _ in range(total):
            result = done.get()
            if isinstance(result, _Raised):
                raise result.error
            yield result
    finally:
        stopped.set()
