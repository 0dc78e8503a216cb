"""Random points of a grid, and steps from points to others. Rows may hold -1 where a parameter has no effect."""

import numpy as np

from nas_service.search.predictor.arrays import IntArray


def uniform(counts: IntArray, number: int, rng: np.random.Generator) -> IntArray:
    """Rows (number, c) with every option alike."""
    return rng.integers(0, counts, (number, len(counts)))


def mutate(rows: IntArray, counts: IntArray, rate: float, rng: np.random.Generator) -> IntArray:
    """Change each parameter with probability `rate`, one always: half of them to a neighbouring option."""
    changed = rng.random(rows.shape) < rate
    changed[np.arange(len(rows)), rng.integers(0, rows.shape[1], len(rows))] = True
    anywhere = rng.integers(0, counts, rows.shape)
    nearby = np.clip(rows + rng.choice([-1, 1], rows.shape), 0, counts - 1)
    fresh = (rows < 0) | (rng.random(rows.shape) < 0.5)
    return np.where(changed | (rows < 0), np.where(fresh, anywhere, nearby), rows)


def cross(rows: IntArray, number: int, rng: np.random.Generator) -> IntArray:
    """Children (number, c) that take each parameter from either of two random parents."""
    first, second = (rows[rng.integers(0, len(rows), number)] for _ in range(2))
    return np.where(rng.random(first.shape) < 0.5, first, second)
