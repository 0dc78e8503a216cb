"""Candidates whose space chooses the precision, over a real store; what workers do is made up."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from benchmarks.no_op_workers import claim, finish
from nas_service.domain.entities import Candidate, Measurement, Search, WorkItem, WorkKind
from nas_service.domain.executed import as_executed, precision_of
from nas_service.domain.formats import ModelFormat
from nas_service.domain.front import non_dominated
from nas_service.domain.predictors import Subject
from nas_service.domain.spec import SearchSpec, TargetSpec
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.search.foresight import foresights
from nas_service.use_cases import checks, queries
from nas_service.use_cases.advance import advance
from nas_service.use_cases.advance.fit import FEWEST_UNASKED
from search_spaces.deployment import PRECISIONS, network_values
from tests.support.values import a_candidate, a_search
from tests.unit.nas_service.use_cases.conftest import Bench
from tests.unit.nas_service.use_cases.test_foresight import with_predictor

BOTH = {"name": "mobilenet", "preset": "tiny", "choices": {"precision": ["fp32", "int8"]}}
BUDGET = {"candidates": 8}
OF = {None: ModelFormat.ONNX, "int8": ModelFormat.ONNX_INT8}


def spec(**parts: Any) -> SearchSpec:
    return SearchSpec.model_validate({"dataset": {"name": "digits"}, "space": BOTH, **parts})


def run(bench: Bench, search: Search) -> list[WorkItem]:
    items = []
    for _ in range(200):
        advance(bench.store, bench.memories, search.id)
        if (item := claim(bench.store)) is None:
            assert bench.search(search).status is SearchStatus.SUCCEEDED
            return items
        items.append(item)
        finish(bench.store, item)
    raise AssertionError("the search does not end")


def candidates(bench: Bench, search: Search) -> list[Candidate]:
    with bench.store.read() as uow:
        return uow.candidates.of(search.id, [CandidateStatus.COMPLETED])


def test_the_recipe_comes_before_the_architecture_and_that_before_the_target() -> None:
    assert precision_of({"stages": 3}) is None
    assert precision_of({"precision": "int8"}) == "int8"
    assert precision_of({"precision": "int8"}, ["prune-channels"]) == "int8"
    assert precision_of({"stages": 3}, ["quantize-int8"]) == "int8"
    candidate = a_candidate(a_search(), 0, architecture={"precision": "int8"})
    targets = spec(targets=[{"threads": 2}, {"runtime": "openvino"}])
    executed = as_executed(targets, candidate).targets
    assert executed == (TargetSpec(threads=2, precision="int8"), TargetSpec(runtime="openvino", precision="int8"))


def test_an_accuracy_is_a_files_where_the_space_chooses_the_precision() -> None:
    assert [objective.target for objective in spec().objectives] == [0, 0]
    only = spec(space={"name": "mobilenet", "choices": {"precision": ["fp32"]}})
    assert [objective.target for objective in only.objectives] == [None, 0]
    again = SearchSpec.model_validate_json(spec().model_dump_json())
    assert again == spec()


def test_each_candidate_is_exported_timed_and_judged_at_its_own_precision(bench: Bench) -> None:
    search = bench.submit(space=BOTH, budget=BUDGET, targets=[{"runtime": "openvino"}])
    items = run(bench, search)
    found = candidates(bench, search)
    assert {candidate.architecture.get("precision") for candidate in found} == set(OF)
    for candidate in found:
        precision = candidate.architecture.get("precision")
        with bench.store.read() as uow:
            evaluation = uow.evidence.evaluation(str(candidate.evaluation_id))
            known = uow.evidence.measurements_of(evaluation.export(OF[precision]).sha256, search.tenant)
        assert {export.format for export in evaluation.exports} >= {ModelFormat.ONNX, OF[precision]}
        assert candidate.metrics["accuracy@0"] == evaluation.export(OF[precision]).validation_accuracy
        assert {m.target for m in known} == {TargetSpec(runtime="openvino", precision=precision or "fp32")}
        timed = [i for i in items if i.candidate_id == candidate.id and i.kind is WorkKind.PROFILE]
        assert timed
        assert {item.payload.get("precision") for item in timed} == {precision}


def test_measurements_teach_the_predictor_of_their_own_precision(bench: Bench) -> None:
    search = bench.submit(space=BOTH, budget=BUDGET)
    run(bench, search)
    wanted, found = bench.search(search), candidates(bench, search)
    with bench.store.read() as uow:
        for precision in ("fp32", "int8"):
            timed = uow.predictors.timed(Subject.of(wanted), TargetSpec(precision=precision), search.tenant)
            own = [c for c in found if c.architecture.get("precision", "fp32") == precision]
            assert 0 < len({str(one.architecture) for one in timed}) == len(own)
            assert all("precision" not in one.architecture for one in timed), "which the target says"


def test_one_training_serves_a_network_at_both_precisions(bench: Bench) -> None:
    search = bench.submit(space=BOTH, budget={"candidates": 16})
    items = run(bench, search)
    trained = Counter(i.candidate_id for i in items if i.kind is WorkKind.EVALUATE)
    found: dict[str, list[Candidate]] = {}
    for candidate in candidates(bench, search):
        found.setdefault(str(network_values(candidate.architecture)), []).append(candidate)
    pairs = [of for of in found.values() if len(of) > 1]
    assert pairs, "members of the front are tried at the other precision"
    for first, second in pairs:
        assert first.evaluation_id == second.evaluation_id
        assert first.metrics["latency_ms@0"] != second.metrics["latency_ms@0"], "each is timed at its own"
        with bench.store.read() as uow:
            timed = [queries.candidate(uow, c.id).measurements for c in (first, second)]
        shown = [{m.target.precision for m in of} for of in timed]
        assert shown == [{c.architecture.get("precision", "fp32")} for c in (first, second)]
    assert sum(trained.values()) == len(found)
    assert {second.evaluation_reused for _, second in pairs} == {True}


def test_the_front_is_tried_at_both_precisions_before_anything_else(bench: Bench) -> None:
    search = bench.submit(space=BOTH, budget={"candidates": 20})
    run(bench, search)
    done = candidates(bench, search)
    front = non_dominated([(c.metrics["accuracy@0"], c.metrics["latency_ms@0"]) for c in done], (True, False))
    networks = Counter(str(network_values(c.architecture)) for c in done)
    last = max(done, key=lambda candidate: candidate.number)
    assert {networks[str(network_values(done[i].architecture))] for i in front if done[i] != last} == {2}


def test_latencies_are_foreseen_once_each_precision_has_a_predictor_and_by_its_own(bench: Bench) -> None:
    space = {"name": "mobilenet", "preset": "tiny"}
    earlier = bench.submit(space=space, budget={"candidates": 1})
    bench.run(earlier)
    with_predictor(bench, bench.search(earlier))
    one, both = bench.submit(space=BOTH, budget=BUDGET), bench.submit(space=BOTH, budget={"candidates": 9})
    run(bench, one)
    with bench.store.read() as uow:
        assert set(foresights(uow, bench.search(earlier))) == {0}
        assert foresights(uow, bench.search(one)) == {}
    assert not any(key.startswith("predicted") for c in candidates(bench, one) for key in c.metrics)

    with_predictor(bench, bench.search(earlier), TargetSpec(precision="int8"), ms_per_million_macs=0.5)
    run(bench, both)
    found = candidates(bench, both)
    assert {candidate.architecture.get("precision") for candidate in found} == set(OF)
    for candidate in found:
        million_macs = candidate.metrics["macs"] / 1e6
        expected = 0.01 + million_macs * (0.5 if "precision" in candidate.architecture else 1.0)
        assert candidate.metrics["predicted_latency_ms@0"] == pytest.approx(expected, rel=0.3)


def test_a_search_of_both_precisions_has_a_predictor_made_of_each(bench: Bench) -> None:
    search = bench.submit(space=BOTH, budget=BUDGET)
    items = run(bench, search)
    assert not any(item.kind is WorkKind.FIT for item in items), "so few were timed"
    subject_key = Subject.of(bench.search(search)).key
    with bench.store.write() as uow:
        for number, precision in product(range(FEWEST_UNASKED), PRECISIONS):
            target, now = TargetSpec(precision=precision), datetime.now(UTC)
            timed = Measurement(f"m{number}{precision}", "", target, "device", 1.0, None, False, {}, now)
            uow.evidence.add_measurement(replace(timed, subject_key=subject_key, architecture={}))
    fits = [i.payload for i in run(bench, bench.submit(space=BOTH, budget=BUDGET)) if i.kind is WorkKind.FIT]
    assert fits == [{"targets": [0], "precision": precision} for precision in PRECISIONS]


def test_a_child_keeps_the_precision_of_its_parent(bench: Bench) -> None:
    search = bench.submit(space=BOTH, budget={"candidates": 12}, finalize={"recipe": ["prune-channels"]})
    items = run(bench, search)
    with bench.store.read() as uow:
        born = [m for m in uow.candidates.finalized(search.id) if m.parent_id is not None]
    assert {child.architecture.get("precision") for child in born} == set(OF), "the case needs both"
    assert len({child.architecture_key for child in born}) == len(born)
    for child in born:
        timed = [i.payload.get("precision") for i in items if i.candidate_id == child.id and "target" in i.payload]
        assert timed == 3 * [child.architecture.get("precision")]


@pytest.mark.parametrize(
    ("parts", "field", "says"),
    [
        (
            {"targets": [{}, {"runtime": "torch"}]},
            "space.choices.precision",
            "use onnxruntime, openvino, or leave int8",
        ),
        ({"targets": [{"precision": "int8"}]}, "targets.0.precision", "the space chooses the precision; leave it out"),
        ({"strategy": {"evaluator": "untrained"}}, "space.choices.precision", "name a target for each precision"),
    ],
)
def test_where_it_cannot_be_chosen_the_field_and_the_mend_are_named(
    parts: dict[str, Any], field: str, says: str
) -> None:
    (problem,) = checks.check_precision(spec(**parts))
    assert problem.field == field
    assert says in problem.message
    fixed = {"name": "mobilenet", "choices": {"precision": ["fp32"]}}
    assert checks.check_precision(spec(**parts | {"space": fixed})) == []


def test_a_recipe_that_quantizes_is_refused_beside_candidates_in_int8() -> None:
    (problem,) = checks.check_recipes(spec(finalize={"recipe": ["quantize-int8"]}))
    assert problem.field == "finalize.recipe.0"
    assert "changes nothing" in problem.message
    assert checks.check_recipes(spec(finalize={"recipe": ["prune-channels"]})) == []
