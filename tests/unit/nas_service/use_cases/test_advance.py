"""What `advance` decides, over a real store and real samplers; only training and timing are made up."""

from collections import Counter

import optuna
import pytest

import search_spaces
from benchmarks.no_op_workers import claim, finish
from nas_service.domain.entities import Failure, WorkKind
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.store.work_repository import SqlWork
from nas_service.use_cases import queries, work
from nas_service.use_cases.advance import advance
from tests.unit.nas_service.use_cases.conftest import Bench

SMALL_SPACE = {"name": "mobilenet", "preset": "tiny"}


def test_a_search_spends_its_budget_and_ends_with_a_bundled_front(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 12})
    view = bench.run(search)
    assert view.search.status is SearchStatus.SUCCEEDED
    assert view.counts == {CandidateStatus.COMPLETED: 12}
    assert view.search.stop_reason == "budget: 12 candidates"
    with bench.store.read() as uow:
        members = queries.front(uow, search.id).members
        assert members
        assert all("bundle.zip" in uow.evidence.artifacts_of(m.candidate.id) for m in members)


def test_advancing_twice_changes_nothing(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 3})
    advance(bench.store, bench.memories, search.id)
    with bench.store.read() as uow:
        before = (uow.searches.get(search.id), uow.work.open(search.id))
    advance(bench.store, bench.memories, search.id)
    with bench.store.read() as uow:
        assert (uow.searches.get(search.id), uow.work.open(search.id)) == before


def test_stock_optuna_reads_the_study_and_agrees_on_the_front(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 30}, constraints=[{"metric": "latency_ms", "max": 0.4}])
    bench.run(search)
    study = optuna.load_study(study_name=search.study_name, storage=str(bench.store.engine.url))
    with bench.store.read() as uow:
        front = queries.front(uow, search.id)
        infeasible = uow.candidates.of(search.id, [CandidateStatus.INFEASIBLE])
    assert infeasible, "the case needs candidates that break the measured constraint"
    members = {m.candidate.architecture_key for m in front.members}
    assert {t.user_attrs["architecture_key"] for t in study.best_trials} == members
    assert len(study.trials) == 30


def test_candidates_in_flight_never_exceed_the_parallelism(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 9, "parallelism": 3})
    for _ in range(200):
        advance(bench.store, bench.memories, search.id)
        with bench.store.read() as uow:
            counts = uow.candidates.counts(search.id)
        assert sum(n for status, n in counts.items() if status is not CandidateStatus.COMPLETED) <= 3
        item = claim(bench.store)
        if item is None:
            break
        finish(bench.store, item)
    assert bench.search(search).status is SearchStatus.SUCCEEDED


def test_a_second_search_reuses_every_evaluation_and_measurement(bench: Bench) -> None:
    bench.run(bench.submit(budget={"candidates": 6}))
    again = bench.submit(budget={"candidates": 6})
    items = []
    for _ in range(50):
        advance(bench.store, bench.memories, again.id)
        item = claim(bench.store)
        if item is None:
            break
        items.append((item.kind, item.payload.get("final", False)))
        finish(bench.store, item)
    with bench.store.read() as uow:
        view = queries.status(uow, again.id)
    assert view.search.status is SearchStatus.SUCCEEDED
    assert view.reused_count == 6
    assert (WorkKind.EVALUATE, False) not in items
    assert (WorkKind.PROFILE, False) not in items


def test_another_seed_is_another_evaluation(bench: Bench) -> None:
    bench.run(bench.submit(budget={"candidates": 4}))
    assert bench.run(bench.submit(budget={"candidates": 4}, seed=1)).reused_count == 0


def test_no_architecture_is_evaluated_twice_and_an_exhausted_space_ends_the_search(bench: Bench) -> None:
    one = {"stages": [3], "width_multiplier": [0.5], "resolution": [8]}
    search = bench.submit(space={**SMALL_SPACE, "choices": _only_head_widths_left(one)}, budget={"candidates": 50})
    view = bench.run(search)
    assert view.search.status is SearchStatus.SUCCEEDED
    assert view.search.stop_reason == "no new feasible architecture is left"
    with bench.store.read() as uow:
        keys = [c.architecture_key for c in uow.candidates.of(search.id, list(CandidateStatus))]
    assert len(keys) == len(set(keys)) > 1


def _only_head_widths_left(fixed: dict[str, list[object]]) -> dict[str, list[object]]:
    space = search_spaces.get("mobilenet", preset="tiny")
    first = {c.name: [c.options[0]] for c in space.choices if c.name != "head_width"}
    return {**first, **fixed}


def test_computable_constraints_hold_for_every_candidate_before_any_training(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 20}, constraints=[{"metric": "macs", "max": 300_000}])
    view = bench.run(search)
    assert view.counts == {CandidateStatus.COMPLETED: 20}
    with bench.store.read() as uow:
        assert all(c.metrics["macs"] <= 300_000 for c in uow.candidates.of(search.id, [CandidateStatus.COMPLETED]))


def test_constraints_that_nothing_keeps_fail_the_search_with_what_is_possible(bench: Bench) -> None:
    view = bench.run(bench.submit(constraints=[{"metric": "size_bytes", "max": 10}]))
    assert view.search.status is SearchStatus.FAILED
    assert view.search.failure is not None
    assert view.search.failure.problem == "infeasible-constraints"
    assert "smallest values seen: size_bytes" in view.search.failure.detail


def test_a_failed_preparation_fails_the_search_with_its_reason(bench: Bench) -> None:
    search = bench.submit()
    advance(bench.store, bench.memories, search.id)
    item = claim(bench.store)
    assert item is not None
    work.fail(bench.store, item, Failure("one-class", "only class 'cat' was found"), retry=False)
    advance(bench.store, bench.memories, search.id)
    assert bench.search(search).failure == Failure("one-class", "only class 'cat' was found")


def test_a_failed_candidate_does_not_stop_the_search(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 5, "parallelism": 1})
    failed = 0
    for _ in range(100):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        if item is None:
            break
        if item.kind is WorkKind.EVALUATE and failed < 2:
            failed += 1
            work.fail(bench.store, item, Failure("training-diverged", "loss became nan"), retry=False)
        else:
            finish(bench.store, item)
    with bench.store.read() as uow:
        view = queries.status(uow, search.id)
    assert view.search.status is SearchStatus.SUCCEEDED
    assert view.counts == {CandidateStatus.COMPLETED: 3, CandidateStatus.FAILED: 2}


def test_a_search_whose_candidates_all_fail_gives_up_early_and_says_why(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 1000, "parallelism": 1})
    for _ in range(100):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        if item is None:
            break
        if item.kind is WorkKind.PREPARE:
            finish(bench.store, item)
        else:
            work.fail(bench.store, item, Failure("training-diverged", "loss became nan"), retry=False)
    ended = bench.search(search)
    assert ended.status is SearchStatus.FAILED
    assert ended.failure is not None
    assert "loss became nan" in ended.failure.detail
    assert ended.candidate_count < 20


@pytest.mark.parametrize(
    ("schedule", "final_timings", "searched", "final"), [("full", 3, 2, 3), ("full", 1, 2, 2), ("asha", 3, 1, 3)]
)
def test_a_noisy_measurement_is_taken_again_only_where_no_other_one_stands_beside_it(
    bench: Bench, schedule: str, final_timings: int, searched: int, final: int
) -> None:
    search = bench.submit(
        budget={"candidates": 1, "parallelism": 1},
        strategy={"sampler": "random", "schedule": schedule},
        finalize={"timings": final_timings},
    )
    noisy = {"device_id": "d", "median_ms": 1.0, "peak_memory_mib": 1.0, "noisy": True}
    timings = Counter[bool]()
    for _ in range(20):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        if item is None:
            break
        if item.kind is WorkKind.PROFILE:
            timings[item.payload["final"]] += 1
            work.complete(bench.store, item, noisy)
        else:
            finish(bench.store, item)
    assert timings == {False: searched, True: final}
    assert bench.search(search).status is SearchStatus.SUCCEEDED


def test_latencies_of_a_search_are_told_in_one_unit_whatever_is_learned_of_the_host(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 3, "parallelism": 1})
    measured = {"device_id": "d", "peak_memory_mib": 1.0, "noisy": False}
    references_ms = iter([0.080, 0.076, 0.072])
    for _ in range(40):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        if item is None:
            break
        if item.kind is WorkKind.PROFILE and not item.payload["final"]:
            reference_ms = next(references_ms)
            baseline = {"version": 1, "reference_ms": reference_ms}
            work.complete(bench.store, item, measured | {"median_ms": 5 * reference_ms, "baseline": baseline})
        else:
            finish(bench.store, item)
    with bench.store.read() as uow:
        found = [c.metrics["latency_ms@0"] for c in uow.candidates.of(search.id, [CandidateStatus.COMPLETED])]
    assert found == pytest.approx([0.4, 0.4, 0.4])


def test_the_finalize_recipe_trains_members_again(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 4}, finalize={"top_k": 2, "recipe": ["train-longer"]})
    kinds = []
    for _ in range(60):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        if item is None:
            break
        kinds.append((item.kind, item.payload.get("final", False)))
        finish(bench.store, item)
    assert bench.search(search).status is SearchStatus.SUCCEEDED
    with bench.store.read() as uow:
        members = len(uow.candidates.finalized(search.id))
    assert members == 2
    assert kinds.count((WorkKind.EVALUATE, True)) == members
    assert kinds.count((WorkKind.PROFILE, True)) == 3 * members


def test_each_target_gets_its_own_measurement(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 2}, targets=[{"threads": 1}, {"threads": 2}])
    bench.run(search)
    with bench.store.read() as uow:
        for candidate in uow.candidates.of(search.id, [CandidateStatus.COMPLETED]):
            assert {"latency_ms@0", "latency_ms@1"} <= candidate.metrics.keys()


@pytest.mark.parametrize("sampler", ["random", "nsga2", "nsga3", "tpe", "predictor"])
def test_every_sampler_runs_a_whole_search(bench: Bench, sampler: str) -> None:
    search = bench.submit(strategy={"sampler": sampler, "population_size": 4}, budget={"candidates": 14})
    assert bench.run(search).counts == {CandidateStatus.COMPLETED: 14}


def test_a_rolled_back_advance_is_simply_repeated(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    search = bench.submit(budget={"candidates": 6}, strategy={"sampler": "nsga2", "population_size": 4})
    advance(bench.store, bench.memories, search.id)
    item = claim(bench.store)
    assert item is not None
    finish(bench.store, item)

    def crash(*_: object) -> None:
        raise ConnectionError("the database went away")

    with monkeypatch.context() as patch:
        patch.setattr(SqlWork, "mark_absorbed", crash)
        with pytest.raises(ConnectionError):
            advance(bench.store, bench.memories, search.id)
    assert bench.run(search).counts == {CandidateStatus.COMPLETED: 6}
    study = optuna.load_study(study_name=search.study_name, storage=str(bench.store.engine.url))
    assert len(study.trials) == 6


def test_a_search_stops_by_itself_once_its_hypervolume_has_settled(bench: Bench) -> None:
    search = bench.submit(budget={"candidates": 200, "settled": {"candidates": 6, "gain": 0.05}})
    view = bench.run(search)
    assert view.search.status is SearchStatus.SUCCEEDED
    assert view.search.stop_reason == "settled: the last 6 added less than 5.00% of hypervolume"
    assert 12 <= view.search.candidate_count < 200
