"""Medians, their intervals and warmth, against definitions and against simulated truth."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.profiling.statistics import is_warm, median_interval, summarise

times = st.floats(min_value=1e-3, max_value=1e3)


@given(st.lists(times, min_size=1, max_size=200))
def test_interval_holds_the_median(observations: list[float]) -> None:
    interval = median_interval(observations)
    assert interval.low <= float(np.median(observations)) <= interval.high
    assert {interval.low, interval.high} <= set(observations), "order statistics are observations"


@given(st.lists(times, min_size=6, max_size=60), st.sampled_from([0.5, 2.0, 4.0]))
def test_half_width_does_not_depend_on_the_unit(observations: list[float], factor: float) -> None:
    scaled = median_interval([factor * value for value in observations])
    assert scaled.relative_half_width == pytest.approx(median_interval(observations).relative_half_width)


@pytest.mark.parametrize("count", [6, 10, 31, 200])
def test_interval_covers_the_true_median_in_95_percent_of_cases(count: int) -> None:
    samples = np.random.default_rng(0).lognormal(size=(2_000, count))
    intervals = [median_interval(row) for row in samples]
    covered = np.mean([interval.low <= 1.0 <= interval.high for interval in intervals])
    assert 0.94 <= covered <= 0.985


def test_no_interval_is_claimed_from_fewer_than_six_observations() -> None:
    assert median_interval([1.0, 1.0, 1.0, 1.0, 1.0]).relative_half_width == math.inf
    assert median_interval([1.0, 1.0, 1.0, 1.0, 1.0, 1.0]).relative_half_width == 0.0


def test_interval_narrows_with_more_observations() -> None:
    samples = np.random.default_rng(1).normal(10, 1, size=1_000)
    widths = [median_interval(samples[:count]).relative_half_width for count in (10, 100, 1_000)]
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
    drift = np.linspace(1.0, 1.8, 20)[:, None]
    summary = summarise(3.0 * drift * np.ones((20, 10)), 2.0 * drift * np.ones((20, 10)))
    assert summary.reference_ratio == pytest.approx(1.5)
    assert summary.median_ms == pytest.approx(3.0 * 1.4)
    assert summary.reference_median_ms == pytest.approx(2.0 * 1.4)


def test_summary_gives_the_defined_statistics() -> None:
    blocks = np.array([[1.0, 2.0, 9.0], [2.0, 3.0, 4.0], [2.0, 2.5, 90.0]])
    summary = summarise(blocks, np.ones((3, 2)))
    assert summary.median_ms == 2.5, "of the block medians 2, 3 and 2.5"
    assert summary.mad_ms == 0.5, "of |sample - 2.5| = 1.5 .5 6.5 .5 .5 1.5 .5 0 87.5"
    assert (summary.p10_ms, summary.p90_ms) == pytest.approx((1.8, 25.2))
    assert summary.p99_ms == pytest.approx(83.52)


@given(st.lists(st.lists(times, min_size=4, max_size=4), min_size=1, max_size=30))
def test_quantiles_are_ordered_and_the_median_lies_in_its_interval(blocks: list[list[float]]) -> None:
    summary = summarise(np.asarray(blocks), np.ones((len(blocks), 3)))
    assert summary.p10_ms <= summary.p90_ms <= summary.p99_ms
    assert summary.ci95_low_ms <= summary.median_ms <= summary.ci95_high_ms
