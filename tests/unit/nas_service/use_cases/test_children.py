"""Finished candidates are compressed by the recipe, and their children held against them."""

import pytest

from benchmarks.no_op_workers import claim, finish, made_up_result
from nas_service.domain.entities import Candidate, Failure, JsonDict, Search, WorkItem, WorkKind
from nas_service.domain.recipe import ladder_of
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.use_cases import work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.standing import standing
from tests.unit.nas_service.use_cases.conftest import Bench

RECIPE = {"finalize": {"recipe": ["quantize-int8"]}, "budget": {"candidates": 3}}


def run(bench: Bench, search: Search, **latency: float) -> list[WorkItem]:
    """Every item done; a child takes `child_ms` where that is given."""
    done = []
    for _ in range(100):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        if item is None:
            return done
        done.append(item)
        with bench.store.read() as uow:
            candidate = uow.candidates.get(item.candidate_id) if item.candidate_id else None
        result = made_up_result(search.spec, item, candidate)
        if candidate is not None and candidate.parent_id and "child_ms" in latency:
            _slow(result, latency["child_ms"])
        work.complete(bench.store, item, result)
    raise AssertionError("the search does not end")


def _slow(result: JsonDict, median_ms: float) -> None:
    for numbers in (result, *result.get("final", {}).get("latency", {}).values()):
        if "median_ms" in numbers:
            numbers["median_ms"] = median_ms


def families(bench: Bench, search: Search) -> list[tuple[Candidate, Candidate]]:
    with bench.store.read() as uow:
        members = uow.candidates.finalized(search.id)
        return [(uow.candidates.get(m.parent_id), m) for m in members if m.parent_id is not None]


def test_every_finished_member_has_one_child_timed_at_the_recipes_precision(bench: Bench) -> None:
    search = bench.submit(**RECIPE)
    items = run(bench, search)
    assert bench.search(search).status is SearchStatus.SUCCEEDED
    born = families(bench, search)
    assert born
    assert [child.number for _, child in born] == list(range(3, 3 + len(born)))
    for parent, child in born:
        assert child.status is CandidateStatus.COMPLETED
        assert child.architecture == parent.architecture
        assert child.architecture_key != parent.architecture_key
        kinds = [(i.kind, i.payload.get("precision")) for i in items if i.candidate_id == child.id]
        expected = [(WorkKind.COMPRESS, None), *3 * [(WorkKind.PROFILE, "int8")], (WorkKind.FINALIZE, None)]
        assert kinds == expected
        assert child.final is not None
        assert child.final["lineage"]["parent_id"] == parent.id
        with bench.store.read() as uow:
            timed = uow.evidence.measurements_of(_int8_model(bench, child), search.tenant)
        assert [(timing.target.precision, timing.subject_key) for timing in timed] == 3 * [("int8", None)]


def _int8_model(bench: Bench, child: Candidate) -> str:
    with bench.store.read() as uow:
        exports = uow.evidence.evaluation(str(child.evaluation_id)).exports
    return next(export.sha256 for export in exports if export.format.is_quantized)


@pytest.mark.parametrize(("child_ms", "helps"), [(1e-6, True), (1e6, False)])
def test_a_child_that_does_not_help_is_told_so_and_is_not_on_the_front(
    bench: Bench, child_ms: float, helps: bool
) -> None:
    """The made-up accuracies of a child are those of its parent."""
    search = bench.submit(**RECIPE | {"objectives": [{"metric": "latency_ms"}]})
    run(bench, search, child_ms=child_ms)
    born = families(bench, search)
    for _, child in born:
        assert child.final is not None
        assert child.final["lineage"]["helps"] is helps
    with bench.store.read() as uow:
        front = set(standing(uow, uow.searches.get(search.id)).member_ids)
    children = {child.id for _, child in born}
    assert (front <= children) is helps
    assert bool(front & children) is helps


def test_an_equal_compression_of_another_search_is_reused(bench: Bench) -> None:
    run(bench, bench.submit(**RECIPE))
    second = bench.submit(**RECIPE)
    items = run(bench, second)
    assert WorkKind.COMPRESS not in {item.kind for item in items}
    born = families(bench, second)
    assert born
    assert all(child.evaluation_reused for _, child in born)


def test_a_child_that_fails_leaves_its_parent_to_the_front(bench: Bench) -> None:
    search = bench.submit(**RECIPE)
    for _ in range(100):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        if item is None:
            break
        if item.kind is WorkKind.COMPRESS:
            work.fail(bench.store, item, Failure("export-mismatch", "no"), retry=False)
        else:
            finish(bench.store, item)
    assert bench.search(search).status is SearchStatus.SUCCEEDED
    born = families(bench, search)
    assert {child.status for _, child in born} == {CandidateStatus.FAILED}
    with bench.store.read() as uow:
        front = standing(uow, uow.searches.get(search.id)).member_ids
    assert set(front) <= {parent.id for parent, _ in born}


def test_children_are_not_counted_before_the_search_has_ended(bench: Bench) -> None:
    """Numbers that are final are not compared with those that the search goes by."""
    search = bench.submit(**RECIPE)
    while not families(bench, search):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        assert item is not None
        finish(bench.store, item)
    with bench.store.read() as uow:
        members = standing(uow, uow.searches.get(search.id)).member_ids
    assert not set(members) & {child.id for _, child in families(bench, search)}


@pytest.mark.parametrize("minutes", [30.0, 1e-9])
def test_auto_tries_recipe_after_recipe_as_long_as_there_is_time(bench: Bench, minutes: float) -> None:
    finalize = {"recipe": "auto", "auto_minutes": minutes, "top_k": 1}
    search = bench.submit(finalize=finalize, budget={"candidates": 3})
    run(bench, search)
    assert bench.search(search).status is SearchStatus.SUCCEEDED
    rungs = ladder_of(("auto",), search.spec.targets)
    wanted = rungs if minutes > 1 else rungs[:1]
    assert [child.recipe for _, child in families(bench, search)] == [tuple(c.entry for c in rung) for rung in wanted]
