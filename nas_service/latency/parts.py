"""Networks as sums over distinct layers, for one width of vectors."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse

from nas_service.latency.layers import IN, LAYERS_A_BLOCK, OPERATOR, Operator, layers_of
from nas_service.latency.networks import Networks
from search_spaces.table import ABSENT, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Parts:
    """The distinct layers of many networks, (u, 9): `layers.FIELDS`, and whether the input is in plain layout."""

    networks: Networks
    layers: IntArray
    of_block: Any
    """How often a distinct block (b) has a layer (u): a sparse matrix (b, u), for scipy's have no types."""

    @classmethod
    def of(cls, networks: Networks, vector: int) -> Self:
        """Of networks, for a processor that takes `vector` channels at once."""
        layers = layers_of(networks.blocks)[:, 0]
        rows = np.concatenate([layers, plain_before(layers, vector)[..., None]], axis=2).reshape(
            -1, layers.shape[2] + 1
        )
        present = np.flatnonzero(rows[:, OPERATOR] != ABSENT)
        distinct, place = np.unique(rows[present], axis=0, return_inverse=True)
        shape = (len(layers), len(distinct))
        ones = np.ones(len(present))
        return cls(
            networks, distinct, sparse.csr_array((ones, (present // LAYERS_A_BLOCK, place.ravel())), shape=shape)
        )

    def total(self, of_layer: FloatArray) -> FloatArray:
        """Sums over each network's layers, (n,), of a number a layer (u,)."""
        return self.networks.total(self.of_block @ of_layer)

    def counts(self) -> FloatArray:
        """How often each network has each layer, (n, u). For hundreds of networks, not for many thousands."""
        places = self.networks.places
        count, width = places.shape
        has = sparse.csr_array(
            (np.ones(places.size), places.ravel(), np.arange(0, places.size + 1, width)),
            shape=(count, self.of_block.shape[0]),
        )
        found: FloatArray = (has @ self.of_block).toarray()
        return found


def plain_before(layers: IntArray, vector: int) -> IntArray:
    """1 where a layer of blocks (b, 6, 8) finds its input in plain layout (channels apart), (b, 6); else 0.

    Convolutions leave channels packed by the width of vectors. Pools of channels that do not fill vectors and
    squeeze-and-excite leave them apart, and what comes next may have to pack them again.
    """
    operator = layers[..., OPERATOR]
    pools = (operator == Operator.MAX_POOL) | (operator == Operator.AVG_POOL)
    unpacks = (pools & (layers[..., IN] % vector != 0)) | (operator == Operator.SQUEEZE_EXCITE)
    plain = np.zeros(operator.shape, dtype=np.int64)
    for place in range(1, LAYERS_A_BLOCK):
        absent = operator[:, place - 1] == ABSENT
        plain[:, place] = np.where(absent, plain[:, place - 1], unpacks[:, place - 1])
    return plain
