"""How long to wait before asking again."""

import random

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
MAX_DOUBLINGS = 16


def pause_s(attempt: int, at_least_s: float = 0.0) -> float:
    """How long to wait after failed attempt 0, 1, ...: doubling, with jitter so that clients do not come in step."""
    longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempt, MAX_DOUBLINGS))
    return min(LONGEST_PAUSE_S, max(at_least_s, longest * random.uniform(0.5, 1.0)))
