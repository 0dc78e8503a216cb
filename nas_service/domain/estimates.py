"""What is known of a candidate in numbers, and how surely: metrics with their 95 % confidence intervals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, Self

Interval = tuple[float, float]
"""Low and high end."""

Z_95 = 1.959964
"""The 97.5 % quantile of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """By metric key. A metric without an interval is exact, or its error is not known."""

    metrics: dict[str, float]
    intervals: dict[str, Interval] = field(default_factory=dict)

    def with_one(self, key: str, value: float, interval: Interval | None = None) -> Self:
        """With another value of one metric; its earlier interval goes with the earlier value."""
        intervals = {name: known for name, known in self.intervals.items() if name != key}
        if interval is not None:
            intervals[key] = interval
        return type(self)({**self.metrics, key: value}, intervals)


def latency_interval(result: Mapping[str, Any]) -> Interval | None:
    """The 95 % interval of a measurement's median, in ms; None where too few blocks of samples were taken for one."""
    low_ms, high_ms = result.get("ci95_low_ms"), result.get("ci95_high_ms")
    return None if low_ms is None or high_ms is None else (low_ms, high_ms)


def half_width_ratio(result: Mapping[str, Any]) -> float | None:
    """Half of that interval as a share of the median: the precision that a measurement reached."""
    interval = latency_interval(result)
    return None if interval is None else (interval[1] - interval[0]) / 2 / float(result["median_ms"])


def wilson(share: float, count: int) -> Interval:
    """The 95 % interval of a share that was seen in a sample of `count` (Wilson, 1927).

    Of an accuracy it says how far another sample of images of the same kind might lie off. What another training
    of the same architecture would give, it does not say.
    """
    if count < 1:
        return 0.0, 1.0
    square = Z_95**2 / count
    middle = (share + square / 2) / (1 + square)
    half = Z_95 / (1 + square) * sqrt(share * (1 - share) / count + square / (4 * count))
    # Rounding must not leave the share itself outside.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))
