"""The Celery app with workers that make results up: `celery --app benchmarks.no_op_celery worker`."""

from benchmarks.no_op_workers import made_up_result
from nas_service.domain.entities import JsonDict, WorkKind
from workers import celery_process
from workers.celery_app import app as app

if celery_process.WORK_QUEUES:
    from workers.tasks import TASKS, Task

    def made_up(task: Task) -> JsonDict:
        """What the item's task would answer."""
        candidate = task.candidate if task.item.candidate_id else None
        return made_up_result(task.search.spec, task.item, candidate)

    TASKS.update(dict.fromkeys(WorkKind, made_up))
