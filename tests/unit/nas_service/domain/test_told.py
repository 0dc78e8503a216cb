"""Latencies of one search are told in one unit, whatever was learned of the host meanwhile."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nas_service.domain.entities import JsonDict, Measurement, Search
from nas_service.domain.spec import TargetSpec
from nas_service.domain.told import told, with_baseline_of
from tests.support.values import a_search


def measured(ratio: float, reference_ms: float | None, device_id: str = "device-1") -> Measurement:
    """A network that takes `ratio` times as long as the reference."""
    median_ms = ratio * (reference_ms or 1.0)
    result: JsonDict = {"median_ms": median_ms, "ci95_low_ms": 0.9 * median_ms, "ci95_high_ms": None}
    result["baseline"] = None if reference_ms is None else {"version": 1, "reference_ms": reference_ms}
    return Measurement("measurement-1", "", TargetSpec(), device_id, median_ms, None, False, result, datetime.now(UTC))


def after(search: Search, *measurements: Measurement) -> Search:
    for measurement in measurements:
        search = replace(search, baselines=with_baseline_of(search, measurement))
    return search


def test_a_later_version_of_the_baseline_makes_no_difference() -> None:
    first, later = measured(2.0, 0.080), measured(2.0, 0.076)
    search = after(a_search(), first, later)
    assert told(search, first) is first
    again = told(search, later)
    assert again.median_ms == again.result["median_ms"] == pytest.approx(first.median_ms)
    assert again.result["ci95_low_ms"] == pytest.approx(0.9 * first.median_ms)
    assert again.result["ci95_high_ms"] is None
    assert again.result["baseline"] == {"version": 1, "reference_ms": 0.080}


def test_each_device_has_its_own() -> None:
    slow = measured(2.0, 0.8, device_id="device-2")
    search = after(a_search(), measured(2.0, 0.080), slow)
    assert told(search, slow) is slow


def test_what_was_told_as_it_was_taken_stays() -> None:
    plain = measured(2.0, None)
    search = after(a_search(), plain, measured(2.0, 0.080))
    assert told(search, plain) is plain
    assert search.baselines == {"0": {"device-1": 0.080}}


def test_a_search_without_the_target_leaves_it_as_it_is() -> None:
    other = replace(measured(2.0, 0.080), target=TargetSpec(threads=2))
    assert told(after(a_search(), measured(2.0, 0.1)), other) is other


def test_another_precision_of_a_target_is_told_in_that_targets_unit() -> None:
    """The reference is the same, and what is executed at both precisions is compared."""
    int8 = replace(measured(2.0, 0.076), target=TargetSpec(precision="int8"))
    assert told(after(a_search(), measured(2.0, 0.080)), int8).median_ms == pytest.approx(0.160)
