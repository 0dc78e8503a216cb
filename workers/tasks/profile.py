"""Time an exported model on this device, with the host to itself."""

import tempfile
from dataclasses import replace
from pathlib import Path

from nas_service import tracing
from nas_service.domain.entities import JsonDict
from nas_service.domain.executed import timed_target
from workers.profiling.measure import ROUGH, Effort
from workers.profiling.timing import Host, time_alone
from workers.tasks.context import Task


def profile(task: Task) -> JsonDict:
    """A measurement. Raises RetryableError where the host was busy or the harness died, PermanentError otherwise."""
    settings, payload = task.service.settings, task.item.payload
    final = payload["final"]
    with tempfile.TemporaryDirectory() as folder:
        target = timed_target(task.search.spec, payload)
        model = task.service.artifacts.fetch(payload["model_sha256"], Path(folder, target.format.file_name))
        host = Host(settings.host_lock_dir, task.lease.check)
        with tracing.span("time"):
            result = time_alone(model, target, _effort(task, final=final), host)
    return result | {"device_id": result["birthplace"]["device_id"]}


def _effort(task: Task, *, final: bool) -> Effort:
    budget_s = task.service.settings.measure_budget_s(final=final)
    if task.search.spec.strategy.evaluator == "untrained":
        return replace(ROUGH, budget_s=min(budget_s, ROUGH.budget_s))
    return Effort(budget_s=budget_s, throughput=final)
