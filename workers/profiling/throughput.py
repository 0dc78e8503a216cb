"""Images a second at several batch sizes: what one copy of a loaded model serves when images come in plenty."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from workers.profiling.runtimes import LoadedModel

BATCH_SIZES = (1, 8, 32, 64)
BUDGET_SHARE = 0.5
"""Of what the latency may take, on top of it."""
FEWEST_RUNS, MOST_RUNS = 3, 1000


@dataclass(frozen=True, slots=True)
class Throughput:
    """Of batches of one size: images / the median time of a run. `runs` of them were timed."""

    batch_size: int
    images_per_s: float
    median_ms: float
    runs: int


def throughput(
    model: LoadedModel,
    batch_sizes: Sequence[int],
    budget_s: float,
    clock_s: Callable[[], float] = time.perf_counter,
) -> list[Throughput]:
    """One entry for each batch size, in their order; `budget_s` is shared among them, and exceeded where
    FEWEST_RUNS runs take longer than a share. The first run of each size, which sizes the memory, is not counted.
    """
    return [_of(model, size, budget_s / len(batch_sizes), clock_s) for size in batch_sizes]


def _of(model: LoadedModel, batch_size: int, budget_s: float, clock_s: Callable[[], float]) -> Throughput:
    images = np.random.default_rng(0).random((batch_size, *model.image_shape), dtype=np.float32)
    model.run(images)
    times_s: list[float] = []
    end_s = clock_s() + budget_s
    while len(times_s) < MOST_RUNS and (len(times_s) < FEWEST_RUNS or clock_s() < end_s):
        start_s = clock_s()
        model.run(images)
        times_s.append(clock_s() - start_s)
    median_s = float(np.median(times_s))
    return Throughput(batch_size, batch_size / median_s, median_s * 1e3, len(times_s))
