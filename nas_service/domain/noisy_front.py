"""The front where values are known only within confidence intervals: what is certain of it, and how likely the rest.

Each error is taken to be independent, with the value as its median and the ends of its 95 % interval as its 2.5 % and
97.5 % quantiles: half of a normal distribution on either side. Candidates judged on the same validation images err
alike, so that differences of their accuracies are known better than this says: doubts are overstated, not hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from nas_service.domain.estimates import Z_95, Interval
from nas_service.domain.front import BoolArray, FloatArray, IntArray, Point, beaten, losses_of, undominated

SEED = 20
DRAWS, FEWEST_DRAWS = 1000, 50
"""The standard error of a probability is at most 1.6 %; where thousands of candidates are in doubt, up to 7 %."""
MOST_COMPARED = 8_000_000
"""Comparisons of two candidates in all draws."""
LEAST_CHANCE = 0.05
"""Who is on the front with a smaller probability is no near-tie."""
BEYOND = 4.0
"""Standard deviations outside of which no value is looked for."""
AT_ONCE = 2**22
"""Numbers held at once while candidates are compared."""


@dataclass(frozen=True, slots=True)
class NoisyFront:
    """Candidates as losses (n, m), less is better, with the ends of their 95 % intervals."""

    value: FloatArray
    best: FloatArray
    worst: FloatArray

    @classmethod
    def of(
        cls, points: Sequence[Point], intervals: Sequence[Sequence[Interval | None]], maximize: Sequence[bool]
    ) -> Self:
        """A value without an interval counts as exact."""
        ends = [
            [interval or (v, v) for interval, v in zip(row, point, strict=True)]
            for row, point in zip(intervals, points, strict=True)
        ]
        value = losses_of(points, maximize)
        low, high = (losses_of([tuple(pair[end] for pair in row) for row in ends], maximize) for end in (0, 1))
        return cls(value, np.minimum(low, high), np.maximum(low, high))

    def members(self) -> BoolArray:
        """Who is undominated by its values, (n,)."""
        return undominated(self.value)

    def surely_dominated(self) -> BoolArray:
        """Who is dominated by another one wherever in their intervals both may lie, (n,)."""
        return _dominated_by_some(self.worst, self.best)

    def rivals(self, index: int) -> IntArray:
        """Who may dominate this one, somewhere in the intervals of both; by index."""
        may = (self.best <= self.worst[index]).all(axis=1)
        # Exact and equal values do not dominate each other.
        may &= (self.best < self.worst[index]).any(axis=1)
        may[index] = False
        return np.flatnonzero(may)

    def chances(self) -> FloatArray:
        """The probability that each is on the front, (n,). The same for the same numbers."""
        below, above = (self.value - self.best) / Z_95, (self.worst - self.value) / Z_95
        open_ = np.flatnonzero(~_dominated_by_some(self.value + BEYOND * above, self.value - BEYOND * below))
        value, below, above = self.value[open_], below[open_], above[open_]
        found = np.zeros(len(self.value))
        if not (below.any() or above.any()):
            found[open_] = undominated(value)
            return found
        rng = np.random.default_rng(SEED)
        draws = _draws(value)
        for _ in range(draws):
            errors = rng.standard_normal(value.shape)
            found[open_] += undominated(value + errors * np.where(errors < 0, below, above))
        return found / draws

    def near_ties(self) -> list[int]:
        """Who may be on the front beside somebody who may dominate it; with the latter, the most open first."""
        chances = self.chances()
        likely = set(np.flatnonzero(chances >= LEAST_CHANCE).tolist())
        tied: set[int] = set()
        for one in likely:
            rivals = likely.intersection(self.rivals(one).tolist())
            tied |= {one, *rivals} if rivals else set()
        return sorted(tied, key=lambda i: (abs(chances[i] - 0.5), i))


def _dominated_by_some(dominating: FloatArray, dominated: FloatArray) -> BoolArray:
    """Which rows of `dominated` (n, m) are dominated by any row of `dominating` (k, m)."""
    front = dominating[undominated(dominating)]
    found = np.zeros(len(dominated), bool)
    step = max(1, AT_ONCE // max(1, len(front)))
    for start in range(0, len(dominated), step):
        found[start : start + step] = beaten(dominated[start : start + step], front)
    return found


def _draws(value: FloatArray) -> int:
    """As many as are worth their time: a draw costs a sort, in more than two objectives a pass a member."""
    passes = np.log2(len(value) + 1) if value.shape[1] <= 2 else np.count_nonzero(undominated(value))
    return int(np.clip(MOST_COMPARED / (len(value) * passes), FEWEST_DRAWS, DRAWS))
