"""Expected hypervolume gain against Monte Carlo, for one to four objectives."""

import numpy as np
import pytest
from optuna._hypervolume import compute_hypervolume

from nas_service.search.predictor.acquisition import boxes, expected_gain, non_dominated
from nas_service.search.predictor.arrays import FloatArray

DRAWS = 4000


def gain_by_monte_carlo(points: FloatArray, reference: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    draws = mean + sd * np.random.default_rng(1).standard_normal((DRAWS, len(mean)))
    lower, upper = boxes(points, reference)
    inside = np.clip(upper[None] - np.maximum(lower[None], draws[:, None]), 0, None)
    return np.array(inside.prod(axis=2).sum(axis=1))


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_the_expectation_is_that_of_monte_carlo(objectives: int) -> None:
    rng = np.random.default_rng(objectives)
    points, reference = rng.uniform(0.2, 1, (12, objectives)), np.ones(objectives)
    for _ in range(3):
        mean, sd = rng.uniform(0, 0.7, objectives), rng.uniform(0.05, 0.2, objectives)
        drawn = gain_by_monte_carlo(points, reference, mean, sd)
        found = expected_gain(mean[None], sd[None], *boxes(points, reference))[0]
        assert found == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(DRAWS) + 1e-12)


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_without_doubt_it_is_what_the_hypervolume_grows_by(objectives: int) -> None:
    rng = np.random.default_rng(objectives)
    points, reference = rng.uniform(0.2, 1, (12, objectives)), np.ones(objectives)
    new = rng.uniform(0, 0.6, (1, objectives))
    grown = compute_hypervolume(np.concatenate([points, new]), reference) - compute_hypervolume(points, reference)
    assert expected_gain(new, np.zeros_like(new), *boxes(points, reference))[0] == pytest.approx(grown)


def test_a_dominated_certainty_gains_nothing_and_an_empty_front_everything() -> None:
    reference = np.array([1.0, 1.0])
    points = np.array([[0.5, 0.5]])
    assert expected_gain(np.array([[0.6, 0.7]]), np.zeros((1, 2)), *boxes(points, reference))[0] == pytest.approx(0)
    empty = boxes(np.empty((0, 2)), reference)
    assert expected_gain(points, np.zeros((1, 2)), *empty)[0] == pytest.approx(0.25)


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_the_front_is_what_no_point_dominates(objectives: int) -> None:
    points = np.random.default_rng(0).integers(0, 6, (60, objectives)).astype(float)
    strictly = [[(b <= a).all() and (b < a).any() for b in points] for a in points]
    expected = {tuple(p) for p, beaten in zip(points, strictly, strict=True) if not any(beaten)}
    kept = [tuple(p) for p in points[non_dominated(points)]]
    assert set(kept) == expected
    assert len(kept) == len(expected)
