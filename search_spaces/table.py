"""Many networks as arrays: one row a network, one column a block. What cost, plan and predictors are computed from."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from search_spaces.plan import DOWNSAMPLES, KINDS, BlockKind, Downsample

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]

ABSENT = -1
"""The kind of a column that a shallower network does not have; its other fields are 0."""


def kind_code(kind: BlockKind) -> int:
    """How a block kind is written in a table."""
    return KINDS.index(kind)


def is_one_of(codes: IntArray, wanted: Sequence[int], count: int) -> BoolArray:
    """Where codes from -1 to count - 1 are wanted: a look-up, much faster than `np.isin` on few networks."""
    table = np.zeros(count + 1, dtype=bool)  # the last place is that of -1
    table[list(wanted)] = True
    found: BoolArray = table[codes]
    return found


def is_kind(codes: IntArray, *kinds: BlockKind) -> BoolArray:
    """Where kind codes are one of these kinds."""
    return is_one_of(codes, [kind_code(kind) for kind in kinds], len(KINDS))


def downsample_code(downsample: Downsample) -> int:
    """How a way of down-sampling is written in a table."""
    return DOWNSAMPLES.index(downsample)


@dataclass(frozen=True, slots=True)
class BlockTable:
    """Every field of `BlockPlan` but the costs, and one more, as an array (n, blocks). Words are codes: their place in
    `plan.KINDS`, `DOWNSAMPLES`, `POOLINGS` and `ACTIVATIONS`."""

    kind: IntArray
    stage: IntArray
    in_channels: IntArray
    mid_channels: IntArray
    out_channels: IntArray
    kernel: IntArray
    stride: IntArray
    downsample: IntArray
    pooling: IntArray
    se_channels: IntArray
    activation: IntArray
    pooled_activation: IntArray
    """Of what a pool reads, where the block begins with one: quantized runtimes pool it differently."""
    residual: IntArray
    in_size: IntArray
    out_size: IntArray
    shared: IntArray
    expand_rank: IntArray
    project_rank: IntArray

    @property
    def resolution(self) -> IntArray:
        """The image side that each network sees, (n,)."""
        return self.in_size[:, 0]

    def is_kind(self, *kinds: BlockKind) -> BoolArray:
        """Where the block is one of these kinds, (n, blocks)."""
        return is_kind(self.kind, *kinds)


@dataclass(frozen=True, slots=True)
class BlockColumn:
    """What a space decides about the next block of every network: a number for all, or an array (n,)."""

    kind: IntArray | int
    stage: IntArray | int
    out_channels: IntArray | int
    kernel: IntArray | int = 1
    mid_channels: IntArray | int = 0
    downsample: IntArray | int = 0
    pooling: IntArray | int = 0
    se_channels: IntArray | int = 0
    activation: IntArray | int = 0
    shared: BoolArray | bool = False
    expand_rank: IntArray | int = 0
    project_rank: IntArray | int = 0
    exists: BoolArray | bool = True


@dataclass(slots=True)
class TableBuilder:
    """Stacks columns and keeps what flows between blocks: channels and image side."""

    size: IntArray
    """Image side that the next block gets, (n,)."""
    channels: IntArray
    """Channels that the next block gets, (n,)."""
    activation: IntArray | int = 0
    """What the next block gets has just been through, (n,)."""
    _columns: list[dict[str, IntArray | int]] = field(default_factory=list)
    _exists: list[BoolArray | bool] = field(default_factory=list)

    def add(self, column: BlockColumn) -> None:
        """Put the block after the last one, in the networks where it exists."""
        kind, downsample = np.asarray(column.kind), np.asarray(column.downsample)
        strided = downsample == downsample_code("stride")
        out_size = np.where(strided, (self.size + 1) // 2, np.where(downsample > 0, self.size // 2, self.size))
        out_size = np.where(is_kind(kind, "global_pool", "feature_mix", "classifier"), 1, out_size)
        pools_first = is_kind(kind, "pool") | ((downsample > 0) & ~strided)
        ends_linearly = is_kind(kind, "inverted", "fused")
        self._exists.append(column.exists)
        self._columns.append(
            {
                "kind": kind,
                "stage": column.stage,
                "in_channels": self.channels,
                "mid_channels": column.mid_channels,
                "out_channels": column.out_channels,
                "kernel": column.kernel,
                "stride": 1 + strided,
                "downsample": downsample,
                "pooling": column.pooling,
                "se_channels": column.se_channels,
                "activation": column.activation,
                "pooled_activation": np.where(pools_first, self.activation, 0),
                "residual": is_kind(kind, "inverted", "fused") & ~strided & (self.channels == column.out_channels),
                "in_size": self.size,
                "out_size": out_size,
                "shared": np.asarray(column.shared),
                "expand_rank": column.expand_rank,
                "project_rank": column.project_rank,
            }
        )
        self.channels = np.where(column.exists, column.out_channels, self.channels)
        self.size = np.where(column.exists, out_size, self.size)
        self.activation = np.where(column.exists, np.where(ends_linearly, 0, column.activation), self.activation)

    def table(self) -> BlockTable:
        """Everything added so far."""
        shape = (len(self._columns), len(self.size))
        arrays = {f.name: np.empty(shape, dtype=np.int64) for f in fields(BlockTable)}
        for position, (column, exists) in enumerate(zip(self._columns, self._exists, strict=True)):
            for name, values in column.items():
                absent = ABSENT if name == "kind" else 0
                arrays[name][position] = values if exists is True else np.where(exists, values, absent)
        # Written block by block, for thousands of networks at once are written to memory in its order.
        return BlockTable(**{name: array.T for name, array in arrays.items()})
