"""A device that does not exist, whose latencies follow from layers and have what makes real ones hard to predict."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

import search_spaces
from nas_service.latency.evidence import Evidence
from nas_service.latency.layers import KERNEL, OPERATOR, OUT, Operator
from nas_service.latency.networks import Networks, networks_of
from nas_service.latency.parts import Parts
from nas_service.latency.terms import macs_of
from search_spaces import NetworkInput, SearchSpace
from search_spaces.table import FloatArray

DATA = NetworkInput(3, 10)
Latency = Callable[[Networks], FloatArray]


@dataclass(frozen=True)
class Bench:
    """Random networks of a space."""

    space: SearchSpace

    def networks(self, count: int, seed: int = 0) -> Networks:
        rows = self.space.to_indices(self.space.sample(np.random.default_rng(seed), count))
        return networks_of(self.space, rows, DATA, (32, 32))

    def evidence(self, count: int, latency: Latency, noise: float = 0.0, seed: int = 0) -> Evidence:
        networks = self.networks(count, seed)
        spread = np.random.default_rng(seed + 1).normal(1, noise, count)
        return Evidence(networks, latency(networks) * spread, np.full(count, 1.96 * noise))


def uneven(networks: Networks) -> FloatArray:
    """Milliseconds: a time a call and by arithmetic, but wide kernels are dear and odd channel counts dearer."""
    parts = Parts.of(networks.blocks, 16)
    layers = parts.layers
    odd = np.where(layers[:, OUT] % 16 != 0, 1.4, 1.0)
    wide = 1 + 0.1 * (layers[:, KERNEL] - 1) * (layers[:, OPERATOR] == Operator.DEPTHWISE)
    return networks.total(parts.in_blocks(0.002 + macs_of(layers) / 2e7 * odd * wide))


@pytest.fixture(scope="session")
def bench() -> Bench:
    return Bench(search_spaces.get("mobilenet", "small"))
