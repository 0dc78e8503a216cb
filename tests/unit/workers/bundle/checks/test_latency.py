"""A stated latency is judged by its ratio to the reference, on the same device, with patience for a noisy one."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nas_service.domain.errors import PermanentError
from nas_service.domain.spec import TargetSpec
from workers.bundle.card_format import BirthplacePart, LatencyPart
from workers.bundle.checks.latency import ATTEMPTS, TOLERANCE, Measure, check_latency
from workers.bundle.checks.report import Check
from workers.profiling.measure import HarnessDiedError, ModelRefusedError
from workers.profiling.measurement import MeasurementResult

HERE: dict[str, Any] = {
    "device_id": "d1",
    "device": "box",
    "cpu": "a processor",
    "versions": {"onnxruntime": "1.31"},
    "reference_sha256": "r1",
    "started_at": datetime(2026, 1, 2, tzinfo=UTC),
}
TIMES: dict[str, Any] = {
    "median_ms": 0.1,
    "timed_median_ms": 0.1,
    "baseline": None,
    "p10_ms": 0.1,
    "p90_ms": 0.1,
    "p99_ms": 0.1,
    "mad_ms": 0.0,
    "ci95_low_ms": 0.1,
    "ci95_high_ms": 0.1,
    "sample_count": 100,
    "reference_median_ms": 0.2,
    "peak_memory_mib": None,
    "load_ms": 1.0,
}


def stated(ratio: float = 0.5, **birthplace: Any) -> LatencyPart:
    place = BirthplacePart.model_validate(HERE | birthplace)
    return LatencyPart(target=TargetSpec(), noisy=False, reference_ratio=ratio, birthplace=place, **TIMES)


def timed(ratio: float, noisy: bool = False) -> MeasurementResult:
    more: dict[str, Any] = {"samples_per_block": 10, "dropped_blocks": 0, "dropped": {}, "warmup_count": 9}
    more |= {"windows": 10, "sessions": 10, "energy_per_run_mj": None, "throughput": [], "held_s": 1.0, "file_bytes": 1}
    more |= {"reference_floor_ms": 0.2, "references_ms": []}
    return MeasurementResult(
        noisy=noisy, reference_ratio=ratio, birthplace=HERE, duration_s=1.0, samples_ms=[], **TIMES, **more
    )


def measuring(results: Iterable[MeasurementResult]) -> Measure:
    """Gives one result after another; asking for more than there are is an error."""
    remaining = iter(results)
    return lambda model, part: next(remaining)


def check(part: LatencyPart, *results: MeasurementResult) -> Check:
    return check_latency("latency", part, Path("model.onnx"), measuring(results))


@pytest.mark.parametrize(("ratio", "agrees"), [(0.5 * 1.09, True), (0.5 * 0.91, True), (0.5 * 1.11, False)])
def test_it_agrees_within_the_tolerance_stated(ratio: float, agrees: bool) -> None:
    found = check(stated(), *[timed(ratio)] * ATTEMPTS)
    assert (found.agrees, found.tolerance) == (agrees, TOLERANCE)
    assert (found.stated, found.found) == (0.5, ratio)


def test_a_quiet_measurement_that_agrees_is_enough() -> None:
    assert check(stated(), timed(0.5)).agrees


def test_a_disagreeing_measurement_is_repeated() -> None:
    found = check(stated(), timed(0.9), timed(0.51))
    assert (found.agrees, found.found) == (True, 0.51)


def test_a_noisy_measurement_is_repeated_until_a_quiet_one_agrees() -> None:
    found = check(stated(), timed(0.5, noisy=True), timed(0.52))
    assert (found.agrees, found.found) == (True, 0.52)


def test_noisy_measurements_are_judged_by_their_median() -> None:
    noisy = [timed(ratio, noisy=True) for ratio in (0.5, 0.9, 0.51)]
    found = check(stated(), *noisy)
    assert (found.agrees, found.found) == (True, 0.51)
    assert "median of 3 measurements, 3 of them noisy" in found.detail


def test_mostly_noisy_measurements_refute_only_what_is_far_off() -> None:
    found = check(stated(), timed(0.6, noisy=True), timed(0.6, noisy=True), timed(0.6))
    assert found.agrees is None
    assert "not judged, because most measurements are noisy" in found.detail
    assert check(stated(), timed(0.6, noisy=True), timed(0.6), timed(0.6)).agrees is False
    assert check(stated(), *[timed(0.9, noisy=True)] * 3).agrees is False, "nearly twice as slow is no noise"


def test_it_is_measured_three_times_at_most() -> None:
    assert ATTEMPTS == 3
    assert check(stated(), *[timed(0.9)] * 3).agrees is False


@pytest.mark.parametrize(
    ("birthplace", "reason"),
    [
        ({"device_id": "d2"}, "another device"),
        ({"versions": {"onnxruntime": "1.30"}}, "timed with onnxruntime 1.30, here is onnxruntime 1.31"),
        ({"reference_sha256": "r2"}, "another reference model"),
    ],
)
def test_what_was_timed_under_other_conditions_is_reported_but_not_judged(
    birthplace: dict[str, Any], reason: str
) -> None:
    found = check(stated(**birthplace), timed(0.9))
    assert (found.agrees, found.found) == (None, 0.9)
    assert reason in found.detail


@pytest.mark.parametrize(
    ("error", "agrees"),
    [
        (PermanentError("too-few-cores", "2 cores are too few"), None),
        (HarnessDiedError("harness-died", "exit status 9"), None),
        (ModelRefusedError("model-refused", "no such operator"), False),
    ],
)
def test_a_machine_that_cannot_time_does_not_judge_but_a_file_that_cannot_run_is_wrong(
    error: PermanentError, agrees: bool | None
) -> None:
    def fail(model: Path, part: LatencyPart) -> MeasurementResult:
        raise error

    found = check_latency("latency", stated(), Path("model.onnx"), fail)
    assert found.agrees is agrees
    assert error.detail in found.detail
