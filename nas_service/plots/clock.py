"""Times as numbers since a start, in the unit that people would choose."""

from collections.abc import Sequence
from datetime import datetime

UNITS = (("h", 3600.0, 3 * 3600.0), ("min", 60.0, 3 * 60.0), ("s", 1.0, 0.0))
"""Name, seconds, and from how many seconds on it is used."""


def clock(start: datetime, times: Sequence[datetime]) -> tuple[str, list[float]]:
    """The unit, and each time since `start` in it; never negative."""
    elapsed_s = [max(0.0, (at - start).total_seconds()) for at in times]
    longest_s = max(elapsed_s, default=0.0)
    unit, size_s, _ = next(u for u in UNITS if longest_s >= u[2])
    return unit, [value / size_s for value in elapsed_s]
