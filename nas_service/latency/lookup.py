"""Numbers of blocks that were computed before: the look-up table that a predictor fills as it is asked."""

from collections.abc import Callable

import numpy as np

from nas_service.latency.networks import Networks
from search_spaces.table import BlockTable, FloatArray

MOST_BLOCKS = 1_000_000
"""Beyond which it begins anew: some 50 MB."""


class Lookup:
    """Not safe for threads that share one predictor in more than reading: each sees its own or another's table."""

    def __init__(self) -> None:
        self._keys = np.zeros(0, dtype=np.int64)
        self._numbers: FloatArray = np.zeros((0, 0))

    def __call__(self, networks: Networks, compute: Callable[[BlockTable], FloatArray]) -> FloatArray:
        """Numbers (u, k) of the distinct blocks; `compute` gives those of blocks (b, 1) that are new."""
        keys, numbers = self._keys, self._numbers
        at = np.searchsorted(keys, networks.keys)
        known = at < len(keys)
        known[known] = keys[at[known]] == networks.keys[known]
        fresh = np.flatnonzero(~known)
        if len(fresh) == 0:
            return numbers[at]
        computed = compute(networks.blocks_at(fresh))
        found = np.empty((len(networks.keys), computed.shape[1]))
        found[fresh] = computed
        found[known] = numbers[at[known]] if known.any() else 0.0
        self._keep(keys, numbers.reshape(len(keys), computed.shape[1]), (networks.keys[fresh], computed))
        return found

    def _keep(self, keys: "np.ndarray", numbers: FloatArray, fresh: tuple["np.ndarray", FloatArray]) -> None:
        if len(keys) > MOST_BLOCKS:
            keys, numbers = keys[:0], numbers[:0]
        merged = np.concatenate([keys, fresh[0]])
        order = np.argsort(merged, kind="stable")
        self._keys, self._numbers = merged[order], np.concatenate([numbers, fresh[1]])[order]
