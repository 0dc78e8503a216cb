"""Searches that train all candidates a little and the better ones further; only training and timing are made up."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import optuna
import pytest

from benchmarks.no_op_workers import claim, finish
from nas_service.domain.entities import Candidate, Failure, Search, WorkItem, WorkKind
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.use_cases import control, queries, work
from nas_service.use_cases.advance import advance
from tests.unit.nas_service.use_cases.conftest import Bench

ASHA = {"sampler": "random", "schedule": "asha"}
NINE = {"epochs": 9}
"""Rungs at 1, 3 and 9 epochs."""


def submit(bench: Bench, **parts: Any) -> Search:
    return bench.submit(**{"strategy": ASHA, "training": NINE, "budget": {"candidates": 9}} | parts)


def drive(
    bench: Bench, search: Search, do: Callable[[WorkItem], bool] | None = None, most: int = 400
) -> list[WorkItem]:
    """Advance and work in turns until nothing is left to do; an item for which `do` says True is taken care of."""
    items = []
    for _ in range(most):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        if item is None:
            return items
        items.append(item)
        if do is None or not do(item):
            finish(bench.store, item)
    return items


def all_of(bench: Bench, search: Search) -> list[Candidate]:
    with bench.store.read() as uow:
        return list(uow.candidates.of(search.id, list(CandidateStatus)))


def searching(items: list[WorkItem], kind: WorkKind) -> list[WorkItem]:
    return [item for item in items if item.kind is kind and not item.payload.get("final")]


def test_all_are_trained_a_little_a_third_further_and_the_front_to_the_end(bench: Bench) -> None:
    search = submit(bench, budget={"candidates": 18})
    items = drive(bench, search)
    found = all_of(bench, search)
    assert bench.search(search).status is SearchStatus.SUCCEEDED
    assert Counter(c.status for c in found).keys() == {CandidateStatus.COMPLETED, CandidateStatus.PRUNED}
    trained = Counter(item.payload["epochs"] for item in searching(items, WorkKind.EVALUATE))
    assert trained[1] == 18
    assert 6 <= trained[3] <= 10
    assert 2 <= trained[9] < trained[3]
    for candidate in found:
        reached = [rung.epochs for rung in candidate.rungs]
        assert reached == [1, 3, 9][: len(reached)]
        assert (candidate.status is CandidateStatus.COMPLETED) == (len(reached) == 3)
        assert candidate.metrics["accuracy"] == candidate.rungs[-1].accuracy
    with bench.store.read() as uow:
        members = queries.front(uow, search.id).members
        epochs = [uow.evidence.evaluation(str(m.candidate.evaluation_id)).fidelity["epochs"] for m in members]
    assert epochs
    assert set(epochs) == {9}


def test_a_candidate_is_timed_once_however_far_it_is_trained(bench: Bench) -> None:
    search = submit(bench)
    timed = Counter(item.candidate_id for item in searching(drive(bench, search), WorkKind.PROFILE))
    assert set(timed.values()) == {1}
    assert len(timed) == 9


def test_the_candidates_worked_on_never_exceed_the_parallelism(bench: Bench) -> None:
    search = submit(bench, budget={"candidates": 9, "parallelism": 3})

    def look(_: WorkItem) -> bool:
        resting = {CandidateStatus.PAUSED, CandidateStatus.COMPLETED, CandidateStatus.PRUNED}
        assert sum(c.status not in resting for c in all_of(bench, search)) <= 3
        return False

    drive(bench, search, look)
    assert bench.search(search).status is SearchStatus.SUCCEEDED


def test_advancing_twice_promotes_nobody_twice(bench: Bench) -> None:
    search = submit(bench)

    def again(_: WorkItem) -> bool:
        advance(bench.store, bench.memories, search.id)
        return False

    trained = Counter(
        (i.candidate_id, i.payload["epochs"]) for i in searching(drive(bench, search, again), WorkKind.EVALUATE)
    )
    assert set(trained.values()) == {1}


@pytest.mark.parametrize("candidates", [1, 2, 4])
def test_of_a_few_candidates_one_at_least_is_trained_to_the_end(bench: Bench, candidates: int) -> None:
    search = submit(bench, budget={"candidates": candidates})
    drive(bench, search)
    assert bench.search(search).status is SearchStatus.SUCCEEDED
    assert any(len(c.rungs) == 3 for c in all_of(bench, search))


def test_the_sampler_learns_every_candidates_accuracy_at_the_first_rung(bench: Bench) -> None:
    search = submit(bench, strategy={"sampler": "nsga2", "population_size": 4, "schedule": "asha"})
    drive(bench, search)
    study = optuna.load_study(study_name=search.study_name, storage=str(bench.store.engine.url))
    told = {t.user_attrs["architecture_key"]: t for t in study.trials}
    assert len(told) == 9
    for candidate in all_of(bench, search):
        trial = told[candidate.architecture_key]
        assert trial.state is optuna.trial.TrialState.COMPLETE
        assert trial.values[0] == candidate.rungs[0].accuracy
        assert trial.user_attrs["status"] == candidate.status
        assert trial.user_attrs[f"accuracy after {candidate.rungs[-1].epochs} epochs"] == candidate.rungs[-1].accuracy


@pytest.mark.parametrize("sampler", ["nsga3", "tpe", "predictor"])
def test_every_sampler_goes_with_it(bench: Bench, sampler: str) -> None:
    search = submit(bench, strategy={"sampler": sampler, "population_size": 4, "schedule": "asha"})
    drive(bench, search)
    assert bench.search(search).status is SearchStatus.SUCCEEDED


def test_a_measured_constraint_is_decided_at_the_first_rung(bench: Bench) -> None:
    search = submit(bench, constraints=[{"metric": "latency_ms", "max": 0.3}])
    drive(bench, search)
    slow = [c for c in all_of(bench, search) if c.status is CandidateStatus.INFEASIBLE]
    assert slow, "the case needs candidates that break the constraint"
    assert all(len(c.rungs) == 1 for c in slow)
    assert all(c.violations == {} for c in all_of(bench, search) if c not in slow)


def test_a_constraint_on_accuracy_is_decided_by_the_full_training_alone(bench: Bench) -> None:
    """The made-up accuracies grow with training: at the first rung none keeps it."""
    search = submit(bench, constraints=[{"metric": "accuracy", "min": 0.8}])
    drive(bench, search)
    found = all_of(bench, search)
    assert max(c.rungs[0].accuracy for c in found) < 0.81
    assert any(c.status is CandidateStatus.COMPLETED for c in found)
    for candidate in found:
        judged = candidate.status in {CandidateStatus.COMPLETED, CandidateStatus.INFEASIBLE}
        assert judged == (len(candidate.rungs) == 3)


def test_when_time_is_up_nobody_goes_on_but_one_where_none_is_done(bench: Bench) -> None:
    search = submit(bench, budget={"minutes": 60, "parallelism": 1})

    def time_flies(item: WorkItem) -> bool:
        if item.kind is WorkKind.PROFILE and not item.payload["final"]:
            with bench.store.write() as uow:
                uow.searches.update(search.id, active_s=3600.0)
        return False

    items = drive(bench, search, time_flies)
    assert bench.search(search).status is SearchStatus.SUCCEEDED
    assert bench.search(search).stop_reason == "budget: 60 minutes"
    assert [item.payload["epochs"] for item in searching(items, WorkKind.EVALUATE)] == [1, 3, 9]


def test_where_the_one_that_went_on_fails_another_goes_on(bench: Bench) -> None:
    search = submit(bench, budget={"candidates": 3, "parallelism": 1})
    failed = []

    def fail_the_first_long_one(item: WorkItem) -> bool:
        if item.kind is WorkKind.EVALUATE and item.payload.get("epochs") == 9 and not failed:
            failed.append(item.candidate_id)
            return work.fail(bench.store, item, Failure("training-diverged", "loss became nan"), retry=False)
        return False

    drive(bench, search, fail_the_first_long_one)
    ends = Counter(c.status for c in all_of(bench, search))
    assert bench.search(search).status is SearchStatus.SUCCEEDED
    assert (ends[CandidateStatus.FAILED], ends[CandidateStatus.COMPLETED]) == (1, 1)


def test_a_second_search_reuses_the_trainings_of_every_rung(bench: Bench) -> None:
    first = submit(bench)
    drive(bench, first)
    again = submit(bench)
    items = drive(bench, again)
    assert bench.search(again).status is SearchStatus.SUCCEEDED
    assert searching(items, WorkKind.EVALUATE) == []
    one, other = ({c.architecture_key: c.metrics for c in all_of(bench, s)} for s in (first, again))
    assert one.keys() == other.keys()


def test_a_search_that_trains_fully_does_not_take_a_rungs_accuracy_for_its_own(bench: Bench) -> None:
    drive(bench, submit(bench))
    full = bench.submit(training=NINE, budget={"candidates": 6})
    assert bench.run(full).reused_count == 0


def test_whoever_rests_at_a_rung_is_cancelled_with_its_search(bench: Bench) -> None:
    search = submit(bench)

    def cancel_at_the_first_promotion(item: WorkItem) -> bool:
        if item.payload.get("epochs") != 3:
            return False
        control.cancel(bench.store, search.id)
        return work.drop(bench.store, item)

    drive(bench, search, cancel_at_the_first_promotion)
    assert bench.search(search).status is SearchStatus.CANCELLED
    assert {c.status for c in all_of(bench, search)} == {CandidateStatus.CANCELLED}
