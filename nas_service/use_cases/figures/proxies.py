"""What zero-cost proxies were worth in a search: how far each ranked its candidates as their trainings did."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nas_service.domain.agreement import kendall_tau
from nas_service.domain.entities import Search
from nas_service.domain.records import ProxyRecord
from nas_service.use_cases.ports import UnitOfWork

MOST = 1000
"""Candidates compared, the last ones: each with each other."""
LEAST = 5
"""With fewer an interval means nothing."""
Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one proxy with the accuracies after so many epochs."""

    proxy: str
    epochs: int
    count: int
    """Candidates compared."""
    tau: float
    low: float
    high: float


def agreements(uow: UnitOfWork, search: Search) -> list[Agreement]:
    """Each proxy, MACs and parameters, at each number of epochs after which at least `LEAST` accuracies are known."""
    return compare(uow.records.proxies(search.id, MOST))


def compare(records: Sequence[ProxyRecord]) -> list[Agreement]:
    """By epochs, then from the best tau down."""
    found = []
    for epochs in sorted({epochs for record in records for epochs in record.accuracies}):
        here = [record for record in records if epochs in record.accuracies]
        for proxy in sorted({name for record in here for name in record.scores}):
            pairs = [
                (r.scores[proxy], r.accuracies[epochs]) for r in here if math.isfinite(r.scores.get(proxy, math.nan))
            ]
            tau = kendall_tau(pairs) if len(pairs) >= LEAST else None
            if tau is not None:
                found.append(Agreement(proxy, epochs, len(pairs), tau, *interval(tau, len(pairs))))
    return sorted(found, key=lambda one: (one.epochs, -one.tau))


def interval(tau: float, count: int) -> tuple[float, float]:
    """The 95 % interval of tau over `count` pairs: Fisher's transform with the variance 0.437 / (n - 4) (Fieller,
    Hartley & Pearson, 1957)."""
    if abs(tau) >= 1:
        return tau, tau
    middle, half = math.atanh(tau), Z_95 * math.sqrt(0.437 / (count - 4))
    return math.tanh(middle - half), math.tanh(middle + half)
