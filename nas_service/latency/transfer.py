"""Another target's predictor as a first estimate: each operator is faster or slower there by a factor of its own.

A dozen factors are learned from ten networks where the hundreds of coefficients of a first estimate need a hundred.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from nas_service.latency.evidence import Evidence
from nas_service.latency.layers import OPERATOR, Operator
from nas_service.latency.networks import Networks
from nas_service.latency.parts import Parts
from nas_service.latency.process import Process
from nas_service.latency.solvers import nnls
from nas_service.latency.terms import weights_of
from search_spaces.table import FloatArray, IntArray

DRAW = 0.3
"""Weight of a unit of deviation from the common factor, where a network's relative error weighs 1."""


@dataclass(frozen=True, eq=False)
class Rescaled:
    """Implements `means.Mean`."""

    source: Process
    factors: FloatArray
    """One an operator, and one for the rest."""

    @classmethod
    def fit(cls, evidence: Evidence, source: Process) -> Self:
        """To measurements on the new target."""
        columns = _times(source, evidence.networks) / evidence.measured_ms[:, None]
        common = 1 / float(np.median(columns.sum(axis=1)))
        count = columns.shape[1]
        system = np.vstack([columns * common, DRAW * np.eye(count)])
        found = nnls(system, np.concatenate([np.ones(len(columns)), np.full(count, DRAW)]), maxiter=30 * count)
        return cls(source, found * common)

    @property
    def vector(self) -> int:
        """See `Mean`."""
        return self.source.mean.vector

    def layers_ms(self, layers: IntArray) -> FloatArray:
        """See `Mean`."""
        found: FloatArray = self.source.layers_ms(layers) * self.factors[layers[:, OPERATOR]]
        return found

    def rest_ms(self, networks: Networks, weights: FloatArray) -> FloatArray:
        """See `Mean`."""
        return self.source.mean.rest_ms(networks, weights) * float(self.factors[-1])

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        return {"kind": "rescaled", "source": self.source.to_json(), "factors": self.factors.tolist()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], source: Process) -> Self:
        """Read back what `to_json` wrote; the source is read by whoever knows its kind."""
        return cls(source, np.array(document["factors"]))


def _times(source: Process, networks: Networks) -> FloatArray:
    """What the source's target takes for each operator and for the rest, (n, operators + 1)."""
    parts = Parts.of(networks.blocks, source.mean.vector)
    counts, operator = parts.in_networks(networks), parts.layers[:, OPERATOR]
    of_layers = counts * source.layers_ms(parts.layers)
    of_operator = [of_layers[:, operator == code].sum(axis=1) for code in Operator]
    return np.stack([*of_operator, source.mean.rest_ms(networks, counts @ weights_of(parts.layers))], axis=1)
