"""How far predictions are off, each figure with a 95 % bootstrap interval over the networks."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from search_spaces.table import FloatArray

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 95 % interval (percentile bootstrap; Efron, 1979)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Errors:
    """Of `count` networks that the predictor was not fitted on. Shares and MAPE are fractions of 1."""

    count: int
    mape: Figure
    """Mean of |predicted - measured| / measured."""
    within_5_percent: Figure
    within_10_percent: Figure
    spearman: Figure
    """Rank correlation of predicted and measured."""

    def to_json(self) -> dict[str, Any]:
        """As stored and served."""
        return asdict(self)


def errors_of(measured_ms: FloatArray, predicted_ms: FloatArray, seed: int = 0) -> Errors:
    """Raises ValueError for fewer than two networks."""
    count = len(measured_ms)
    if count < 2:
        raise ValueError(f"errors of {count} networks say nothing")
    draws = np.random.default_rng(seed).integers(0, count, (RESAMPLES, count))
    draws[0] = np.arange(count)  # the first row is the sample itself
    relative = np.abs(predicted_ms / measured_ms - 1)[draws]
    return Errors(
        count,
        mape=_figure(relative.mean(axis=1)),
        within_5_percent=_figure((relative <= 0.05).mean(axis=1)),
        within_10_percent=_figure((relative <= 0.10).mean(axis=1)),
        spearman=_figure(_rank_correlation(measured_ms[draws], predicted_ms[draws])),
    )


def _figure(values: FloatArray) -> Figure:
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return Figure(float(values[0]), float(low), float(high))


def _rank_correlation(a: FloatArray, b: FloatArray) -> FloatArray:
    """Spearman's, of each row; 0 where a resample has one value only."""
    # Loading scipy.stats costs a process more than a second, and most processes fit nothing.
    from scipy.stats import rankdata

    ranks = [rankdata(values, axis=1) for values in (a, b)]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    scale = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    correlation: FloatArray = (centred[0] * centred[1]).sum(axis=1) / np.where(scale > 0, scale, 1.0)
    return correlation
