"""Doing one leased timing, and telling the service how it ended."""

import tempfile
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import structlog

from nas_service.client.errors import ClientError, CorruptDownloadError
from nas_service.client.pauses import pause_s
from nas_service.domain.entities import Failure, JsonDict
from nas_service.domain.errors import NasError, PermanentError, UserError
from nas_service.domain.signals import Signal
from nas_service.wire.agents import LeaseInfo
from workers.agent.door import Door, is_passing
from workers.lease import Abandoned, Lease, LeaseTimes, Paused
from workers.profiling.measure import effort_for
from workers.profiling.timing import Host, time_alone

log = structlog.get_logger()

VOID = frozenset({"lease-lost", "no-such-work-item", "no-such-worker"})
"""Refusals after which nobody wants the result any more."""
TELLS = 8
"""Times that the service is told how a timing ended, over about 30 s; then its lease has run out anyway."""
LONGEST_DETAIL = 2000


class Timer:
    """Does timings one at a time; once `shutdown` is set, the one in hand is given back."""

    def __init__(self, door: Door, lock_dir: Path, shutdown: threading.Event) -> None:
        self._door, self._lock_dir, self._shutdown = door, lock_dir, shutdown

    def do(self, lease: LeaseInfo) -> None:
        """Do one. Nothing that goes wrong in it ends this process."""
        bound = log.bind(item=lease.item_id, target=lease.target.model_dump())
        bound.info("started")
        try:
            self._tell_end(lease, bound)
        except ClientError as error:
            if error.problem.slug in VOID:
                bound.info("the lease was lost: result dropped")
            else:
                bound.warning("the service could not be told; the item is left to its lease", reason=str(error))

    def _tell_end(self, lease: LeaseInfo, bound: structlog.stdlib.BoundLogger) -> None:
        try:
            measurement = self._measure(lease)
            self._tell(lambda: self._door.complete(lease, measurement))
            bound.info("done", median_ms=measurement["median_ms"], noisy=measurement["noisy"])
        except Paused:
            self._tell(lambda: self._door.release(lease))
            bound.info("given back")
        except Abandoned as abandoned:
            if abandoned.signal is Signal.CANCEL:
                self._tell(lambda: self._door.release(lease))
            bound.info("dropped", signal=abandoned.signal)
        except ClientError as error:
            if is_passing(error) or error.problem.slug in VOID:
                raise
            self._fail(lease, Failure(error.problem.slug, str(error)), retry=_may_be_sound(error))
        except NasError as error:
            final = isinstance(error, UserError | PermanentError)
            self._fail(lease, Failure(error.problem, error.detail), retry=not final)
        except Exception as error:
            bound.error("failed unexpectedly", trace="".join(traceback.format_exception(error)))
            self._fail(lease, Failure("unexpected-error", f"{type(error).__name__}: {error}"), retry=True)

    def _measure(self, lease: LeaseInfo) -> JsonDict:
        def beat(_progress: JsonDict | None) -> Signal | None:
            try:
                return self._door.beat(lease)
            except ClientError as error:
                log.warning("heartbeat failed", item=lease.item_id, reason=str(error))
                return Signal.LOST if error.problem.slug in VOID else None

        times = LeaseTimes(lease.lease_s, lease.heartbeat_s)
        with Lease(lease.item_id, beat, times, self._shutdown) as hold, tempfile.TemporaryDirectory() as folder:
            model = self._door.fetch_model(lease, Path(folder))
            effort = effort_for(lease.budget_s, final=lease.final, rough=lease.rough)
            return time_alone(model, lease.target, effort, Host(self._lock_dir, hold.check))

    def _fail(self, lease: LeaseInfo, failure: Failure, *, retry: bool) -> None:
        log.warning("failed", item=lease.item_id, retry=retry, **failure.to_json())
        told = Failure(failure.problem, failure.detail[:LONGEST_DETAIL])
        self._tell(lambda: self._door.fail(lease, told, retry=retry))

    def _tell(self, say: Callable[[], None]) -> None:
        """Say it until the service has heard it, or this process shall leave. Raises ClientError."""
        for attempt in range(TELLS):
            try:
                say()
                return
            except ClientError as error:
                if not is_passing(error) or attempt == TELLS - 1 or self._shutdown.wait(pause_s(attempt + TELLS // 2)):
                    raise


def _may_be_sound(error: ClientError) -> bool:
    """Whether the same timing may succeed once more: a download can be spoilt on the way, and a service fail."""
    return isinstance(error, CorruptDownloadError) or error.problem.status >= 500
