"""Searches that begin with what earlier ones have found; only training and timing are made up."""

from pathlib import Path
from typing import Any

import optuna
import pytest

from benchmarks.no_op_workers import claim, finish
from nas_service.domain.entities import IMPORTED, Candidate, Search, WorkItem, WorkKind
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases.advance import advance
from nas_service.use_cases.space import space_of
from tests.unit.nas_service.use_cases.conftest import Bench

PREDICTED = {"sampler": "predictor"}
HALVED = {"sampler": "predictor", "schedule": "asha"}
DRAWN = {"sampler": "random"}
"""Whatever proposed them, it was trained alike."""
NINE = {"epochs": 9}


def submit(bench: Bench, **parts: Any) -> Search:
    return bench.submit(**{"strategy": PREDICTED, "training": NINE, "budget": {"candidates": 6}} | parts)


def all_of(bench: Bench, search: Search) -> list[Candidate]:
    with bench.store.read() as uow:
        return list(uow.candidates.of(search.id, list(CandidateStatus)))


def begun(bench: Bench, search: Search) -> list[WorkItem]:
    """Prepared; then what it asks for at first."""
    advance(bench.store, bench.memories, search.id)
    prepare = claim(bench.store)
    assert prepare is not None
    finish(bench.store, prepare)
    advance(bench.store, bench.memories, search.id)
    with bench.store.read() as uow:
        return list(uow.work.open(search.id))


def test_half_the_candidates_are_the_best_of_an_earlier_search_and_cost_nothing(bench: Bench) -> None:
    earlier = submit(bench, strategy=DRAWN)
    bench.run(earlier)
    found = all_of(bench, earlier)
    later = submit(bench)
    items = begun(bench, later)
    assert [item.kind for item in items] == [WorkKind.EVALUATE]
    taken = [c for c in all_of(bench, later) if c.id != items[0].candidate_id]
    assert [c.status for c in taken] == [CandidateStatus.COMPLETED] * 3
    assert all(c.evaluation_reused for c in taken)
    best = max(found, key=lambda c: c.metrics["accuracy"])
    assert best.architecture_key in {c.architecture_key for c in taken}
    bench.run(later)
    assert len({c.architecture_key for c in all_of(bench, later)}) == 6


def test_an_imported_search_is_no_earlier_one(bench: Bench) -> None:
    earlier = submit(bench, strategy=DRAWN)
    bench.run(earlier)
    with bench.store.write() as uow:
        uow.searches.update(earlier.id, study_name=IMPORTED + earlier.id)
    later = submit(bench)
    begun(bench, later)
    assert [c.evaluation_reused for c in all_of(bench, later)] == [False]


def test_rungs_that_are_known_are_passed_without_a_race(bench: Bench) -> None:
    earlier = submit(bench, strategy=HALVED, budget={"candidates": 9})
    bench.run(earlier)
    done = {c.architecture_key for c in all_of(bench, earlier) if c.status is CandidateStatus.COMPLETED}
    later = submit(bench, strategy=HALVED, budget={"candidates": 40})
    begun(bench, later)
    passed = [c for c in all_of(bench, later) if c.status is CandidateStatus.COMPLETED]
    assert {c.architecture_key for c in passed} == done
    assert {tuple(rung.epochs for rung in c.rungs) for c in passed} == {(1, 3, 9)}


def test_on_another_target_they_are_timed_but_not_trained(bench: Bench) -> None:
    bench.run(submit(bench))
    later = submit(bench, targets=[{"threads": 2}])
    [item] = begun(bench, later)
    assert item.kind is WorkKind.PROFILE


@pytest.mark.parametrize(
    "change",
    [
        {"strategy": {"sampler": "predictor", "warm_start": False}},
        {"training": {"epochs": 8}},
        {"seed": 1},
        {"constraints": [{"metric": "latency_ms", "max": 1e-9}]},
    ],
)
def test_nothing_is_taken_over_that_was_trained_otherwise_or_cannot_be_wanted(
    bench: Bench, change: dict[str, Any]
) -> None:
    bench.run(submit(bench, strategy=DRAWN))
    later = submit(bench, **change)
    begun(bench, later)
    assert not any(c.evaluation_reused for c in all_of(bench, later))


def test_networks_of_a_space_without_an_optional_choice_have_its_default_in_one_that_has_it(
    bench: Bench, tmp_path: Path
) -> None:
    bench.run(submit(bench, strategy=DRAWN))
    offered = {"name": "mobilenet", "choices": {"share": [True, False]}}
    later = submit(bench, space=offered)
    begun(bench, later)
    trials = optuna.load_study(study_name=later.study_name, storage=f"sqlite:///{tmp_path}/nas.db").trials
    by_id = {trial._trial_id: trial.params for trial in trials}
    taken = [c for c in all_of(bench, later) if c.evaluation_reused]
    assert len(taken) == 3
    for candidate in taken:
        assert space_of(bench.search(later)).canonical(by_id[candidate.trial_id]).key == candidate.architecture_key
        assert by_id[candidate.trial_id]["stage1_share"] is False


def test_the_searches_of_others_are_not_looked_into(bench: Bench) -> None:
    bench.run(submit(bench))
    with bench.store.read() as uow:
        [known] = uow.searches.latest("default", 9)
        assert uow.searches.latest("another", 9) == []
    assert known.spec.strategy.sampler == "predictor"
