"""Values of the domain as documents on the wire."""

import base64
import zlib
from datetime import UTC, datetime

import numpy as np

from nas_service.api.converters import measurement_info
from nas_service.domain.entities import Measurement
from nas_service.domain.spec import TargetSpec


def test_a_measurement_shows_how_its_samples_are_spread() -> None:
    samples = np.asarray([1.0, 2.0, 2.0, 3.0], "<f4")
    result = {"samples_f32_zlib_base64": base64.b64encode(zlib.compress(samples.tobytes())).decode()}
    known = Measurement("m", "sha", TargetSpec(), "device", 2.0, None, False, result, datetime(2026, 1, 1, tzinfo=UTC))
    told = measurement_info(known)
    assert (told.median_ms, told.result) == (2.0, result)
    assert told.histogram is not None
    assert sum(told.histogram.counts) == 4
    assert (told.histogram.edges_ms[0], told.histogram.edges_ms[-1]) == (1.0, 3.0)
