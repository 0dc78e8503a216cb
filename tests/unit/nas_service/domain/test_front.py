"""Non-dominated sets and hypervolumes against brute force."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_service.domain.front import non_dominated, reference_point, spread
from nas_service.domain.hypervolume import hypervolume

GRID = st.integers(0, 5).map(float)


def points(width: int, max_size: int = 12) -> st.SearchStrategy[list[tuple[float, ...]]]:
    return st.lists(st.tuples(*[GRID] * width), min_size=1, max_size=max_size)


def better(a: tuple[float, ...], b: tuple[float, ...], maximize: tuple[bool, ...]) -> bool:
    no_worse = all(x >= y if up else x <= y for x, y, up in zip(a, b, maximize, strict=True))
    return no_worse and a != b


@given(st.integers(1, 4).flatmap(lambda n: st.tuples(points(n), st.tuples(*[st.booleans()] * n))))
def test_the_front_is_what_nothing_dominates(case: tuple[list[tuple[float, ...]], tuple[bool, ...]]) -> None:
    found, maximize = case
    expected = [i for i, p in enumerate(found) if not any(better(q, p, maximize) for q in found)]
    assert non_dominated(found, maximize) == expected


@given(st.integers(1, 4).flatmap(points))
def test_the_hypervolume_counts_the_cells_that_are_dominated(found: list[tuple[float, ...]]) -> None:
    width = len(found[0])
    cells = itertools.product(range(6), repeat=width)
    dominated = sum(any(all(p[i] <= c[i] for i in range(width)) for p in found) for c in cells)
    assert hypervolume(found, (6.0,) * width, [False] * width) == pytest.approx(dominated)


@pytest.mark.parametrize("width", [2, 3, 4])
def test_of_a_large_front_nothing_is_lost_and_what_lies_behind_it_is_not_on_it(width: int) -> None:
    rng = np.random.default_rng(0)
    on = rng.uniform(0.1, 1, (300, width))
    on /= np.linalg.norm(on, axis=1, keepdims=True)
    both = np.concatenate([-on, -0.9 * on])
    behind = [bool((-on <= row).all(axis=1).any()) for row in -0.9 * on]
    expected = [*range(300), *(300 + i for i, is_behind in enumerate(behind) if not is_behind)]
    assert non_dominated([tuple(row) for row in both.tolist()], (False,) * width) == expected


@given(points(2))
def test_maximizing_is_minimizing_mirrored(found: list[tuple[float, ...]]) -> None:
    mirrored = [(5 - a, b) for a, b in found]
    assert hypervolume(found, (-1.0, 6.0), [True, False]) == pytest.approx(
        hypervolume(mirrored, (6.0, 6.0), [False, False])
    )


def test_points_beyond_the_reference_add_nothing() -> None:
    assert hypervolume([(2.0, 9.0), (7.0, 1.0)], (5.0, 5.0), [False, False]) == 0.0


@given(points(3))
def test_the_reference_is_no_better_than_any_point(found: list[tuple[float, ...]]) -> None:
    reference = reference_point(found, [True, False, False])
    assert all(p[0] >= reference[0] and p[1] <= reference[1] and p[2] <= reference[2] for p in found)


@given(points(2), st.integers(1, 15))
def test_a_spread_holds_the_extremes_and_is_no_larger_than_asked(found: list[tuple[float, ...]], count: int) -> None:
    chosen = spread(found, count)
    assert len(chosen) == len(set(chosen)) <= count
    assert len(chosen) == min(count, len(found)) or count > 2
    assert max(found) in [found[i] for i in chosen]
    if count > 1:
        assert min(found) in [found[i] for i in chosen]
    assert math.isfinite(sum(chosen))
