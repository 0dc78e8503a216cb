"""A worker's hold on one work item: renewed in the background, asked about at every training step."""

import threading
import time
from dataclasses import dataclass
from math import inf
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from nas_service.domain.entities import JsonDict, WorkItem
from nas_service.domain.errors import PermanentError
from nas_service.use_cases import work
from nas_service.use_cases.ports import Store
from nas_service.use_cases.work import Signal
from workers.training.interface import Interrupted

log = structlog.get_logger()


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
    """Renews the lease of `item` at every heartbeat while the block runs; `check()` says when to stop."""

    def __init__(self, store: Store, item: WorkItem, times: LeaseTimes, shutdown: threading.Event) -> None:
        self._store, self._item, self._times, self._shutdown = store, item, times, shutdown
        self._ends_at = time.monotonic() + times.limit_s
        self._signal = Signal.CONTINUE
        self._progress: JsonDict | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name=f"lease-{item.id}")

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
            try:
                self._signal = work.heartbeat(self._store, self._item, self._times.lease_s, self._progress)
            except SQLAlchemyError as error:
                # The lease outlives several missed beats; if the database stays away, the work is void anyway.
                log.warning("heartbeat failed", item=self._item.id, error=str(error))
            if self._signal in {Signal.CANCEL, Signal.LOST}:
                return
