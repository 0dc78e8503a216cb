"""A search with a supernet: found or trained, judged by what it says of rankings, and relied on only then."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.no_op_workers import claim, finish
from nas_service.domain.entities import Failure, JsonDict, Search, WorkItem, WorkKind
from nas_service.domain.states import SearchStatus
from nas_service.use_cases import control, work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.reuse import evaluation_reuse_key, evaluator_of
from tests.unit.nas_service.use_cases.conftest import Bench

STRATEGY: JsonDict = {"sampler": "random", "evaluator": "supernet", "supernet": {"agreement_sample": 6, "epochs": 5}}

Answer = Callable[[WorkItem, JsonDict], JsonDict]


def submit(bench: Bench, **parts: Any) -> Search:
    return bench.submit(**{"strategy": STRATEGY, "budget": {"candidates": 4}} | parts)


def kinds_of(bench: Bench, search: Search, answer: Answer | None = None) -> list[WorkKind]:
    """Work until the search is over; what was done, in order. `answer` replaces the answers to comparisons."""
    done = []
    for _ in range(200):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        if item is None:
            return done
        done.append(item.kind)
        if answer and item.kind is WorkKind.COMPARE:
            work.complete(bench.store, item, answer(item, item.payload))
        else:
            finish(bench.store, item)
    raise AssertionError("it goes on and on")


def events_of(bench: Bench, search: Search) -> list[str]:
    with bench.store.read() as uow:
        return [e.kind for e in uow.events.since(search.id, 0, 1000) if e.kind.startswith("supernet.")]


def misranked(item: WorkItem, payload: JsonDict) -> JsonDict:
    return payload | {"inherited": -payload["macs"], "scratch": payload["macs"]}


def test_the_supernet_is_trained_and_compared_before_candidates_inherit(bench: Bench) -> None:
    search = submit(bench)
    done = kinds_of(bench, search)
    assert done[:8] == [WorkKind.PREPARE, WorkKind.SUPERNET, *[WorkKind.COMPARE] * 6]
    assert not {WorkKind.SUPERNET, WorkKind.COMPARE} & set(done[8:])
    ended = bench.search(search)
    assert ended.status is SearchStatus.SUCCEEDED
    assert ended.supernet is not None
    assert ended.supernet.trusted
    assert ended.supernet.agreement is not None
    assert ended.supernet.agreement["tau"] == 1
    assert ended.supernet.agreement["sample"] == 6
    assert events_of(bench, search) == ["supernet.trained", "supernet.agreement"]
    assert evaluator_of(ended, final=False) == "supernet"
    assert evaluator_of(ended, final=True) == "inherited"


def test_a_later_search_on_the_same_takes_it_up_with_its_verdict(bench: Bench) -> None:
    kinds_of(bench, submit(bench))
    again = submit(bench, constraints=[{"metric": "latency_ms", "max": 1.0}])
    assert not {WorkKind.SUPERNET, WorkKind.COMPARE} & set(kinds_of(bench, again))
    supernet = bench.search(again).supernet
    assert supernet is not None
    assert supernet.reused
    assert supernet.trusted
    assert events_of(bench, again) == ["supernet.reused"]


@pytest.mark.parametrize("other", [{"seed": 1}, {"training": {"epochs": 3}}, {"space": {"choices": {"stages": [3]}}}])
def test_another_seed_training_or_space_has_its_own(bench: Bench, other: dict[str, Any]) -> None:
    kinds_of(bench, submit(bench))
    assert WorkKind.SUPERNET in kinds_of(bench, submit(bench, **other))


def test_one_that_ranks_badly_is_trained_on_and_then_given_up(bench: Bench) -> None:
    search = submit(bench)
    done = kinds_of(bench, search, misranked)
    assert done.count(WorkKind.SUPERNET) == 2
    assert done.count(WorkKind.COMPARE) == 12
    ended = bench.search(search)
    assert ended.status is SearchStatus.SUCCEEDED
    assert ended.supernet is not None
    assert ended.supernet.trusted is False
    assert ended.supernet.epochs == 10
    assert evaluator_of(ended, final=False) == evaluator_of(ended, final=True) == "scratch"
    assert events_of(bench, search) == [
        "supernet.trained",
        "supernet.agreement",
        "supernet.lengthened",
        "supernet.trained",
        "supernet.agreement",
        "supernet.rejected",
    ]
    again = submit(bench)
    assert not {WorkKind.SUPERNET, WorkKind.COMPARE} & set(kinds_of(bench, again))
    assert events_of(bench, again) == ["supernet.reused", "supernet.rejected"]


def test_one_that_ranks_worse_than_macs_do_is_given_up_however_well_it_ranks(bench: Bench) -> None:
    def roughly(_item: WorkItem, payload: JsonDict) -> JsonDict:
        return payload | {"inherited": int(math.log2(payload["macs"])), "scratch": payload["macs"]}

    search = submit(bench)
    kinds_of(bench, search, roughly)
    supernet = bench.search(search).supernet
    assert supernet is not None
    assert supernet.agreement is not None
    assert 0.3 < supernet.agreement["tau"] < supernet.agreement["macs_tau"] == 1
    assert supernet.trusted is False


def test_trained_on_it_begins_with_its_weights_and_compares_with_the_same_trainings(bench: Bench) -> None:
    search, payloads = submit(bench), []

    def answer(item: WorkItem, payload: JsonDict) -> JsonDict:
        payloads.append(payload)
        rank = len(payloads)
        return payload | {
            "scratch": payload.get("scratch", rank),
            "inherited": -rank if rank <= 6 else payload["scratch"],
        }

    kinds_of(bench, search, answer)
    supernet = bench.search(search).supernet
    assert supernet is not None
    assert supernet.trusted
    assert [p["scratch"] for p in payloads[6:]] == [1, 2, 3, 4, 5, 6]
    assert [p["architecture"] for p in payloads[6:]] == [p["architecture"] for p in payloads[:6]]


def test_comparisons_that_fail_leave_the_verdict_to_the_others(bench: Bench) -> None:
    search = submit(bench)
    failed = 0
    for _ in range(200):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        if item is None:
            break
        if item.kind is WorkKind.COMPARE and failed < 2:
            failed += 1
            work.fail(bench.store, item, Failure("training-diverged", "it did"), retry=False)
        else:
            finish(bench.store, item)
    supernet = bench.search(search).supernet
    assert supernet is not None
    assert supernet.trusted
    assert supernet.agreement is not None
    assert supernet.agreement["sample"] == 4


def test_a_supernet_that_cannot_be_trained_fails_the_search_with_the_reason(bench: Bench) -> None:
    search = submit(bench)
    for _ in range(2):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        assert item is not None
        if item.kind is WorkKind.SUPERNET:
            work.fail(bench.store, item, Failure("training-diverged", "it did"), retry=False)
        else:
            finish(bench.store, item)
    advance(bench.store, bench.memories, search.id)
    ended = bench.search(search)
    assert ended.status is SearchStatus.FAILED
    assert ended.failure == Failure("training-diverged", "it did")


def test_constraints_that_nothing_keeps_are_told_before_a_supernet_is_trained(bench: Bench) -> None:
    search = submit(bench, constraints=[{"metric": "size_bytes", "max": 10}])
    assert kinds_of(bench, search) == [WorkKind.PREPARE]
    failure = bench.search(search).failure
    assert failure is not None
    assert failure.problem == "infeasible-constraints"


def test_final_trainings_from_scratch_are_those_of_any_other_search(bench: Bench) -> None:
    from_scratch = submit(bench, finalize={"begin": "scratch"})
    kinds_of(bench, from_scratch)
    plain = bench.submit(budget={"candidates": 4})
    kinds_of(bench, plain)
    keys = {evaluation_reuse_key(bench.search(s), "key", final=True) for s in (from_scratch, plain)}
    assert len(keys) == 1
    assert evaluator_of(bench.search(from_scratch), final=True) == "scratch"


def test_a_search_can_be_cancelled_while_its_supernet_is_compared(bench: Bench) -> None:
    search = submit(bench)
    for _ in range(3):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        assert item is not None
        if item.kind is not WorkKind.COMPARE:
            finish(bench.store, item)
    control.cancel(bench.store, search.id)
    work.drop(bench.store, item)
    advance(bench.store, bench.memories, search.id)
    assert bench.search(search).status is SearchStatus.CANCELLED
    assert claim(bench.store) is None
