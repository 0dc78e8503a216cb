"""Points that may be proposed: canonical, distinct, feasible and new."""

import itertools
import math
from collections.abc import Iterable

import numpy as np

from nas_service.search.predictor.arrays import IntArray, row_keys
from nas_service.search.predictor.problem import Problem

SMALL = 4096
"""Spaces with at most this many rows are looked at as a whole."""


class Candidates:
    """Filters rows for one batch."""

    def __init__(self, problem: Problem, taken: IntArray) -> None:
        self.problem = problem
        self._taken = frozenset(row_keys(taken))

    def admit(self, rows: IntArray) -> IntArray:
        """Canonical forms of those rows that may be proposed, each once."""
        rows = distinct(self.problem.canonical(rows))
        new = np.array([key not in self._taken for key in row_keys(rows)], bool)
        rows = rows[new]
        return rows[self.problem.feasible(rows)]

    def everything(self) -> IntArray | None:
        """All that may be proposed, if the space is small."""
        counts = self.problem.grid.counts.tolist()
        if math.prod(counts) > SMALL:
            return None
        every: Iterable[tuple[int, ...]] = itertools.product(*map(range, counts))
        return self.admit(np.array(list(every), dtype=np.int64).reshape(-1, len(counts)))


def distinct(rows: IntArray) -> IntArray:
    """Each row once, in order of its first appearance."""
    _, first = np.unique(rows, axis=0, return_index=True)
    return rows[np.sort(first)]
