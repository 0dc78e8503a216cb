"""What happened how often and how long it took, counted in the transaction in which it happened.

So a count is exact whatever dies, and any process can say what all of them did: docs/decisions/0016.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf


class Tally(StrEnum):
    """What is counted."""

    WORK_DURATION = "work_duration"
    """Of attempts at work items in seconds, by kind and outcome."""
    LEASE_EXPIRED = "lease_expired"
    """Work taken back from workers that were not heard of any more, by kind."""
    RESULT_REFUSED = "result_refused"
    """Results that came after their lease was lost, by kind."""
    CANDIDATE_ENDED = "candidate_ended"
    """Candidates by the status in which they ended."""


DURATION_BOUNDS_S = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0, 30_000.0, inf)
"""Upper bounds, from the timing of a small network to a day of training."""


@dataclass(frozen=True, slots=True, order=True)
class TallyKey:
    """What a tally is kept for."""

    tally: Tally
    labels: tuple[str, ...]
    bound: float = inf
    """What was observed is at most this, and above the bound before it."""


@dataclass(slots=True)
class Tallied:
    """A number of observations and their sum."""

    count: int = 0
    total: float = 0.0


@dataclass(slots=True)
class Tallies:
    """Collected while a transaction runs, stored at its end, dropped with it where it is rolled back."""

    found: dict[TallyKey, Tallied] = field(default_factory=dict)

    def count(self, tally: Tally, *labels: str) -> None:
        """It happened once."""
        self._add(TallyKey(tally, labels), 0.0)

    def observe(self, tally: Tally, value: float, *labels: str) -> None:
        """It happened once and took `value` seconds."""
        bound = DURATION_BOUNDS_S[bisect_left(DURATION_BOUNDS_S, value)]
        self._add(TallyKey(tally, labels, bound), value)

    def _add(self, key: TallyKey, value: float) -> None:
        tallied = self.found.setdefault(key, Tallied())
        tallied.count += 1
        tallied.total += value
