"""SIGTERM and SIGINT as an event that every loop waits on."""

import _thread
import signal
import threading
from types import FrameType


def set_on_stop(event: threading.Event) -> None:
    """From now on SIGTERM and SIGINT set `event`. To be called in the main thread."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # Not right here: the main thread may just be inside `event.wait()`, and hold the lock that `set()` needs.
        _thread.start_new_thread(event.set, ())

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
