"""Before it is decided who is on the front: time those again whose place on it hangs on the noise of their timings."""

from collections.abc import Sequence

from nas_service.domain.entities import Candidate
from nas_service.domain.metrics import objective_key, objective_values, profiled_targets
from nas_service.domain.noisy_front import NoisyFront
from nas_service.domain.spec import Metric, SearchSpec
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.advance.timing import enqueue_profile


def remeasure(context: Context) -> bool:
    """Have near-ties timed again, for as long as finalized members are. Whether the front has to wait for any.

    No candidate is timed again twice, so that this ends, with or without ties left.
    """
    if any(item.payload.get("remeasure") for item in context.uow.work.open(context.search.id)):
        return True
    candidates = context.uow.candidates.of(context.search.id, [CandidateStatus.COMPLETED])
    left = context.search.spec.finalize.remeasure - sum(bool(candidate.remeasured) for candidate in candidates)
    ties = [candidate for candidate in near_ties(context.search.spec, candidates) if _can_be_timed(context, candidate)]
    chosen = ties[: max(0, left)]
    for candidate in chosen:
        _time_again(context, candidate)
    if chosen:
        payload = {"candidates": [candidate.number for candidate in chosen], "left_out": len(ties) - len(chosen)}
        context.uow.events.append(context.search.id, "search.near_ties", payload)
        context.change()
    return bool(chosen)


def near_ties(spec: SearchSpec, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those of which one dominates another, or not, depending on where in their intervals their latencies lie.

    By how open their places are. Longer timing tells nothing new of accuracies: these count as they were measured.
    """
    feasible = [candidate for candidate in candidates if not candidate.violations]
    timed = [(objective_key(o), o.metric is Metric.LATENCY_MS) for o in spec.objectives]
    front = NoisyFront.of(
        [objective_values(spec.objectives, candidate.metrics) for candidate in feasible],
        [tuple(c.intervals.get(key) if noisy else None for key, noisy in timed) for c in feasible],
        [o.maximize for o in spec.objectives],
    )
    return [feasible[i] for i in front.near_ties()]


def _can_be_timed(context: Context, candidate: Candidate) -> bool:
    """For the first time again, and while its model is there: that of a reused evaluation may be gone."""
    known = candidate.evaluation_id
    return not candidate.remeasured and known is not None and context.uow.evidence.has_files(known)


def _time_again(context: Context, candidate: Candidate) -> None:
    evaluation = context.uow.evidence.evaluation(str(candidate.evaluation_id))
    for target in _judged_targets(context.search.spec):
        enqueue_profile(context, candidate, evaluation, target, final=True, remeasure=True)


def _judged_targets(spec: SearchSpec) -> list[int]:
    """Targets whose latency any objective is about."""
    latencies = [o for o in spec.objectives if o.metric is Metric.LATENCY_MS]
    if any(o.across is not None for o in latencies):
        return list(profiled_targets(spec))
    return sorted({o.target for o in latencies if o.target is not None})
