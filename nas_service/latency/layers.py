"""Networks as the operators that a runtime executes, for thousands at once.

A block is at most eight of them: a down-sampling pool, an expansion, a spatial operator, squeeze-and-excite, a
projection and an addition; an expansion or projection of low rank is two. Batch norm is folded and ReLU fused, as
inference runtimes do.
"""

from enum import IntEnum

import numpy as np

from search_spaces.plan import POOLINGS
from search_spaces.table import ABSENT, BlockTable, BoolArray, IntArray, downsample_code


class Operator(IntEnum):
    """What a layer does."""

    MAX_POOL = 0
    AVG_POOL = 1
    POINTWISE = 2
    """A 1 x 1 convolution."""
    DENSE = 3
    """A k x k convolution over all channels."""
    DEPTHWISE = 4
    SQUEEZE_EXCITE = 5
    """`in_channels` are the gated ones, `out_channels` the squeezed ones."""
    ADD = 6
    GLOBAL_POOL = 7
    LINEAR = 8
    """A matrix product on one pixel: classifier and feature mix."""


FIELDS = ("operator", "in_channels", "out_channels", "kernel", "stride", "in_size", "out_size", "activation", "read")
OPERATOR, IN, OUT, KERNEL, STRIDE, IN_SIZE, OUT_SIZE, ACTIVATION, READ = range(len(FIELDS))
"""Places in the last axis. `READ` is the activation that the channels a pool reads have been through, else 0."""
LAYERS_A_BLOCK = 8


def layers_of(table: BlockTable) -> IntArray:
    """The layers of every block by `FIELDS`: (..., 8, 9) for tables of any shape.

    The operator of a place that a block does not fill is `ABSENT`, its other fields are 0.
    """
    layers = np.zeros((*table.kind.shape, LAYERS_A_BLOCK, len(FIELDS)), dtype=np.int64)
    layers[..., OPERATOR] = ABSENT
    wide = np.where(table.is_kind("inverted", "fused"), table.mid_channels, table.in_channels)
    pooled = (table.downsample > 0) & (table.stride == 1)
    side = np.where(pooled, table.out_size, table.in_size)
    linear_after = table.is_kind("inverted", "fused", "classifier")

    def put(place: int, where: BoolArray, *fields: IntArray | int) -> None:
        for field, values in enumerate(fields):
            layers[..., place, field] = np.where(where, values, layers[..., place, field])

    by_max = table.downsample == downsample_code("max")
    pool = np.where(by_max, Operator.MAX_POOL, Operator.AVG_POOL)
    put(0, pooled, pool, table.in_channels, table.in_channels, 2, 2, table.in_size, side, 0, table.pooled_activation)
    expands = table.is_kind("inverted") & (table.mid_channels != table.in_channels)
    rank = table.expand_rank
    put(1, rank > 0, Operator.POINTWISE, table.in_channels, rank, 1, 1, side, side)
    reduced = np.where(rank > 0, rank, table.in_channels)
    put(2, expands, Operator.POINTWISE, reduced, wide, 1, 1, side, side, table.activation)
    operator = _spatial_operator(table)
    before = np.where(table.is_kind("fused"), table.in_channels, wide)
    after = np.where(table.is_kind("conv"), table.out_channels, wide)
    activation = np.where(table.is_kind("pool", "global_pool"), 0, table.activation)
    read = np.where(table.is_kind("pool"), table.pooled_activation, 0)
    sides = (side, table.out_size)
    put(3, operator != ABSENT, operator, before, after, table.kernel, table.stride, *sides, activation, read)
    out = table.out_size
    put(4, table.se_channels > 0, Operator.SQUEEZE_EXCITE, wide, table.se_channels, 1, 1, out, out)
    linear = table.is_kind("feature_mix", "classifier")
    project = np.where(linear, Operator.LINEAR, Operator.POINTWISE)
    projects = linear | table.is_kind("separable", "inverted", "fused", "pool")
    activation = np.where(linear_after, 0, table.activation)
    rank = table.project_rank
    put(5, rank > 0, Operator.POINTWISE, wide, rank, 1, 1, out, out)
    put(6, projects, project, np.where(rank > 0, rank, wide), table.out_channels, 1, 1, out, out, activation)
    put(7, table.residual > 0, Operator.ADD, table.out_channels, table.out_channels, 1, 1, out, out)
    return layers


def _spatial_operator(table: BlockTable) -> IntArray:
    by_max = table.pooling == POOLINGS.index("max")
    dense = table.is_kind("fused") | (table.is_kind("conv") & (table.kernel > 1))
    cases: list[tuple[BoolArray, IntArray | int]] = [
        (dense, Operator.DENSE),
        (table.is_kind("conv"), Operator.POINTWISE),
        (table.is_kind("separable", "inverted"), Operator.DEPTHWISE),
        (table.is_kind("pool"), np.where(by_max, Operator.MAX_POOL, Operator.AVG_POOL)),
        (table.is_kind("global_pool"), Operator.GLOBAL_POOL),
    ]
    return np.select([where for where, _ in cases], [np.asarray(operator) for _, operator in cases], ABSENT)
