"""Which files a search has written and whose accuracy it goes by, over a real store; what workers do is made up."""

from typing import Any

import pytest

from benchmarks.no_op_workers import claim, finish
from nas_service.domain.entities import Candidate, Evaluation, Failure, Search, WorkItem, WorkKind
from nas_service.domain.formats import ModelFormat
from nas_service.domain.metrics import objective_key
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.use_cases import queries, work
from nas_service.use_cases.advance import advance
from tests.unit.nas_service.use_cases.conftest import Bench

FP32: dict[str, Any] = {}
INT8: dict[str, Any] = {"precision": "int8"}
BUDGET = {"candidates": 4}


def done(bench: Bench, search: Search) -> list[WorkItem]:
    """Every item of the search, worked on to its end."""
    items = []
    for _ in range(100):
        advance(bench.store, bench.memories, search.id)
        item = claim(bench.store)
        if item is None:
            break
        items.append(item)
        finish(bench.store, item)
    assert bench.search(search).status is SearchStatus.SUCCEEDED
    return items


def completed(bench: Bench, search: Search) -> list[tuple[Candidate, Evaluation]]:
    with bench.store.read() as uow:
        candidates = uow.candidates.of(search.id, [CandidateStatus.COMPLETED])
        return [(c, uow.evidence.evaluation(str(c.evaluation_id))) for c in candidates]


def accuracy_of(evaluation: Evaluation, form: ModelFormat) -> float | None:
    return evaluation.export(form).validation_accuracy


def test_only_what_the_targets_execute_is_exported_beside_onnx(bench: Bench) -> None:
    search = bench.submit(targets=[{"runtime": "torch"}, INT8], budget=BUDGET)
    done(bench, search)
    for _, evaluation in completed(bench, search):
        assert {e.format for e in evaluation.exports} == {ModelFormat.ONNX, ModelFormat.ONNX_INT8, ModelFormat.PT2}


def test_each_target_times_the_file_of_its_format(bench: Bench) -> None:
    search = bench.submit(targets=[FP32, INT8], budget=BUDGET)
    timed = [item for item in done(bench, search) if item.kind is WorkKind.PROFILE]
    known = {e.sha256: e.format for _, evaluation in completed(bench, search) for e in evaluation.exports}
    expected = {0: ModelFormat.ONNX, 1: ModelFormat.ONNX_INT8}
    assert timed
    for item in timed:
        assert known[item.payload["model_sha256"]] is expected[item.payload["target"]]


def test_a_search_on_an_int8_target_goes_by_the_accuracy_of_the_int8_file(bench: Bench) -> None:
    search = bench.submit(targets=[INT8], budget=BUDGET)
    done(bench, search)
    with bench.store.read() as uow:
        front, status = queries.front(uow, search.id), queries.status(uow, search.id)
    assert [objective_key(objective) for objective in front.objectives] == ["accuracy@0", "latency_ms@0"]
    found = completed(bench, search)
    for candidate, evaluation in found:
        assert candidate.metrics["accuracy@0"] == accuracy_of(evaluation, ModelFormat.ONNX_INT8)
        assert candidate.metrics["accuracy"] == evaluation.accuracy
        assert candidate.metrics["accuracy@0"] != candidate.metrics["accuracy"], "the case needs them to differ"
    assert status.best_accuracy == max(candidate.metrics["accuracy@0"] for candidate, _ in found)


def test_a_search_on_fp32_targets_alone_has_one_accuracy(bench: Bench) -> None:
    search = bench.submit(targets=[FP32, {"runtime": "torch"}], budget=BUDGET)
    done(bench, search)
    for candidate, evaluation in completed(bench, search):
        assert [key for key in candidate.metrics if key.startswith("accuracy")] == ["accuracy"]
        assert candidate.metrics["accuracy"] == evaluation.accuracy


def test_another_format_is_written_from_known_weights_without_another_training(bench: Bench) -> None:
    done(bench, bench.submit(targets=[FP32], budget=BUDGET))
    again = bench.submit(targets=[INT8], budget=BUDGET)
    items = done(bench, again)
    kinds = [item.kind for item in items]
    assert WorkKind.EVALUATE not in kinds
    assert kinds.count(WorkKind.EXPORT) == BUDGET["candidates"]
    assert all(item.payload["formats"] == ["onnx-int8"] for item in items if item.kind is WorkKind.EXPORT)
    for candidate, evaluation in completed(bench, again):
        assert candidate.evaluation_reused
        assert candidate.metrics["accuracy@0"] == accuracy_of(evaluation, ModelFormat.ONNX_INT8)
    third = done(bench, bench.submit(targets=[INT8], budget=BUDGET))
    assert {item.kind for item in third} == {WorkKind.PREPARE, WorkKind.PROFILE, WorkKind.FINALIZE}


@pytest.mark.parametrize("target", [FP32, INT8])
def test_what_is_exported_for_finalized_members_only_is_written_before_it_is_timed(
    bench: Bench, target: dict[str, Any]
) -> None:
    parts = {"finalize": {"recipe": ["train-longer"]}, "budget": {"candidates": 1}}
    done(bench, bench.submit(targets=[FP32], **parts))
    items = done(bench, bench.submit(targets=[target], **parts))
    final = [item.kind for item in items if item.payload.get("final") or item.kind is WorkKind.FINALIZE]
    assert WorkKind.EVALUATE not in final
    assert (WorkKind.EXPORT in final) is (target is INT8)
    assert final.index(WorkKind.PROFILE) > (final.index(WorkKind.EXPORT) if target is INT8 else -1)


def test_a_failed_export_fails_the_candidate_and_not_the_search(bench: Bench) -> None:
    done(bench, bench.submit(targets=[FP32], budget=BUDGET))
    again = bench.submit(targets=[INT8], budget=BUDGET)
    failed = False
    for _ in range(100):
        advance(bench.store, bench.memories, again.id)
        item = claim(bench.store)
        if item is None:
            break
        if item.kind is WorkKind.EXPORT and not failed:
            failed = True
            _fail(bench, item)
        else:
            finish(bench.store, item)
    with bench.store.read() as uow:
        view = queries.status(uow, again.id)
    assert view.search.status is SearchStatus.SUCCEEDED
    assert view.counts == {CandidateStatus.COMPLETED: 3, CandidateStatus.FAILED: 1}


def _fail(bench: Bench, item: WorkItem) -> None:
    assert work.fail(bench.store, item, Failure("model-refused", "no such operator"), retry=False)
