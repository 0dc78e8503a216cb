"""Celery workers of tests: they make results up, note in their home what they do, and wait while they are told to.

`celery --app tests.support.noted_celery worker`
"""

import threading

from benchmarks.no_op_celery import app as app
from nas_service.domain.entities import JsonDict
from nas_service.settings import Settings
from tests.support.distributed import HOLD, NOTES
from workers import celery_process

POLL_S = 0.02

if celery_process.WORK_QUEUES:
    from benchmarks.no_op_celery import made_up
    from workers.tasks import TASKS, Task

    home = Settings().home

    def noted(task: Task) -> JsonDict:
        """What the item's task would answer, once it may."""
        with (home / NOTES).open("a") as notes:
            notes.write(f"{task.item.id}\n")
        pause = threading.Event()
        while (home / HOLD).exists():
            task.lease.check()
            pause.wait(POLL_S)
        return made_up(task)

    TASKS.update(dict.fromkeys(TASKS, noted))
