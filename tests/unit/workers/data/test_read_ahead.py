"""Reading ahead changes when items are made, never which, and leaves no thread behind."""

import threading
from collections.abc import Iterator

import pytest

from workers.data.read_ahead import read_ahead


def test_all_items_come_in_order() -> None:
    assert list(read_ahead(iter(range(100)), depth=3)) == list(range(100))


def test_an_error_of_the_producer_reaches_the_consumer_after_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise OSError("disk gone")

    items = read_ahead(failing())
    assert next(items) == 1
    with pytest.raises(OSError, match="disk gone"):
        next(items)


def test_it_never_runs_further_ahead_than_its_depth() -> None:
    made = []

    def counting() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    items = read_ahead(counting(), depth=2)
    for taken in range(1, 20):
        next(items)
        assert len(made) <= taken + 2 + 1  # the queue, and the one that waits for room in it
    items.close()


def test_closing_early_ends_the_thread() -> None:
    items = read_ahead(iter(range(1000)), depth=2)
    next(items)
    items.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "read-ahead"]
