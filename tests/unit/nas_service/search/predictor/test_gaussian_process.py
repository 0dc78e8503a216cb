"""The Gaussian process against scikit-learn's, finite differences and brute force."""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Kernel, Matern

from nas_service.search.predictor.arrays import FloatArray
from nas_service.search.predictor.ensemble import Ensemble
from nas_service.search.predictor.gaussian_process import JITTER, GaussianProcess, Grams, Inputs, Shape, _loss

SHAPES: tuple[Shape, ...] = ("none", "rbf", "matern")


def data(count: int, seed: int = 0) -> tuple[Inputs, FloatArray]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 0.5, (count, 4))
    inputs = Inputs(x, np.zeros((count, 0)))
    return inputs, 3 + 2 * x[:, 0] + np.sin(9 * x[:, 1]) * x[:, 2] + rng.normal(0, 0.01, count)


def theirs(process: GaussianProcess) -> Kernel:
    """The same kernel in scikit-learn's words; without hints."""
    _, linear, smooth, length, _ = np.exp(process.kernel.theta)
    kernel = ConstantKernel(1.0) + ConstantKernel(linear) * DotProduct(0.0, "fixed")
    if process.kernel.shape == "none":
        return kernel
    shape = RBF(length) if process.kernel.shape == "rbf" else Matern(length, nu=2.5)
    return kernel + ConstantKernel(smooth) * shape


@pytest.mark.parametrize("shape", SHAPES)
def test_the_posterior_is_that_of_scikit_learn(shape: Shape) -> None:
    inputs, values = data(40)
    process = GaussianProcess.fit(shape, inputs, values)
    peer = GaussianProcessRegressor(theirs(process), alpha=process.kernel.noise, optimizer=None)
    peer.fit(inputs.features, (values - process.mean) / process.scale)
    new, _ = data(15, seed=1)
    mean, covariance = peer.predict(new.features, return_cov=True)
    found_mean, found_variance = process.predict(new)
    np.testing.assert_allclose(found_mean, process.mean + process.scale * mean, rtol=1e-6)
    np.testing.assert_allclose(process.covariance(new), process.scale**2 * covariance, atol=1e-8)
    np.testing.assert_allclose(found_variance, process.scale**2 * np.maximum(np.diag(covariance), JITTER), atol=1e-8)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_those_of_finite_differences(shape: Shape) -> None:
    inputs, values = data(20)
    inputs = Inputs(inputs.features, np.random.default_rng(2).normal(size=(20, 2)))
    grams, standard = Grams.between(inputs, inputs), (values - values.mean()) / values.std()
    theta = np.log([0.7, 0.5, 0.4, 0.3, 0.01])
    _, gradient = _loss(theta, shape, grams, standard)
    step = 1e-5 * np.eye(5)
    slopes = [(_loss(theta + d, shape, grams, standard)[0] - _loss(theta - d, shape, grams, standard)[0]) for d in step]
    np.testing.assert_allclose(gradient, np.array(slopes) / 2e-5, rtol=1e-4, atol=1e-6)


def test_leaving_out_is_conditioning_on_the_others() -> None:
    inputs, values = data(12)
    process = GaussianProcess.fit("rbf", inputs, values)
    others = np.arange(1, 12)
    without = GaussianProcess._condition(
        process.kernel, inputs.take(others), process.mean, process.scale, process.values[others]
    )
    expected = without.predict(inputs.take(np.array([0])))[0][0]
    assert process.left_out()[0] == pytest.approx(expected, rel=1e-6)


def test_believing_keeps_means_and_lessens_doubt() -> None:
    inputs, values = data(20)
    process = GaussianProcess.fit("matern", inputs, values)
    new, _ = data(5, seed=3)
    before, after = process.predict(new), process.believing(new).predict(new)
    np.testing.assert_allclose(after[0], before[0], atol=1e-6)
    assert (after[1] < before[1]).all()


def test_choosing_one_point_after_another_is_believing_in_them() -> None:
    inputs, values = data(25)
    ensemble = Ensemble.fit(inputs, values)
    process = Ensemble(ensemble.members[1:2], np.ones(1))
    pool, _ = data(8, seed=4)
    beliefs = process.beliefs(pool)
    beliefs.choose(3)
    beliefs.choose(5)
    expected = process.believing(pool.take(np.array([3, 5]))).predict(pool)[1]
    np.testing.assert_allclose(beliefs.sd, expected, rtol=0.02, atol=1e-3)


def test_the_member_that_ranks_best_weighs_most() -> None:
    x = np.random.default_rng(5).uniform(-0.5, 0.5, (80, 1))
    curved = Ensemble.fit(Inputs(x, np.zeros((80, 0))), np.cos(9 * x[:, 0]))
    assert "none" not in {member.kernel.shape for member in curved.members}
    assert curved.weights.sum() == pytest.approx(1)
