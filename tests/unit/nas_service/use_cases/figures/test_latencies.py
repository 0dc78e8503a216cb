"""Histograms of a measurement's samples."""

import base64
import zlib

import numpy as np
import pytest

from nas_service.use_cases.figures.latencies import SAMPLES, histogram


def packed(samples: list[float]) -> dict[str, str]:
    return {SAMPLES: base64.b64encode(zlib.compress(np.asarray(samples, dtype="<f4").tobytes())).decode()}


def test_every_sample_is_counted_once_and_the_held_up_ones_apart() -> None:
    samples = np.random.default_rng(0).normal(1.0, 0.01, 500).tolist()
    found = histogram(packed([*samples, 5.0, 9.0]))
    assert found is not None
    assert sum(found.counts) + found.slower_count == 502
    assert 2 <= found.slower_count < 10
    assert found.edges_ms[0] == pytest.approx(min(samples))
    assert found.edges_ms[-1] < 1.2
    assert len(found.edges_ms) == len(found.counts) + 1


def test_samples_that_are_all_equal_have_a_histogram_too() -> None:
    found = histogram(packed([2.0] * 10))
    assert found is not None
    assert sum(found.counts) == 10


@pytest.mark.parametrize("result", [{}, {SAMPLES: "no base64!"}, {SAMPLES: "AAAA"}, packed([])])
def test_samples_that_are_not_there_or_not_readable_have_none(result: dict[str, str]) -> None:
    assert histogram(result) is None
