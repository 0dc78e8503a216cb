"""The Celery app of workers and control, run by `nas worker` and `nas control`: `celery -A workers.celery_app worker`.

What it serves stands in NAS_QUEUES. Every choice here leaves the truth to the database: a message only says that there
may be something to do. docs/decisions/0009 tells why each number is what it is.
"""

from celery import Celery

from nas_service.dispatch.messages import CONTROL_QUEUE, SWEEP
from nas_service.settings import Settings
from workers.control import SWEEP_S

VISIBILITY_TIMEOUT_S = 3600
"""When Redis hands out again what a worker took and never acknowledged. Long: sweeps recover within seconds."""
HARD_LIMIT_GRACE_S = 60
"""A process that does not even notice its time limit (NAS_TASK_LIMIT_S) is killed this much later."""


settings = Settings()
app = Celery("nas", broker=settings.broker_url, include=["workers.celery_tasks"])
app.conf.update(
    task_queues={name: {} for name in settings.queues},
    task_default_queue=CONTROL_QUEUE,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    result_expires=None,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_concurrency=1 if settings.queues == (CONTROL_QUEUE,) else settings.worker_count,
    worker_max_tasks_per_child=settings.worker_tasks,
    task_time_limit=settings.task_limit_s + HARD_LIMIT_GRACE_S,
    broker_transport="workers.broker:Transport",
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={"visibility_timeout": VISIBILITY_TIMEOUT_S, "socket_keepalive": True},
    beat_schedule={
        "sweep": {
            "task": SWEEP,
            "schedule": SWEEP_S,
            "options": {"queue": CONTROL_QUEUE, "expires": SWEEP_S},
        }
    },
)
