"""A signal stops a loop wherever it strikes."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from workers.stop_signals import set_on_stop


@pytest.fixture(autouse=True)
def _signal_handlers() -> Iterator[None]:
    """The handlers of this process are the test runner's."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_event_is_set(number: signal.Signals) -> None:
    event = threading.Event()
    set_on_stop(event)
    os.kill(os.getpid(), number)
    assert event.wait(10)


def test_a_signal_that_strikes_inside_the_wait_does_not_deadlock() -> None:
    """The handler runs in the main thread, which holds the event's lock for a moment at the edges of each wait."""
    event = threading.Event()
    set_on_stop(event)
    with event._cond:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert event.wait(10)
