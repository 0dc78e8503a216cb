"""Who is trained further: the promotion rule against its definition."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_service.domain.front import Point, non_dominated, reference_point
from nas_service.domain.halving import Contender, Race, best_waiting, by_contribution, next_to_promote
from nas_service.domain.hypervolume import hypervolume

GRID = st.integers(0, 6).map(float)
UP_DOWN = (True, False)


def points(width: int = 2, max_size: int = 14) -> st.SearchStrategy[list[Point]]:
    return st.lists(st.tuples(*[GRID] * width), min_size=1, max_size=max_size)


def best(found: list[Point], count: int, maximize: tuple[bool, ...]) -> list[int]:
    """The `count` best points, best first: in the order in which they go on where all wait."""
    waits, chosen = [True] * len(found), list[int]()
    while (i := best_waiting(found, waits, count, maximize)) is not None:
        waits[i] = False
        chosen.append(i)
    return chosen


def rank(index: int, found: list[Point], maximize: tuple[bool, ...]) -> int:
    """How many fronts have to be peeled off before this point is on one."""
    left, rounds = list(range(len(found))), 0
    while True:
        front = [left[i] for i in non_dominated([found[i] for i in left], maximize)]
        if index in front:
            return rounds
        left, rounds = [i for i in left if i not in front], rounds + 1


@given(points(), st.integers(0, 20))
def test_the_best_have_the_lowest_ranks(found: list[Point], count: int) -> None:
    chosen = best(found, count, UP_DOWN)
    assert len(chosen) == len(set(chosen)) == min(count, len(found))
    ranks = [rank(i, found, UP_DOWN) for i in chosen]
    assert ranks == sorted(ranks)
    others = [rank(i, found, UP_DOWN) for i in range(len(found)) if i not in chosen]
    assert not chosen or all(other >= ranks[-1] for other in others)


@given(st.integers(2, 3).flatmap(points))
def test_within_a_rank_the_least_contributor_is_the_first_to_go(found: list[Point]) -> None:
    maximize = UP_DOWN + (False,) * (len(found[0]) - 2)
    front = [found[i] for i in non_dominated(found, maximize)]
    reference = reference_point(found, maximize)
    order = by_contribution(front, reference, maximize)
    assert sorted(order) == list(range(len(front)))
    for size in range(len(front), 0, -1):
        kept = [front[i] for i in order[:size]]
        whole = hypervolume(kept, reference, maximize)
        lost = [whole - hypervolume(kept[:i] + kept[i + 1 :], reference, maximize) for i in range(size)]
        assert lost[-1] == pytest.approx(min(lost), abs=1e-9)


def test_of_a_crowd_and_a_loner_the_loner_goes_on() -> None:
    crowd_and_loner = [(0.90, 1.0), (0.91, 1.1), (0.92, 1.2), (0.99, 9.0)]
    assert 3 in best(crowd_and_loner, 2, UP_DOWN)


def test_equal_points_are_taken_in_their_order() -> None:
    assert best([(1.0, 1.0)] * 4, 2, UP_DOWN) == [0, 1]


def contenders(reached: list[list[Point]], waiting: list[bool]) -> list[Contender]:
    return [
        Contender(str(i), tuple(at), waits)
        for i, (at, waits) in enumerate(zip(reached, waiting, strict=True))
    ]  # fmt: skip


RUNS = st.lists(st.tuples(st.lists(st.tuples(GRID, GRID), min_size=1, max_size=3), st.booleans()), max_size=12)


@given(RUNS, st.integers(2, 4), st.booleans())
def test_who_goes_on_waits_among_the_top_of_its_rung(
    runs: list[tuple[list[Point], bool]], eta: int, closing: bool
) -> None:
    pool = contenders([at for at, _ in runs], [waits for _, waits in runs])
    chosen = next_to_promote(pool, Race(3, eta, UP_DOWN), closing=closing)
    tops = []
    for rung in (0, 1):
        here = [c for c in pool if len(c.points) > rung]
        count = math.ceil(len(here) / eta) if closing else len(here) // eta
        top = [here[i] for i in best([c.points[rung] for c in here], count, UP_DOWN)]
        tops.append([c for c in top if c.waits and len(c.points) == rung + 1])
    if chosen is None:
        assert tops == [[], []]
    else:
        assert chosen == (tops[1] or tops[0])[0]


@given(st.lists(st.lists(st.tuples(GRID, GRID), min_size=3, max_size=3), min_size=1, max_size=20), st.integers(2, 4))
def test_played_to_the_end_somebody_is_trained_fully_and_the_top_of_every_rung_went_on(
    fates: list[list[Point]], eta: int
) -> None:
    """All come to the first rung; whoever is sent on comes back with the next of its points."""
    race = Race(3, eta, UP_DOWN)
    reached = [1] * len(fates)
    for _ in range(2 * len(fates) + 1):
        pool = contenders([fate[:n] for fate, n in zip(fates, reached, strict=True)], [True] * len(fates))
        chosen = next_to_promote(pool, race, closing=True)
        if chosen is None:
            break
        reached[int(chosen.candidate_id)] += 1
    else:
        raise AssertionError("it does not end")
    assert max(reached) == 3
    for rung in (0, 1):
        here = [i for i, n in enumerate(reached) if n > rung]
        top = best([fates[i][rung] for i in here], math.ceil(len(here) / eta), UP_DOWN)
        assert all(reached[here[i]] > rung + 1 for i in top)
