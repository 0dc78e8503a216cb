"""What proxies were worth, against scipy and cases worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from nas_service.domain.agreement import kendall_tau
from nas_service.domain.records import ProxyRecord
from nas_service.use_cases.figures.proxies import compare, interval

SMALL = st.integers(0, 5).map(float)


@given(st.lists(st.tuples(SMALL, SMALL), min_size=2, max_size=20))
def test_tau_is_that_of_scipy(pairs: list[tuple[float, float]]) -> None:
    first, second = zip(*pairs, strict=True)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert kendall_tau(pairs) is None
    else:
        assert kendall_tau(pairs) == pytest.approx(kendalltau(first, second).statistic, abs=1e-12)


def test_the_interval_narrows_with_the_count_and_stays_inside() -> None:
    widths = [interval(0.6, count)[1] - interval(0.6, count)[0] for count in (5, 20, 100)]
    assert widths == sorted(widths, reverse=True)
    assert all(-1 <= end <= 1 for count in (5, 20, 100) for end in interval(0.99, count))
    assert interval(1.0, 8) == (1.0, 1.0)


def records(count: int) -> list[ProxyRecord]:
    """MACs rank as one epoch does; synflow ranks the other way round; three epochs are known of the first six."""
    return [
        ProxyRecord(
            {"macs": float(i), "synflow": -float(i)}, {1: i / 100} | ({3: 0.5 - i / 100} if i < 6 else {})
        )
        for i in range(count)
    ]  # fmt: skip


def test_each_proxy_is_compared_at_each_number_of_epochs_the_best_first() -> None:
    told = [(a.epochs, a.proxy, a.count, a.tau) for a in compare(records(10))]
    assert told == [(1, "macs", 10, 1.0), (1, "synflow", 10, -1.0), (3, "synflow", 6, 1.0), (3, "macs", 6, -1.0)]


def test_of_a_few_nothing_is_told() -> None:
    assert compare(records(4)) == []


def test_scores_that_are_no_numbers_are_left_out() -> None:
    odd = [ProxyRecord({"synflow": -math.inf}, {1: 0.5}), *records(6)]
    assert {a.count for a in compare(odd) if a.proxy == "synflow" and a.epochs == 1} == {6}
