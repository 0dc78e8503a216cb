"""A first estimate as it is, without any correction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from nas_service.latency.means import Additive
from nas_service.latency.networks import Networks
from nas_service.latency.parts import Parts
from search_spaces.table import FloatArray


@dataclass(frozen=True, eq=False)
class Plain:
    """The simplest predictor, and often good enough to rank by."""

    mean: Additive

    def predict(self, networks: Networks) -> FloatArray:
        """Latencies in ms, (n,)."""
        parts = Parts.of(networks, self.mean.vector)
        return parts.total(self.mean.layers_ms(parts)) + self.mean.rest_ms(parts)

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        return {"kind": "plain", "mean": self.mean.to_json()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(Additive.from_json(document["mean"]))
