"""Statistics of timed samples, as pure functions: when a model is warm, what its latency is, how sure we are.

Samples of a shared machine are not independent: slow phases last tens to hundreds of milliseconds. So they are
taken in short blocks, and it is the medians of the blocks, spread over the whole measurement, that count as
observations for the latency and its confidence interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST_FOR_INTERVAL = 6
"""With fewer observations not even their whole range covers the median with 95 % confidence."""

Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval; `relative_half_width` is against the median it was computed around."""

    low: float
    high: float
    relative_half_width: float


def median_interval(observations: Sequence[float] | NDArray[np.float64]) -> Interval:
    """The 95 % interval of the median by order statistics, which assumes no distribution.

    Ranks by the normal approximation of the binomial (Conover, Practical Nonparametric Statistics, section 3.2),
    with continuity correction.
    Below FEWEST_FOR_INTERVAL observations no such interval exists: their range, with infinite half-width.
    """
    ordered = np.sort(np.asarray(observations, dtype=np.float64))
    count = len(ordered)
    if count < FEWEST_FOR_INTERVAL:
        return Interval(float(ordered[0]), float(ordered[-1]), math.inf)
    below = math.floor((count + 1 - Z_95 * math.sqrt(count)) / 2)
    low, high = float(ordered[below - 1]), float(ordered[count - below])
    return Interval(low, high, (high - low) / 2 / float(np.median(ordered)))


def is_warm(samples: Sequence[float], window: int, tolerance: float) -> bool:
    """Whether the medians of the last two windows of samples differ by less than `tolerance`, relatively."""
    if len(samples) < 2 * window:
        return False
    earlier = float(np.median(samples[-2 * window : -window]))
    latest = float(np.median(samples[-window:]))
    return abs(latest - earlier) < tolerance * earlier


@dataclass(frozen=True, slots=True)
class Summary:
    """Latency of a model from its blocks of samples, and relative to the reference beside it. Times in ms."""

    median_ms: float
    p10_ms: float
    p90_ms: float
    p99_ms: float
    mad_ms: float
    ci95_low_ms: float
    ci95_high_ms: float
    relative_half_width: float
    reference_median_ms: float
    reference_ratio: float


def summarise(blocks_ms: NDArray[np.float64], reference_blocks_ms: NDArray[np.float64]) -> Summary:
    """Summarise samples (blocks, samples a block) and those of the reference timed next to each block.

    median_ms is the median of the block medians; quantiles and MAD (median absolute deviation, unscaled) are of
    all samples; reference_ratio is the median over blocks of block median / reference block median, in which
    whatever slows both alike cancels.
    """
    medians = np.median(blocks_ms, axis=1)
    reference_medians = np.median(reference_blocks_ms, axis=1)
    median = float(np.median(medians))
    p10, p90, p99 = (float(q) for q in np.quantile(blocks_ms, [0.1, 0.9, 0.99]))
    interval = median_interval(medians)
    return Summary(
        median_ms=median,
        p10_ms=p10,
        p90_ms=p90,
        p99_ms=p99,
        mad_ms=float(np.median(np.abs(blocks_ms - np.median(blocks_ms)))),
        ci95_low_ms=interval.low,
        ci95_high_ms=interval.high,
        relative_half_width=interval.relative_half_width,
        reference_median_ms=float(np.median(reference_medians)),
        reference_ratio=float(np.median(medians / reference_medians)),
    )
