"""One process of a Celery pool that does work: it claims when it is told to, and is otherwise like a polling worker."""

import threading
from collections.abc import Sequence
from contextlib import ExitStack

import torch

from nas_service.bootstrap import Service
from nas_service.use_cases.work import claim
from workers.execution import Executor
from workers.memory import limit_memory
from workers.presence import Presence
from workers.scratch import Scratch
from workers.stop_signals import set_on_stop


class PoolProcess:
    """From the start of the process to its end."""

    def __init__(self, service: Service, queues: Sequence[str]) -> None:
        settings = service.settings
        torch.set_num_threads(settings.threads_per_worker)
        limit_memory(settings.worker_memory_mib)
        self.service = service
        self.shutdown = threading.Event()
        self.presence = Presence(service.store, queues)
        self._executor = Executor(service, self.shutdown)
        self._end = ExitStack()
        self._end.enter_context(Scratch())
        self._end.enter_context(self.presence)

    def do(self, queue: str) -> None:
        """Do the item of the queue whose turn it is, if one waits. Raises SQLAlchemyError."""
        if self.shutdown.is_set():
            # The pool replaces a process that ends, and gives the message to another.
            raise SystemExit
        # Not earlier: the pool sets its own handlers once its processes are initialized.
        set_on_stop(self.shutdown)
        worker_id, lease_s = self.presence.worker.id, self.service.settings.lease_s
        item = claim(self.service.store, [queue], worker_id, lease_s)
        if item is not None:
            self._executor.do(item)

    def leave(self) -> None:
        """Be forgotten, and leave nothing behind."""
        self._end.close()
