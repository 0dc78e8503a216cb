"""A problem of plain Optuna distributions."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution

from nas_service.search.predictor.arrays import BoolArray, FloatArray, IntArray
from nas_service.search.predictor.grid import Grid

Columns = Mapping[str, NDArray[Any]]
"""Parameter name to its values at many points, (n,)."""


class PlainProblem:
    """Every parameter always matters. Categories are encoded one-hot; numbers by the options they reach.

    `known` gives the objectives that need no trial as functions of the columns; `keeps` says which points are allowed.
    """

    def __init__(
        self,
        distributions: Mapping[str, BaseDistribution],
        known: Mapping[int, Callable[[Columns], FloatArray]] | None = None,
        keeps: Callable[[Columns], BoolArray] | None = None,
    ) -> None:
        self.grid = Grid(distributions)
        self._known = dict(known or {})
        self._keeps = keeps
        self._values = [np.array(options, dtype=object) for options in self.grid.options]
        self._codes = [
            np.eye(len(options)) if isinstance(distribution, CategoricalDistribution) else _thermometer(len(options))
            for options, distribution in zip(self.grid.options, distributions.values(), strict=True)
        ]

    def canonical(self, rows: IntArray) -> IntArray:
        """The rows themselves."""
        return rows

    def features(self, rows: IntArray) -> FloatArray:
        """(n, f)."""
        return np.concatenate([code[rows[:, column]] for column, code in enumerate(self._codes)], axis=1)

    def hints(self, rows: IntArray) -> FloatArray:
        """The known objectives."""
        known = self.known(rows)
        return np.stack(list(known.values()), axis=1) if known else np.zeros((len(rows), 0))

    def known(self, rows: IntArray) -> dict[int, FloatArray]:
        """What the given functions say."""
        columns = self._columns(rows) if self._known else {}
        return {objective: np.asarray(function(columns), float) for objective, function in self._known.items()}

    def feasible(self, rows: IntArray) -> BoolArray:
        """What the given function says."""
        return np.ones(len(rows), bool) if self._keeps is None else np.asarray(self._keeps(self._columns(rows)), bool)

    def _columns(self, rows: IntArray) -> Columns:
        return {name: self._values[column][rows[:, column]] for column, name in enumerate(self.grid.names)}


def _thermometer(count: int) -> FloatArray:
    """Option i as i ones: the squared distance of two options is the number of steps between them, scaled to 1."""
    steps = max(1, count - 1)
    code: FloatArray = np.tri(count, steps, -1) / np.sqrt(steps)
    return code
