"""The rule by which a search stops by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_service.domain.settled import gain, is_settled
from nas_service.domain.spec import SettledSpec

UP_DOWN = (True, False)
POINTS = st.lists(st.tuples(st.integers(0, 9).map(float), st.integers(0, 9).map(float)), min_size=4, max_size=20)


def test_the_gain_is_the_share_of_the_volume_that_the_last_ones_added() -> None:
    """Ranges 0 to 1 and 0 to 10, so the reference is (-0.1, 11): 0.1 x 11 alone, 1.1 x 1 + 0.1 x 10 with the last."""
    points = [(0.0, 0.0), (1.0, 10.0)]
    assert gain(points, UP_DOWN, last=1) == pytest.approx(1 / 2.1)


@given(POINTS, st.integers(1, 3))
def test_the_gain_is_a_share_and_grows_with_those_that_are_left_out(
    points: list[tuple[float, float]], last: int
) -> None:
    few, more = (gain(points, UP_DOWN, count) for count in (last, last + 1))
    assert 0 <= few <= more + 1e-12 <= 1 + 1e-12


def test_a_search_is_settled_once_as_many_again_have_added_nothing() -> None:
    rule = SettledSpec(candidates=3, gain=0.01)
    rising = [(0.1 * i, 1.0 + i) for i in range(6)]
    assert not is_settled(rising, UP_DOWN, rule)
    assert is_settled([*rising, *[(0.0, 9.0)] * 3], UP_DOWN, rule)


def test_the_first_few_do_not_settle_it() -> None:
    rule = SettledSpec(candidates=3, gain=0.5)
    assert not is_settled([(1.0, 1.0)] * 5, UP_DOWN, rule)
    assert is_settled([(1.0, 1.0)] * 6, UP_DOWN, rule)
