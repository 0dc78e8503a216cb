"""Another target's predictor as a first estimate: each operator is faster or slower there by a factor of its own.

A dozen factors are learned from ten networks where the hundreds of coefficients of a first estimate need a hundred.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.optimize import nnls

from nas_service.latency.evidence import Evidence
from nas_service.latency.layers import OPERATOR, Operator
from nas_service.latency.parts import Parts
from nas_service.latency.process import Process
from search_spaces.table import FloatArray

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
        parts = Parts.of(evidence.networks, source.mean.vector)
        columns = _times(source, parts) / evidence.measured_ms[:, None]
        common = 1 / float(np.median(columns.sum(axis=1)))
        count = columns.shape[1]
        system = np.vstack([columns * common, DRAW * np.eye(count)])
        found, _ = nnls(system, np.concatenate([np.ones(len(columns)), np.full(count, DRAW)]), maxiter=30 * count)
        return cls(source, found * common)

    @property
    def vector(self) -> int:
        """See `Mean`."""
        return self.source.mean.vector

    def layers_ms(self, parts: Parts) -> FloatArray:
        """See `Mean`."""
        found: FloatArray = self.source.layers_ms(parts) * self.factors[parts.layers[:, OPERATOR]]
        return found

    def rest_ms(self, parts: Parts) -> FloatArray:
        """See `Mean`."""
        return self.source.mean.rest_ms(parts) * float(self.factors[-1])

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        return {"kind": "rescaled", "source": self.source.to_json(), "factors": self.factors.tolist()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], source: Process) -> Self:
        """Read back what `to_json` wrote; the source is read by whoever knows its kind."""
        return cls(source, np.array(document["factors"]))


def _times(source: Process, parts: Parts) -> FloatArray:
    """What the source's target takes for each operator and for the rest, (n, operators + 1)."""
    layers_ms, operator = source.layers_ms(parts), parts.layers[:, OPERATOR]
    of_operator = [parts.total(np.where(operator == code, layers_ms, 0.0)) for code in Operator]
    return np.stack([*of_operator, source.mean.rest_ms(parts)], axis=1)
