"""What a device may report: no number out of bounds, out of order or at odds with the samples gets through."""

import base64
import math
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from nas_service.wire.measurement_report import LONGEST_MS, MOST_SAMPLES, MeasurementReport

BIRTHPLACE = {
    "runtime": "onnxruntime",
    "versions": {"onnxruntime": "1.31"},
    "threads": 1,
    "batch_size": 1,
    "precision": "fp32",
    "compile_s": None,
    "pinned_cores": [0],
    "real_time": False,
    "computing_threads": 1,
    "involuntary_switches": 0,
    "started_at": "2026-01-01T00:00:00Z",
    "kernel": "6.1",
    "load_average": 0.5,
    "temperature_c": None,
    "governor": None,
    "frequency_mhz": None,
    "device_id": "0123456789abcdef",
    "device": "shed",
    "cpu": "a core",
    "reference_sha256": "a" * 64,
}


REFERENCE_MS = 0.25
BASELINE = {"version": 2, "reference_ms": 0.2, "established_at_s": 1.7e9}


def packed(samples: list[float]) -> str:
    return base64.b64encode(zlib.compress(np.asarray(samples, "<f4").tobytes())).decode()


def report(samples: list[float], **changes: Any) -> dict[str, Any]:
    """What an honest device says of these samples, with changes."""
    low, middle, high, highest = (float(np.percentile(samples, q)) for q in (10, 50, 90, 99))
    return {
        "median_ms": middle,
        "timed_median_ms": middle,
        "p10_ms": low,
        "p90_ms": high,
        "p99_ms": highest,
        "mad_ms": 0.1,
        "ci95_low_ms": low,
        "ci95_high_ms": high,
        "sample_count": len(samples),
        "samples_per_block": 1,
        "windows": 10,
        "sessions": 4,
        "dropped_blocks": 0,
        "dropped": {"stolen": 0},
        "warmup_count": 3,
        "noisy": False,
        "reference_median_ms": REFERENCE_MS,
        "reference_floor_ms": REFERENCE_MS,
        "reference_ratio": middle / REFERENCE_MS,
        "baseline": None,
        "peak_memory_mib": None,
        "energy_per_run_mj": None,
        "load_ms": 2.0,
        "file_bytes": 1000,
        "held_s": 0.4,
        "duration_s": 0.5,
        "samples_f32_zlib_base64": packed(samples),
        "references_f32_zlib_base64": packed([REFERENCE_MS] * len(samples)),
        "birthplace": BIRTHPLACE,
    } | changes


HONEST = [1.0, 2.0, 3.0, 4.0]
NUMBERS = [name for name, value in report(HONEST).items() if isinstance(value, int | float) and value is not False]


@given(st.lists(st.floats(2**-10, LONGEST_MS / 2, width=32), min_size=1, max_size=50))
def test_what_an_honest_device_says_is_taken(samples: list[float]) -> None:
    assert MeasurementReport.model_validate(report(samples)).sample_count == len(samples)


@pytest.mark.parametrize("name", NUMBERS)
@given(wrong=st.sampled_from([math.nan, math.inf, -math.inf, -1, 1e300, 2**70, "NaN", "Infinity", "many", [], {}]))
def test_no_number_that_means_nothing_is_taken(name: str, wrong: object) -> None:
    with pytest.raises(ValidationError):
        MeasurementReport.model_validate(report(HONEST, **{name: wrong}))


@given(st.lists(st.floats(width=32), min_size=1, max_size=20), st.floats(1e-3, 1e3))
def test_no_sample_that_is_no_time_is_taken(samples: list[float], median_ms: float) -> None:
    taken = {"samples_f32_zlib_base64": packed(samples), "sample_count": len(samples), "median_ms": median_ms}
    taken |= {"timed_median_ms": median_ms, "reference_ratio": median_ms / REFERENCE_MS}
    taken |= {"references_f32_zlib_base64": packed([REFERENCE_MS] * len(samples))}
    try:
        said = MeasurementReport.model_validate(report(HONEST, **taken))
    except ValidationError:
        return
    assert all(0 < sample < math.inf for sample in samples)
    assert said.median_ms == pytest.approx(float(np.median(samples)), rel=1e-2, abs=1e-4)


def test_a_latency_is_told_in_the_baseline_of_its_host() -> None:
    said = MeasurementReport.model_validate(report(HONEST, baseline=BASELINE, median_ms=2.0))
    assert (said.median_ms, said.timed_median_ms) == (2.0, 2.5)


@given(st.permutations([1.0, 2.0, 3.0]), st.permutations([1.0, 2.0]))
def test_quantiles_out_of_order_are_not_taken(quantiles: list[float], interval: list[float]) -> None:
    names = ("p10_ms", "p90_ms", "p99_ms", "ci95_low_ms", "ci95_high_ms")
    said = report(HONEST, **dict(zip(names, (*quantiles, *interval), strict=True)))
    if quantiles == sorted(quantiles) and interval == sorted(interval):
        MeasurementReport.model_validate(said)
    else:
        with pytest.raises(ValidationError, match="order|upside down"):
            MeasurementReport.model_validate(said)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"timed_median_ms": 2.6}, "that of the samples is 2.5"),
        ({"median_ms": 2.6}, "timed_median_ms, without a baseline, is 2.5"),
        ({"baseline": BASELINE}, "reference_ratio times that of the baseline is 2.0"),
        ({"reference_ratio": 10.1}, "that of the samples is 10.0"),
        ({"references_f32_zlib_base64": packed([0.2])}, "not 4 samples"),
        ({"sample_count": 3}, "not 3 samples"),
        ({"sample_count": 5}, "not 5 samples"),
        ({"samples_per_block": 3}, "no multiple"),
        ({"samples_f32_zlib_base64": "no base64"}, "cannot be unpacked"),
        ({"samples_f32_zlib_base64": base64.b64encode(b"no zlib").decode()}, "cannot be unpacked"),
        ({"samples_f32_zlib_base64": "A" * (8 * MOST_SAMPLES + 1)}, "at most"),
        ({"sample_count": MOST_SAMPLES + 1}, "less than or equal"),
        ({"birthplace": BIRTHPLACE | {"cpu": "x" * 201}}, "at most 200"),
        ({"birthplace": BIRTHPLACE | {"versions": {str(n): "1" for n in range(17)}}}, "at most 16"),
        ({"birthplace": BIRTHPLACE | {"started_at": "2026-01-01T00:00:00"}}, "timezone"),
        ({"device": "another word"}, "Extra inputs"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        MeasurementReport.model_validate(report(HONEST, **changes))


def test_samples_that_inflate_without_end_are_unpacked_no_further_than_their_stated_number() -> None:
    inflated_bytes = 100 * 2**20
    bomb = base64.b64encode(zlib.compress(bytes(inflated_bytes), level=9)).decode()
    assert len(bomb) < 8 * MOST_SAMPLES
    said = report(HONEST, samples_f32_zlib_base64=bomb)
    tracemalloc.start()
    try:
        with pytest.raises(ValidationError, match="not 4 samples"):
            MeasurementReport.model_validate(said)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < inflated_bytes / 50
