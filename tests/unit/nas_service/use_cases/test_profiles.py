"""Searches that measure for a predictor: they end with it, early where it is good enough."""

from typing import Any

import pytest

from benchmarks.no_op_workers import claim, finish
from nas_service.domain.entities import JsonDict, Search, WorkItem, WorkKind
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import SearchStatus
from nas_service.use_cases import work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.advance.fit import EARLY_GROWTH, FEWEST_UNASKED
from nas_service.use_cases.checks import check_untrained
from tests.unit.nas_service.use_cases.conftest import Bench

PROFILE: dict[str, Any] = {
    "objectives": [{"metric": "latency_ms", "target": 0}],
    "strategy": {"sampler": "random", "evaluator": "untrained"},
}


def fitted(count: int, mape: float) -> JsonDict:
    """A predictor of `count` networks whose error is at most `mape`."""
    figure = {"value": 0.8 * mape, "low": 0.7 * mape, "high": mape}
    made = {"target": 0, "origin": "measured", "birthplace": {"device_id": "device", "versions": {}}, "model": {}}
    return {"predictors": [made | {"measured_count": count, "report": {"errors": {"mape": figure}}}]}


def profiled(bench: Bench, budget: JsonDict, mapes: list[float]) -> tuple[Search, list[WorkItem], int]:
    """Work until the profile is over; each fit finds the next of `mapes`. The search, its fits, and its networks."""
    search = bench.submit(**PROFILE, budget={"parallelism": 2, **budget})
    fits: list[WorkItem] = []
    measured = 0
    for _ in range(500):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        if item is None:
            break
        measured += item.kind is WorkKind.PROFILE
        if item.kind is WorkKind.FIT:
            work.complete(bench.store, item, fitted(measured, mapes[min(len(fits), len(mapes) - 1)]))
            fits.append(item)
        else:
            finish(bench.store, item)
    return bench.search(search), fits, measured


def test_a_profile_ends_once_its_predictor_is_good_enough_and_makes_it_of_all_networks(bench: Bench) -> None:
    search, fits, measured = profiled(bench, {"candidates": 100, "predictor_mape": 0.05}, [0.2, 0.04])
    assert search.status is SearchStatus.SUCCEEDED
    assert search.stop_reason == "predictors are good enough: off by at most 4.0% (95 % confidence)"
    assert EARLY_GROWTH * FEWEST_UNASKED <= measured < 100
    assert [item.payload.get("early", False) for item in fits] == [True, True, False]


def test_a_profile_that_nothing_was_asked_of_measures_until_its_budget_is_spent(bench: Bench) -> None:
    search, fits, measured = profiled(bench, {"candidates": 45}, [0.001])
    assert (search.status, measured, len(fits)) == (SearchStatus.SUCCEEDED, 45, 1)


@pytest.mark.parametrize(("evaluator", "count"), [("scratch", 1), ("untrained", 0)])
def test_only_profiles_end_with_a_predictor(evaluator: str, count: int) -> None:
    strategy = {"evaluator": evaluator}
    budget = {"minutes": 1, "predictor_mape": 0.03}
    parts = PROFILE | {"dataset": {"name": "digits"}, "strategy": strategy, "budget": budget}
    found = check_untrained(SearchSpec.model_validate(parts))
    assert [problem.field for problem in found] == ["budget.predictor_mape"] * count
