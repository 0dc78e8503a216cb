"""What a network takes on this host, for steps that are guided by it."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from torch import nn

from nas_service.domain.metrics import deployed_target
from nas_service.domain.spec import LOCAL_DEVICE
from workers.export.files import Subject, write_files
from workers.profiling.measure import Effort
from workers.profiling.timing import Host, time_alone
from workers.tasks.context import Task


def latency_here(task: Task, subject: Subject) -> Callable[[nn.Module], float] | None:
    """Times networks that take what `subject` takes, in ms, on the target that is deployed to; None if it is elsewhere.

    At that target's own precision, so that the time is that of the network before any quantization.
    """
    spec, settings = task.search.spec, task.service.settings
    target = spec.targets[deployed_target(spec)]
    if target.device != LOCAL_DEVICE:
        return None

    def latency_ms(network: nn.Module) -> float:
        host = Host(settings.host_lock_dir, task.lease.check)
        effort = Effort(budget_s=settings.measure_budget_s(final=False))
        with tempfile.TemporaryDirectory() as folder:
            (written,) = write_files(replace(subject, network=network), [target.format], Path(folder))
            median_ms: float = time_alone(written.path, target, effort, host)["median_ms"]
        return median_ms

    return latency_ms
