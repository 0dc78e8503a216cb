"""Waiting for a condition instead of for a time."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.02


def wait_for(condition: Callable[[], T], what: str, timeout_s: float = 120.0) -> T:
    """The first true value of `condition`. Fails the test with `what` was waited for if there is none in time."""
    pause = threading.Event()
    end_s = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end_s, f"waited {timeout_s:g} s for {what}"
        pause.wait(POLL_S)
    return found
