"""First estimates, linear in counts: every layer takes a time, and a network the sum of them and something on top.

Coefficients are never negative (Lawson and Hanson, 1974), and fitted to relative errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np

from nas_service.latency.evidence import Evidence
from nas_service.latency.layers import OPERATOR, Operator
from nas_service.latency.networks import Networks
from nas_service.latency.parts import Parts
from nas_service.latency.solvers import nnls
from nas_service.latency.terms import terms_of, weights_of, whole_terms
from search_spaces.table import FloatArray, IntArray

VECTORS = (4, 8, 16, 32, 64)
"""Channels at once, from those of a phone's vectors to the int8 tiles of a server."""
DRAW = 0.06
"""Weight of a unit of deviation from the common coefficient, where a network's relative error weighs 1."""
WHOLE_SHARE = 0.1
WHOLE_DRAW = 0.05
"""Towards 0, per `WHOLE_SHARE` of the networks' time: what can be said of layers is not said of whole networks."""
LEAST_SHARE = 0.02
"""Of a network's time, at least, for what a term stands for: no factor leads back from nothing."""


class Mean(Protocol):
    """A first estimate."""

    @property
    def vector(self) -> int:
        """Channels that the processor takes at once."""
        ...

    def layers_ms(self, layers: IntArray) -> FloatArray:
        """Time of each layer (u, 10), (u,)."""
        ...

    def rest_ms(self, networks: Networks, weights: FloatArray) -> FloatArray:
        """What each network, with so many weights (n,), takes on top of its layers, (n,)."""
        ...

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        ...


@dataclass(frozen=True, eq=False)
class Additive:
    """From physical counts. Each operator has its own coefficients, drawn towards those that suit all of them."""

    vector: int
    of_layers: FloatArray
    """(operators, terms), ms a count."""
    of_whole: FloatArray
    """(terms,), ms a count."""
    residual: float
    """Mean relative error on the networks that it was fitted on."""

    @classmethod
    def fit(cls, evidence: Evidence, vector: int) -> Self:
        """To measurements."""
        networks, measured_ms = evidence.networks, evidence.measured_ms
        parts = Parts.of(networks.blocks, vector)
        terms, operator = terms_of(parts.layers, vector), parts.layers[:, OPERATOR]
        counts = parts.in_networks(networks)
        sums = np.stack(
            [counts[:, operator == code] @ terms[operator == code] for code in range(len(Operator))], axis=1
        )
        sums /= measured_ms[:, None, None]
        common = _common(sums.sum(axis=1))
        free = (sums * common).reshape(len(measured_ms), -1)
        whole = whole_terms(networks, counts @ weights_of(parts.layers)) / measured_ms[:, None]
        scale = WHOLE_SHARE / np.maximum(whole.mean(axis=0), 1e-30)
        used = np.flatnonzero(free.max(axis=0) > 0)
        found = _drawn_nnls(free[:, used], whole * scale)
        factors = np.ones(free.shape[1])
        factors[used] = found[: len(used)]
        of_layers = factors.reshape(sums.shape[1:]) * common
        fitted = np.concatenate([free[:, used], whole * scale], axis=1) @ found
        return cls(vector, of_layers, found[len(used) :] * scale, float(np.abs(fitted - 1).mean()))

    def layers_ms(self, layers: IntArray) -> FloatArray:
        """See `Mean`."""
        found: FloatArray = (terms_of(layers, self.vector) * self.of_layers[layers[:, OPERATOR]]).sum(axis=1)
        return found

    def rest_ms(self, networks: Networks, weights: FloatArray) -> FloatArray:
        """See `Mean`."""
        found: FloatArray = whole_terms(networks, weights) @ self.of_whole
        return found

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        of = {"of_layers": self.of_layers.tolist(), "of_whole": self.of_whole.tolist(), "residual": self.residual}
        return {"kind": "additive", "vector": self.vector, **of}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        of_layers, of_whole = np.array(document["of_layers"]), np.array(document["of_whole"])
        return cls(document["vector"], of_layers, of_whole, document["residual"])


def _common(sums: FloatArray) -> FloatArray:
    """One coefficient a term for all operators, of terms (n, t) over measured times."""
    scale = np.maximum(sums.mean(axis=0), 1e-30)
    found = nnls(sums / scale, np.ones(len(sums)))
    common: FloatArray = np.maximum(found, LEAST_SHARE / len(scale)) / scale
    return common


def _drawn_nnls(free: FloatArray, whole: FloatArray) -> FloatArray:
    """Factors of both that make their sums 1: of `free` drawn towards 1, of `whole` towards 0."""
    count, more = free.shape[1], whole.shape[1]
    system = np.block(
        [
            [free, whole],
            [DRAW * np.eye(count), np.zeros((count, more))],
            [np.zeros((more, count)), WHOLE_DRAW * np.eye(more)],
        ]
    )
    wanted = np.concatenate([np.ones(len(free)), np.full(count, DRAW), np.zeros(more)])
    return nnls(system, wanted, maxiter=30 * (count + more))


def estimates(evidence: Evidence) -> list[Additive]:
    """The additive model of each width."""
    return [Additive.fit(evidence, vector) for vector in VECTORS]


def first_estimate(evidence: Evidence) -> Additive:
    """The additive model of that width which fits best."""
    return min(estimates(evidence), key=lambda mean: mean.residual)
