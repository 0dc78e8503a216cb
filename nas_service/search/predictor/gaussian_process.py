"""Gaussian process regression, hyperparameters by maximum a posteriori (Rasmussen & Williams, 2006, chapters 2 and 5).

k(a, b) = 1 + v_h <h_a, h_b> + v_l <x_a, x_b> + v_s shape(|x_a - x_b| / l), with hints h and features x: a linear model
of both, corrected where evidence asks for it by a smooth function of the features.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from scipy.linalg.lapack import dpotri, dtrtri
from scipy.optimize import minimize

from nas_service.search.predictor.arrays import FloatArray, IntArray

Shape = Literal["none", "rbf", "matern"]
"""The smooth part: none (a Bayesian linear model), squared exponential, or Matern with nu = 5/2."""

JITTER = 1e-8
STEPS = 30
MAX_FIT_POINTS = 200
"""Observations that hyperparameters are fitted on: five numbers need no more, and each step costs their cube."""
_PRIOR_MEAN = np.log([1.0, 0.5, 0.3, 1.0, 1e-3])
_PRIOR_SD = np.array([1.5, 1.5, 1.5, 0.7, 2.0])
"""Of the logarithms of v_h, v_l, v_s, l and the noise variance, for standardised values and scaled inputs: wide, so
that ten observations do not lead astray and a hundred decide by themselves."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a predictor sees of n points. Features are scaled so that random pairs lie about 1 apart."""

    features: FloatArray
    hints: FloatArray

    def __len__(self) -> int:
        return len(self.features)

    def take(self, places: IntArray) -> "Inputs":
        """Some of the points."""
        return Inputs(self.features[places], self.hints[places])

    def join(self, other: "Inputs") -> "Inputs":
        """These points, then the others."""
        return Inputs(np.concatenate([self.features, other.features]), np.concatenate([self.hints, other.hints]))


@dataclass(frozen=True, slots=True)
class Grams:
    """What every kernel needs of two sets of points (n, m): inner products, and squared distances of the features."""

    hints: FloatArray
    features: FloatArray
    squared_distance: FloatArray

    @classmethod
    def between(cls, a: Inputs, b: Inputs) -> Self:
        """Of all pairs."""
        features = a.features @ b.features.T
        lengths = (a.features**2).sum(1)[:, None] + (b.features**2).sum(1)
        return cls(a.hints @ b.hints.T, features, np.maximum(lengths - 2 * features, 0))

    @classmethod
    def diagonal(cls, a: Inputs) -> Self:
        """Of each point with itself, (n,)."""
        return cls((a.hints**2).sum(1), (a.features**2).sum(1), np.zeros(len(a)))


@dataclass(frozen=True, slots=True)
class Kernel:
    """One of the three shapes with its hyperparameters, as logarithms (5,)."""

    shape: Shape
    theta: FloatArray

    def __call__(self, grams: Grams) -> FloatArray:
        """The covariance of the noiseless function."""
        v_h, v_l, v_s, _, _ = np.exp(self.theta)
        smooth = v_s * self._smooth(grams)[0] if self.shape != "none" else 0.0
        covariance: FloatArray = 1.0 + v_h * grams.hints + v_l * grams.features + smooth
        return covariance

    @property
    def noise(self) -> float:
        """Variance of the noise."""
        return float(np.exp(self.theta[4])) + JITTER

    def with_gradients(self, grams: Grams) -> tuple[FloatArray, list[FloatArray]]:
        """The covariance, and its derivatives by theta: two matrices, with a smooth part four."""
        v_h, v_l, v_s, _, _ = np.exp(self.theta)
        by_theta = [v_h * grams.hints, v_l * grams.features]
        covariance: FloatArray = 1.0 + by_theta[0] + by_theta[1]
        if self.shape == "none":
            return covariance, by_theta
        value, by_log_length = (v_s * part for part in self._smooth(grams))
        return covariance + value, [*by_theta, value, by_log_length]

    def _smooth(self, grams: Grams) -> tuple[FloatArray, FloatArray]:
        """The shape's value, and its derivative by the logarithm of the length."""
        scaled = grams.squared_distance / np.exp(2 * self.theta[3])
        if self.shape == "rbf":
            value = np.exp(-0.5 * scaled)
            return value, value * scaled
        distance = np.sqrt(5 * scaled)
        decay = np.exp(-distance)
        return (1 + distance + distance**2 / 3) * decay, distance**2 / 3 * (1 + distance) * decay


@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """Conditioned on n observations. Values are standardised inside; everything given out is in their own unit."""

    kernel: Kernel
    inputs: Inputs
    mean: float
    scale: float
    values: FloatArray
    """Standardised observations (n,)."""
    whitening: FloatArray
    """Inverse of the lower Cholesky factor of the observations' covariance (n, n)."""
    weights: FloatArray
    """That covariance's inverse times the values (n,)."""

    @classmethod
    def fit(cls, shape: Shape, inputs: Inputs, values: FloatArray) -> Self:
        """Hyperparameters from (an even share of) the observations, then a posterior on all."""
        mean, scale = float(values.mean()), float(values.std()) or 1.0
        standard = (values - mean) / scale
        some = np.unique(np.linspace(0, len(values) - 1, min(len(values), MAX_FIT_POINTS)).astype(int))
        few = inputs.take(some)
        found = minimize(
            _loss,
            _PRIOR_MEAN,
            args=(shape, Grams.between(few, few), standard[some]),
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(_PRIOR_MEAN - 8, _PRIOR_MEAN + 8, strict=True)),
            options={"maxiter": STEPS},
        )
        return cls._condition(Kernel(shape, found.x), inputs, mean, scale, standard)

    @classmethod
    def _condition(cls, kernel: Kernel, inputs: Inputs, mean: float, scale: float, standard: FloatArray) -> Self:
        covariance = kernel(Grams.between(inputs, inputs))
        covariance[np.diag_indices(len(inputs))] += kernel.noise
        whitening = np.tril(dtrtri(np.linalg.cholesky(covariance), lower=True)[0])
        return cls(kernel, inputs, mean, scale, standard, whitening, whitening.T @ (whitening @ standard))

    def believing(self, inputs: Inputs) -> Self:
        """As if these points had turned out as predicted (Ginsbourger et al., 2010): same means, less doubt nearby."""
        if len(inputs) == 0:
            return self
        believed = np.concatenate([self.values, (self.predict(inputs)[0] - self.mean) / self.scale])
        return self._condition(self.kernel, self.inputs.join(inputs), self.mean, self.scale, believed)

    def predict(self, inputs: Inputs, grams: Grams | None = None) -> tuple[FloatArray, FloatArray]:
        """Mean (m,) and variance (m,) of the noiseless function. `grams` of the points with the observations, if known.

        Raises ValueError from numpy where shapes do not fit.
        """
        cross = self.kernel(grams or Grams.between(inputs, self.inputs))
        reduced = cross @ self.whitening.T
        variance = np.maximum(self.kernel(Grams.diagonal(inputs)) - (reduced**2).sum(1), JITTER)
        return self.mean + self.scale * (cross @ self.weights), self.scale**2 * variance

    def covariance(self, inputs: Inputs) -> FloatArray:
        """Posterior covariance of the noiseless function between all these points (m, m)."""
        reduced = self.whitening @ self.kernel(Grams.between(self.inputs, inputs))
        covariance: FloatArray = self.scale**2 * (self.kernel(Grams.between(inputs, inputs)) - reduced.T @ reduced)
        return covariance

    @property
    def noise_variance(self) -> float:
        """Of one observation, in the values' own unit."""
        return self.scale**2 * self.kernel.noise

    def left_out(self) -> FloatArray:
        """What is predicted for each observation without it, (n,): equation 5.12 of the book."""
        precisions = (self.whitening**2).sum(0)
        without: FloatArray = self.mean + self.scale * (self.values - self.weights / precisions)
        return without


def _loss(theta: FloatArray, shape: Shape, grams: Grams, values: FloatArray) -> tuple[float, FloatArray]:
    """Negative log posterior of the hyperparameters and its gradient (equation 5.9)."""
    kernel = Kernel(shape, theta)
    covariance, by_theta = kernel.with_gradients(grams)
    covariance[np.diag_indices(len(values))] += kernel.noise
    factor = np.linalg.cholesky(covariance)
    inverse = _symmetric(dpotri(factor, lower=True)[0])
    weights = inverse @ values
    pull = 0.5 * (inverse - np.outer(weights, weights))
    gradient = np.zeros(len(theta))
    gradient[: len(by_theta)] = [np.vdot(pull, by) for by in by_theta]
    gradient[4] = np.exp(theta[4]) * np.trace(pull)
    off = (theta - _PRIOR_MEAN) / _PRIOR_SD
    loss = 0.5 * values @ weights + np.log(np.diag(factor)).sum() + 0.5 * (off**2).sum()
    return float(loss), gradient + off / _PRIOR_SD


def _symmetric(lower: FloatArray) -> FloatArray:
    """The whole matrix of which this is the lower half; what stands above counts nothing."""
    half = np.tril(lower)
    return np.asarray(half + np.tril(half, -1).T, np.float64)
