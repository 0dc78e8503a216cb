"""Take in what workers have finished: results become evidence, candidates move on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from nas_service.domain.across import with_across
from nas_service.domain.entities import (
    TRAIN_QUEUE,
    Artifact,
    Candidate,
    DatasetFacts,
    Evaluation,
    Export,
    Failure,
    JsonDict,
    Measurement,
    SpaceFacts,
    WorkItem,
    WorkKind,
    new_id,
    profile_queue,
)
from nas_service.domain.estimates import Interval, half_width_ratio, latency_interval, wilson
from nas_service.domain.executed import as_executed, timed_target
from nas_service.domain.formats import ModelFormat
from nas_service.domain.metrics import (
    accuracies,
    broken,
    judged_by_training,
    metric_key,
    needed_metrics,
    profiled_targets,
)
from nas_service.domain.predictors import Subject
from nas_service.domain.spec import Metric, TargetSpec
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus, WorkStatus, is_over
from nas_service.domain.told import told, with_baseline_of
from nas_service.use_cases.advance import supernet
from nas_service.use_cases.advance.children import absorb_compress, complete
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.advance.fit import absorb_fit, absorb_fit_failure
from nas_service.use_cases.advance.rungs import decided, has_rungs_left, reached
from nas_service.use_cases.reuse import evaluation_reuse_key
from nas_service.use_cases.runtimes import check_runtimes
from nas_service.use_cases.space import network_key
from search_spaces.deployment import layer_values

NOISY_RETRIES = 1
"""Times a measurement that missed its precision is taken again before it is accepted, flagged."""


def absorb(context: Context) -> None:
    """Take in every ended work item that was not taken in yet, oldest first."""
    items = context.uow.work.unabsorbed(context.search.id)
    for item in items:
        if item.status is WorkStatus.DONE and item.result is not None:
            _ABSORB[item.kind](context, item, item.result)
        elif item.status is WorkStatus.FAILED:
            _absorb_failure(context, item, item.failure or Failure("unknown", "no reason was given"))
    if items:
        item_ids = [item.id for item in items]
        context.uow.evidence.let_go(item_ids)
        context.uow.work.mark_absorbed(item_ids)
        context.change()


def _absorb_prepare(context: Context, _item: WorkItem, result: JsonDict) -> None:
    # A search may have been submitted before any worker was there to say what it has.
    if problems := check_runtimes(context.uow, context.search.spec, context.search.tenant):
        if context.search.status is not SearchStatus.CANCELLING:
            detail = "; ".join(f"{problem.field}: {problem.message}" for problem in problems)
            context.end(SearchStatus.FAILED, Failure("runtime-missing", detail))
        return
    facts = result["dataset"]
    context.memories.create(context.uow, context.search.study_name, context.search.spec.objectives)
    context.enter(
        SearchPhase.SUPERNET if context.search.spec.strategy.evaluator == "supernet" else SearchPhase.SEARCH,
        dataset=DatasetFacts(**facts | {"classes": tuple(facts["classes"])}),
        space=SpaceFacts(**result["space"]),
    )


def _absorb_supernet(context: Context, _item: WorkItem, result: JsonDict) -> None:
    supernet.trained(context, result)


def _absorb_compare(context: Context, _item: WorkItem, result: JsonDict) -> None:
    supernet.compared(context, result)


def _absorb_evaluate(context: Context, item: WorkItem, result: JsonDict) -> None:
    candidate = _live_candidate(context, item)
    if candidate is None:
        return
    evaluation = context.uow.evidence.add_evaluation(
        Evaluation(
            id=new_id("evaluation"),
            reuse_key=evaluation_reuse_key(
                context.search,
                network_key(context.search, candidate),
                final=_is_final(item),
                epochs=item.payload.get("epochs"),
            ),
            accuracy=result["accuracy"],
            fidelity=result["fidelity"],
            result=result["result"],
            created_at=datetime.now(UTC),
            exports=_exports(result),
        ),
        _files(result),
    )
    if _is_final(item):
        keep_final(context, candidate, evaluation_id=evaluation.id)
    else:
        evaluated(context, candidate, evaluation, reused=False)


def _absorb_export(context: Context, item: WorkItem, result: JsonDict) -> None:
    candidate = _live_candidate(context, item)
    if candidate is None:
        return
    evaluation_id: str = item.payload["evaluation_id"]
    context.uow.evidence.add_exports(evaluation_id, _exports(result), _files(result))
    if not _is_final(item):
        _time(context, candidate, context.uow.evidence.evaluation(evaluation_id))


def _files(result: JsonDict) -> dict[str, Artifact]:
    return {name: Artifact(**artifact) for name, artifact in result["artifacts"].items()}


def _exports(result: JsonDict) -> tuple[Export, ...]:
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
            candidate = _with_measurement(candidate, target, _told(context, known))
        else:
            enqueue_profile(context, candidate, evaluation, target, final=False)
    return _settle(context, candidate)


def accuracy_interval(evaluation: Evaluation, accuracy: float) -> Interval | None:
    """Of the network's accuracy or a file's, by the number of validation images; None where that was not noted."""
    images = evaluation.fidelity.get("validation_samples")
    return None if images is None else wilson(accuracy, images)


def enqueue_profile(
    context: Context, candidate: Candidate, evaluation: Evaluation, target: int, *, final: bool, remeasure: bool = False
) -> None:
    """Ask a worker on a target's device to time what it executes of a candidate; a `final` timing may take longer."""
    asked, spec = context.search.spec.targets[target], as_executed(context.search.spec, candidate).targets[target]
    payload: JsonDict = {"target": target, "model_sha256": evaluation.export(spec.format).sha256, "final": final}
    if spec != asked:
        payload |= {"precision": spec.precision}
    if remeasure:
        payload |= {"remeasure": True}
    context.enqueue(WorkKind.PROFILE, profile_queue(spec.device), candidate.id, payload)


def _absorb_profile(context: Context, item: WorkItem, result: JsonDict) -> None:
    candidate = _live_candidate(context, item)
    if candidate is None:
        return
    target: int = item.payload["target"]
    measurement = _measurement(item.payload["model_sha256"], timed_target(context.search.spec, item.payload), result)
    if candidate.parent_id is None:  # a child's latency says nothing of its architecture
        subject_key = Subject.of(context.search).key
        network = layer_values(candidate.architecture)
        measurement = replace(measurement, subject_key=subject_key, architecture=network)
    context.uow.evidence.add_measurement(measurement)
    measurement = _told(context, measurement)
    if measurement.noisy and _may_be_retried(context, item):
        payload = item.payload | {"retries": item.payload.get("retries", 0) + 1}
        context.enqueue(WorkKind.PROFILE, item.queue, candidate.id, payload)
    elif _is_remeasured(item):
        _settle_tie(context, candidate, target, measurement)
    elif _is_final(item):
        measured = dict((candidate.final or {}).get("measurements", {})) | {str(target): measurement.id}
        keep_final(context, candidate, measurements=measured)
    else:
        _settle(context, _with_measurement(candidate, target, measurement))


def _may_be_retried(context: Context, item: WorkItem) -> bool:
    """Between rungs a noisy latency will do: near-ties are timed again in the end."""
    between_rungs = context.search.spec.halves and not _is_final(item)
    return not between_rungs and item.payload.get("retries", 0) < NOISY_RETRIES


def _settle_tie(context: Context, candidate: Candidate, target: int, measurement: Measurement) -> None:
    """The longer timing takes the place of the one that the search went by, whichever is the better.

    To choose by the value would keep those that were lucky.
    """
    spec, key = context.search.spec, metric_key(Metric.LATENCY_MS, target)
    before_ms = candidate.metrics[key]
    known = with_across(spec, _with_measurement(candidate, target, measurement).known)
    context.uow.candidates.update(
        candidate.id,
        metrics=known.metrics,
        intervals=known.intervals,
        violations=broken(spec.constraints, known.metrics),
        remeasured=candidate.remeasured | {str(target): measurement.id},
    )
    payload = {"candidate_id": candidate.id, "number": candidate.number, "target": target}
    latencies = {"before_ms": before_ms, "latency_ms": measurement.median_ms}
    context.uow.events.append(context.search.id, "candidate.remeasured", payload | latencies)


def _measurement(model_sha256: str, target: TargetSpec, result: JsonDict) -> Measurement:
    return Measurement(
        id=new_id("measurement"),
        model_sha256=model_sha256,
        target=target,
        device_id=result["device_id"],
        median_ms=result["median_ms"],
        peak_memory_mib=result["peak_memory_mib"],
        noisy=result["noisy"],
        result=result,
        created_at=datetime.now(UTC),
        half_width_ratio=half_width_ratio(result),
        owner=result.get("owner"),
    )


def _told(context: Context, measurement: Measurement) -> Measurement:
    """In the unit of the search, which its first measurement decides."""
    baselines = with_baseline_of(context.search, measurement)
    if baselines is not context.search.baselines:
        context.change(baselines=dict(baselines))
    return told(context.search, measurement)


def _with_measurement(candidate: Candidate, target: int, measurement: Measurement) -> Candidate:
    interval = latency_interval(measurement.result)
    known = candidate.known.with_one(metric_key(Metric.LATENCY_MS, target), measurement.median_ms, interval)
    if measurement.peak_memory_mib is not None:
        known = known.with_one(metric_key(Metric.PEAK_MEMORY_MIB, target), measurement.peak_memory_mib)
    return replace(candidate, metrics=known.metrics, intervals=known.intervals)


def _settle(context: Context, candidate: Candidate) -> Candidate:
    """Store a candidate's metrics, and move it on: to its end where every target was measured."""
    known = with_across(context.search.spec, candidate.known)
    metrics, numbers = known.metrics, {"metrics": known.metrics, "intervals": known.intervals}
    targets = profiled_targets(context.search.spec)
    if all(metric_key(Metric.LATENCY_MS, target) in metrics for target in targets):
        missing = [key for key in needed_metrics(context.search.spec) if key not in metrics]
        if missing:
            detail = f"{missing[0]} cannot be measured on its target; drop it from objectives and constraints"
            failure = Failure("metric-missing", detail)
            return context.move_candidate(candidate, CandidateStatus.FAILED, failure=failure, **numbers)
        goes_on = has_rungs_left(context.search.spec, candidate)
        violated = broken(decided(context.search.spec.constraints, goes_on=goes_on), metrics)
        judged = CandidateStatus.PAUSED if goes_on else CandidateStatus.COMPLETED
        to = CandidateStatus.INFEASIBLE if violated else judged
        return context.move_candidate(candidate, to, violations=violated, **numbers)
    if candidate.status is CandidateStatus.EVALUATED:
        return context.move_candidate(candidate, CandidateStatus.PROFILING, **numbers)
    context.uow.candidates.update(candidate.id, **numbers)
    return candidate


def _absorb_finalize(context: Context, item: WorkItem, result: JsonDict) -> None:
    candidate = context.uow.candidates.get(str(item.candidate_id))
    for name, artifact in result["artifacts"].items():
        context.uow.evidence.link_artifact(candidate.id, name, artifact["sha256"])
    keep_final(context, candidate, **result["final"])
    payload = {"candidate_id": candidate.id, "number": candidate.number, "final": result["final"]}
    context.uow.events.append(context.search.id, "candidate.finalized", payload)
    if candidate.parent_id is not None:
        complete(context, context.uow.candidates.get(candidate.id))


def _absorb_compress(context: Context, item: WorkItem, result: JsonDict) -> None:
    child = _live_candidate(context, item)
    if child is not None and not is_over(child.status):
        absorb_compress(context, child, result, _exports(result))


def keep_final(context: Context, candidate: Candidate, **facts: object) -> None:
    """Add to what is known of a finalized candidate. The evaluation it is finalized with keeps its files for it."""
    final = (context.uow.candidates.get(candidate.id).final or {}) | facts
    context.uow.candidates.update(candidate.id, final=final, final_evaluation_id=final.get("evaluation_id"))


def _absorb_failure(context: Context, item: WorkItem, failure: Failure) -> None:
    if item.kind is WorkKind.COMPARE:
        return  # the others tell enough
    if item.kind is WorkKind.FIT:
        absorb_fit_failure(context, item, failure)
        return
    if item.kind in {WorkKind.PREPARE, WorkKind.SUPERNET}:
        if context.search.status is not SearchStatus.CANCELLING:
            context.end(SearchStatus.FAILED, failure)
        return
    candidate = context.uow.candidates.get(str(item.candidate_id))
    if _is_remeasured(item):
        # The first timing stands.
        remeasured = candidate.remeasured | {str(item.payload["target"]): None}
        context.uow.candidates.update(candidate.id, remeasured=remeasured)
    elif candidate.final is not None:
        keep_final(context, candidate, failure=failure.to_json())
        if not is_over(candidate.status):  # a child
            context.move_candidate(candidate, CandidateStatus.FAILED, failure=failure)
    elif not is_over(candidate.status):
        context.move_candidate(candidate, CandidateStatus.FAILED, failure=failure)


def _live_candidate(context: Context, item: WorkItem) -> Candidate | None:
    """The item's candidate, unless it has ended meanwhile (a finalized one has, and goes on being measured)."""
    candidate = context.uow.candidates.get(str(item.candidate_id))
    return candidate if _is_final(item) or not is_over(candidate.status) else None


def _is_remeasured(item: WorkItem) -> bool:
    return bool(item.payload.get("remeasure", False))


def _is_final(item: WorkItem) -> bool:
    return bool(item.payload.get("final", False))


_ABSORB: dict[WorkKind, Callable[[Context, WorkItem, JsonDict], None]] = {
    WorkKind.PREPARE: _absorb_prepare,
    WorkKind.SUPERNET: _absorb_supernet,
    WorkKind.COMPARE: _absorb_compare,
    WorkKind.EVALUATE: _absorb_evaluate,
    WorkKind.EXPORT: _absorb_export,
    WorkKind.PROFILE: _absorb_profile,
    WorkKind.FINALIZE: _absorb_finalize,
    WorkKind.FIT: absorb_fit,
    WorkKind.COMPRESS: _absorb_compress,
}
