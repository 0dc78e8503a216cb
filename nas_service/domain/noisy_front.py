"""The front where values are known only within confidence intervals: what is certain of it, and how likely the rest.

Each error is taken for independent, with the value as its median and the ends of its 95 % interval as its 2.5 % and
97.5 % quantiles: half of a normal distribution on either side. Candidates judged on the same validation images err
alike, so that differences of their accuracies are known better than this says: doubts are overstated, not hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from nas_service.domain.estimates import Z_95, Interval
from nas_service.domain.front import BoolArray, FloatArray, IntArray, Point, losses_of, undominated

SEED = 20
DRAWS = 2000
"""The standard error of a probability is at most 1.2 %; at most 5 % with the fewest."""
FEWEST_DRAWS = 100
MOST_COMPARED = 20_000_000
"""Comparisons of two candidates in all draws: where very many are in doubt, there are fewer draws."""
MOST_CONTENDERS = 500
"""Candidates that are drawn; of more, those that lie deepest behind the front count as dominated."""
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
        contenders = self._contenders(self.value - BEYOND * below, self.value + BEYOND * above)
        value, below, above = self.value[contenders], below[contenders], above[contenders]
        found = np.zeros(len(self.value))
        dominating, dominated = _pairs(value - BEYOND * below, value + BEYOND * above)
        if not len(dominated):
            found[contenders] = 1.0
            return found
        draws = int(np.clip(MOST_COMPARED // max(1, len(dominated)), FEWEST_DRAWS, DRAWS))
        rng = np.random.default_rng(SEED)
        beaten = np.zeros(len(contenders))
        step = max(1, AT_ONCE // max(1, len(dominated), value.size))
        for start in range(0, draws, step):
            errors = rng.standard_normal((min(step, draws - start), *value.shape))
            drawn = value + errors * np.where(errors < 0, below, above)
            beaten += _beaten(drawn, dominating, dominated)
        found[contenders] = 1.0 - beaten / draws
        return found

    def near_ties(self) -> list[int]:
        """Who may be on the front beside somebody who may dominate it; with the latter, the most open first."""
        chances = self.chances()
        likely = set(np.flatnonzero(chances >= LEAST_CHANCE).tolist())
        tied: set[int] = set()
        for one in likely:
            rivals = likely.intersection(self.rivals(one).tolist())
            tied |= {one, *rivals} if rivals else set()
        return sorted(tied, key=lambda i: (abs(chances[i] - 0.5), i))

    def _contenders(self, best: FloatArray, worst: FloatArray) -> IntArray:
        """Who is not dominated for certain; the nearest to the front, where they are too many."""
        left = np.flatnonzero(~_dominated_by_some(worst, best))
        if len(left) <= MOST_CONTENDERS:
            return left
        front = self.value[undominated(self.value)]
        scale = np.maximum(np.ptp(self.value, axis=0), np.finfo(float).tiny)
        depth = np.full(len(left), -np.inf)
        for member in front:
            np.maximum(depth, ((self.value[left] - member) / scale).min(axis=1), out=depth)
        return np.sort(left[np.argsort(depth, kind="stable")[:MOST_CONTENDERS]])


def _dominated_by_some(dominating: FloatArray, dominated: FloatArray) -> BoolArray:
    """Which rows of `dominated` (n, m) are dominated by any row of `dominating` (k, m)."""
    front = dominating[undominated(dominating)]
    found = np.zeros(len(dominated), bool)
    step = max(1, AT_ONCE // max(1, front.size))
    for start in range(0, len(dominated), step):
        some = dominated[start : start + step, None]
        found[start : start + step] = np.any((front <= some).all(axis=2) & (front < some).any(axis=2), axis=1)
    return found


def _pairs(best: FloatArray, worst: FloatArray) -> tuple[IntArray, IntArray]:
    """Who may dominate whom, ordered by whom."""
    rivals = []
    for index in range(len(best)):
        may = (best <= worst[index]).all(axis=1)
        may[index] = False
        rivals.append(np.flatnonzero(may))
    dominated = np.repeat(np.arange(len(best)), np.array([len(some) for some in rivals], np.int64))
    return np.concatenate([np.zeros(0, np.int64), *rivals]), dominated


def _beaten(drawn: FloatArray, dominating: IntArray, dominated: IntArray) -> FloatArray:
    """In how many of the draws (s, k, m) each one is dominated, (k,)."""
    no_worse = np.ones((len(drawn), len(dominated)), bool)
    better = np.zeros_like(no_worse)
    for j in range(drawn.shape[2]):
        one, other = drawn[:, dominating, j], drawn[:, dominated, j]
        no_worse &= one <= other
        better |= one < other
    first = np.flatnonzero(np.diff(dominated, prepend=-1))
    count = np.zeros(drawn.shape[1])
    any_better = np.logical_or.reduceat(no_worse & better, first, axis=1)
    count[dominated[first]] = any_better.sum(axis=0)
    return count
