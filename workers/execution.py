"""Doing one claimed work item, whoever delivered it, and telling the database how it ended."""

import threading
import traceback

import structlog
from sqlalchemy.exc import OperationalError

from nas_service import tracing
from nas_service.bootstrap import Service
from nas_service.domain.entities import Failure, WorkItem
from nas_service.domain.errors import NasError, PermanentError, UserError
from nas_service.domain.signals import Signal
from nas_service.use_cases import work
from workers.lease import Abandoned, LeaseTimes, Paused
from workers.memory import is_out_of_memory, out_of_memory
from workers.stored_lease import stored_lease
from workers.tasks import TASKS, Task

log = structlog.get_logger()


class Executor:
    """Does work items one at a time; once `shutdown` is set, the one in hand is checkpointed and given back."""

    def __init__(self, service: Service, shutdown: threading.Event) -> None:
        self.service, self.shutdown = service, shutdown
        settings = service.settings
        self._times = LeaseTimes(settings.lease_s, settings.heartbeat_s, settings.task_limit_s)

    def do(self, item: WorkItem) -> None:
        """Do one item and report how it ended; nothing that goes wrong in it ends this process."""
        traced = tracing.span(
            item.kind,
            item.traceparent,
            item=item.id,
            search=item.search_id,
            candidate=item.candidate_id,
            attempt=item.attempt,
        )
        try:
            with traced:
                self._do(item)
        except OperationalError as error:
            # Nobody could be told: its lease runs out, and it is done again from its checkpoint.
            log.warning("the database did not answer; item left to its lease", item=item.id, error=str(error))

    def _do(self, item: WorkItem) -> None:
        store = self.service.store
        bound = log.bind(item=item.id, kind=item.kind, attempt=item.attempt, search=item.search_id)
        bound.info("started", candidate=item.candidate_id)
        try:
            with stored_lease(store, item, self._times, self.shutdown) as lease:
                result = TASKS[item.kind](Task(self.service, item, lease))
            accepted = work.complete(store, item, result)
            bound.info("done" if accepted else "done, but the lease was lost: result refused")
        except Paused:
            work.give_back(store, item)
            bound.info("given back")
        except Abandoned as abandoned:
            if abandoned.signal is Signal.CANCEL:
                work.drop(store, item)
            bound.info("dropped", signal=abandoned.signal)
        except OperationalError:
            raise
        except Exception as error:
            self._failed(item, out_of_memory(error) if is_out_of_memory(error) else error)

    def _failed(self, item: WorkItem, error: Exception) -> None:
        bound = log.bind(item=item.id, kind=item.kind, attempt=item.attempt, search=item.search_id)
        if isinstance(error, NasError):
            final = isinstance(error, UserError | PermanentError)
            work.fail(self.service.store, item, Failure(error.problem, error.detail), retry=not final)
            bound.warning("failed", problem=error.problem, detail=error.detail, final=final)
        else:
            detail = f"{type(error).__name__}: {error}"
            work.fail(self.service.store, item, Failure("unexpected-error", detail), retry=True)
            bound.error("failed unexpectedly", detail=detail, trace="".join(traceback.format_exception(error)))
