"""When repeated timings agree, and which of them counts."""

from datetime import UTC, datetime

import pytest

from nas_service.domain.entities import Measurement
from nas_service.domain.spec import TargetSpec
from nas_service.domain.timings import ids_of, middle, wants_another


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
        ([1.0, 1.004, 1.5], 3, False),
        ([1.0, 1.1, 1.2], 3, True),
        ([1.0, 1.1, 1.2, 1.1], 3, True),
        ([1.0, 1.1, 1.2, 1.3, 1.4], 3, False),
        ([1.0, 1.0, 1.1, 1.2, 1.3], 5, True),
        ([1.0, 1.0, 1.0, 1.2, 1.3], 5, False),
    ],
)
def test_a_model_is_timed_again_until_a_majority_agrees_and_twice_more_at_most(
    medians_ms: list[float], asked: int, wanted: bool
) -> None:
    assert wants_another(medians_ms, asked) is wanted


def test_one_disturbed_timing_changes_neither_the_latency_nor_its_interval() -> None:
    found = middle([timed(1.0), timed(1.08), timed(1.002)])
    assert (found.id, found.median_ms) == ("timing-1.002", 1.002)
    assert found.result["timings_ms"] == [1.0, 1.08, 1.002]
    assert (found.result["ci95_low_ms"], found.result["ci95_high_ms"]) == (1.0, pytest.approx(1.003))


def test_where_timings_disagree_the_interval_reaches_over_the_nearest_majority() -> None:
    result = middle([timed(1.0), timed(1.2), timed(1.3), timed(1.5), timed(1.9)]).result
    assert (result["ci95_low_ms"], result["ci95_high_ms"]) == (1.2, 1.5)


def test_a_single_timing_is_as_it_was_taken() -> None:
    found = middle([timed(1.0)])
    assert (found.result["ci95_low_ms"], found.result["ci95_high_ms"], found.result["timings_ms"]) == (
        0.999,
        1.001,
        [1.0],
    )


def test_one_without_an_interval_gets_none() -> None:
    assert middle([timed(1.0, None), timed(1.0, None), timed(1.1, None)]).result["ci95_low_ms"] is None


def test_what_an_earlier_version_began_to_finish_has_one_timing_on_each_target() -> None:
    timings = {"0": [{"id": "a", "median_ms": 1.0}, {"id": "b", "median_ms": 1.1}]}
    assert ids_of({"timings": timings}, 0) == ["a", "b"]
    assert ids_of({"measurements": {"0": "c", "1": "d"}}, 1) == ["d"]
