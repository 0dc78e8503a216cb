"""Cores that searches and trainings of `time_to_front.py` share: each takes as many as it needs, for itself alone."""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Cores:
    """Cores of which each user takes as many as it needs, for itself."""

    def __init__(self, cores: Iterable[int]) -> None:
        self._free = set(cores)
        self._changed = threading.Condition()
        self.count = len(self._free)

    @contextmanager
    def taken(self, count: int) -> Iterator[frozenset[int]]:
        """So many of them, once they are free."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._free) >= count)
            cores = frozenset(sorted(self._free)[:count])
            self._free -= cores
        try:
            yield cores
        finally:
            with self._changed:
                self._free |= cores
                self._changed.notify_all()


@contextmanager
def pinned(cores: Iterable[int]) -> Iterator[None]:
    """This thread, and processes that it starts in the meantime, run on these cores."""
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, usual)
