"""The synaptic flow that networks can be expected to have before they are built, for thousands at once.

`workers.proxies.synflow` computes it of one network's weights (Tanaka et al., 2020). Its logarithm is a sum over layers
of how much each lets through, and with random weights that is the number of inputs a channel adds up, times the mean
size of a weight under the initialisation of `network.py`: He's normal, by fan-out.
"""

import numpy as np

from search_spaces.table import BlockTable, FloatArray, IntArray

HE_GAIN = 2 / np.sqrt(np.pi)
"""The mean size of a normal weight of variance 2 / fan-out, times the square root of fan-out."""
CLASSIFIER_WEIGHT = 0.01 * np.sqrt(2 / np.pi)


def log_synaptic_flow(table: BlockTable) -> FloatArray:
    """Natural logarithms (n,) of the expected output, summed over classes, for an image of ones.

    Batch norm is left out, as in the score itself; activations and squeeze-and-excite gates count as open.
    """
    widened = np.where(table.is_kind("inverted", "fused"), table.mid_channels, table.in_channels)
    taps = _taps(table)
    expansion = _pointwise(table.in_channels, table.mid_channels, table.expand_rank)
    expanded = table.is_kind("inverted") & (table.mid_channels != table.in_channels)
    conv_out = np.where(table.is_kind("fused"), table.mid_channels, table.out_channels)
    dense = taps * table.in_channels / (table.kernel.clip(1) * np.sqrt(np.maximum(1, conv_out)))
    depthwise = taps / table.kernel.clip(1)
    projection = _pointwise(widened, table.out_channels, table.project_rank)
    branch = (
        np.where(expanded, expansion, 1.0)
        * np.where(table.is_kind("conv", "fused"), HE_GAIN * dense, 1.0)
        * np.where(table.is_kind("separable", "inverted"), HE_GAIN * depthwise, 1.0)
        * np.where(table.is_kind("separable", "inverted", "fused", "pool", "feature_mix"), projection, 1.0)
        * np.where(table.is_kind("classifier"), CLASSIFIER_WEIGHT * table.in_channels * table.out_channels, 1.0)
    )
    total: FloatArray = np.log(branch + table.residual).sum(axis=1)
    return total


def _pointwise(before: IntArray, after: IntArray, rank: IntArray) -> FloatArray:
    """What a 1 x 1 convolution lets through. Two factors have the largest singular values of a whole one, the root of
    each in either: here as evenly spread as if they fell from the largest to the smallest in a line."""
    rows = np.maximum(1, after)
    fewer, more = np.minimum(before, rows), np.maximum(before, rows)
    nuclear = rank * (np.sqrt(more) + np.sqrt(fewer) * (1 - rank / np.maximum(1, fewer)))
    factors: FloatArray = 2 / np.pi * np.sqrt(2 / rows) * nuclear * np.sqrt(before / rows)
    return np.where(rank > 0, factors, HE_GAIN * before / np.sqrt(rows))


def _taps(table: BlockTable) -> FloatArray:
    """Pixels that a k x k kernel covers inside of the image, on average over its positions."""
    pooled = (table.downsample > 0) & (table.stride == 1)
    size: IntArray = np.maximum(1, np.where(pooled, table.out_size, table.in_size))
    reach = table.kernel // 2
    a_side = np.ones(size.shape)
    for distance in range(1, int(reach.max(initial=0)) + 1):
        a_side += np.where(distance <= reach, 2 * np.clip(1 - distance / size, 0, None), 0.0)
    squared: FloatArray = a_side**2
    return squared
