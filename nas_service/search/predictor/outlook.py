"""What is expected of points that were never tried, given the observations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import ndtr

from nas_service.search.predictor.arrays import BoolArray, FloatArray, IntArray
from nas_service.search.predictor.ensemble import Beliefs, Ensemble
from nas_service.search.predictor.gaussian_process import Inputs
from nas_service.search.predictor.observations import Observations
from nas_service.search.predictor.problem import Problem

MAX_LEARNED_FROM = 400
"""Observations that predictors are conditioned on: their cost grows with the square, what one more tells shrinks."""
DOUBT = 1e-12


@dataclass(frozen=True, slots=True)
class Expectation:
    """Objectives of n points as independent normal variables (n, m), and their chance (n,) to keep the constraints."""

    mean: FloatArray
    sd: FloatArray
    chance: FloatArray


@dataclass(frozen=True, slots=True)
class Scaling:
    """From canonical rows to predictor inputs: features of about unit length, hints standardised, and their squares,
    since what grows with a cost mostly grows ever less."""

    problem: Problem
    mean: FloatArray
    sd: FloatArray

    @classmethod
    def of(cls, problem: Problem, rows: IntArray) -> Self:
        """Standardised over these rows."""
        hints = problem.hints(rows)
        sd = hints.std(axis=0)
        return cls(problem, hints.mean(axis=0), np.where(sd > 0, sd, 1.0))

    def __call__(self, rows: IntArray) -> Inputs:
        features = self.problem.features(rows) / np.sqrt(len(self.problem.grid.names))
        hints = (self.problem.hints(rows) - self.mean) / self.sd
        return Inputs(features, np.concatenate([hints, hints**2 / 2], axis=1) / np.sqrt(max(1, hints.shape[1])))


@dataclass(frozen=True, slots=True)
class Outlook:
    """Predictors for the objectives that must be learned and for the constraints that were ever broken."""

    problem: Problem
    scaling: Scaling
    signs: FloatArray
    learned: Mapping[int, Ensemble]
    limits: Mapping[int, Ensemble]

    @classmethod
    def learn(cls, problem: Problem, seen: Observations, signs: FloatArray, most: BoolArray) -> Self:
        """Fit on the observations, on `most` of them if there are too many."""
        scaling = Scaling.of(problem, seen.rows)
        some = np.flatnonzero(most)
        inputs = scaling(seen.rows[some])
        believed = scaling(seen.pending)
        known = problem.known(seen.rows[:1])

        def fit(values: FloatArray) -> Ensemble:
            return Ensemble.fit(inputs, values[some]).believing(believed)

        learned = {j: fit(seen.values[:, j]) for j in range(len(signs)) if j not in known}
        broken = np.flatnonzero((seen.violations > 0).any(axis=0)).tolist()
        return cls(problem, scaling, signs, learned, {k: fit(seen.violations[:, k]) for k in broken})

    def expect(self, rows: IntArray) -> Expectation:
        """Of canonical rows."""
        inputs = self.scaling(rows)
        mean, sd = self.known(rows)
        for j, ensemble in self.learned.items():
            mean[:, j], sd[:, j] = ensemble.predict(inputs)
        chance = np.ones(len(rows))
        for ensemble in self.limits.values():
            middle, spread = ensemble.predict(inputs)
            chance *= ndtr(-middle / np.maximum(spread, DOUBT))
        return Expectation(mean, sd, chance)

    def known(self, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Means and deviations (n, m) with the known objectives filled in, 0 for the others."""
        mean = np.zeros((len(rows), len(self.signs)))
        for j, values in self.problem.known(rows).items():
            mean[:, j] = self.signs[j] * values
        return mean, np.zeros_like(mean)

    def beliefs(self, rows: IntArray) -> dict[int, Beliefs]:
        """Of the learned objectives, at points among which a batch is chosen."""
        inputs = self.scaling(rows)
        return {j: ensemble.beliefs(inputs) for j, ensemble in self.learned.items()}
