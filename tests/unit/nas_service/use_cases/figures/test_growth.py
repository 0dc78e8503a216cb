"""The hypervolume's growth, replayed."""

from datetime import timedelta

import pytest

from nas_service.domain.front import non_dominated, reference_point
from nas_service.domain.hypervolume import hypervolume
from nas_service.use_cases.figures.growth import MOST_STEPS, replay
from tests.support.values import NOW

UP_DOWN = [True, False]


def test_without_completed_candidates_there_are_no_steps() -> None:
    assert replay([], UP_DOWN) == []


def test_each_step_is_the_front_of_what_was_completed_until_then() -> None:
    points = [(0.5, 3.0), (0.7, 4.0), (0.6, 2.0), (0.9, 1.0), (0.1, 9.0)]
    steps = replay([(NOW + timedelta(seconds=n), point) for n, point in enumerate(points)], UP_DOWN)
    assert [step.front_size for step in steps] == [1, 2, 2, 1, 1]
    assert [step.best for step in steps] == [(0.5, 3.0), (0.7, 3.0), (0.7, 2.0), (0.9, 1.0), (0.9, 1.0)]
    reference = reference_point(points, UP_DOWN)
    for step in steps:
        volume = hypervolume(points[: step.completed], reference, UP_DOWN)
        box = (0.9 - reference[0]) * (reference[1] - 1.0)
        assert step.hypervolume_ratio == pytest.approx(volume / box)
    assert steps[-1].hypervolume_ratio == pytest.approx(1.0)


def test_of_many_candidates_steps_are_few_and_end_with_all_of_them() -> None:
    done = [(NOW + timedelta(seconds=n), ((n * 37 % 1000) / 1000, float(n * 61 % 1000))) for n in range(1234)]
    steps = replay(done, UP_DOWN)
    assert len(steps) == MOST_STEPS
    assert steps[-1].completed == 1234
    assert steps[-1].front_size == len(non_dominated([point for _, point in done], UP_DOWN))
    ratios = [step.hypervolume_ratio for step in steps]
    assert ratios == sorted(ratios)


def test_equal_candidates_span_no_box() -> None:
    assert [step.hypervolume_ratio for step in replay([(NOW, (0.5, 1.0)), (NOW, (0.5, 1.0))], UP_DOWN)] == [0.0, 0.0]
