"""Many networks as the distinct blocks that they are made of: what a latency is looked up, fitted and predicted by.

A hundred thousand networks of one space share a few thousand distinct blocks, so whatever is costly is done once a
block, and a network's value is a sum of looked-up numbers.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from search_spaces import NetworkInput, SearchSpace
from search_spaces.table import ABSENT, BlockTable, FloatArray, IntArray

IGNORED = frozenset({"stage", "shared"})
"""Neither where a block stands nor whose weights it has matters for how long it takes."""
_FIELDS = tuple(f.name for f in fields(BlockTable) if f.name not in IGNORED)
_MULTIPLIERS = np.random.default_rng(0x6E6173).integers(1, 2**63, len(_FIELDS), dtype=np.uint64) | np.uint64(1)


@dataclass(frozen=True, eq=False)
class Networks:
    """`blocks` are the distinct ones, as a table of one column; `places` (n, b) says which of them a network has."""

    blocks: BlockTable
    keys: IntArray
    """A number for each distinct block, (u,), rising."""
    places: IntArray
    """Indices into `blocks`; where a shallower network has none, its absent block, whose every field is 0."""
    resized: IntArray
    """Pixels that each network's input is resized to, (n,); 0 where the images have its resolution already."""

    def __len__(self) -> int:
        return len(self.places)

    def some(self, rows: IntArray) -> "Networks":
        """Only these of them."""
        return Networks(self.blocks, self.keys, self.places[rows], self.resized[rows])

    def total(self, of_block: FloatArray) -> FloatArray:
        """Sums over each network's blocks, (n, ...), of numbers a block (u, ...) that are 0 for the absent one."""
        sums: FloatArray = of_block[self.places].sum(axis=1)
        return sums

    def blocks_at(self, places: IntArray) -> BlockTable:
        """Some of the distinct blocks."""
        return BlockTable(**{f.name: getattr(self.blocks, f.name)[places] for f in fields(BlockTable)})

    @cached_property
    def depth(self) -> IntArray:
        """Blocks of each network, (n,)."""
        present = (self.blocks.kind[:, 0] != ABSENT).astype(np.int64)
        found: IntArray = present[self.places].sum(axis=1)
        return found

    @property
    def resolution(self) -> IntArray:
        """The image side that each network sees, (n,)."""
        found: IntArray = self.blocks.in_size[self.places[:, 0], 0]
        return found


def networks_of(
    space: SearchSpace, rows: IntArray, network_input: NetworkInput, image_side: tuple[int, int] | None
) -> Networks:
    """The networks of canonical index rows (n, c) for images of this height and width; None: those they want."""
    table = space.layout(rows, network_input)
    keys = _block_keys(table)
    distinct_keys, first, places = np.unique(keys, return_index=True, return_inverse=True)
    at = np.unravel_index(first, keys.shape)
    distinct = {f.name: getattr(table, f.name)[at][:, None] for f in fields(BlockTable)}
    resolution = table.resolution
    height, width = image_side or (resolution, resolution)
    same = (resolution == height) & (resolution == width)
    resized = np.where(same, 0, resolution**2 * network_input.channels)
    return Networks(BlockTable(**distinct), distinct_keys, places.reshape(keys.shape), resized)


def _block_keys(table: BlockTable) -> IntArray:
    """A number (n, b) a block: equal for equal blocks, and for different ones but with a chance of about 2^-64."""
    keys = np.zeros(table.kind.T.shape, dtype=np.uint64).T  # as the table lies in memory
    for name, multiplier in zip(_FIELDS, _MULTIPLIERS, strict=True):
        keys += getattr(table, name).astype(np.uint64) * multiplier
    return keys.view(np.int64)
