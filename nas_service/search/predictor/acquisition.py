"""Expected hypervolume improvement of points whose objectives are independent and normal, all minimised.

The region that no observed point dominates is cut into boxes (l, u]. A point y adds the volume prod_j (u_j - max(l_j,
y_j))+ in each, and (u - max(l, y))+ = (u - y)+ - (l - y)+, so that the expectation is a sum of products of differences
of expected improvements: exact for any number of objectives (Emmerich et al., 2011; Yang et al., 2019). An objective
that is known is a normal one without spread.
"""

import numpy as np
from optuna._hypervolume import get_non_dominated_box_bounds
from scipy.special import ndtr

from nas_service.search.predictor.arrays import BoolArray, FloatArray

TINY_SD = 1e-9
POINTS_AT_ONCE = 2**22
"""Numbers held at once while points are compared with boxes."""
MAX_FRONT = {1: 1, 2: 1000, 3: 100, 4: 30}
FEW = 15
"""Points of the front that boxes are made of, by the number of objectives: boxes grow with a power of them."""


def non_dominated(points: FloatArray) -> BoolArray:
    """Which points (n, m) no other one dominates; of equal ones the first."""
    order = np.lexsort(points.T[::-1])
    keep = np.zeros(len(points), bool)
    if points.shape[1] <= 2:
        last = points[order, -1]
        keep[order] = last < np.concatenate([[np.inf], np.minimum.accumulate(last)[:-1]])
        return keep
    front = np.empty((0, points.shape[1]))
    for place in order:
        if not (front <= points[place]).all(1).any():
            keep[place] = True
            front = np.vstack([front, points[place]])
    return keep


def boxes(points: FloatArray, reference: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lower and upper corners (b, m) of disjoint boxes that fill what `points` leave undominated below `reference`."""
    inside = points[(points < reference).all(1)]
    front = _thinned(inside[non_dominated(inside)])
    if len(front) == 0:
        return np.full((1, len(reference)), -np.inf), reference[None]
    if len(reference) == 1:
        return np.full((1, 1), -np.inf), front.min(0)[None]
    if len(reference) == 2:
        return _strips(front, reference)
    lower, upper = get_non_dominated_box_bounds(front, reference)
    return np.asarray(lower), np.asarray(upper)


def _strips(front: FloatArray, reference: FloatArray) -> tuple[FloatArray, FloatArray]:
    front = front[np.argsort(front[:, 1])]
    left = np.concatenate([[-np.inf], front[:, 1]])
    right = np.concatenate([front[:, 1], reference[1:]])
    height = np.concatenate([reference[:1], front[:, 0]])
    return np.stack([np.full(len(left), -np.inf), left], 1), np.stack([height, right], 1)


def _thinned(front: FloatArray) -> FloatArray:
    most = MAX_FRONT.get(front.shape[1], FEW)
    if len(front) <= most:
        return front
    even = np.linspace(0, len(front) - 1, most).astype(int)
    thinned: FloatArray = front[np.argsort(front[:, 0])[even]]
    return thinned


def expected_gain(mean: FloatArray, sd: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Expected hypervolume improvement (n,) of points with these means and deviations (n, m) over boxes (b, m)."""
    gain = np.empty(len(mean))
    step = max(1, POINTS_AT_ONCE // lower.size)
    for start in range(0, len(mean), step):
        some = slice(start, start + step)
        volume = np.ones((len(mean[some]), len(lower)))
        for j in range(mean.shape[1]):
            at, spread = mean[some, j, None], np.maximum(sd[some, j, None], TINY_SD)
            volume *= _improvement(upper[:, j], at, spread) - _improvement(lower[:, j], at, spread)
        gain[some] = volume.sum(1)
    return gain


def _improvement(bound: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    """E[(bound - y)+] for normal y; 0 for a bound at minus infinity."""
    z = np.maximum((bound - mean) / sd, -40.0)
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    return np.asarray(sd * (z * ndtr(z) + density), np.float64)
