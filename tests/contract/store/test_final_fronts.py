"""How a front is settled, on every database: near-ties are timed again, and final numbers decide who stays on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Engine

from benchmarks.no_op_workers import claim, made_up_result
from nas_service.domain.entities import Candidate, Failure, JsonDict, Search, WorkItem, WorkKind
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.search.memories import SqlMemories
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases import queries, work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.front import FrontView
from nas_service.use_cases.submit import submit
from tests.support.migrated import give_tables

IMAGES = 10**9
"""So many that accuracies are as good as exact."""

# By candidate: accuracy, latency, and the half-width of its interval.
CLEAR = {0: (0.9, 2.0, 0.01), 1: (0.8, 1.0, 0.01), 2: (0.7, 1.5, 0.01)}
TIED = {0: (0.9, 2.0, 0.01), 1: (0.8, 1.0, 0.1), 2: (0.7, 1.05, 0.1)}
"""Number 1 dominates number 2, within noise."""


@dataclass
class Lab:
    """Does a search's work with the results that a test wants, and notes which it was asked for."""

    store: SqlStore
    found: Mapping[int, tuple[float, float, float]]
    again: Mapping[int, float] = field(default_factory=dict)
    """By candidate what its latency turns out to be when near-ties are timed again."""
    final: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    """By candidate its final accuracy and latency, where they differ."""
    timed: Mapping[int, list[float]] = field(default_factory=dict)
    """By candidate the final timings that are to be found, in turn; by default all are alike."""
    fails_again: bool = False
    done: list[tuple[str, int]] = field(default_factory=list)

    def run(self, **parts: Any) -> Search:
        """A search that is over."""
        budget = {"candidates": len(self.found), "parallelism": 1}
        spec = {"dataset": {"name": "digits"}, "strategy": {"sampler": "random"}, "budget": budget} | parts
        search, _ = submit(self.store, [], SearchSpec.model_validate(spec))
        memories = SqlMemories()
        for _ in range(100):
            advance(self.store, memories, search.id)
            item = claim(self.store)
            if item is None:
                break
            self._answer(item)
        with self.store.read() as uow:
            return uow.searches.get(search.id)

    def _answer(self, item: WorkItem) -> None:
        with self.store.read() as uow:
            spec = uow.searches.get(item.search_id).spec
            candidate = uow.candidates.get(item.candidate_id) if item.candidate_id else None
        result = made_up_result(spec, item, candidate)
        if candidate is not None:
            kind = "remeasure" if item.payload.get("remeasure") else item.kind.value
            self.done.append((kind, candidate.number))
            if kind == "remeasure" and self.fails_again:
                work.fail(self.store, item, Failure("model-refused", "no"), retry=False)
                return
            result = self._result(kind, item, candidate, result)
        work.complete(self.store, item, result)

    def _result(self, kind: str, item: WorkItem, candidate: Candidate, made_up: JsonDict) -> JsonDict:
        accuracy, latency_ms, half_ms = self.found[candidate.number]
        if kind == "remeasure":
            return made_up | timing(self.again.get(candidate.number, latency_ms), 0.001)
        if item.kind is WorkKind.EVALUATE:
            return made_up | {"accuracy": accuracy, "fidelity": {"validation_samples": IMAGES}}
        if item.kind is WorkKind.PROFILE and item.payload["final"] and candidate.number in self.timed:
            return made_up | timing(self.timed[candidate.number].pop(0), half_ms)
        if item.kind is WorkKind.PROFILE:
            return made_up | timing(latency_ms, half_ms)
        accuracy, latency_ms = self.final.get(candidate.number, (accuracy, latency_ms))
        latencies = {target: timing(latency_ms, 0.001) for target in made_up["final"]["latency"]}
        final = {"validation_accuracy": accuracy, "validation_samples": IMAGES, "latency": latencies}
        return made_up | {"final": made_up["final"] | final}

    def count(self, kind: str) -> int:
        return sum(done == kind for done, _ in self.done)


def timing(median_ms: float, half_ms: float) -> JsonDict:
    return {"median_ms": median_ms, "ci95_low_ms": median_ms - half_ms, "ci95_high_ms": median_ms + half_ms}


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    give_tables(engine)
    return SqlStore(engine)


def front(store: SqlStore, search: Search, target: int | None = None) -> FrontView:
    with store.read() as uow:
        return queries.front(uow, search.id, target)


def numbers(store: SqlStore, search: Search) -> list[int]:
    return [place.candidate.number for place in front(store, search).members]


def candidates(store: SqlStore, search: Search) -> list[Candidate]:
    with store.read() as uow:
        return list(uow.candidates.of(search.id, list(CandidateStatus)))


def events(store: SqlStore, search: Search, kind: str) -> list[JsonDict]:
    with store.read() as uow:
        return [event.payload for event in uow.events.since(search.id, 0, 1000) if event.kind == kind]


def test_where_nothing_is_in_doubt_nothing_is_timed_again(store: SqlStore) -> None:
    lab = Lab(store, CLEAR)
    search = lab.run()
    assert search.status is SearchStatus.SUCCEEDED
    assert lab.count("remeasure") == 0
    assert numbers(store, search) == [0, 1]
    assert all(not place.rivals and place.probability == 1.0 for place in front(store, search).members)


def test_a_near_tie_is_timed_again_and_the_longer_timing_decides(store: SqlStore) -> None:
    lab = Lab(store, TIED, again={1: 1.06, 2: 1.02}, final={1: (0.8, 1.06), 2: (0.7, 1.02)})
    search = lab.run()
    assert sorted(number for kind, number in lab.done if kind == "remeasure") == [1, 2]
    assert numbers(store, search) == [0, 1, 2]
    assert events(store, search, "search.near_ties") == [{"candidates": [2, 1], "left_out": 0}]
    told = {e["number"]: (e["before_ms"], e["latency_ms"]) for e in events(store, search, "candidate.remeasured")}
    assert told == {1: (1.0, 1.06), 2: (1.05, 1.02)}
    of = {candidate.number: candidate for candidate in candidates(store, search)}
    assert of[2].metrics["latency_ms@0"] == 1.02
    assert of[2].intervals["latency_ms@0"] == pytest.approx((1.019, 1.021))


def test_who_loses_a_near_tie_is_not_finalized(store: SqlStore) -> None:
    lab = Lab(store, TIED)
    search = lab.run()
    assert lab.count("remeasure") == 2
    assert numbers(store, search) == [0, 1]
    assert {candidate.number for candidate in candidates(store, search) if candidate.final} == {0, 1}


@pytest.mark.parametrize(("recipe", "timings"), [([], 3), (["train-longer"], 4)])
def test_a_timing_that_settled_a_tie_is_the_final_one_where_nothing_is_trained_again(
    store: SqlStore, recipe: list[str], timings: int
) -> None:
    lab = Lab(store, TIED)
    lab.run(finalize={"recipe": recipe})
    assert lab.done.count(("profile", 1)) == timings


def test_members_are_timed_in_turns_and_those_whose_timings_disagree_twice_more(store: SqlStore) -> None:
    lab = Lab(store, CLEAR, timed={0: [2.0, 2.2, 2.1, 2.3, 1.9], 1: [1.0, 1.009, 1.001]})
    search = lab.run()
    final = lab.done[lab.done.index(("profile", 2)) + 1 :]
    assert [number for kind, number in final if kind == "profile"] == [0, 1, 0, 1, 0, 1, 0, 0]
    kept = {c.number: c.final["timings"]["0"] for c in candidates(store, search) if c.final}
    assert [timing["median_ms"] for timing in kept[0]] == [2.0, 2.2, 2.1, 2.3, 1.9]
    assert [timing["median_ms"] for timing in kept[1]] == [1.0, 1.009, 1.001]


def test_one_final_timing_is_taken_where_no_more_are_asked_for(store: SqlStore) -> None:
    lab = Lab(store, CLEAR)
    lab.run(finalize={"timings": 1})
    assert lab.done.count(("profile", 0)) == 2


@pytest.mark.parametrize(("most", "timed"), [(0, 0), (1, 1), (2, 2)])
def test_no_more_near_ties_are_timed_than_the_spec_allows(store: SqlStore, most: int, timed: int) -> None:
    lab = Lab(store, TIED)
    assert lab.run(finalize={"remeasure": most}).status is SearchStatus.SUCCEEDED
    assert lab.count("remeasure") == timed


def test_a_near_tie_that_cannot_be_timed_again_keeps_its_first_timing(store: SqlStore) -> None:
    lab = Lab(store, TIED, fails_again=True)
    search = lab.run()
    assert search.status is SearchStatus.SUCCEEDED
    assert (lab.count("remeasure"), numbers(store, search)) == (2, [0, 1])
    assert {c.number: c.remeasured for c in candidates(store, search) if c.remeasured} == {
        1: {"0": None},
        2: {"0": None},
    }


def test_a_longer_timing_that_breaks_a_constraint_makes_infeasible(store: SqlStore) -> None:
    lab = Lab(store, TIED, again={1: 1.2})
    search = lab.run(constraints=[{"metric": "latency_ms", "max": 2.5}, {"metric": "latency_ms", "max": 1.1}])
    of = {candidate.number: candidate for candidate in candidates(store, search)}
    assert of[0].status is CandidateStatus.INFEASIBLE
    assert of[1].violations == {"latency_ms@0": pytest.approx(0.1)}
    assert numbers(store, search) == [2]


def test_after_success_the_front_is_what_is_undominated_by_final_numbers(store: SqlStore) -> None:
    """Number 1 turns out worse in both than number 0, though the search saw it faster."""
    lab = Lab(store, CLEAR, final={0: (0.91, 1.9), 1: (0.79, 2.1)})
    search = lab.run()
    found = front(store, search)
    assert found.final
    assert [(place.candidate.number, place.point) for place in found.members] == [(0, (0.91, 1.9))]
    assert [place.candidate.number for place in found.dominated] == [1]
    assert found.members[0].intervals[1] == pytest.approx((1.899, 1.901))
    assert events(store, search, "search.front") == [{"members": [0], "not_on_it": [1]}]
    with store.read() as uow:
        assert queries.status(uow, search.id).front_size == 1
        assert "bundle.zip" in uow.evidence.artifacts_of(found.dominated[0].candidate.id)


def test_where_all_final_numbers_break_a_constraint_the_search_fails_and_says_by_how_much(store: SqlStore) -> None:
    lab = Lab(store, CLEAR, final={0: (0.9, 2.6), 1: (0.8, 2.7)})
    search = lab.run(constraints=[{"metric": "latency_ms", "max": 2.5}])
    assert search.failure is not None
    assert search.failure.problem == "infeasible-when-final"
    assert "latency_ms@0 by 0.1" in search.failure.detail


def test_each_target_has_its_front_and_all_together_have_one(store: SqlStore) -> None:
    """The second target has four times the latency of the first in this lab's world: here by its bounds alone."""
    objective = {"metric": "latency_ms", "across": "worst", "relative_to": [1.0, 4.0]}
    parts = {"targets": [{"threads": 1}, {"threads": 2}], "objectives": [{"metric": "accuracy"}, objective]}
    search = Lab(store, CLEAR).run(**parts)
    assert numbers(store, search) == [0, 1]
    worst = front(store, search).members[0]
    assert worst.point == (0.9, 2.0)
    assert worst.known.metrics["latency_ratio@worst"] == 2.0
    on_second = front(store, search, target=1)
    assert [o.target for o in on_second.objectives] == [None, 1]
    assert [place.candidate.number for place in on_second.members] == [0, 1]
