"""A host-wide lock: training shares the host, timing has it alone.

Two files in one folder (on a local disk) are locked with flock, which the kernel releases however its holder dies:
- `host.room`: every training holds it shared, a timing exclusively.
- `host.turnstile`: a timing holds it from the moment it waits. A training looks at it before each step, finds it
  taken, leaves the room and comes back when it is free. So timings go first, one at a time, and never starve.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from nas_service.domain.errors import RetryableError

POLL_S = 0.005
ROOM = "host.room"
TURNSTILE = "host.turnstile"


def _nothing() -> None:
    """Called while waiting, unless the caller has something to do."""


class HostBusyError(RetryableError):
    """The host was not free in time; raised by `timing`, the work item is tried again."""


class TrainingPass:
    """A training's right to run on this host; `step()` before each training step lets waiting timings go first.

    `on_wait` is called every few milliseconds while paused, and may raise to leave (cancelled, lease lost).
    Processes forked while a pass is held inherit it; started ones (subprocess) do not.
    """

    def __init__(self, folder: Path, on_wait: Callable[[], None] = _nothing) -> None:
        self._room = _open(folder, ROOM)
        self._turnstile = _open(folder, TURNSTILE)
        self._on_wait = on_wait
        self.paused_s = 0.0
        """Spent waiting for timings so far."""

    def __enter__(self) -> Self:
        try:
            self._enter_room()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def step(self) -> None:
        """Return at once when no timing waits (about a microsecond), else when the last one is done."""
        if _try_lock(self._turnstile, fcntl.LOCK_SH):
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)
            return
        fcntl.flock(self._room, fcntl.LOCK_UN)
        self._enter_room()

    def _leave(self) -> None:
        os.close(self._room)
        os.close(self._turnstile)

    def _enter_room(self) -> None:
        start = time.monotonic()
        for descriptor in (self._turnstile, self._room):
            while not _try_lock(descriptor, fcntl.LOCK_SH):
                self._on_wait()
                time.sleep(POLL_S)
        fcntl.flock(self._turnstile, fcntl.LOCK_UN)
        self.paused_s += time.monotonic() - start


@contextmanager
def timing(folder: Path, timeout_s: float, on_wait: Callable[[], None] = _nothing) -> Iterator[None]:
    """Hold the host alone: one timing at a time, every training paused at its next step.

    Raises HostBusyError when that did not come about in `timeout_s`, and whatever `on_wait` raises; it is called
    every few milliseconds while waiting.
    """
    deadline = time.monotonic() + timeout_s
    turnstile, room = _open(folder, TURNSTILE), _open(folder, ROOM)
    try:
        for descriptor, holder in ((turnstile, "other timings"), (room, "trainings")):
            while not _try_lock(descriptor, fcntl.LOCK_EX):
                if time.monotonic() >= deadline:
                    raise HostBusyError("host-busy", f"{holder} did not make room within {timeout_s:g} s")
                on_wait()
                time.sleep(POLL_S)
        yield
    finally:
        os.close(room)
        os.close(turnstile)


def _open(folder: Path, name: str) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


def _try_lock(descriptor: int, mode: int) -> bool:
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
