"""What is done for each kind of work item. A task is thin: load, call one pure function, return a JSON result."""

from collections.abc import Callable

from nas_service.domain.entities import JsonDict, WorkKind
from workers.tasks.compare import compare
from workers.tasks.compress import compress
from workers.tasks.context import Task
from workers.tasks.evaluate import evaluate
from workers.tasks.export import export
from workers.tasks.finalize import finalize
from workers.tasks.fit import fit
from workers.tasks.prepare import prepare
from workers.tasks.profile import profile
from workers.tasks.supernet import supernet

TASKS: dict[WorkKind, Callable[[Task], JsonDict]] = {
    WorkKind.PREPARE: prepare,
    WorkKind.SUPERNET: supernet,
    WorkKind.COMPARE: compare,
    WorkKind.EVALUATE: evaluate,
    WorkKind.EXPORT: export,
    WorkKind.PROFILE: profile,
    WorkKind.FINALIZE: finalize,
    WorkKind.FIT: fit,
    WorkKind.COMPRESS: compress,
}

__all__ = ["TASKS", "Task"]
