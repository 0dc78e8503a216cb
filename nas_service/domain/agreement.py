"""How far two rankings agree: Kendall's tau-b, with a bootstrap interval."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

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
    """Tau-b (Kendall, 1945) of the first values against the second; None where either are all equal."""
    balance, first_differ, second_differ = 0, 0, 0
    for (a, b), (c, d) in combinations(pairs, 2):
        first, second = (a > c) - (a < c), (b > d) - (b < d)
        balance += first * second
        first_differ += first != 0
        second_differ += second != 0
    untied = first_differ * second_differ
    return balance / sqrt(untied) if untied else None


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
