"""Run an iterator in a background thread, a bounded number of items ahead of its consumer."""

import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

T = TypeVar("T")

WAIT_S = 0.1
"""How long the producer waits for room before it looks whether its consumer has gone."""


def read_ahead(items: Iterator[T], depth: int = 4) -> Generator[T, None, None]:
    """Yield `items` in order, at most `depth` of them waiting; an error of the producer is raised here.

    The thread ends with the iterator, or soon after the consumer closes it or drops it.
    """
    ready: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(depth)
    abandoned = threading.Event()

    def put(is_item: bool, value: T | BaseException | None) -> bool:
        while not abandoned.is_set():
            try:
                ready.put((is_item, value), timeout=WAIT_S)
            except queue.Full:
                continue
            return True
        return False

    def produce() -> None:
        try:
            for item in items:
                if not put(True, item):
                    return
        except BaseException as error:  # handed over whole: the consumer raises it
            put(False, error)
        else:
            put(False, None)

    thread = threading.Thread(target=produce, name="read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            is_item, value = ready.get()
            if not is_item:
                break
            yield value  # type: ignore[misc]
    finally:
        abandoned.set()
        thread.join()
    if isinstance(value, BaseException):
        raise value
