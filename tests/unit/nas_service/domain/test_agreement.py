"""Kendall's tau and its interval, against scipy's where it has the same."""

import random

import pytest
from scipy.stats import kendalltau

from nas_service.domain.agreement import agreement, kendall_tau


def noisy_pairs(count: int, noise: float, seed: int = 0) -> list[tuple[float, float]]:
    rng = random.Random(seed)
    return [(round(x + rng.gauss(0, noise), 1), x) for x in (round(rng.random(), 1) for _ in range(count))]


@pytest.mark.parametrize("seed", range(5))
def test_tau_is_scipys_with_ties(seed: int) -> None:
    pairs = noisy_pairs(12, 0.3, seed)
    first, second = zip(*pairs, strict=True)
    assert kendall_tau(pairs) == pytest.approx(kendalltau(first, second).statistic)


def test_equal_rankings_agree_and_reversed_ones_do_not() -> None:
    assert kendall_tau([(1, 2), (2, 4), (3, 9)]) == 1
    assert kendall_tau([(1, 9), (2, 4), (3, 2)]) == -1


def test_what_cannot_be_ranked_has_no_tau() -> None:
    assert kendall_tau([(1, 2), (1, 3)]) is None
    assert agreement([(1, 2), (2, 2)]) is None
    assert agreement([]) is None


def test_the_interval_holds_tau_and_narrows_with_the_sample() -> None:
    few, many = agreement(noisy_pairs(8, 0.4)), agreement(noisy_pairs(40, 0.4))
    assert few is not None
    assert many is not None
    assert few.low < few.tau < few.high
    assert many.high - many.low < few.high - few.low
    assert agreement(noisy_pairs(8, 0.4)) == few
