"""Several predictors of one objective, weighted by how well each ranks observations that it was not fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from nas_service.search.predictor.arrays import FloatArray
from nas_service.search.predictor.gaussian_process import GaussianProcess, Grams, Inputs, Shape

MEMBERS: tuple[Shape, ...] = ("none", "rbf", "matern")
RANK_FLOOR = 0.005
"""Smallest difference from a perfect rank correlation that counts."""

LEAST_WEIGHT = 0.2
"""Members that weigh less than this share of the best one are left out: they cost as much time as any other."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """A mixture of Gaussian processes: mean and variance are the mixture's."""

    members: Sequence[GaussianProcess]
    weights: FloatArray

    @classmethod
    def fit(cls, inputs: Inputs, values: FloatArray) -> Self:
        """Each member by itself; weights by the squared distance of its leave-one-out ranking from a perfect one."""
        members = [GaussianProcess.fit(shape, inputs, values) for shape in MEMBERS]
        miss = np.array([max(RANK_FLOOR, 1 - _rank_agreement(member.left_out(), values)) for member in members])
        weights = (miss.min() / miss) ** 2
        kept = np.flatnonzero(weights >= LEAST_WEIGHT)
        return cls([members[k] for k in kept], weights[kept] / weights[kept].sum())

    def believing(self, inputs: Inputs) -> "Ensemble":
        """As if these points had turned out as predicted."""
        return Ensemble([member.believing(inputs) for member in self.members], self.weights)

    def predict(self, inputs: Inputs) -> tuple[FloatArray, FloatArray]:
        """Mean (m,) and standard deviation (m,)."""
        grams = Grams.between(inputs, self.members[0].inputs)
        parts = [member.predict(inputs, grams) for member in self.members]
        mean = _mixed(self.weights, [part[0] for part in parts])
        spread = [variance + (part_mean - mean) ** 2 for part_mean, variance in parts]
        return mean, np.sqrt(_mixed(self.weights, spread))

    def beliefs(self, inputs: Inputs) -> "Beliefs":
        """The same of points among which a batch is chosen."""
        mean, sd = self.predict(inputs)
        covariance = _mixed(self.weights, [member.covariance(inputs) for member in self.members])
        noise = float(np.dot(self.weights, [member.noise_variance for member in self.members]))
        return Beliefs(mean, sd, covariance, noise)


@dataclass(slots=True)
class Beliefs:
    """What is believed of one objective at some points; choosing a point lessens the doubt about those like it."""

    mean: FloatArray
    sd: FloatArray
    covariance: FloatArray
    noise: float

    def choose(self, place: int) -> None:
        """Condition on an observation of this point that turns out as predicted."""
        shared: FloatArray = self.covariance[:, place]
        before = np.maximum(np.diag(self.covariance), 1e-12)
        self.covariance = self.covariance - np.outer(shared, shared) / (float(shared[place]) + self.noise)
        self.sd = self.sd * np.sqrt(np.clip(np.diag(self.covariance), 0, None) / before)


def _mixed(weights: FloatArray, parts: Sequence[FloatArray]) -> FloatArray:
    """The weighted sum of arrays of one shape."""
    mixed: FloatArray = np.tensordot(weights, np.stack(parts), 1)
    return mixed


def _rank_agreement(predicted: FloatArray, observed: FloatArray) -> float:
    """Spearman's rank correlation, ties broken by order; 0 where all are equal."""
    if np.ptp(predicted) == 0 or np.ptp(observed) == 0:
        return 0.0
    ranks = [np.argsort(np.argsort(values, kind="stable")).astype(np.float64) for values in (predicted, observed)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
