"""What times may follow from: counts of arithmetic and of memory, of a layer and of a whole network."""

import numpy as np

from nas_service.latency.layers import (
    ACTIVATION,
    IN,
    IN_SIZE,
    KERNEL,
    OPERATOR,
    OUT,
    OUT_SIZE,
    READ,
    STRIDE,
    Operator,
)
from nas_service.latency.networks import Networks
from search_spaces.plan import ACTIVATIONS
from search_spaces.table import ABSENT, BoolArray, FloatArray, IntArray

PLAIN = 9
"""Place of `Parts.layers` that says whether the input is in plain layout."""
HARD_SWISH = ACTIVATIONS.index("hard_swish")
CONVOLUTIONS = (Operator.POINTWISE, Operator.DENSE, Operator.DEPTHWISE)
POOLS = (Operator.MAX_POOL, Operator.AVG_POOL)
BYTES = 4
CACHES_MIB = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Weights beyond a cache are read from farther away with every call."""


def terms_of(layers: IntArray, vector: int) -> FloatArray:
    """Of layers (u, 10): (u, terms). All counts, of calls, operations or numbers moved."""
    operator = layers[:, OPERATOR]
    gates = operator == Operator.SQUEEZE_EXCITE
    read = layers[:, IN] * layers[:, IN_SIZE] ** 2
    after = layers[:, OUT_SIZE] ** 2
    written = np.where(gates, layers[:, IN], layers[:, OUT]) * after
    padded = [_padded(layers[:, place], vector) for place in (IN, OUT)]
    activated = layers[:, ACTIVATION] == HARD_SWISH
    as_convolved = np.isin(operator, POOLS) & (layers[:, READ] != HARD_SWISH)
    packs, unpacks = _packs(layers, vector), _unpacks(layers, vector)
    columns = [
        np.where(operator == ABSENT, 0, 1),
        macs_of(layers),
        _macs(layers, *padded),
        read,
        written,
        weights_of(layers),
        activated * written,
        activated,
        padded[1] * after,
        padded[0] * layers[:, IN_SIZE] ** 2,
        _on_padding(layers, *padded),
        _left_over(layers, vector),
        as_convolved,
        as_convolved * macs_of(layers),
        packs * read,
        unpacks * read,
        packs,
        unpacks,
    ]
    return np.stack(columns, axis=1).astype(np.float64)


def macs_of(layers: IntArray) -> IntArray:
    """Multiply-accumulates that are done: those with padding are not."""
    return _macs(layers, layers[:, IN], layers[:, OUT])


def weights_of(layers: IntArray) -> IntArray:
    """Weights that a call reads: of a kernel larger than its image only those that ever meet a pixel."""
    operator, read, written = layers[:, OPERATOR], layers[:, IN], layers[:, OUT]
    window = np.minimum(layers[:, KERNEL], 2 * layers[:, IN_SIZE] - 1) ** 2
    dense = np.isin(operator, (Operator.POINTWISE, Operator.DENSE, Operator.LINEAR))
    weights = np.where(dense, read * written * window, 0)
    weights = np.where(operator == Operator.DEPTHWISE, read * window, weights)
    found: IntArray = np.where(operator == Operator.SQUEEZE_EXCITE, 2 * read * written, weights)
    return found


def taps_of(layers: IntArray) -> IntArray:
    """Kernel places that meet a pixel and not padding, along one side, summed over the outputs of that side."""
    size, kernel, stride, outputs = (layers[:, place] for place in (IN_SIZE, KERNEL, STRIDE, OUT_SIZE))
    first = np.arange(int(outputs.max(initial=0))) * stride[:, None] - (kernel // 2)[:, None]
    met = np.minimum(first + kernel[:, None], size[:, None]) - np.maximum(first, 0)
    counted = np.arange(met.shape[1]) < outputs[:, None]
    taps: IntArray = np.where(counted, np.maximum(met, 0), 0).sum(axis=1)
    return taps


def whole_terms(networks: Networks, weights: FloatArray) -> FloatArray:
    """Of networks with so many weights (n,): (n, terms): a call, a resize and its pixels, MiB beyond `CACHES_MIB`."""
    weights_mib = weights * BYTES / 2**20
    beyond = [np.maximum(weights_mib - cache, 0.0) for cache in CACHES_MIB]
    resized = networks.resized
    return np.stack([np.ones(len(resized)), resized > 0, resized, *beyond], axis=1).astype(np.float64)


def _macs(layers: IntArray, read: IntArray, written: IntArray) -> IntArray:
    """Multiply-accumulates (of a pool its comparisons or additions), with these channels."""
    operator, area = layers[:, OPERATOR], taps_of(layers) ** 2
    dense = np.isin(operator, (Operator.POINTWISE, Operator.DENSE))
    each = np.isin(operator, (Operator.DEPTHWISE, *POOLS))
    macs = np.where(dense, read * written * area, np.where(each, read * area, 0))
    macs = np.where(operator == Operator.LINEAR, read * written, macs)
    macs = np.where(operator == Operator.SQUEEZE_EXCITE, 2 * read * written, macs)
    rest = np.isin(operator, (Operator.ADD, Operator.GLOBAL_POOL))
    found: IntArray = np.where(rest, read * layers[:, IN_SIZE] ** 2, macs)
    return found


def _packs(layers: IntArray, vector: int) -> BoolArray:
    """Convolutions that first have to pack their input by vectors."""
    packed = np.isin(layers[:, OPERATOR], CONVOLUTIONS) & (layers[:, IN] >= vector)
    found: BoolArray = packed & (layers[:, PLAIN] == 1)
    return found


def _unpacks(layers: IntArray, vector: int) -> BoolArray:
    """Layers that first have to take packed channels apart."""
    operator, channels = layers[:, OPERATOR], layers[:, IN]
    narrow = np.isin(operator, (Operator.POINTWISE, Operator.DENSE)) & (channels < vector)
    odd = np.isin(operator, POOLS) & (channels % vector != 0)
    found: BoolArray = (narrow | odd | (operator == Operator.SQUEEZE_EXCITE)) & (layers[:, PLAIN] == 0)
    return found


def _on_padding(layers: IntArray, read: IntArray, written: IntArray) -> IntArray:
    """Multiply-accumulates of a dense convolution with padding: a matrix product does them like all others."""
    places = layers[:, KERNEL] ** 2 * layers[:, OUT_SIZE] ** 2 - taps_of(layers) ** 2
    found: IntArray = np.where(layers[:, OPERATOR] == Operator.DENSE, read * written * places, 0)
    return found


def _left_over(layers: IntArray, vector: int) -> IntArray:
    """Kernel places of a depthwise convolution whose last channels do not fill a vector and are taken one by one."""
    odd = (layers[:, OPERATOR] == Operator.DEPTHWISE) & (layers[:, IN] % vector != 0)
    found: IntArray = odd * taps_of(layers) ** 2
    return found


def _padded(channels: IntArray, vector: int) -> IntArray:
    return -(-channels // vector) * vector
