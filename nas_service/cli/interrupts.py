"""Ctrl-C that asks first and insists second."""

import signal
import time
from types import FrameType, TracebackType
from typing import Self

STEP_S = 0.05


class Interrupts:
    """While entered, the first SIGINT or SIGTERM sets `requested`; the second raises KeyboardInterrupt.

    A command can so end at a place of its choosing, and can still be stopped when that takes too long.
    """

    def __init__(self) -> None:
        self.requested = False

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def sleep(self, seconds: float) -> None:
        """Sleep, but no longer than until somebody asks to stop."""
        end_s = time.monotonic() + seconds
        while not self.requested and (left_s := end_s - time.monotonic()) > 0:
            time.sleep(min(STEP_S, left_s))

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
