"""Which candidates are non-dominated. Pure functions over tuples of numbers.

Points are tuples in objective order with a matching tuple of `maximize` flags: no sign is ever flipped by a caller.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, ...]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

BLOCK = 64
"""Points that are compared with all others at once."""


def losses_of(points: Sequence[Point], maximize: Sequence[bool]) -> FloatArray:
    """The points as an array (n, m) of which less is better everywhere."""
    losses: FloatArray = np.asarray(points, dtype=np.float64).reshape(-1, len(maximize))
    return losses * np.where(maximize, -1.0, 1.0)


def non_dominated(points: Sequence[Point], maximize: Sequence[bool]) -> list[int]:
    """Indices of the non-dominated points, in input order. Equal points are all kept."""
    indices: list[int] = np.flatnonzero(undominated(losses_of(points, maximize))).tolist()
    return indices


def undominated(losses: FloatArray) -> BoolArray:
    """Which of the losses (n, m) no other one dominates, (n,); equal ones are all kept.

    A sort and a sweep for up to two objectives; for more, passes over what is left.
    """
    distinct, which = in_order(losses)
    kept = _sweep(distinct) if losses.shape[1] <= 2 else _eliminate(distinct)
    found: BoolArray = kept[which]
    return found


def in_order(losses: FloatArray) -> tuple[FloatArray, IntArray]:
    """The distinct rows in lexicographic order, and of each row its place among them."""
    order = np.lexsort(losses.T[::-1])
    ordered = losses[order]
    new = np.ones(len(losses), bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    which = np.empty(len(losses), np.int64)
    which[order] = np.cumsum(new) - 1
    return ordered[new], which


def _sweep(ordered: FloatArray) -> BoolArray:
    """Of distinct points in lexicographic order: each has to be better in the last objective than all before it."""
    last = ordered[:, -1]
    least_before = np.concatenate([[np.inf], np.minimum.accumulate(last)[:-1]])[: len(last)]
    kept: BoolArray = last < least_before
    return kept


def _eliminate(distinct: FloatArray) -> BoolArray:
    """Of distinct points, block by block in the order of their sums of ranks: none is dominated by a later one.

    What is undominated within a block is on the front, and takes out all later ones that it dominates.
    """
    ranks = np.sum([np.unique(column, return_inverse=True)[1] for column in distinct.T], axis=0)
    left = np.argsort(ranks, kind="stable")
    kept = np.zeros(len(distinct), bool)
    for _ in range(len(distinct)):
        if not len(left):
            break
        block, left = left[:BLOCK], left[BLOCK:]
        front = block[~beaten(distinct[block], distinct[block])]
        kept[front] = True
        left = left[~beaten(distinct[left], distinct[front])]
    return kept


def beaten(points: FloatArray, by: FloatArray) -> BoolArray:
    """Which of `points` (n, m) any of `by` (k, m) dominates, (n,); equal ones do not. Takes n * k bytes."""
    no_worse = np.ones((len(points), len(by)), bool)
    better = np.zeros_like(no_worse)
    for j in range(points.shape[1]):
        one, other = by[None, :, j], points[:, None, j]
        no_worse &= one <= other
        better |= one < other
    found: BoolArray = np.any(no_worse & better, axis=1)
    return found


def reference_point(points: Sequence[Point], maximize: Sequence[bool]) -> Point:
    """The worst value of each objective among `points`, widened by a tenth of its range so that extremes count."""
    columns = list(zip(*points, strict=True))
    return tuple(
        min(c) - 0.1 * (max(c) - min(c)) if up else max(c) + 0.1 * (max(c) - min(c))
        for c, up in zip(columns, maximize, strict=True)
    )


def spread(points: Sequence[Point], count: int) -> list[int]:
    """At most `count` indices spread over the front: the extremes of the first objective, then even ranks between."""
    order = sorted(range(len(points)), key=points.__getitem__)
    if count >= len(order):
        return sorted(order)
    if count == 1:
        return [order[-1]]
    return sorted({order[round(i * (len(order) - 1) / (count - 1))] for i in range(count)})
