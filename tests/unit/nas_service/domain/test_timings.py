"""When repeated timings agree, and what they say together."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_service.domain.entities import Measurement
from nas_service.domain.spec import TargetSpec
from nas_service.domain.timings import combined, ids_of, location_of, wants_another


def timed(median_ms: float, half_ms: float | None = 0.001) -> Measurement:
    ends = (None, None) if half_ms is None else (median_ms - half_ms, median_ms + half_ms)
    result = {"median_ms": median_ms, "ci95_low_ms": ends[0], "ci95_high_ms": ends[1]}
    name, now = f"timing-{median_ms}", datetime.now(UTC)
    return Measurement(name, "sha", TargetSpec(), "device", median_ms, None, False, result, now)


@pytest.mark.parametrize(
    ("medians_ms", "asked", "wanted"),
    [
        ([], 1, True),
        ([1.0], 1, False),
        ([1.0], 2, True),
        ([1.0, 1.5], 2, False),
        ([1.0, 1.0], 3, True),
        ([1.0, 1.004, 1.009], 3, False),
        ([1.0, 1.004, 1.5], 3, True),
        ([1.0, 1.1, 1.2], 3, True),
        ([1.0, 1.1, 1.2, 1.1], 3, True),
        ([1.0, 1.1, 1.2, 1.3, 1.4], 3, False),
        ([1.0, 1.0, 1.1, 1.2, 1.3], 5, True),
        ([1.0, 1.0, 1.0, 1.005, 1.005], 5, False),
    ],
)
def test_a_model_is_timed_twice_more_where_its_timings_disagree(
    medians_ms: list[float], asked: int, wanted: bool
) -> None:
    assert wants_another(medians_ms, asked) is wanted


def test_the_location_is_the_median_of_the_means_of_pairs() -> None:
    assert location_of([3.0]) == 3.0
    assert location_of([1.0, 2.0]) == 1.5
    assert location_of([1.0, 2.0, 9.0]) == pytest.approx((2.0 + 5.0) / 2)


@given(st.lists(st.floats(1, 100), min_size=4, max_size=4), st.floats(1, 1e6))
def test_one_disturbed_timing_of_five_cannot_take_it_beyond_the_others(near_ms: list[float], wild_ms: float) -> None:
    found_ms = location_of([*near_ms, wild_ms])
    assert min(near_ms) * (1 - 1e-12) <= found_ms <= max(near_ms) * (1 + 1e-12)


def test_of_two_states_of_the_host_it_takes_neither() -> None:
    assert 1.02 < location_of([1.0, 1.07, 1.001, 1.071, 1.07]) < 1.05


def test_the_nearest_timing_stands_for_all_with_an_interval_over_the_nearest_majority() -> None:
    found = combined([timed(1.0), timed(1.2), timed(1.3), timed(1.5), timed(1.9)])
    assert found.median_ms == found.result["median_ms"] == pytest.approx(1.35)
    assert found.id == "timing-1.3"
    assert (found.result["ci95_low_ms"], found.result["ci95_high_ms"]) == (1.2, 1.5)
    assert found.result["timings_ms"] == [1.0, 1.2, 1.3, 1.5, 1.9]


def test_a_single_timing_is_as_it_was_taken() -> None:
    found = combined([timed(1.0)])
    assert (found.result["ci95_low_ms"], found.result["ci95_high_ms"], found.result["timings_ms"]) == (
        0.999,
        1.001,
        [1.0],
    )


def test_one_without_an_interval_gets_none() -> None:
    assert combined([timed(1.0, None), timed(1.0, None), timed(1.1, None)]).result["ci95_low_ms"] is None


def test_what_an_earlier_version_began_to_finish_has_one_timing_on_each_target() -> None:
    timings = {"0": [{"id": "a", "median_ms": 1.0}, {"id": "b", "median_ms": 1.1}]}
    assert ids_of({"timings": timings}, 0) == ["a", "b"]
    assert ids_of({"measurements": {"0": "c", "1": "d"}}, 1) == ["d"]
