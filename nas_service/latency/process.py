"""The model: a first estimate, corrected by Gaussian processes that are only ever seen through whole networks.

    latency(network) = sum over its layers of m(l) (1 + g(l))  +  rest  +  base h(network),   base = sum of m(l) + rest

m and rest are the estimate (`means`); g is by how much a layer is slower than that, alike for alike layers of one
operator; h is what layers do to each other, a function of a few numbers of the network. g and h are Gaussian
processes, so measured / base - 1 is Gaussian too, and fitting is one linear system (Rasmussen and Williams, 2006,
section 2.2). What comes out is a look-up table of layers in their context, though no layer was ever timed alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from itertools import product
from typing import Any, Self

import numpy as np

from nas_service.latency.arrays_json import packed, unpacked
from nas_service.latency.evidence import Evidence
from nas_service.latency.kernels import OFFSET, WHOLE_OFFSET, layer_features, likeness, operators_of, whole_features
from nas_service.latency.lookup import Lookup
from nas_service.latency.means import Mean
from nas_service.latency.networks import Networks
from nas_service.latency.parts import Parts
from nas_service.latency.solvers import Cholesky
from nas_service.latency.terms import macs_of, weights_of
from search_spaces.table import BlockTable, FloatArray, IntArray

NOISES = (0.01, 0.02, 0.035, 0.05)
"""Relative standard deviations that are tried, of the measurements and of what no layer explains."""
LAYER_SPREADS = (0.25, 0.5, 0.9)
WHOLE_SPREADS = (0.03, 0.07)
LENGTHS = (0.7, 1.0, 1.5)
LARGEST_NOISE = 0.2
"""Of one measurement, however wide its interval."""
LEAST = 0.1
"""Of the first estimate: no correction makes a latency zero or less."""
Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class Scales:
    """What a fit does not solve for: relative standard deviations, and a length.

    layer: of g beyond what its operator has in common. whole: of h beyond its offset. length: by what factor unlike
    layers and networks still tell something of each other, above what `kernels` gives.
    """

    layer: float
    whole: float
    noise: float
    length: float = 1.0


TRIED = tuple(Scales(*of) for of in product(LAYER_SPREADS, WHOLE_SPREADS, NOISES, LENGTHS))


@dataclass(frozen=True, eq=False)
class Process:
    """A fitted model. Predicts by weights on the layers and networks that it was fitted on."""

    mean: Mean
    scales: Scales
    layers: IntArray
    layer_weights: FloatArray
    """(u,)."""
    wholes: FloatArray
    """Features (n, w)."""
    whole_weights: FloatArray
    """(n,)."""

    _lookup: Lookup = field(default_factory=Lookup, repr=False)

    @classmethod
    def fit(cls, evidence: Evidence, mean: Mean, tried: Sequence[Scales] = TRIED) -> Self:
        """To measurements, with those scales that make them likeliest."""
        return cls.likeliest(evidence, [mean], tried)

    @classmethod
    def likeliest(cls, evidence: Evidence, means: Sequence[Mean], tried: Sequence[Scales] = TRIED) -> Self:
        """To measurements, on that first estimate and with those scales that make them likeliest."""
        own_noise = np.minimum(evidence.relative_error / Z_95, LARGEST_NOISE)
        best: Self | None = None
        highest = -np.inf
        for mean, length in product(means, sorted({scales.length for scales in tried})):
            covariance = Covariance.of(evidence.networks, mean, length)
            excess = evidence.measured_ms / covariance.base_ms - 1
            of_times = np.log(covariance.base_ms).sum()  # likelihoods of the times compare, those of excesses do not
            for scales in (scales for scales in tried if scales.length == length):
                weights, of_excess = _solve(covariance, excess, own_noise, scales)
                if of_excess - of_times > highest:
                    seen = covariance.shares.any(axis=0)
                    layers, layer_weights = covariance.layers[seen], weights @ covariance.shares[:, seen]
                    best = cls(mean, scales, layers, layer_weights, covariance.wholes, weights)
                    highest = of_excess - of_times
        assert best is not None
        return best

    def predict(self, networks: Networks) -> FloatArray:
        """Latencies in ms, (n,)."""
        layers_ms, first_ms, weights, macs, _ = networks.total(self._lookup(networks, self._of_blocks)).T
        rest_ms = self.mean.rest_ms(networks, weights)
        base_ms = first_ms + rest_ms
        length = np.float32(self.scales.length)
        # In single precision: of all that is done for a network this takes the longest.
        wholes = whole_features(networks, base_ms, weights, macs).astype(np.float32)
        alike = likeness(wholes / length, self.wholes.astype(np.float32) / length)
        whole = alike @ (self.scales.whole**2 * self.whole_weights) + WHOLE_OFFSET**2 * self.whole_weights.sum()
        latency: FloatArray = np.maximum(layers_ms + rest_ms + base_ms * whole, LEAST * base_ms)
        return latency

    def blocks_ms(self, networks: Networks) -> FloatArray:
        """See `Predictor`."""
        found: FloatArray = self._lookup(networks, self._of_blocks)[:, 0]
        return found

    def doubt(self, networks: Networks) -> FloatArray:
        """See `fit.Predictor`: by how much its layers could be slower for all that is known, as a share of its time."""
        _, first_ms, weights, _, unknown_ms = networks.total(self._lookup(networks, self._of_blocks)).T
        doubt: FloatArray = self.scales.layer * unknown_ms / (first_ms + self.mean.rest_ms(networks, weights))
        return doubt

    def _of_blocks(self, blocks: BlockTable) -> FloatArray:
        """Of blocks (b, 1): time, first estimate, weights, multiply-accumulates, time of what is unknown, (b, 5)."""
        parts = Parts.of(blocks, self.mean.vector)
        first_ms = self.mean.layers_ms(parts.layers)
        slowness, strangeness = self._compared(parts.layers)
        times_ms = first_ms * np.maximum(1 + slowness, LEAST)
        counts = (weights_of(parts.layers), macs_of(parts.layers))
        numbers = (times_ms, first_ms, *counts, first_ms * strangeness)
        return np.stack([parts.in_blocks(of_layer) for of_layer in numbers], axis=1)

    def layers_ms(self, layers: IntArray) -> FloatArray:
        """Corrected times of layers (u, 10), (u,)."""
        times: FloatArray = self.mean.layers_ms(layers) * np.maximum(1 + self._compared(layers)[0], LEAST)
        return times

    def _compared(self, layers: IntArray) -> tuple[FloatArray, FloatArray]:
        """g of layers, (u,), and how unlike they are to every layer that was measured: from 0 to 1, (u,)."""
        slowness, strangeness = np.zeros(len(layers)), np.ones(len(layers))
        own = dict(operators_of(self.layers))
        asked, known = (layer_features(some) / self.scales.length for some in (layers, self.layers))
        for code, places in operators_of(layers):
            if code in own:
                alike = likeness(asked[places], known[own[code]])
                slowness[places] = (self.scales.layer**2 * alike + OFFSET**2) @ self.layer_weights[own[code]]
                strangeness[places] = np.sqrt(1 - alike.max(axis=1) ** 2)
        return slowness, strangeness

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        scales = list(astuple(self.scales))
        arrays = {name: packed(getattr(self, name)) for name in ("layers", "layer_weights", "wholes", "whole_weights")}
        return {"kind": "process", "mean": self.mean.to_json(), "scales": scales, **arrays}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], mean: Mean) -> Self:
        """Read back what `to_json` wrote; `mean` is read by whoever knows its kind."""
        layers = unpacked(document["layers"]).astype(np.int64)
        layer_weights, wholes, weights = (unpacked(document[n]) for n in ("layer_weights", "wholes", "whole_weights"))
        return cls(mean, Scales(*document["scales"]), layers, layer_weights, wholes, weights)


@dataclass(frozen=True, eq=False)
class Covariance:
    """What of the covariance of networks depends on no other scale than the length."""

    layers: IntArray
    base_ms: FloatArray
    shares: FloatArray
    """Of each network's base that each layer takes, (n, u)."""
    wholes: FloatArray
    alike_layers: FloatArray
    """(n, n), as the next."""
    common_layers: FloatArray
    alike_wholes: FloatArray

    @classmethod
    def of(cls, networks: Networks, mean: Mean, length: float) -> Self:
        """Of networks under a first estimate; `length` as in `Scales`."""
        parts = Parts.of(networks.blocks, mean.vector)
        counts, layers = parts.in_networks(networks), parts.layers
        layers_ms, weights, macs = mean.layers_ms(layers), counts @ weights_of(layers), counts @ macs_of(layers)
        base_ms = counts @ layers_ms + mean.rest_ms(networks, weights)
        shares = counts * layers_ms / base_ms[:, None]
        features = layer_features(layers) / length
        alike, common = np.zeros((len(base_ms),) * 2), np.zeros((len(base_ms),) * 2)
        for _, places in operators_of(layers):
            of_operator = shares[:, places]
            alike += of_operator @ likeness(features[places], features[places]) @ of_operator.T
            total = of_operator.sum(axis=1)
            common += np.outer(total, total)
        wholes = whole_features(networks, base_ms, weights, macs)
        return cls(layers, base_ms, shares, wholes, alike, common, likeness(wholes / length, wholes / length))

    def under(self, scales: Scales) -> FloatArray:
        """(n, n), without noise."""
        layers = scales.layer**2 * self.alike_layers + OFFSET**2 * self.common_layers
        total: FloatArray = layers + scales.whole**2 * self.alike_wholes + WHOLE_OFFSET**2
        return total


def _solve(
    covariance: Covariance, excess: FloatArray, own_noise: FloatArray, scales: Scales
) -> tuple[FloatArray, float]:
    """The weights of the networks, and the logarithm of the likelihood but for a constant."""
    noise = scales.noise**2 + np.where(np.isfinite(own_noise), own_noise, LARGEST_NOISE) ** 2
    factor = Cholesky.of(covariance.under(scales) + np.diag(noise))
    weights = factor.solve(excess)
    return weights, float(-excess @ weights / 2) - factor.half_log_determinant
