"""Medians, their intervals and warmth, against definitions and against simulated truth."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.profiling.statistics import is_warm, median_interval, summarise

times = st.floats(min_value=1e-3, max_value=1e3)


def each_its_own(values: list[float]) -> range:
    return range(len(values))


@given(st.lists(times, min_size=6, max_size=200))
def test_interval_holds_the_median(observations: list[float]) -> None:
    interval = median_interval(observations, each_its_own(observations))
    assert interval.median == float(np.median(observations))
    assert min(observations) <= interval.low <= interval.median <= interval.high <= max(observations)


@given(st.lists(times, min_size=6, max_size=60), st.sampled_from([0.5, 2.0, 4.0]))
def test_half_width_does_not_depend_on_the_unit(observations: list[float], factor: float) -> None:
    windows = each_its_own(observations)
    scaled = median_interval([factor * value for value in observations], windows)
    assert scaled.relative_half_width == pytest.approx(median_interval(observations, windows).relative_half_width)


@pytest.mark.parametrize(("windows", "rounds"), [(10, 1), (10, 30), (30, 5)])
def test_interval_covers_the_true_median_although_the_rounds_of_a_window_share_its_luck(
    windows: int, rounds: int
) -> None:
    rng = np.random.default_rng(0)
    window_of = np.repeat(np.arange(windows), rounds)
    covered = 0
    for _ in range(400):
        luck = rng.normal(0, 0.02, windows)[window_of]
        interval = median_interval(np.exp(luck + rng.normal(0, 0.02, windows * rounds)), window_of)
        covered += interval.low <= 1.0 <= interval.high
    assert 0.87 <= covered / 400 <= 0.98


def test_rounds_resampled_one_by_one_would_claim_too_much() -> None:
    """Ten windows, each of another speed, thirty equal rounds in each: there are ten observations, not 300."""
    window_of = np.repeat(np.arange(10), 30)
    values = 1 + 0.01 * window_of
    honest, naive = median_interval(values, window_of), median_interval(values, each_its_own(values.tolist()))
    assert honest.relative_half_width > 3 * naive.relative_half_width


def test_no_interval_is_claimed_from_fewer_than_six_windows() -> None:
    assert median_interval([1.0] * 50, [0, 1, 2, 3, 4] * 10).relative_half_width == math.inf
    assert median_interval([1.0] * 60, [0, 1, 2, 3, 4, 5] * 10).relative_half_width == 0.0


def test_interval_narrows_with_more_windows() -> None:
    samples = np.random.default_rng(1).normal(10, 1, size=1_000)
    widths = [median_interval(samples[:count], range(count)).relative_half_width for count in (10, 100, 1_000)]
    assert widths == sorted(widths, reverse=True)


def test_a_model_is_warm_when_two_windows_in_a_row_agree() -> None:
    falling = [10.0, 8.0, 6.0, 5.0, 4.0, 3.0]
    assert not is_warm(falling, window=3, tolerance=0.02)
    assert not is_warm([*falling, 3.0], window=3, tolerance=0.02)
    assert is_warm([*falling, *[3.0] * 6], window=3, tolerance=0.02)
    assert not is_warm([3.0] * 5, window=3, tolerance=0.02), "two whole windows are needed"


def test_one_outlier_does_not_make_a_warm_model_cold() -> None:
    assert is_warm([1.0, 1.0, 1.0, 1.0, 50.0, 1.0], window=3, tolerance=0.02)


def test_drift_that_slows_both_models_cancels_in_the_ratio() -> None:
    drift = np.linspace(1.0, 1.8, 20)
    summary = summarise(3.0 * drift[:, None] * np.ones((20, 10)), 2.0 * drift, np.arange(20))
    assert (summary.ratio.low, summary.ratio.median, summary.ratio.high) == pytest.approx((1.5, 1.5, 1.5))
    assert summary.median_ms == pytest.approx(3.0 * 1.4)
    assert summary.reference_median_ms == pytest.approx(2.0 * 1.4)


def test_summary_gives_the_defined_statistics() -> None:
    rounds = np.array([[1.0, 2.0, 9.0], [2.0, 3.0, 4.0], [2.0, 2.5, 90.0]])
    summary = summarise(rounds, np.array([1.0, 1.0, 5.0]), np.arange(3))
    assert summary.median_ms == 2.5, "of the medians 2, 3 and 2.5"
    assert summary.ratio.median == 2.0, "of 2, 3 and 0.5"
    assert summary.mad_ms == 0.5, "of |sample - 2.5| = 1.5 .5 6.5 .5 .5 1.5 .5 0 87.5"
    assert (summary.p10_ms, summary.p90_ms) == pytest.approx((1.8, 25.2))
    assert summary.p99_ms == pytest.approx(83.52)
