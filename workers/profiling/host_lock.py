"""A host-wide lock: training shares the host, timing has it alone.

Two files in one folder (on a local disk) are locked with flock, which the kernel releases however its holder dies:
- `host.room`: every training holds it shared, a timing exclusively.
- `host.turnstile`: a timing holds it from the moment it waits. A training looks at it before each step, finds it
  taken, leaves the room and comes back when it is free. So timings go first, one at a time, and never starve.

A process that was stopped (SIGSTOP) keeps its locks. A stopped training is idle: timings go on at once as if it had
made room; continued, it runs on to its next step at most. A stopped timing is waited for until its samples must be
taken, then trainings and other timings go on without it.
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
from workers.profiling.lock_holders import all_stopped

POLL_S = 0.005
STOPPED_TIMING_S = 10.0
"""A timing that was stopped this long is not waited for: the process that takes its samples has ended by itself."""
ROOM = "host.room"
TURNSTILE = "host.turnstile"


def _nothing() -> None:
    """Called while waiting, unless the caller has something to do."""


class HostBusyError(RetryableError):
    """The host was not free in time; raised by `timing`, the work item is tried again."""


class _Lock:
    """One of the two files. Counts as taken, too, once all who hold it have been stopped for `patience_s`."""

    def __init__(self, folder: Path, name: str, patience_s: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self._patience_s = patience_s
        self._stopped_at_s: float | None = None
        """Since when its holders are known to be stopped."""

    def take(self, mode: int) -> bool:
        """Try to take it, shared or exclusively (fcntl.LOCK_SH or LOCK_EX)."""
        if self._try(mode):
            self._stopped_at_s = None
            return True
        if not all_stopped(self._descriptor):
            self._stopped_at_s = None
            return False
        now_s = time.monotonic()
        if self._stopped_at_s is None:
            self._stopped_at_s = now_s
        return now_s - self._stopped_at_s >= self._patience_s

    def _try(self, mode: int) -> bool:
        try:
            fcntl.flock(self._descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._descriptor)


class TrainingPass:
    """A training's right to run on this host; `step()` before each training step lets waiting timings go first.

    `on_wait` is called every few milliseconds while paused, and may raise to leave (cancelled, lease lost).
    Processes forked while a pass is held inherit it; started ones (subprocess) do not.
    """

    def __init__(self, folder: Path, on_wait: Callable[[], None] = _nothing) -> None:
        self._turnstile, self._room = _locks(folder)
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
        if self._turnstile.take(fcntl.LOCK_SH):
            self._turnstile.release()
            return
        self._room.release()
        self._enter_room()

    def _leave(self) -> None:
        self._room.close()
        self._turnstile.close()

    def _enter_room(self) -> None:
        start = time.monotonic()
        for lock in (self._turnstile, self._room):
            while not lock.take(fcntl.LOCK_SH):
                self._on_wait()
                time.sleep(POLL_S)
        self._turnstile.release()
        self.paused_s += time.monotonic() - start


@contextmanager
def timing(folder: Path, timeout_s: float, on_wait: Callable[[], None] = _nothing) -> Iterator[None]:
    """Hold the host alone: one timing at a time, every training paused at its next step.

    Raises HostBusyError when that did not come about in `timeout_s`, and whatever `on_wait` raises; it is called
    every few milliseconds while waiting.
    """
    deadline = time.monotonic() + timeout_s
    turnstile, room = _locks(folder)
    try:
        for lock, holder in ((turnstile, "other timings"), (room, "trainings")):
            while not lock.take(fcntl.LOCK_EX):
                if time.monotonic() >= deadline:
                    raise HostBusyError("host-busy", f"{holder} did not make room within {timeout_s:g} s")
                on_wait()
                time.sleep(POLL_S)
        yield
    finally:
        room.close()
        turnstile.close()


def _locks(folder: Path) -> tuple[_Lock, _Lock]:
    """Turnstile and room. Whoever is stopped in the room no longer computes; in the turnstile, its samples may."""
    return _Lock(folder, TURNSTILE, STOPPED_TIMING_S), _Lock(folder, ROOM, patience_s=0)
