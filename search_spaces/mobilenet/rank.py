"""Which 1 x 1 convolutions of a stage are made of two, for a rank that is a share of what they could have.

Two factors take `rank x (in + out)` weights where one matrix takes `in x out`. A convolution that they would not make
smaller stays whole, so that a rank may change some of a stage's convolutions, or none.
"""

from dataclasses import dataclass

import numpy as np

from search_spaces.channels import make_divisible
from search_spaces.table import BoolArray, FloatArray, IntArray

Channels = tuple[IntArray, IntArray, IntArray]
"""Of a block: in, within (0 where it does not expand) and out."""


@dataclass(frozen=True, slots=True)
class StageShape:
    """What of a stage decides where a rank has an effect; numbers, or arrays (n,)."""

    inverted: BoolArray | bool
    expands: BoolArray | bool
    expansion: IntArray | int
    in_channels: IntArray | int
    out_channels: IntArray | int
    repeats: BoolArray | bool
    """Whether a second block follows the first one."""


def pointwise_ranks(
    rank: FloatArray | float | None, inverted: BoolArray | bool, channels: Channels, divisor: int
) -> tuple[IntArray | int, IntArray | int]:
    """Channels between the factors of a block's expansion and projection; 0 where it stays whole. None: everywhere."""
    if rank is None:
        return 0, 0
    before, within, after = channels
    wide = np.where(within > 0, within, before)
    expansion = np.where(inverted & (wide != before), _built_rank(rank, before, wide, divisor), 0)
    return expansion, _built_rank(rank, wide, after, divisor)


def built_ranks(rank: FloatArray | float, shape: StageShape, divisor: int) -> IntArray:
    """Equal rows (n, 4) are equal stages: what `pointwise_ranks` gives for the first block, and for the others."""
    found: list[IntArray | int] = []
    for before, exists in ((shape.in_channels, True), (shape.out_channels, shape.repeats)):
        within = np.where(shape.expands, np.multiply(before, shape.expansion), 0)
        channels = (np.asarray(before), within, np.asarray(shape.out_channels))
        ranks = pointwise_ranks(rank, shape.inverted, channels, divisor)
        found += [np.where(exists, built, 0) for built in ranks]
    return np.stack(np.broadcast_arrays(*found), axis=-1)


def _built_rank(rank: FloatArray | float, before: IntArray, after: IntArray, divisor: int) -> IntArray:
    between = make_divisible(rank * np.minimum(before, after), divisor)
    return np.where(between * (before + after) < before * after, between, 0)
