"""How far two rankings agree: Kendall's tau-b, with a bootstrap interval."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
CONFIDENCE = 0.9

Pairs = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Kendall's tau in [-1, 1], and the ends of its 90 % interval over the sample that it was measured on."""

    tau: float
    low: float
    high: float


def kendall_tau(pairs: Pairs) -> float | None:
    """Tau-b (Kendall, 1945) of the first values against the second, which counts ties for neither order; None where
    either are all equal."""
    first, second = (_signs(column) for column in np.asarray(pairs, dtype=np.float64).reshape(-1, 2).T)
    untied = math.sqrt(float(np.abs(first).sum()) * float(np.abs(second).sum()))
    return float((first * second).sum()) / untied if untied else None


def _signs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the difference of each with each, (n, n)."""
    return np.sign(values[:, None] - values[None, :])


def agreement(pairs: Pairs) -> Agreement | None:
    """Tau with the percentile interval of the bootstrap (Efron, 1979), the same at each call; None where tau is."""
    tau = kendall_tau(pairs)
    if tau is None:
        return None
    rng = random.Random(0)
    drawn = (kendall_tau(rng.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    taus = sorted(found for found in drawn if found is not None)
    outside = int((1 - CONFIDENCE) / 2 * len(taus))
    return Agreement(tau, taus[outside], taus[-1 - outside])
