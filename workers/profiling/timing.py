"""Times one exported model with the host to itself: the same for local workers and for remote devices."""

import base64
import zlib
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nas_service.domain.entities import JsonDict
from nas_service.domain.spec import TargetSpec
from workers.profiling.host_lock import timing
from workers.profiling.measure import Effort, Surroundings, measure

HOST_TIMEOUT_S = 120.0
"""How long to wait until every training on this host has paused and every other timing is done."""


@dataclass(frozen=True, slots=True)
class Host:
    """Where a model is timed. `lock_dir` keeps the host's baselines too.

    `on_wait` is called a few times a second, and may raise to abandon the measurement.
    """

    lock_dir: Path
    on_wait: Callable[[], None]


def time_alone(model: Path, target: TargetSpec, effort: Effort, host: Host) -> JsonDict:
    """A measurement as JSON, its samples packed.

    Raises RetryableError where the host was busy or the harness died, PermanentError where a retry cannot help, and
    whatever `host.on_wait` raises.
    """
    around = Surroundings(
        alone=lambda: timing(host.lock_dir, HOST_TIMEOUT_S, on_wait=host.on_wait),
        on_wait=host.on_wait,
        baseline_dir=host.lock_dir,
    )
    result = measure(model, target, effort, around).to_dict()
    result["samples_f32_zlib_base64"] = packed(result.pop("samples_ms"))
    result["references_f32_zlib_base64"] = packed(result.pop("references_ms"))
    return result


def packed(samples_ms: Sequence[float]) -> str:
    """Samples as little-endian float32, compressed: all of them are kept, in a few bytes each."""
    return base64.b64encode(zlib.compress(array("f", samples_ms).tobytes())).decode()
