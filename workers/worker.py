"""A worker process: claims work items and does them, until it is told to leave. `python -m workers.worker`."""

import threading
from collections.abc import Sequence

import structlog
import torch
from sqlalchemy.exc import SQLAlchemyError

from nas_service import logs, tracing
from nas_service.bootstrap import Service, bootstrap
from nas_service.domain.entities import WorkItem
from nas_service.settings import Settings
from nas_service.use_cases import work
from workers.execution import Executor
from workers.memory import limit_memory
from workers.presence import Presence
from workers.scratch import Scratch
from workers.stop_signals import set_on_stop

log = structlog.get_logger()

FIRST_POLL_S, POLL_S = 0.01, 0.1
"""After an item the next one is ready in a moment; the longer there is none, the more seldom it is looked for."""


class WorkerLoop:
    """Claims from `queues` and works, one item at a time."""

    def __init__(self, service: Service, queues: Sequence[str]) -> None:
        self.service, self.queues = service, tuple(queues)
        self.shutdown = threading.Event()
        self.presence = Presence(service.store, self.queues)
        self.executor = Executor(service, self.shutdown)

    def run(self) -> None:
        """Work until `shutdown` is set; the item in hand is then checkpointed and given back."""
        poll_s = POLL_S
        with self.presence:
            while not self.shutdown.is_set():
                item = self._claim()
                if item is None:
                    self.shutdown.wait(poll_s)
                    poll_s = min(2 * poll_s, POLL_S)
                else:
                    self.executor.do(item)
                    poll_s = FIRST_POLL_S

    def _claim(self) -> WorkItem | None:
        try:
            worker_id, lease_s = self.presence.worker.id, self.service.settings.lease_s
            return work.claim(self.service.store, self.queues, worker_id, lease_s)
        except SQLAlchemyError as error:
            log.warning("claim failed; trying again", error=str(error))
            return None


def main() -> None:
    """Run a worker as configured by the environment; SIGTERM and SIGINT make it leave in good order."""
    logs.configure("worker")
    settings = Settings()
    if settings.tracing:
        tracing.configure("worker")
    torch.set_num_threads(settings.threads_per_worker)
    limit_memory(settings.worker_memory_mib)
    loop = WorkerLoop(bootstrap(settings), settings.queues)
    set_on_stop(loop.shutdown)
    with Scratch():
        loop.run()


if __name__ == "__main__":
    main()
