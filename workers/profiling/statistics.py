"""Statistics of timed samples, as pure functions: when a model is warm, what its latency is, how sure we are.

Samples of a shared machine are not independent: slow phases last tens to hundreds of milliseconds, and where a
session's memory lies makes it faster or slower for good. So it is whole windows of time, each with sessions of its own,
that are resampled for the confidence interval, not samples and not blocks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST_WINDOWS = 6
"""With fewer independent observations not even their whole range covers the median with 95 % confidence."""
RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Interval:
    """A median and its 95 % confidence interval."""

    median: float
    low: float
    high: float

    @property
    def relative_half_width(self) -> float:
        """Infinite where the interval is."""
        return (self.high - self.low) / 2 / self.median


def median_interval(
    values: Sequence[float] | NDArray[np.float64], windows: Sequence[int] | NDArray[np.int64]
) -> Interval:
    """The median of `values` and its 95 % interval: percentiles of a bootstrap that resamples whole windows.

    `windows` names for each value the window that it was taken in (a cluster bootstrap: Davison and Hinkley,
    Bootstrap Methods and their Application, section 3.8). Below FEWEST_WINDOWS windows there is no such interval: it is
    infinite. The same input gives the same answer.
    """
    observed = np.asarray(values, dtype=np.float64)
    median = float(np.median(observed))
    names, window_of = np.unique(np.asarray(windows), return_inverse=True)
    if len(names) < FEWEST_WINDOWS:
        return Interval(median, 0.0, math.inf)
    draws = np.random.default_rng(0).integers(len(names), size=(RESAMPLES, len(names)))
    counts = np.zeros((RESAMPLES, len(names)), dtype=np.int64)
    np.add.at(counts, (np.arange(RESAMPLES)[:, None], draws), 1)
    order = np.argsort(observed)
    weights = np.cumsum(counts[:, window_of[order]], axis=1)
    middles = np.argmax(2 * weights >= weights[:, -1:], axis=1)
    low, high = np.quantile(observed[order][middles], [0.025, 0.975])
    return Interval(median, min(float(low), median), max(float(high), median))


def is_warm(samples: Sequence[float], window: int, tolerance: float) -> bool:
    """Whether the medians of the last two windows of samples differ by less than `tolerance`, relatively."""
    if len(samples) < 2 * window:
        return False
    earlier = float(np.median(samples[-2 * window : -window]))
    latest = float(np.median(samples[-window:]))
    return abs(latest - earlier) < tolerance * earlier


@dataclass(frozen=True, slots=True)
class Summary:
    """Latency of a model from rounds of samples, and relative to the reference beside it. Times in ms, as taken."""

    median_ms: float
    p10_ms: float
    p90_ms: float
    p99_ms: float
    mad_ms: float
    reference_median_ms: float
    ratio: Interval


def summarise(
    subject_ms: NDArray[np.float64], reference_ms: NDArray[np.float64], windows: NDArray[np.int64]
) -> Summary:
    """Summarise samples (rounds, samples a round), the reference's time in each round, and the rounds' windows.

    median_ms is the median of the rounds' medians; quantiles and MAD (median absolute deviation, unscaled) are of
    all samples; ratio is the median over rounds of median / reference, in which whatever slows both alike cancels.
    """
    medians = np.median(subject_ms, axis=1)
    p10, p90, p99 = (float(q) for q in np.quantile(subject_ms, [0.1, 0.9, 0.99]))
    return Summary(
        median_ms=float(np.median(medians)),
        p10_ms=p10,
        p90_ms=p90,
        p99_ms=p99,
        mad_ms=float(np.median(np.abs(subject_ms - np.median(subject_ms)))),
        reference_median_ms=float(np.median(reference_ms)),
        ratio=median_interval(medians / reference_ms, windows),
    )
