"""A first estimate as it is, without any correction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from nas_service.latency.lookup import Lookup
from nas_service.latency.means import Additive
from nas_service.latency.networks import Networks
from nas_service.latency.parts import Parts
from nas_service.latency.terms import weights_of
from search_spaces.table import BlockTable, FloatArray


@dataclass(frozen=True, eq=False)
class Plain:
    """The simplest predictor, and often good enough to rank by."""

    mean: Additive
    _lookup: Lookup = field(default_factory=Lookup, repr=False)

    def predict(self, networks: Networks) -> FloatArray:
        """Latencies in ms, (n,)."""
        layers_ms, weights = networks.total(self._lookup(networks, self._of_blocks)).T
        latencies: FloatArray = layers_ms + self.mean.rest_ms(networks, weights)
        return latencies

    def blocks_ms(self, networks: Networks) -> FloatArray:
        """See `Predictor`."""
        found: FloatArray = self._lookup(networks, self._of_blocks)[:, 0]
        return found

    def doubt(self, networks: Networks) -> FloatArray:
        """See `fit.Predictor`: physical counts do not tell."""
        return np.zeros(len(networks))

    def _of_blocks(self, blocks: BlockTable) -> FloatArray:
        """Of blocks (b, 1): time and weights, (b, 2)."""
        parts = Parts.of(blocks, self.mean.vector)
        numbers = (self.mean.layers_ms(parts.layers), weights_of(parts.layers))
        return np.stack([parts.in_blocks(of_layer) for of_layer in numbers], axis=1)

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        return {"kind": "plain", "mean": self.mean.to_json()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(Additive.from_json(document["mean"]))
