"""From a candidate's training to its accuracies and files, and on to timing."""

from dataclasses import replace
from datetime import UTC, datetime

from nas_service.domain.entities import (
    TRAIN_QUEUE,
    Artifact,
    Candidate,
    Evaluation,
    Export,
    JsonDict,
    WorkItem,
    WorkKind,
    new_id,
)
from nas_service.domain.estimates import Interval, wilson
from nas_service.domain.executed import as_executed
from nas_service.domain.formats import ModelFormat
from nas_service.domain.metrics import accuracies, judged_by_training, metric_key, profiled_targets
from nas_service.domain.spec import Metric
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.advance.items import is_final, keep_final, live_candidate
from nas_service.use_cases.advance.rungs import reached
from nas_service.use_cases.advance.timing import enqueue_profile, settle, told_here, with_measurement
from nas_service.use_cases.reuse import evaluation_reuse_key
from nas_service.use_cases.space import network_key


def absorb_evaluate(context: Context, item: WorkItem, result: JsonDict) -> None:
    candidate = live_candidate(context, item)
    if candidate is None:
        return
    evaluation = context.uow.evidence.add_evaluation(
        Evaluation(
            id=new_id("evaluation"),
            reuse_key=evaluation_reuse_key(
                context.search,
                network_key(context.search, candidate),
                final=is_final(item),
                epochs=item.payload.get("epochs"),
            ),
            accuracy=result["accuracy"],
            fidelity=result["fidelity"],
            result=result["result"],
            created_at=datetime.now(UTC),
            exports=exports_of(result),
        ),
        files_of(result),
    )
    if is_final(item):
        keep_final(context, candidate, evaluation_id=evaluation.id)
    else:
        evaluated(context, candidate, evaluation, reused=False)


def absorb_export(context: Context, item: WorkItem, result: JsonDict) -> None:
    candidate = live_candidate(context, item)
    if candidate is None:
        return
    evaluation_id: str = item.payload["evaluation_id"]
    context.uow.evidence.add_exports(evaluation_id, exports_of(result), files_of(result))
    if not is_final(item):
        _time(context, candidate, context.uow.evidence.evaluation(evaluation_id))


def files_of(result: JsonDict) -> dict[str, Artifact]:
    return {name: Artifact(**artifact) for name, artifact in result["artifacts"].items()}


def exports_of(result: JsonDict) -> tuple[Export, ...]:
    return tuple(Export(**export | {"format": ModelFormat(export["format"])}) for export in result["exports"])


def evaluated(context: Context, candidate: Candidate, evaluation: Evaluation, *, reused: bool) -> Candidate:
    """A candidate is trained: go on to timing, by way of what was not exported yet. Returns it as it is then."""
    its: JsonDict = {"evaluation_id": evaluation.id, "evaluation_reused": reused}
    lacking = evaluation.lacking(as_executed(context.search.spec, candidate).formats)
    if not lacking:
        return _time(context, replace(candidate, **its), evaluation)
    enqueue_export(context, candidate.id, evaluation.id, lacking, final=False)
    if candidate.status is not CandidateStatus.EVALUATING:
        return context.move_candidate(candidate, CandidateStatus.EVALUATING, **its)
    context.uow.candidates.update(candidate.id, **its)
    return replace(candidate, **its)


def enqueue_export(
    context: Context, candidate_id: str, evaluation_id: str, formats: list[ModelFormat], *, final: bool
) -> None:
    """Ask a worker to write an evaluation's weights in more formats."""
    payload = {"evaluation_id": evaluation_id, "formats": formats, "final": final}
    context.enqueue(WorkKind.EXPORT, TRAIN_QUEUE, candidate_id, payload)


def _time(context: Context, candidate: Candidate, evaluation: Evaluation) -> Candidate:
    """A candidate has its accuracies and files: note them, and have timed what was not timed at an earlier rung."""
    numbers, executed = candidate.known, as_executed(context.search.spec, candidate)
    for key, accuracy in accuracies(executed, evaluation).items():
        numbers = numbers.with_one(key, accuracy, accuracy_interval(evaluation, accuracy))
    for metric in judged_by_training(context.search.spec):
        numbers = numbers.with_one(metric.value, evaluation.result[metric.value])
    candidate = context.move_candidate(
        candidate,
        CandidateStatus.EVALUATED,
        evaluation_id=candidate.evaluation_id,
        evaluation_reused=candidate.evaluation_reused,
        metrics=numbers.metrics,
        intervals=numbers.intervals,
        rungs=reached(context.search.spec, candidate, evaluation),
    )
    for target in profiled_targets(context.search.spec):
        if metric_key(Metric.LATENCY_MS, target) in candidate.metrics:
            continue
        spec = executed.targets[target]
        known = context.uow.evidence.measurement_of(evaluation.export(spec.format).sha256, spec, context.search.tenant)
        if known is not None:
            candidate = with_measurement(candidate, target, told_here(context, known))
        else:
            enqueue_profile(context, candidate, evaluation, target, final=False)
    return settle(context, candidate)


def accuracy_interval(evaluation: Evaluation, accuracy: float) -> Interval | None:
    """Of the network's accuracy or a file's, by the number of validation images; None where that was not noted."""
    images = evaluation.fidelity.get("validation_samples")
    return None if images is None else wilson(accuracy, images)
