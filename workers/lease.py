"""A worker's hold on one work item: renewed in the background, asked about at every training step.

Whoever takes the item says how it is renewed, so that a device without the database (and its libraries) has leases too.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from types import TracebackType
from typing import Self

from nas_service.domain.entities import JsonDict
from nas_service.domain.errors import PermanentError
from nas_service.domain.signals import Signal
from workers.interrupted import Interrupted

Beat = Callable[[JsonDict | None], Signal | None]
"""Renews the lease and leaves the progress; None where nobody answered. Never raises."""


class Paused(Interrupted):
    """The search was paused, or this worker shuts down: checkpoint and give the item back."""


class Abandoned(Exception):  # noqa: N818 - a request to stop is no error
    """The search was cancelled, or the lease was lost: drop the work, nothing of it will be used."""

    def __init__(self, signal: Signal) -> None:
        super().__init__(signal)
        self.signal = signal


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """How long a lease holds, how often it is renewed, and for how long altogether."""

    lease_s: float
    heartbeat_s: float
    limit_s: float = inf


class Lease:
    """Renews the lease of item `item_id` at every heartbeat while the block runs; `check()` says when to stop."""

    def __init__(self, item_id: str, beat: Beat, times: LeaseTimes, shutdown: threading.Event) -> None:
        self._renew, self._times, self._shutdown = beat, times, shutdown
        self._ends_at = time.monotonic() + times.limit_s
        self._signal = Signal.CONTINUE
        self._progress: JsonDict | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name=f"lease-{item_id}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def report(self, progress: JsonDict) -> None:
        """Leave `progress` for whoever watches; it is sent with the next heartbeat."""
        self._progress = progress

    def check(self) -> None:
        """Return at once while the work is wanted. Raises Paused, Abandoned, or PermanentError past its time limit."""
        if self._signal in {Signal.CANCEL, Signal.LOST}:
            raise Abandoned(self._signal)
        if self._signal is Signal.PAUSE or self._shutdown.is_set():
            raise Paused
        if time.monotonic() > self._ends_at:
            limit_s = self._times.limit_s
            detail = f"it was not done within {limit_s:g} s; train for fewer epochs, or raise NAS_TASK_LIMIT_S"
            raise PermanentError("time-limit", detail)

    def _beat(self) -> None:
        while not self._over.wait(self._times.heartbeat_s):
            # The lease outlives several missed beats; if nobody answers for longer, the work is void anyway.
            self._signal = self._renew(self._progress) or self._signal
            if self._signal in {Signal.CANCEL, Signal.LOST}:
                return
