"""Time an exported model on this device, with the host to itself."""

import base64
import tempfile
import zlib
from array import array
from collections.abc import Sequence
from pathlib import Path

from nas_service.domain.entities import JsonDict
from workers.profiling.host_lock import timing
from workers.profiling.measure import Effort, Surroundings, measure
from workers.tasks.context import Task

HOST_TIMEOUT_S = 120.0
"""How long to wait until every training on this host has paused and every other timing is done."""


def profile(task: Task) -> JsonDict:
    """A measurement. Raises RetryableError where the host was busy or the harness died, PermanentError otherwise."""
    settings = task.service.settings
    payload = task.item.payload
    target = task.search.spec.targets[payload["target"]]
    budget_s = settings.final_measure_s if payload["final"] else settings.measure_s
    with tempfile.TemporaryDirectory() as folder:
        model = task.service.artifacts.fetch(payload["model_sha256"], Path(folder, "model.onnx"))
        measured = measure(
            model,
            target,
            Effort(budget_s=budget_s),
            Surroundings(
                alone=lambda: timing(settings.host_lock_dir, HOST_TIMEOUT_S, on_wait=task.lease.check),
                on_wait=task.lease.check,
            ),
        )
    result = measured.to_dict()
    result["samples_f32_zlib_base64"] = packed(result.pop("samples_ms"))
    return result | {"device_id": result["birthplace"]["device_id"]}


def packed(samples_ms: Sequence[float]) -> str:
    """Samples as little-endian float32, compressed: all of them are kept, in a few bytes each."""
    return base64.b64encode(zlib.compress(array("f", samples_ms).tobytes())).decode()
