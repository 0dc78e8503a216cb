"""How long a client waits before it asks again."""

from hypothesis import given
from hypothesis import strategies as st

from nas_service.client.pauses import LONGEST_PAUSE_S, pause_s


@given(st.integers(0, 2000), st.floats(0, 1000))
def test_a_pause_is_as_long_as_asked_for_but_never_endless(attempt: int, at_least_s: float) -> None:
    assert min(at_least_s, LONGEST_PAUSE_S) <= pause_s(attempt, at_least_s) <= LONGEST_PAUSE_S


def test_pauses_grow_until_the_longest() -> None:
    # Jitter takes at most half away, so every second pause is longer for certain.
    pauses = [pause_s(attempt) for attempt in range(0, 6, 2)]
    assert pauses == sorted(pauses)
    assert pause_s(50) >= LONGEST_PAUSE_S / 2
