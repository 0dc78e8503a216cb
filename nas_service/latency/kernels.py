"""How alike two layers are, and two networks: the covariances of the Gaussian process."""

import numpy as np

from nas_service.latency.layers import (
    ACTIVATION,
    IN,
    KERNEL,
    OPERATOR,
    OUT,
    OUT_SIZE,
    READ,
    Operator,
)
from nas_service.latency.networks import Networks
from nas_service.latency.terms import HARD_SWISH, taps_of
from search_spaces.table import FloatArray, IntArray

CHANNELS_SCALE, VOLUME_SCALE, SIDE_SCALE, TAPS_SCALE = 16.0, 6.0, 2.0, 0.4
"""Length scales in doublings: of the channels read, of channels read x written x pixels, of the image side, of kernel
places an output. These and the next were found by coordinate ascent on the likelihood of 680 measured networks: two
presets in fp32, one in int8."""
FLAG_SCALE, GROUPS_SCALE, LEFT_SCALE = 1.6, 3.3, 2.0
TIME_SCALE, WEIGHTS_SCALE, MACS_SCALE, SIZE_SCALE, DEPTH_SCALE = 0.6, 0.9, 1.5, 0.9, 12.5
"""Of whole networks: in factors of e, and the last in blocks."""
OFFSET, WHOLE_OFFSET = 0.1, 0.03
"""Standard deviation, relative, of what all layers of one operator have in common, and of what all networks have."""
PIXELS_AT_ONCE, GROUPS_AT_ONCE = 6, 4
"""A convolution of packed channels computes so many pixels of a row, and groups of 16 channels, with one reading of its
weights; what is left over is computed apart."""


def layer_features(layers: IntArray) -> FloatArray:
    """Of layers (u, 10), scaled: what makes one layer of an operator more or less efficient than another."""
    read, written, side, kernel = (layers[:, place] for place in (IN, OUT, OUT_SIZE, KERNEL))
    taps = taps_of(layers) / np.maximum(side, 1)
    run = np.where(layers[:, OPERATOR] == Operator.POINTWISE, side**2, side)
    flags = [
        kernel == 5,
        kernel == 7,
        layers[:, ACTIVATION] == HARD_SWISH,
        layers[:, READ] == HARD_SWISH,
        *(channels % vector == 0 for channels in (read, written) for vector in (8, 16)),
        read < 16,
        written < 16,
    ]
    columns = [
        _doublings(read) / CHANNELS_SCALE,
        (_doublings(read) + _doublings(written) + 2 * _doublings(side)) / VOLUME_SCALE,
        _doublings(side) / SIDE_SCALE,
        _doublings(taps) / TAPS_SCALE,
        (-(-written // 16) % GROUPS_AT_ONCE > 0) / GROUPS_SCALE,
        run % PIXELS_AT_ONCE / np.maximum(run, 1) / LEFT_SCALE,
        *(flag / FLAG_SCALE for flag in flags),
    ]
    return np.stack(columns, axis=1).astype(np.float64)


def whole_features(networks: Networks, base_ms: FloatArray, weights: FloatArray, macs: FloatArray) -> FloatArray:
    """Of networks, scaled: how long they take, what they read and compute, how deep they are; all (n,)."""
    columns = [
        np.log(base_ms) / TIME_SCALE,
        np.log(weights + 1) / WEIGHTS_SCALE,
        np.log(macs + 1) / MACS_SCALE,
        np.log(np.maximum(networks.resolution, 1)) / SIZE_SCALE,
        networks.depth / DEPTH_SCALE,
    ]
    return np.stack(columns, axis=1)


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
