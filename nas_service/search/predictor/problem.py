"""What the sampler must be told about a problem. Points are rows of option numbers, one column a parameter."""

from collections.abc import Mapping
from typing import Protocol

from nas_service.search.predictor.arrays import BoolArray, FloatArray, IntArray
from nas_service.search.predictor.grid import Grid

INACTIVE = -1
"""Stands in a canonical row where a parameter has no effect."""


class Problem(Protocol):
    """A finite space, and everything about its points that need not be learned from trials.

    All functions take many rows at once: the sampler asks about thousands of points for each batch.
    """

    @property
    def grid(self) -> Grid:
        """The parameters and the options of each."""
        ...

    def canonical(self, rows: IntArray) -> IntArray:
        """Rows (n, c) in a form that is equal for equal points, `INACTIVE` where a parameter has no effect."""
        ...

    def features(self, rows: IntArray) -> FloatArray:
        """What predictors see of canonical rows: (n, f), about 0 to 1, alike for alike points."""
        ...

    def hints(self, rows: IntArray) -> FloatArray:
        """Numbers (n, h), h >= 0, that learned objectives are likely to follow, on any scale: costs, mostly."""
        ...

    def known(self, rows: IntArray) -> Mapping[int, FloatArray]:
        """Exact values (n,) of the objectives that need no trial, by the objective's place in the study."""
        ...

    def feasible(self, rows: IntArray) -> BoolArray:
        """Which canonical rows (n,) keep every constraint that needs no trial."""
        ...
