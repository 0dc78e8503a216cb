"""How much a front dominates: the volume between its points and a reference point. A pure function."""

import math
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from nas_service.domain.front import FloatArray, Point, in_order, losses_of, undominated


def hypervolume(points: Sequence[Point], reference: Point, maximize: Sequence[bool]) -> float:
    """The volume dominated by `points` and bounded by `reference` (product of the objectives' units).

    Exact. A sweep for two objectives, slices of sweeps for three; for more the algorithm WFG (While, Bradstreet &
    Barone, 2012).
    """
    losses, bound = losses_of(points, maximize), losses_of([reference], maximize)[0]
    inside = losses[(losses < bound).all(axis=1)]
    return _volume(_front(inside), bound)


def _front(losses: FloatArray) -> FloatArray:
    """The distinct undominated points, in lexicographic order."""
    return in_order(losses[undominated(losses)])[0]


def _volume(front: FloatArray, bound: FloatArray) -> float:
    """Of distinct undominated points in lexicographic order."""
    if not len(front):
        return 0.0
    if len(bound) == 1:
        return float(bound[0] - front[0, 0])
    if len(bound) == 2:
        widths = np.append(front[1:, 0], bound[0]) - front[:, 0]
        return float(widths @ (bound[1] - front[:, 1]))
    if len(bound) == 3:
        return _slices(front, bound)
    # Of those after it, none reaches further in the last objective than the point itself.
    falling = front[np.argsort(-front[:, -1], kind="stable")]
    depths = bound[-1] - falling[:, -1]
    alone = (bound[:-1] - falling[:, :-1]).prod(axis=1)
    return sum(
        float(depths[i]) * (float(alone[i]) - _shared(falling[i + 1 :, :-1], falling[i, :-1], bound[:-1]))
        for i in range(len(falling))
    )


def _shared(others: FloatArray, point: FloatArray, bound: FloatArray) -> float:
    """What the point dominates together with any of the others."""
    return _volume(_front(np.maximum(others, point)), bound)


def _slices(front: FloatArray, bound: FloatArray) -> float:
    """Between each value of the last objective and the next, the area of the points up to there."""
    rising = front[np.argsort(front[:, 2], kind="stable")]
    heights = np.append(rising[1:, 2], bound[2]) - rising[:, 2]
    stairs = _Stairs(float(bound[0]), float(bound[1]))
    total = 0.0
    for (x, y), height in zip(rising[:, :2].tolist(), heights.tolist(), strict=True):
        stairs.add(x, y)
        total += height * stairs.area
    return total


class _Stairs:
    """The area that points of two objectives dominate, as they come: x rises and y falls along the stairs."""

    def __init__(self, x_bound: float, y_bound: float) -> None:
        self._xs, self._ys = [-math.inf, x_bound], [y_bound, -math.inf]
        self.area = 0.0

    def add(self, x: float, y: float) -> None:
        """A point within the bounds."""
        first = bisect_right(self._xs, x)
        if self._ys[first - 1] <= y:
            return
        # Strip by strip, down to it from the steps that it takes out.
        last, left, top = first, x, self._ys[first - 1]
        while self._ys[last] >= y:
            self.area += (self._xs[last] - left) * (top - y)
            left, top = self._xs[last], self._ys[last]
            last += 1
        self.area += (self._xs[last] - left) * (top - y)
        if self._xs[first - 1] == x:
            first -= 1
        self._xs[first:last], self._ys[first:last] = [x], [y]
