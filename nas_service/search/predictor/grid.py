"""Optuna parameters as columns of option numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from nas_service.search.predictor.arrays import IntArray

MAX_OPTIONS = 1000
"""Options a numeric parameter may have; beyond that a grid is the wrong model of it."""


class Grid:
    """The finite options of every parameter. Raises ValueError for a distribution that has too many, or no step."""

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        self.distributions = dict(distributions)
        self.names = tuple(self.distributions)
        self.options = tuple(tuple(_options(name, d)) for name, d in self.distributions.items())
        self.counts: IntArray = np.array([len(options) for options in self.options], dtype=np.int64)
        self._number_of = [{option: i for i, option in enumerate(options)} for options in self.options]

    def row(self, params: Mapping[str, Any]) -> list[int] | None:
        """Option numbers of a trial's parameters; None where one is missing or not an option."""
        try:
            return [numbers[params[name]] for name, numbers in zip(self.names, self._number_of, strict=True)]
        except KeyError:
            return None

    def allows(self, name: str, value: Any) -> bool:
        """Whether the parameter exists and has this option."""
        return name in self.distributions and value in self._number_of[self.names.index(name)]

    def params(self, row: Sequence[int]) -> dict[str, Any]:
        """Parameters of one row; those without effect (negative numbers) get their first option."""
        return {
            name: options[max(0, number)] for name, options, number in zip(self.names, self.options, row, strict=True)
        }


def _options(name: str, distribution: BaseDistribution) -> Sequence[Any]:
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices
    if isinstance(distribution, IntDistribution | FloatDistribution) and distribution.step is not None:
        count = round((distribution.high - distribution.low) / distribution.step) + 1
        if count <= MAX_OPTIONS:
            return [distribution.to_external_repr(distribution.low + i * distribution.step) for i in range(count)]
    raise ValueError(f"{name}: {distribution} is not a grid of at most {MAX_OPTIONS} options; give it a (larger) step")
