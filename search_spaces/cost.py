"""What networks cost, computed from their block tables for thousands at once.

Every block is at most four layers: expansion (1 x 1), spatial (k x k convolution or pooling), squeeze-and-excite,
projection (1 x 1); a 1 x 1 convolution of low rank is two of them. Counts are for batch 1; batch norm is folded into
the convolution before it and activations work in place, as a deployed network has them. A block that shares the weights
of the one before it computes as any other does, and adds nothing to the size.

Peak activation rule: while a layer runs, its input and its output are held, and so is the block's input where it will
be added at the end (once, where it is the layer's own input). Squeeze-and-excite holds input, gate and scaled output;
the final addition holds both terms and the sum; a pool that down-samples before a block is a layer of its own.
"""

from dataclasses import dataclass

import numpy as np

from search_spaces.table import BlockTable, BoolArray, IntArray

FP32_BYTES = 4
INT8_CHANNEL_BYTES = 12
"""In int8 a weight is a byte, and a channel has its bias (int32), the scale of its weights and that of its bias (fp32):
all that a QDQ file holds, but for the scales of activations and the zero points of linear layers."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One number a network, int64 arrays (n,)."""

    macs: IntArray
    params: IntArray
    weight_bytes: IntArray
    peak_activation_bytes: IntArray


@dataclass(frozen=True, slots=True)
class BlockCost:
    """One number a block, int64 arrays (n, blocks)."""

    macs: IntArray
    params: IntArray
    weight_bytes: IntArray
    peak_activation_bytes: IntArray

    def total(self) -> Cost:
        """Sums over the blocks; of the activations the largest, since blocks run one after another."""
        return Cost(
            self.macs.sum(1),
            self.params.sum(1),
            self.weight_bytes.sum(1),
            self.peak_activation_bytes.max(1),
        )


@dataclass(frozen=True, slots=True)
class _Layers:
    """The layers of each block: weights of each, and the channels and image areas between them."""

    expanded: BoolArray
    expand_weights: IntArray
    spatial_weights: IntArray
    spatial_channels: IntArray
    project_weights: IntArray
    body_area: IntArray
    out_area: IntArray


def block_costs(table: BlockTable, quantized: BoolArray | None = None) -> BlockCost:
    """The costs of every block; absent blocks cost nothing. `quantized` (n,): those in int8; None: nobody."""
    layers = _layers(table)
    weights = layers.expand_weights + layers.spatial_weights + layers.project_weights
    excite_weights = 2 * table.mid_channels * table.se_channels
    excite_biases = np.where(table.se_channels > 0, table.mid_channels + table.se_channels, 0)
    biases = excite_biases + np.where(table.is_kind("classifier"), table.out_channels, 0)
    normalised = _normalised_channels(table, layers)
    macs = layers.expand_weights * layers.body_area + excite_weights
    macs += (layers.spatial_weights + layers.project_weights) * layers.out_area
    own = 1 - table.shared
    in_int8 = np.zeros(1, dtype=bool) if quantized is None else quantized
    weight_bytes = np.where(in_int8, 1, FP32_BYTES)[:, None] * (weights + excite_weights)
    weight_bytes += np.where(in_int8, INT8_CHANNEL_BYTES, FP32_BYTES)[:, None] * (biases + normalised)
    return BlockCost(
        macs=macs,
        params=own * (weights + excite_weights + biases + 2 * normalised),
        weight_bytes=own * weight_bytes,
        peak_activation_bytes=FP32_BYTES * _peak_activations(table, layers),
    )


def _layers(table: BlockTable) -> _Layers:
    area = table.kernel**2
    inverted, fused = table.is_kind("inverted"), table.is_kind("fused")
    widened = np.where(inverted | fused, table.mid_channels, table.in_channels)
    expanded = inverted & (table.mid_channels != table.in_channels)
    dense = table.is_kind("conv", "fused")
    depthwise = table.is_kind("separable", "inverted")
    spatial_channels = np.where(table.is_kind("conv"), table.out_channels, widened)
    projected = table.is_kind("separable", "inverted", "fused", "pool", "feature_mix", "classifier")
    body_size = np.where((table.downsample > 0) & (table.stride == 1), table.out_size, table.in_size)
    return _Layers(
        expanded=expanded,
        expand_weights=np.where(expanded, _pointwise(table.in_channels, table.mid_channels, table.expand_rank), 0),
        spatial_weights=area * spatial_channels * np.where(dense, table.in_channels, depthwise),
        spatial_channels=spatial_channels,
        project_weights=np.where(projected, _pointwise(widened, table.out_channels, table.project_rank), 0),
        body_area=body_size**2,
        out_area=table.out_size**2,
    )


def _pointwise(in_channels: IntArray, out_channels: IntArray, rank: IntArray) -> IntArray:
    """Weights of a 1 x 1 convolution, whole (rank 0) or of two factors."""
    weights: IntArray = np.where(rank > 0, rank * (in_channels + out_channels), in_channels * out_channels)
    return weights


def _normalised_channels(table: BlockTable, layers: _Layers) -> IntArray:
    """Channels that pass a batch norm."""
    spatial = table.is_kind("conv", "separable", "inverted", "fused") * layers.spatial_channels
    projected = table.is_kind("separable", "inverted", "fused", "pool") * table.out_channels
    return layers.expanded * table.mid_channels + spatial + projected


def _peak_activations(table: BlockTable, layers: _Layers) -> IntArray:
    """Most numbers held by any layer of each block, by the rule in the module docstring."""
    block_input = table.in_channels * layers.body_area
    skip = table.residual * block_input
    expanded = table.mid_channels * layers.body_area
    spatial = layers.spatial_channels * layers.out_area
    output = table.out_channels * layers.out_area
    reduced, narrowed = table.expand_rank * layers.body_area, table.project_rank * layers.out_area
    without_spatial = table.is_kind("feature_mix", "classifier")
    pooled = (table.downsample > 0) & (table.stride == 1)
    held = [
        np.where(pooled, table.in_channels * table.in_size**2 + block_input, 0),
        np.where(layers.expanded, np.where(reduced > 0, reduced + skip, block_input) + expanded, 0),
        np.where(reduced > 0, block_input + reduced, 0),
        np.where(without_spatial, 0, np.where(layers.expanded, expanded + skip, block_input) + spatial),
        np.where(table.se_channels > 0, 2 * spatial + table.mid_channels + skip, 0),
        np.where(table.is_kind("conv", "global_pool"), 0, np.where(narrowed > 0, narrowed, spatial) + output + skip),
        np.where(narrowed > 0, spatial + narrowed + skip, 0),
        table.residual * 3 * output,
    ]
    peak: IntArray = np.maximum.reduce(held)
    return peak
