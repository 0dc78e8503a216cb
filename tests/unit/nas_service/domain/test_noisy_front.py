"""Fronts under noise: probabilities against what can be worked out by hand, certainty against brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from nas_service.domain.estimates import Z_95, Interval
from nas_service.domain.noisy_front import NoisyFront

NEAR = 0.035
"""Three standard errors of a probability."""


def noisy(*rows: tuple[tuple[float, float], ...], maximize: tuple[bool, ...] = (True, False)) -> NoisyFront:
    """Of (value, standard deviation) an objective."""
    points = [tuple(value for value, _ in row) for row in rows]
    intervals = [tuple((v - Z_95 * sd, v + Z_95 * sd) for v, sd in row) for row in rows]
    return NoisyFront.of(points, intervals, maximize)


def test_without_errors_the_probability_is_one_or_nothing() -> None:
    front = noisy(((0.9, 0.0), (1.0, 0.0)), ((0.8, 0.0), (0.5, 0.0)), ((0.8, 0.0), (1.5, 0.0)))
    assert front.chances().tolist() == [1.0, 1.0, 0.0]
    assert front.members().tolist() == [True, True, False]
    assert front.surely_dominated().tolist() == [False, False, True]


def test_equal_exact_candidates_are_both_on_the_front_and_no_rivals() -> None:
    front = noisy(((0.9, 0.0), (1.0, 0.0)), ((0.9, 0.0), (1.0, 0.0)))
    assert front.chances().tolist() == [1.0, 1.0]
    assert front.rivals(0).size == 0


@pytest.mark.parametrize("gap", [0.0, 0.5, 1.0, 2.0])
def test_of_two_with_one_error_the_probability_is_that_of_the_normal_distribution(gap: float) -> None:
    """The same accuracy, exactly; latencies `gap` apart with standard deviations of 1 each."""
    front = noisy(((0.9, 0.0), (10.0, 1.0)), ((0.9, 0.0), (10.0 + gap, 1.0)))
    expected = float(ndtr(gap / np.sqrt(2)))
    assert front.chances() == pytest.approx([expected, 1 - expected], abs=NEAR)


def test_to_be_dominated_one_has_to_be_worse_in_both() -> None:
    """Equal in both, each with an error in both: the other dominates with a probability of a quarter."""
    row = ((0.9, 0.01), (10.0, 1.0))
    assert noisy(row, row).chances() == pytest.approx([0.75, 0.75], abs=NEAR)


def test_many_may_take_a_place_that_none_of_them_would_take_alone() -> None:
    """Each of nine equal ones is the fastest with a probability of one in nine."""
    front = noisy(*[((0.9, 0.0), (10.0, 1.0))] * 9)
    assert front.chances() == pytest.approx([1 / 9] * 9, abs=NEAR)


def test_an_interval_may_be_lopsided() -> None:
    """An accuracy of 100 % can only be too high: the other one, exact, is reached half of the time or never."""
    perfect, other = (1.0, 1.0), (1.0, 2.0)
    front = NoisyFront.of([perfect, other], [((0.9, 1.0), None), (None, None)], (True, False))
    assert front.chances() == pytest.approx([1.0, 0.5], abs=NEAR)


def test_the_same_numbers_give_the_same_probabilities() -> None:
    rows = [((0.9 + i / 100, 0.01), (10.0 + i / 3, 1.0)) for i in range(20)]
    assert noisy(*rows).chances().tolist() == noisy(*rows).chances().tolist()


SMALL = st.integers(0, 4).map(float)
SPREAD = st.integers(0, 2).map(float)


def cases(width: int) -> st.SearchStrategy[list[tuple[tuple[float, ...], tuple[Interval, ...]]]]:
    value = st.tuples(SMALL, SPREAD, SPREAD).map(lambda v: (v[0], (v[0] - v[1], v[0] + v[2])))
    row = st.tuples(*[value] * width).map(lambda cells: (tuple(v for v, _ in cells), tuple(i for _, i in cells)))
    return st.lists(row, min_size=1, max_size=7)


@given(st.integers(1, 3).flatmap(lambda n: st.tuples(cases(n), st.tuples(*[st.booleans()] * n))))
def test_what_is_certain_holds_at_every_corner_of_the_intervals_and_nothing_else_does(
    case: tuple[list[tuple[tuple[float, ...], tuple[Interval, ...]]], tuple[bool, ...]],
) -> None:
    rows, maximize = case
    front = NoisyFront.of([point for point, _ in rows], [intervals for _, intervals in rows], maximize)
    corners = [list(itertools.product(*intervals)) for _, intervals in rows]

    def dominates(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
        no_worse = all(x >= y if up else x <= y for x, y, up in zip(a, b, maximize, strict=True))
        return no_worse and a != b

    others = [[j for j in range(len(rows)) if j != i] for i in range(len(rows))]
    surely = [
        any(all(dominates(a, b) for a in corners[j] for b in corners[i]) for j in others[i]) for i in range(len(rows))
    ]
    rivals = [
        [j for j in others[i] if any(dominates(a, b) for a in corners[j] for b in corners[i])] for i in range(len(rows))
    ]
    assert front.surely_dominated().tolist() == surely
    assert [front.rivals(i).tolist() for i in range(len(rows))] == rivals


@given(st.integers(2, 3).flatmap(cases))
def test_who_has_no_rival_far_beyond_its_interval_is_on_the_front_for_sure(
    rows: list[tuple[tuple[float, ...], tuple[Interval, ...]]],
) -> None:
    maximize = (False,) * len(rows[0][0])
    front = NoisyFront.of([point for point, _ in rows], [intervals for _, intervals in rows], maximize)
    chances = front.chances()
    assert ((chances >= 0) & (chances <= 1)).all()
    assert chances.max() > 0
    wide = NoisyFront(
        front.value, front.value + 3 * (front.best - front.value), front.value + 3 * (front.worst - front.value)
    )
    for i in range(len(rows)):
        if not wide.rivals(i).size:
            assert chances[i] == 1.0
        if wide.surely_dominated()[i]:
            assert chances[i] == 0.0


def test_of_a_crowd_in_doubt_fewer_draws_still_tell_the_first_from_the_last() -> None:
    rng = np.random.default_rng(0)
    rows = [((0.5, 0.2), (10.0 + float(ms), 5.0)) for ms in rng.uniform(0, 10, 3000)]
    chances = noisy(*rows).chances()
    order = np.argsort([ms for _, (ms, _) in rows])
    assert chances[order[:1000]].mean() > 2 * chances[order[-1000:]].mean()


def test_of_no_candidates_there_is_no_front() -> None:
    assert NoisyFront.of([], [], (True, False)).chances().size == 0
