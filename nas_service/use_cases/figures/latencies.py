"""How a measurement's samples are spread."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

BINS, FENCE = 40, 3.0
SAMPLES = "samples_f32_zlib_base64"
PACKED = frozenset({SAMPLES, "references_f32_zlib_base64"})
"""Of a measurement's result: all its times, too many for a page."""
MOST_BYTES = 64 * 2**20
"""Samples of hours; more than that no worker sends."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Samples in bins of equal width, from the fastest one to the end of what is usual (Tukey's outer fence)."""

    edges_ms: tuple[float, ...]
    counts: tuple[int, ...]
    slower_count: int
    """Samples beyond the last edge: held up by whatever else the machine did."""


def histogram(result: Mapping[str, Any]) -> Histogram | None:
    """Of a measurement's `result`; None where its samples are not kept or not readable."""
    try:
        packed = zlib.decompressobj().decompress(base64.b64decode(result[SAMPLES]), MOST_BYTES)
        samples = np.frombuffer(packed, dtype="<f4").astype(np.float64)
    except (KeyError, ValueError, binascii.Error, zlib.error):
        return None
    if not samples.size:
        return None
    lower, upper = np.percentile(samples, [25, 75])
    top = min(float(samples.max()), float(upper + FENCE * (upper - lower)))
    counts, edges = np.histogram(samples[samples <= top], bins=BINS)
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), int((samples > top).sum()))
