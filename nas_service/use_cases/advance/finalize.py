"""Finish the front: train by the finalize recipe, measure again on every target, test once, bundle."""

from collections.abc import Sequence

from nas_service.domain.entities import TRAIN_QUEUE, Candidate, Failure, WorkItem, WorkKind
from nas_service.domain.front import non_dominated, spread
from nas_service.domain.metrics import objective_values, profiled_targets
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.use_cases.advance.absorb import enqueue_profile, keep_final
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.reuse import evaluation_reuse_key


def finalize(context: Context) -> None:
    """Choose the members once, then take each through its steps; the search succeeds with the last bundle."""
    members = context.uow.candidates.finalized(context.search.id) or _choose(context)
    if not members:
        context.end(SearchStatus.FAILED, _nothing_found(context))
        return
    open_items = context.uow.work.open(context.search.id)
    for member in members:
        _next_step(context, context.uow.candidates.get(member.id), open_items)
    members = [context.uow.candidates.get(member.id) for member in members]
    if any("bundle" not in (m.final or {}) and "failure" not in (m.final or {}) for m in members):
        return
    if any("bundle" in (m.final or {}) for m in members):
        context.end(SearchStatus.SUCCEEDED)
    else:
        failure = Failure("no-bundle", f"every front member failed to finalize; the last one: {members[-1].final}")
        context.end(SearchStatus.FAILED, failure)


def _choose(context: Context) -> list[Candidate]:
    """The front, or `top_k` of its members spread over it."""
    candidates = context.uow.candidates.of(context.search.id, [CandidateStatus.COMPLETED])
    objectives = context.search.spec.objectives
    points = [objective_values(objectives, c.metrics) for c in candidates]
    front = [candidates[i] for i in non_dominated(points, [o.maximize for o in objectives])]
    top_k = context.search.spec.finalize.top_k
    if top_k is not None:
        front = [front[i] for i in spread([objective_values(objectives, c.metrics) for c in front], top_k)]
    for member in front:
        keep_final(context, member)
    return front


def _next_step(context: Context, member: Candidate, open_items: Sequence[WorkItem]) -> None:
    """The next work item of one member, unless one is open: train, measure on each target, test and bundle."""
    final = member.final or {}
    if "bundle" in final or "failure" in final or any(i.candidate_id == member.id for i in open_items):
        return
    evaluation_id = final.get("evaluation_id") or _inherited_evaluation(context, member)
    if evaluation_id is None:
        context.enqueue(WorkKind.EVALUATE, TRAIN_QUEUE, member.id, {"final": True})
        return
    missing = [t for t in profiled_targets(context.search.spec) if str(t) not in final.get("measurements", {})]
    if missing:
        model_sha256 = context.uow.evidence.evaluation(evaluation_id).result["model_sha256"]
        for target in missing:
            enqueue_profile(context, member.id, model_sha256, target, final=True)
        return
    context.enqueue(WorkKind.FINALIZE, TRAIN_QUEUE, member.id)


def _inherited_evaluation(context: Context, member: Candidate) -> str | None:
    """The evaluation that a member is finalized with where no new training is asked for."""
    key = evaluation_reuse_key(context.search, member.architecture_key, final=True)
    known = context.uow.evidence.evaluation_by_key(key)
    if known is None or not context.uow.evidence.has_files(known.id):
        return None
    keep_final(context, member, evaluation_id=known.id)
    return known.id


def _nothing_found(context: Context) -> Failure:
    counts = context.uow.candidates.counts(context.search.id)
    ends = ", ".join(f"{count} {status.lower()}" for status, count in counts.items()) or "none proposed"
    detail = f"no candidate is both complete and feasible ({ends}); relax the constraints or raise the budget"
    return Failure("no-feasible-candidate", detail)
