"""How alike two layers are, and two networks: the covariances of the Gaussian process."""

import numpy as np

from nas_service.latency.layers import (
    ACTIVATION,
    IN,
    OPERATOR,
    OUT,
    OUT_SIZE,
    STRIDE,
    Operator,
)
from nas_service.latency.networks import Networks
from nas_service.latency.terms import HARD_SWISH, PLAIN, taps_of
from search_spaces.table import FloatArray, IntArray

CHANNELS_SCALE, SIZE_SCALE, TAPS_SCALE, WHOLE_SCALE = 1.8, 1.2, 0.6, 1.5
"""Length scales, in doublings: of channels, image side, kernel places an output, and of what a whole network counts."""
FLAG_SCALE = 1.0
DEPTH_STEP = 5.0
"""Blocks that count as one doubling."""
OFFSET = 0.1
"""Standard deviation, relative, of what all layers of one operator have in common, and of what all networks have."""


def layer_features(layers: IntArray) -> FloatArray:
    """Of layers (u, 9), scaled: what makes one layer of an operator more or less efficient than another."""
    read, written, side = layers[:, IN], layers[:, OUT], layers[:, OUT_SIZE]
    taps = taps_of(layers) / np.maximum(side, 1)
    flags = [
        layers[:, STRIDE] > 1,
        layers[:, ACTIVATION] == HARD_SWISH,
        *(channels % vector == 0 for channels in (read, written) for vector in (8, 16)),
        read < 16,
        written < 16,
        layers[:, PLAIN],
    ]
    columns = [
        _doublings(read) / CHANNELS_SCALE,
        _doublings(written) / CHANNELS_SCALE,
        _doublings(side) / SIZE_SCALE,
        _doublings(taps) / TAPS_SCALE,
        *(flag / FLAG_SCALE for flag in flags),
    ]
    return np.stack(columns, axis=1).astype(np.float64)


def whole_features(networks: Networks, base_ms: FloatArray, weights: FloatArray, macs: FloatArray) -> FloatArray:
    """Of networks, scaled: how long they take, what they read and compute, how deep they are; all (n,)."""
    columns = [
        np.log(base_ms),
        np.log(weights + 1),
        np.log(macs + 1),
        np.log(np.maximum(networks.resolution, 1)),
        networks.depth / DEPTH_STEP,
    ]
    return np.stack(columns, axis=1) / WHOLE_SCALE


def operators_of(layers: IntArray) -> list[tuple[int, IntArray]]:
    """Each operator that occurs, with the places of its layers."""
    found = [(int(code), np.flatnonzero(layers[:, OPERATOR] == code)) for code in Operator]
    return [(code, places) for code, places in found if len(places)]


def likeness(a: FloatArray, b: FloatArray) -> FloatArray:
    """exp(-|a - b|^2 / 2) of every pair of rows: (n, m)."""
    exponents: FloatArray = a @ b.T
    exponents -= (a**2).sum(axis=1)[:, None] / 2
    exponents -= (b**2).sum(axis=1) / 2
    np.minimum(exponents, 0.0, out=exponents)
    return np.exp(exponents, out=exponents)


def _doublings(counts: IntArray | FloatArray) -> FloatArray:
    found: FloatArray = np.log2(np.maximum(counts, 1))
    return found
