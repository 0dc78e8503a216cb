"""A worker process: claims work items and does them, until it is told to leave. `python -m workers.worker`."""

import os
import socket
import threading
import traceback
from collections.abc import Sequence

import structlog
import torch
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from nas_service import logs
from nas_service.bootstrap import Service, bootstrap
from nas_service.domain.entities import TRAIN_QUEUE, Failure, Worker, WorkItem, new_id, profile_queue
from nas_service.domain.errors import NasError, PermanentError, UserError
from nas_service.use_cases import work
from nas_service.use_cases.work import Signal
from workers.lease import Abandoned, Lease, Paused
from workers.profiling.device import describe
from workers.stop_signals import set_on_stop
from workers.tasks import TASKS, Task

log = structlog.get_logger()

POLL_S = 0.1
PRESENCE_S = 2.0
DEFAULT_QUEUES = (TRAIN_QUEUE, profile_queue("local"))


class WorkerLoop:
    """Claims from `queues` and works, one item at a time."""

    def __init__(self, service: Service, queues: Sequence[str]) -> None:
        self.service = service
        self.shutdown = threading.Event()
        self.worker = Worker(
            id=new_id("worker"),
            host=socket.gethostname(),
            pid=os.getpid(),
            queues=tuple(queues),
            device=describe(),
            seen_s_ago=0.0,
        )

    def run(self) -> None:
        """Work until `shutdown` is set; the item in hand is then checkpointed and given back."""
        presence = threading.Thread(target=self._stay_present, daemon=True, name="presence")
        presence.start()
        while not self.shutdown.is_set():
            item = self._claim()
            if item is None:
                self.shutdown.wait(POLL_S)
            else:
                self.do(item)
        presence.join()
        with self.service.store.write() as uow:
            uow.workers.forget(self.worker.id)

    def _claim(self) -> WorkItem | None:
        try:
            return work.claim(self.service.store, self.worker.queues, self.worker.id, self.service.settings.lease_s)
        except SQLAlchemyError as error:
            log.warning("claim failed; trying again", error=str(error))
            return None

    def do(self, item: WorkItem) -> None:
        """Do one item and report how it ended; nothing that goes wrong in it ends this process."""
        try:
            self._do(item)
        except OperationalError as error:
            # Nobody could be told: its lease runs out, and it is done again from its checkpoint.
            log.warning("the database did not answer; item left to its lease", item=item.id, error=str(error))

    def _do(self, item: WorkItem) -> None:
        store, settings = self.service.store, self.service.settings
        bound = log.bind(item=item.id, kind=item.kind, attempt=item.attempt, search=item.search_id)
        bound.info("started", candidate=item.candidate_id)
        try:
            with Lease(store, item, settings.lease_s, settings.heartbeat_s, self.shutdown) as lease:
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
        except NasError as error:
            final = isinstance(error, UserError | PermanentError)
            work.fail(store, item, Failure(error.problem, error.detail), retry=not final)
            bound.warning("failed", problem=error.problem, detail=error.detail, final=final)
        except OperationalError:
            raise
        except Exception as error:
            detail = f"{type(error).__name__}: {error}"
            work.fail(store, item, Failure("unexpected-error", detail), retry=True)
            bound.error("failed unexpectedly", detail=detail, trace=traceback.format_exc())

    def _stay_present(self) -> None:
        while not self.shutdown.is_set():
            try:
                with self.service.store.write() as uow:
                    uow.workers.beat(self.worker)
            except SQLAlchemyError as error:
                log.warning("presence not noted", error=str(error))
            self.shutdown.wait(PRESENCE_S)


def main() -> None:
    """Run a worker as configured by the environment; SIGTERM and SIGINT make it leave in good order."""
    logs.configure("worker")
    torch.set_num_threads(int(os.environ.get("NAS_TORCH_THREADS", "1")))
    queues = os.environ.get("NAS_QUEUES", ",".join(DEFAULT_QUEUES)).split(",")
    loop = WorkerLoop(bootstrap(), queues)
    set_on_stop(loop.shutdown)
    loop.run()


if __name__ == "__main__":
    main()
