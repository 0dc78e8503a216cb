"""How a model is timed: warm-up until stable, then short blocks interleaved with the reference model.

A sample during which the scheduler took the core away says more about the neighbours than about the model. It is
timed again, and a block that stays disturbed is left out as long as any other remains.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.profiling import host
from workers.profiling.statistics import FEWEST_FOR_INTERVAL, is_warm, median_interval

Run = Callable[[], object]

WARMUP_WINDOW = 10
WARMUP_TOLERANCE = 0.02
WARMUP_SHARE = 0.2
"""Of the budget, at most, for each of the two models."""

BLOCK_SAMPLES = 10
BLOCK_TARGET_NS = 5_000_000
"""A model slow enough to fill this with fewer samples gets fewer, down to FEWEST_SAMPLES."""
FEWEST_SAMPLES = 3
MOST_BLOCKS = 2_000
CHECK_EVERY_BLOCKS = 10
SPAN_NS = 1_000_000_000
"""Sampling lasts at least this long, so that it outlives the slow phases of a shared machine (up to 0.2 s)."""
FEWEST_CLEAN_SHARE = 0.5
"""With a smaller share of undisturbed blocks the measurement counts as noisy."""


@dataclass(frozen=True, slots=True)
class Plan:
    """When to stop: at this relative half-width of the median's 95 % interval, or when the budget is spent."""

    budget_s: float
    precision: float


@dataclass(frozen=True, slots=True)
class Meter:
    """What is read around each run: a clock in ns, and how often the core was taken away so far."""

    clock_ns: Callable[[], int] = time.perf_counter_ns
    interruptions: Callable[[], int] = host.involuntary_switches


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive runs of one model, in ns; clean when none of them was interrupted."""

    times_ns: list[int]
    clean: bool


@dataclass(frozen=True, slots=True)
class Samples:
    """Times in ms of the subject and of the reference beside it, both (blocks, samples a block).

    `dropped_blocks` were disturbed and are left out; `disturbed` says that too many were to trust the rest.
    """

    subject_ms: NDArray[np.float64]
    reference_ms: NDArray[np.float64]
    dropped_blocks: int
    disturbed: bool
    warmup_count: int


def warm_up(run: Run, limit_ns: int, meter: Meter) -> list[int]:
    """Run until the moving median is stable or `limit_ns` is spent; at least once. Returns the times in ns."""
    times: list[int] = []
    start = now = meter.clock_ns()
    while not times or (now - start < limit_ns and not is_warm(times, WARMUP_WINDOW, WARMUP_TOLERANCE)):
        before = meter.clock_ns()
        run()
        now = meter.clock_ns()
        times.append(now - before)
    return times


def time_block(run: Run, count: int, meter: Meter) -> Block:
    """Time `count` uninterrupted runs, in at most twice as many, after one that is dropped.

    The dropped run pays for refilling the caches that the other model evicted.
    """
    run()
    clean: list[int] = []
    interrupted: list[int] = []
    for _ in range(2 * count):
        interruptions = meter.interruptions()
        before = meter.clock_ns()
        run()
        time_ns = meter.clock_ns() - before
        (clean if meter.interruptions() == interruptions else interrupted).append(time_ns)
        if len(clean) == count:
            return Block(clean, clean=True)
    return Block((clean + interrupted)[:count], clean=False)


def sample(subject: Run, reference: Run, plan: Plan, meter: Meter | None = None) -> Samples:
    """Warm both up, then alternate short blocks until precise enough or out of budget (at least one block)."""
    meter = meter or Meter()
    start = meter.clock_ns()
    budget_ns = int(plan.budget_s * 1e9)
    warm_up(reference, int(budget_ns * WARMUP_SHARE), meter)
    warmup = warm_up(subject, int(budget_ns * WARMUP_SHARE), meter)
    count = samples_a_block(int(np.median(warmup[-WARMUP_WINDOW:])))
    sampling_start = meter.clock_ns()
    pairs: list[tuple[Block, Block]] = []
    while len(pairs) < MOST_BLOCKS:
        beside = time_block(reference, BLOCK_SAMPLES, meter)
        pairs.append((time_block(subject, count, meter), beside))
        now = meter.clock_ns()
        if now - start >= budget_ns:
            break
        due = len(pairs) % CHECK_EVERY_BLOCKS == 0 and now - sampling_start >= SPAN_NS
        if due and _is_precise(pairs, plan.precision):
            break
    return _collect(pairs, len(warmup))


def _clean(pairs: list[tuple[Block, Block]]) -> list[tuple[Block, Block]]:
    return [pair for pair in pairs if all(block.clean for block in pair)]


def _is_precise(pairs: list[tuple[Block, Block]], precision: float) -> bool:
    medians = [float(np.median(subject.times_ns)) for subject, _ in _clean(pairs)]
    return bool(medians) and median_interval(medians).relative_half_width < precision


def _collect(pairs: list[tuple[Block, Block]], warmup_count: int) -> Samples:
    """The clean pairs, or all where none is."""
    clean = _clean(pairs)
    kept = clean or pairs
    return Samples(
        subject_ms=np.asarray([subject.times_ns for subject, _ in kept]) / 1e6,
        reference_ms=np.asarray([reference.times_ns for _, reference in kept]) / 1e6,
        dropped_blocks=len(pairs) - len(kept),
        disturbed=len(clean) < max(FEWEST_FOR_INTERVAL, FEWEST_CLEAN_SHARE * len(pairs)),
        warmup_count=warmup_count,
    )


def samples_a_block(duration_ns: int) -> int:
    """How many samples of a model that takes `duration_ns` make a block."""
    return max(FEWEST_SAMPLES, min(BLOCK_SAMPLES, BLOCK_TARGET_NS // max(1, duration_ns)))
