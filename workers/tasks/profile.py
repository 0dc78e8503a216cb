"""Time an exported model on this device, with the host to itself."""

import tempfile
from pathlib import Path

from nas_service import tracing
from nas_service.domain.entities import JsonDict
from nas_service.domain.executed import is_timed_roughly, timed_target
from workers.profiling.measure import effort_for
from workers.profiling.timing import Host, time_alone
from workers.tasks.context import Task


def profile(task: Task) -> JsonDict:
    """A measurement. Raises RetryableError where the host was busy or the harness died, PermanentError otherwise."""
    settings, payload = task.service.settings, task.item.payload
    final, rough = payload["final"], is_timed_roughly(task.search.spec, payload)
    effort = effort_for(settings.measure_budget_s(final=final), final=final, rough=rough)
    with tempfile.TemporaryDirectory() as folder:
        target = timed_target(task.search.spec, payload)
        model = task.service.artifacts.fetch(payload["model_sha256"], Path(folder, target.format.file_name))
        host = Host(settings.host_lock_dir, task.lease.check)
        with tracing.span("time"):
            result = time_alone(model, target, effort, host)
    return result | {"device_id": result["birthplace"]["device_id"]}
