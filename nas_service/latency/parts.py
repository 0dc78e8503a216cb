"""Blocks and networks as sums over distinct layers, for one width of vectors."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from nas_service.latency.layers import IN, LAYERS_A_BLOCK, OPERATOR, Operator, layers_of
from nas_service.latency.networks import Networks
from nas_service.latency.solvers import sparse_matrix
from search_spaces.table import ABSENT, BlockTable, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Parts:
    """Of blocks the distinct layers, (u, 10): `layers.FIELDS`, and whether the input is in plain layout."""

    layers: IntArray
    of_block: Any
    """How often a distinct block (b) has a layer (u): a sparse matrix (b, u)."""

    @classmethod
    def of(cls, blocks: BlockTable, vector: int) -> Self:
        """Of distinct blocks (b, 1), for a processor that takes `vector` channels at once."""
        layers = layers_of(blocks)[:, 0]
        rows = np.concatenate([layers, plain_before(layers, vector)[..., None]], axis=2)
        rows = rows.reshape(-1, rows.shape[2])
        present = np.flatnonzero(rows[:, OPERATOR] != ABSENT)
        distinct, place = np.unique(rows[present], axis=0, return_inverse=True)
        entries = (np.ones(len(present)), (present // LAYERS_A_BLOCK, place.ravel()))
        return cls(distinct, sparse_matrix(entries, (len(layers), len(distinct))))

    def in_blocks(self, of_layer: FloatArray | IntArray) -> FloatArray:
        """Sums over each block's layers, (b,), of a number a layer (u,)."""
        sums: FloatArray = self.of_block @ of_layer
        return sums

    def in_networks(self, networks: Networks) -> FloatArray:
        """How often each network has each layer, (n, u). For hundreds of networks, not for many thousands."""
        count, width = networks.places.shape
        has = sparse_matrix(
            (np.ones(count * width), networks.places.ravel(), np.arange(0, count * width + 1, width)),
            (count, self.of_block.shape[0]),
        )
        found: FloatArray = (has @ self.of_block).toarray()
        return found


def plain_before(layers: IntArray, vector: int) -> IntArray:
    """1 where a layer of blocks (b, p, 9) finds its input in plain layout (channels apart), (b, p); else 0.

    Convolutions leave channels packed by the width of vectors. Pools of channels that do not fill vectors and
    squeeze-and-excite leave them apart, and what comes next may have to pack them again.
    """
    operator = layers[..., OPERATOR]
    pools = (operator == Operator.MAX_POOL) | (operator == Operator.AVG_POOL)
    unpacks = (pools & (layers[..., IN] % vector != 0)) | (operator == Operator.SQUEEZE_EXCITE)
    plain = np.zeros(operator.shape, dtype=np.int64)
    for place in range(1, operator.shape[1]):
        absent = operator[:, place - 1] == ABSENT
        plain[:, place] = np.where(absent, plain[:, place - 1], unpacks[:, place - 1])
    return plain
