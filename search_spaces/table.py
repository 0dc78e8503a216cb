"""Many networks as arrays: one row a network, one column a block. What cost, plan and predictors are computed from."""

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


def downsample_code(downsample: Downsample) -> int:
    """How a way of down-sampling is written in a table."""
    return DOWNSAMPLES.index(downsample)


@dataclass(frozen=True, slots=True)
class BlockTable:
    """Every field of `BlockPlan` but the costs, as an array (n, blocks). Words are codes: their place in `plan.KINDS`,
    `DOWNSAMPLES`, `POOLINGS` and `ACTIVATIONS`."""

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
    residual: IntArray
    in_size: IntArray
    out_size: IntArray

    @property
    def resolution(self) -> IntArray:
        """The image side that each network sees, (n,)."""
        return self.in_size[:, 0]

    def is_kind(self, *kinds: BlockKind) -> BoolArray:
        """Where the block is one of these kinds, (n, blocks)."""
        wanted = np.zeros(len(KINDS) + 1, dtype=bool)  # ABSENT picks the last one
        wanted[[kind_code(kind) for kind in kinds]] = True
        found: BoolArray = wanted[self.kind]
        return found


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
    exists: BoolArray | bool = True


@dataclass(slots=True)
class TableBuilder:
    """Stacks columns and keeps what flows between blocks: channels and image side."""

    size: IntArray
    """Image side that the next block gets, (n,)."""
    channels: IntArray
    """Channels that the next block gets, (n,)."""
    _columns: list[dict[str, IntArray]] = field(default_factory=list)

    def add(self, column: BlockColumn) -> None:
        """Put the block after the last one, in the networks where it exists."""
        kind, downsample = np.asarray(column.kind), np.asarray(column.downsample)
        strided = downsample == downsample_code("stride")
        out_size = np.where(strided, (self.size + 1) // 2, np.where(downsample > 0, self.size // 2, self.size))
        after_pooling = np.isin(kind, [kind_code(k) for k in ("global_pool", "feature_mix", "classifier")])
        out_size = np.where(after_pooling, 1, out_size)
        can_skip = np.isin(kind, [kind_code("inverted"), kind_code("fused")])
        values = {
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
            "residual": can_skip & ~strided & (self.channels == column.out_channels),
            "in_size": self.size,
            "out_size": out_size,
        }
        self._columns.append(
            {
                name: np.where(column.exists, value, ABSENT if name == "kind" else 0) * np.ones_like(self.size)
                for name, value in values.items()
            }
        )
        self.channels = np.where(column.exists, column.out_channels, self.channels)
        self.size = np.where(column.exists, out_size, self.size)

    def table(self) -> BlockTable:
        """Everything added so far."""
        return BlockTable(
            **{f.name: np.stack([column[f.name] for column in self._columns], axis=1) for f in fields(BlockTable)}
        )
