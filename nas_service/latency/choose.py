"""Which networks to measure next: those whose measurement leaves the least doubt about all others."""

import numpy as np

from nas_service.latency.evidence import Evidence
from nas_service.latency.means import first_estimate
from nas_service.latency.networks import Networks
from nas_service.latency.process import Covariance, Scales
from nas_service.latency.solvers import Cholesky
from search_spaces.table import FloatArray, IntArray

SCALES = Scales(layer=0.5, whole=0.07, noise=0.02)
"""What doubt depends on before anything but a first estimate was fitted; those that fits choose most often."""


def most_informative(known: Evidence, pool: Networks, count: int) -> IntArray:
    """Places of `count` networks of the pool, chosen one after the other.

    Each is the one that lowers the summed relative variance over the whole pool the most (active learning by
    expected variance; Cohn, 1996). What a measurement will say does not matter for that, so a batch needs none.
    `known` and `pool` must come from one call of `networks_of`, that is have the same distinct blocks.
    """
    mean = first_estimate(known)
    both = Networks(
        pool.blocks,
        pool.keys,
        np.concatenate([known.networks.places, pool.places]),
        np.concatenate([known.networks.resized, pool.resized]),
    )
    doubt = _posterior(Covariance.of(both, mean, SCALES.length).under(SCALES), len(known))
    noise = SCALES.noise**2
    chosen: list[int] = []
    for _ in range(min(count, len(pool))):
        gain = (doubt**2).sum(axis=0) / (np.diag(doubt) + noise)
        gain[chosen] = -1.0
        best = int(np.argmax(gain))
        chosen.append(best)
        doubt = doubt - np.outer(doubt[best], doubt[best]) / (doubt[best, best] + noise)
    return np.array(chosen, dtype=np.int64)


def _posterior(covariance: FloatArray, known: int) -> FloatArray:
    """Of all but the first `known`, given those."""
    factor = Cholesky.of(covariance[:known, :known] + SCALES.noise**2 * np.eye(known))
    across = covariance[known:, :known]
    left: FloatArray = covariance[known:, known:] - across @ factor.solve(across.T)
    return left
