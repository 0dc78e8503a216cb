"""How long Optuna's samplers think, apart from everything that is done around them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from optuna.samplers import BaseSampler

_THINKING = ("infer_relative_search_space", "sample_relative", "sample_independent", "before_trial", "after_trial")


@dataclass(slots=True)
class Stopwatch:
    """Milliseconds spent inside the methods that it was put on; calls within calls count once."""

    wall_ms: float = 0.0
    cpu_ms: float = 0.0
    _depth: int = 0

    def put_on(self, sampler: BaseSampler) -> BaseSampler:
        """Time everything that Optuna asks of this sampler."""
        for name in _THINKING:
            setattr(sampler, name, self._timed(getattr(sampler, name)))
        return sampler

    def _timed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._depth:
                return method(*args, **kwargs)
            self._depth = 1
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            try:
                return method(*args, **kwargs)
            finally:
                self.wall_ms += 1e3 * (time.perf_counter() - wall_s)
                self.cpu_ms += 1e3 * (time.process_time() - cpu_s)
                self._depth = 0

        return timed
