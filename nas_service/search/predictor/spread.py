"""Points spread over the range of a known cost, where uniform ones would bunch in its middle."""

import numpy as np

from nas_service.search.predictor import moves
from nas_service.search.predictor.arrays import FloatArray, IntArray
from nas_service.search.predictor.candidates import Candidates
from nas_service.search.predictor.problem import Problem

UNIFORM, GENERATIONS, PARENTS, CHILDREN = 500, 12, 60, 100
CHANGE = 0.05
CHOICE = 8
"""Points nearest to a wished cost, of which one is drawn at random."""


def spread_pool(candidates: Candidates, rng: np.random.Generator) -> IntArray:
    """Uniform points, and offspring of the cheapest and the dearest of them over some generations; canonical."""
    counts = candidates.problem.grid.counts
    small = candidates.everything()
    if small is not None:
        return small
    rows = candidates.admit(moves.uniform(counts, UNIFORM, rng))
    for _ in range(GENERATIONS if len(rows) and cost_of(candidates.problem, rows) is not None else 0):
        cost = cost_of(candidates.problem, rows)
        assert cost is not None
        order = np.argsort(cost, kind="stable")
        ends = [moves.cross(rows[end], CHILDREN, rng) for end in (order[:PARENTS], order[-PARENTS:])]
        rows = candidates.admit(np.concatenate([rows, moves.mutate(np.concatenate(ends), counts, CHANGE, rng)]))
    return rows


def spread(candidates: Candidates, pool: IntArray, number: int, rng: np.random.Generator) -> IntArray:
    """Up to `number` points of the pool at even distances of cost; any points where no cost is known."""
    if len(pool) <= number:
        return pool
    cost = cost_of(candidates.problem, pool)
    if cost is None:
        return pool[rng.choice(len(pool), number, replace=False)]
    free = np.ones(len(pool), bool)
    for wished in np.linspace(cost.min(), cost.max(), number):
        nearest = np.argsort(np.where(free, np.abs(cost - wished), np.inf), kind="stable")[: min(CHOICE, free.sum())]
        free[rng.choice(nearest)] = False
    return pool[~free]


def by_cost(problem: Problem, rows: IntArray) -> IntArray:
    """By rising cost; as they are where none is known."""
    cost = cost_of(problem, rows) if len(rows) else None
    return rows if cost is None else rows[np.argsort(cost, kind="stable")]


def cost_of(problem: Problem, rows: IntArray) -> FloatArray | None:
    """The first known objective, else the first hint."""
    known = problem.known(rows)
    if known:
        return known[min(known)]
    hints = problem.hints(rows)
    return hints[:, 0] if hints.shape[1] else None
