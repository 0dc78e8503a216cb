"""Confidence intervals against what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_service.domain.estimates import Estimates, half_width_ratio, latency_interval, wilson


def test_wilsons_interval_is_the_one_in_the_textbook() -> None:
    """Newcombe (1998), table I, the score method: 81 of 263, and 0 of 20."""
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_share_lies_in_its_interval_and_that_in_the_unit_interval(case: tuple[int, int]) -> None:
    hits, count = case
    low, high = wilson(hits / count, count)
    assert 0.0 <= low <= hits / count <= high <= 1.0


def test_ninety_five_of_a_hundred_intervals_hold_the_truth() -> None:
    hits = np.random.default_rng(0).binomial(300, 0.9, size=4000)
    intervals = [wilson(float(share), 300) for share in hits / 300]
    assert np.mean([low <= 0.9 <= high for low, high in intervals]) == pytest.approx(0.95, abs=0.015)


def test_of_no_images_nothing_is_known() -> None:
    assert wilson(0.5, 0) == (0.0, 1.0)


def test_another_value_does_not_keep_the_interval_of_the_one_before() -> None:
    known = Estimates({"accuracy": 0.9}, {"accuracy": (0.8, 0.95)})
    assert known.with_one("accuracy", 0.7).intervals == {}
    assert known.with_one("macs", 3.0).intervals == {"accuracy": (0.8, 0.95)}


def test_a_measurement_of_few_blocks_has_no_interval() -> None:
    assert latency_interval({"median_ms": 2.0, "ci95_low_ms": None, "ci95_high_ms": None}) is None
    assert half_width_ratio({"median_ms": 2.0}) is None
    assert half_width_ratio({"median_ms": 2.0, "ci95_low_ms": 1.9, "ci95_high_ms": 2.1}) == pytest.approx(0.05)
