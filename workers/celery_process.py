"""The life of a Celery worker's processes: what they load, who they are, and how they leave."""

import os
import signal
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import billiard
from celery.beat import EmbeddedService, Scheduler
from celery.signals import (
    celeryd_init,
    setup_logging,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutting_down,
)

from nas_service import logs, tracing
from nas_service.bootstrap import Service, bootstrap
from nas_service.dispatch.messages import CONTROL_QUEUE
from workers.celery_app import app, settings
from workers.control import Control
from workers.lifeline import ForkLine
from workers.webhook_thread import WebhookThread

if TYPE_CHECKING:
    from workers.pool_process import PoolProcess

WORK_QUEUES = tuple(queue for queue in settings.queues if queue != CONTROL_QUEUE)
PROCESS = "worker" if WORK_QUEUES else "control"


@cache
def _service() -> Service:
    return bootstrap(settings)


@cache
def control() -> Control:
    """Of this process: it keeps the memories of the searches that it advances."""
    return Control(_service())


@cache
def pool_process() -> "PoolProcess":
    """Of this process. Imported late: what decides has no need of torch."""
    from workers.pool_process import PoolProcess

    return PoolProcess(_service(), WORK_QUEUES)


@cache
def _line() -> ForkLine:
    """To the processes of the pool; made before the first is forked."""
    return ForkLine()


@celeryd_init.connect
@setup_logging.connect
def _log_as_everywhere(**_: Any) -> None:
    """With its first word, and where Celery would set up a log of its own."""
    logs.configure(PROCESS)


@worker_init.connect
def _load_before_forking(**_: Any) -> None:
    """Torch takes seconds to import; the processes of the pool share what their parent has loaded."""
    _line()
    if WORK_QUEUES:
        import_module("workers.pool_process")


@worker_process_init.connect
def _start(**_: Any) -> None:
    _line().hold_on()
    if settings.tracing:
        tracing.configure(PROCESS)
    if WORK_QUEUES:
        pool_process()
    if CONTROL_QUEUE in settings.queues:
        WebhookThread(_service()).start()


@worker_process_shutdown.connect
def _leave(**_: Any) -> None:
    if WORK_QUEUES:
        pool_process().leave()
    tracing.flush()


@worker_ready.connect
def _start_beat(**_: Any) -> None:
    """In a thread: a beat of its own process could die unnoticed. Several beats only sweep more often."""
    if CONTROL_QUEUE in settings.queues:
        EmbeddedService(app, thread=True, scheduler_cls=Scheduler).start()


@worker_shutting_down.connect
def _drain(**_: Any) -> None:
    """Celery waits for the items in hand; told of it, their processes checkpoint them and give them back."""
    for process in billiard.active_children():
        os.kill(process.pid, signal.SIGTERM)
