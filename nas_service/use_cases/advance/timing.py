"""From a candidate's files to its latencies, and on to its end."""

from dataclasses import replace
from datetime import UTC, datetime

from nas_service.domain.across import with_across
from nas_service.domain.entities import (
    Candidate,
    Evaluation,
    Failure,
    JsonDict,
    Measurement,
    WorkItem,
    WorkKind,
    new_id,
    profile_queue,
)
from nas_service.domain.estimates import half_width_ratio, latency_interval
from nas_service.domain.executed import as_executed, timed_target
from nas_service.domain.metrics import broken, metric_key, needed_metrics, profiled_targets
from nas_service.domain.predictors import Subject
from nas_service.domain.spec import Metric, TargetSpec
from nas_service.domain.states import CandidateStatus
from nas_service.domain.told import told, with_baseline_of
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.advance.items import is_final, is_remeasured, keep_final, live_candidate
from nas_service.use_cases.advance.rungs import decided, has_rungs_left
from search_spaces.deployment import layer_values

NOISY_RETRIES = 1
"""Times a measurement that missed its precision is taken again before it is accepted, flagged."""


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


def absorb_profile(context: Context, item: WorkItem, result: JsonDict) -> None:
    candidate = live_candidate(context, item)
    if candidate is None:
        return
    target: int = item.payload["target"]
    measurement = _measurement(item.payload["model_sha256"], timed_target(context.search.spec, item.payload), result)
    if candidate.parent_id is None:  # a child's latency says nothing of its architecture
        subject_key = Subject.of(context.search).key
        network = layer_values(candidate.architecture)
        measurement = replace(measurement, subject_key=subject_key, architecture=network)
    context.uow.evidence.add_measurement(measurement)
    measurement = told_here(context, measurement)
    if measurement.noisy and _may_be_retried(context, item):
        payload = item.payload | {"retries": item.payload.get("retries", 0) + 1}
        context.enqueue(WorkKind.PROFILE, item.queue, candidate.id, payload)
    elif is_remeasured(item):
        _settle_tie(context, candidate, target, measurement)
    elif is_final(item):
        _keep_timing(context, candidate, target, measurement)
    else:
        settle(context, with_measurement(candidate, target, measurement))


def _may_be_retried(context: Context, item: WorkItem) -> bool:
    """A noisy latency will do between rungs, where near-ties are timed again in the end, and as one of several."""
    spec = context.search.spec
    between_rungs = spec.halves and not is_final(item)
    one_of_several = is_final(item) and not is_remeasured(item) and spec.finalize.timings > 1
    return not between_rungs and not one_of_several and item.payload.get("retries", 0) < NOISY_RETRIES


def _keep_timing(context: Context, candidate: Candidate, target: int, measurement: Measurement) -> None:
    """Beside the earlier ones of the finished candidate on that target."""
    timings = dict((candidate.final or {}).get("timings", {}))
    timings[str(target)] = [*timings.get(str(target), []), {"id": measurement.id, "median_ms": measurement.median_ms}]
    keep_final(context, candidate, timings=timings)


def _settle_tie(context: Context, candidate: Candidate, target: int, measurement: Measurement) -> None:
    """The longer timing takes the place of the one that the search went by, whichever is the better.

    To choose by the value would keep those that were lucky.
    """
    spec, key = context.search.spec, metric_key(Metric.LATENCY_MS, target)
    before_ms = candidate.metrics[key]
    known = with_across(spec, with_measurement(candidate, target, measurement).known)
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


def told_here(context: Context, measurement: Measurement) -> Measurement:
    """In the unit of the search, which its first measurement decides."""
    baselines = with_baseline_of(context.search, measurement)
    if baselines is not context.search.baselines:
        context.change(baselines=dict(baselines))
    return told(context.search, measurement)


def with_measurement(candidate: Candidate, target: int, measurement: Measurement) -> Candidate:
    interval = latency_interval(measurement.result)
    known = candidate.known.with_one(metric_key(Metric.LATENCY_MS, target), measurement.median_ms, interval)
    if measurement.peak_memory_mib is not None:
        known = known.with_one(metric_key(Metric.PEAK_MEMORY_MIB, target), measurement.peak_memory_mib)
    return replace(candidate, metrics=known.metrics, intervals=known.intervals)


def settle(context: Context, candidate: Candidate) -> Candidate:
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
