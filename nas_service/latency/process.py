"""The model: a first estimate, corrected by Gaussian processes that are only ever seen through whole networks.

    latency(network) = sum over its layers of m(l) (1 + g(l))  +  rest  +  base h(network),   base = sum of m(l) + rest

m and rest are the estimate (`means`); g is by how much a layer is slower than that, alike for alike layers of one
operator; h is what layers do to each other, a function of a few numbers of the network. g and h are Gaussian
processes, so measured / base - 1 is Gaussian too, and fitting is one linear system (Rasmussen and Williams, 2006,
section 2.2). What comes out is a look-up table of layers in their context, though no layer was ever timed alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from nas_service.latency.arrays_json import packed, unpacked
from nas_service.latency.evidence import Evidence
from nas_service.latency.kernels import OFFSET, layer_features, likeness, operators_of, whole_features
from nas_service.latency.means import Additive, Mean
from nas_service.latency.networks import Networks
from nas_service.latency.parts import Parts
from search_spaces.table import FloatArray, IntArray

NOISES = (0.015, 0.025, 0.04)
"""Relative standard deviations that are tried, of the measurements and of what no layer explains."""
LAYER_SPREADS = (0.25, 0.5)
WHOLE_SPREADS = (0.05, 0.1)
LARGEST_NOISE = 0.2
"""Of one measurement, however wide its interval."""
LEAST = 0.1
"""Of the first estimate: no correction makes a latency zero or less."""
Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class Scales:
    """Relative standard deviations: of g beyond what its operator has in common, of h beyond its offset, of noise."""

    layer: float
    whole: float
    noise: float


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

    @classmethod
    def fit(cls, evidence: Evidence, mean: Mean) -> Self:
        """To measurements, with those scales that make them likeliest."""
        covariance = Covariance.of(Parts.of(evidence.networks, mean.vector), mean)
        excess = evidence.measured_ms / covariance.base_ms - 1
        own_noise = np.minimum(evidence.relative_error / Z_95, LARGEST_NOISE)
        tried = [Scales(layer, whole, n) for layer in LAYER_SPREADS for whole in WHOLE_SPREADS for n in NOISES]
        solved = [_solve(covariance, excess, own_noise, scales) for scales in tried]
        best = int(np.argmax([likelihood for _, likelihood in solved]))
        weights = solved[best][0]
        parts = covariance.parts
        layer_weights = np.zeros(len(parts.layers))
        for _, places in operators_of(parts.layers):
            layer_weights[places] = weights @ covariance.shares[:, places]
        return cls(mean, tried[best], parts.layers, layer_weights, covariance.wholes, weights)

    def predict(self, networks: Networks) -> FloatArray:
        """Latencies in ms, (n,)."""
        parts = Parts.of(networks, self.mean.vector)
        rest_ms = self.mean.rest_ms(parts)
        base_ms = parts.total(self.mean.layers_ms(parts)) + rest_ms
        alike = likeness(whole_features(parts, base_ms), self.wholes)
        whole = (self.scales.whole**2 * alike + OFFSET**2) @ self.whole_weights
        corrected = parts.total(self.layers_ms(parts)) + rest_ms + base_ms * whole
        latency: FloatArray = np.maximum(corrected, LEAST * base_ms)
        return latency

    def layers_ms(self, parts: Parts) -> FloatArray:
        """Corrected times of distinct layers, (u,)."""
        times: FloatArray = self.mean.layers_ms(parts) * np.maximum(1 + self._slowness(parts.layers), LEAST)
        return times

    def _slowness(self, layers: IntArray) -> FloatArray:
        """g of layers, (u,)."""
        found = np.zeros(len(layers))
        own = dict(operators_of(self.layers))
        asked, known = layer_features(layers), layer_features(self.layers)
        for code, places in operators_of(layers):
            if code in own:
                alike = likeness(asked[places], known[own[code]])
                found[places] = (self.scales.layer**2 * alike + OFFSET**2) @ self.layer_weights[own[code]]
        return found

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        scales = [self.scales.layer, self.scales.whole, self.scales.noise]
        arrays = {name: packed(getattr(self, name)) for name in ("layers", "layer_weights", "wholes", "whole_weights")}
        return {"kind": "process", "mean": self.mean.to_json(), "scales": scales, **arrays}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], mean: Mean) -> Self:
        """Read back what `to_json` wrote; `mean` is read by whoever knows its kind."""
        arrays = {name: unpacked(document[name]) for name in ("layer_weights", "wholes", "whole_weights")}
        return cls(mean, Scales(*document["scales"]), layers=unpacked(document["layers"]).astype(np.int64), **arrays)


@dataclass(frozen=True, eq=False)
class Covariance:
    """What of the covariance of networks does not depend on `Scales`."""

    parts: Parts
    base_ms: FloatArray
    shares: FloatArray
    """Of each network's base that each layer takes, (n, u)."""
    wholes: FloatArray
    alike_layers: FloatArray
    """(n, n), as the next."""
    common_layers: FloatArray
    alike_wholes: FloatArray

    @classmethod
    def of(cls, parts: Parts, mean: Mean) -> Self:
        """Of networks under a first estimate."""
        layers_ms = mean.layers_ms(parts)
        counts = parts.counts()
        base_ms = counts @ layers_ms + mean.rest_ms(parts)
        shares = counts * layers_ms / base_ms[:, None]
        features = layer_features(parts.layers)
        alike, common = np.zeros((len(base_ms),) * 2), np.zeros((len(base_ms),) * 2)
        for _, places in operators_of(parts.layers):
            of_operator = shares[:, places]
            alike += of_operator @ likeness(features[places], features[places]) @ of_operator.T
            total = of_operator.sum(axis=1)
            common += np.outer(total, total)
        wholes = whole_features(parts, base_ms)
        return cls(parts, base_ms, shares, wholes, alike, common, likeness(wholes, wholes))

    def under(self, scales: Scales) -> FloatArray:
        """(n, n), without noise."""
        layers = scales.layer**2 * self.alike_layers + OFFSET**2 * self.common_layers
        total: FloatArray = layers + scales.whole**2 * self.alike_wholes + OFFSET**2
        return total


def _solve(
    covariance: Covariance, excess: FloatArray, own_noise: FloatArray, scales: Scales
) -> tuple[FloatArray, float]:
    """The weights of the networks, and the logarithm of the likelihood but for a constant."""
    noise = scales.noise**2 + np.where(np.isfinite(own_noise), own_noise, LARGEST_NOISE) ** 2
    factor = cho_factor(covariance.under(scales) + np.diag(noise), lower=True)
    weights = cho_solve(factor, excess)
    return weights, float(-excess @ weights / 2 - np.log(np.diag(factor[0])).sum())


def first_estimate(evidence: Evidence, vectors: tuple[int, ...] = (4, 8, 16)) -> Additive:
    """The additive model of that vector width which fits best."""
    tried = [Additive.fit(Parts.of(evidence.networks, v), evidence.measured_ms, v) for v in vectors]
    return min(tried, key=lambda mean: mean.residual)
