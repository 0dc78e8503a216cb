"""How much a front dominates: the volume between its points and a reference point. A pure function."""

from collections.abc import Sequence

import numpy as np

from nas_service.domain.front import FloatArray, Point, in_order, losses_of, undominated


def hypervolume(points: Sequence[Point], reference: Point, maximize: Sequence[bool]) -> float:
    """The volume dominated by `points` and bounded by `reference` (product of the objectives' units).

    Exact. A sweep for up to two objectives; for more the algorithm WFG (While, Bradstreet & Barone, 2012), which
    takes milliseconds for a hundred points of three or four objectives.
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
    inclusive = (bound - front).prod(axis=1)
    return sum(float(inclusive[i]) - _shared(front, i, bound) for i in range(len(front)))


def _shared(front: FloatArray, i: int, bound: FloatArray) -> float:
    """What point `i` dominates together with the points after it."""
    return _volume(_front(np.maximum(front[i + 1 :], front[i])), bound)
