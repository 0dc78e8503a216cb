"""Finish the front: train by the finalize recipe, measure again on every target, test once, bundle."""

from collections.abc import Sequence

from nas_service.domain.entities import TRAIN_QUEUE, Candidate, Completed, Failure, JsonDict, WorkItem, WorkKind
from nas_service.domain.executed import as_executed
from nas_service.domain.final import final_numbers
from nas_service.domain.front import spread
from nas_service.domain.metrics import broken, metric_key, objective_values, profiled_targets
from nas_service.domain.spec import Metric
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.domain.timings import wants_another
from nas_service.use_cases.advance.children import beget, compress
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.advance.fit import enqueue_fit, is_profile
from nas_service.use_cases.advance.items import keep_final
from nas_service.use_cases.advance.remeasure import remeasure
from nas_service.use_cases.advance.timing import enqueue_profile
from nas_service.use_cases.advance.training import enqueue_export
from nas_service.use_cases.reuse import evaluation_reuse_key
from nas_service.use_cases.space import network_key
from nas_service.use_cases.standing import is_kept, members_of, points_of, searched_front


def finalize(context: Context) -> None:
    """Settle near-ties, choose the members once, and take each through its steps; with the last bundle it is over.

    A profile has no members: it is over with its predictors.
    """
    open_items = context.uow.work.open(context.search.id)
    if is_profile(context):
        if not open_items:
            enqueue_fit(context)
        return
    members = context.uow.candidates.finalized(context.search.id)
    if not members and remeasure(context):
        return
    if not members and (members := _choose(context)):
        enqueue_fit(context)
    if not members:
        context.end(SearchStatus.FAILED, _nothing_found(context))
        return
    for member in members:
        _next_step(context, context.uow.candidates.get(member.id), open_items)
    members = [context.uow.candidates.get(member.id) for member in members]
    children = beget(context, members)
    for child in children:
        _next_step(context, child, [])
    members += [context.uow.candidates.get(child.id) for child in children]
    if any(item.kind is WorkKind.FIT for item in context.uow.work.open(context.search.id)):
        return
    if all("bundle" in (m.final or {}) or "failure" in (m.final or {}) for m in members):
        _end(context, members)


def _choose(context: Context) -> list[Candidate]:
    """The front, or `top_k` of its members spread over it."""
    candidates = context.uow.candidates.of(context.search.id, [CandidateStatus.COMPLETED])
    completed = [Completed(c.id, c.known, c.evaluation_reused) for c in candidates]
    front = [candidates[i] for i in sorted(searched_front(context.search, completed))]
    finalize, objectives = context.search.spec.finalize, context.search.spec.objectives
    if finalize.top_k is not None:
        front = [front[i] for i in spread([objective_values(objectives, c.metrics) for c in front], finalize.top_k)]
    for member in front:
        keep_final(context, member)
    return front


def _next_step(context: Context, member: Candidate, open_items: Sequence[WorkItem]) -> None:
    """The next work item of one member, unless one is open: train, export, measure on each target, test and bundle.

    A child is compressed in place of being trained.
    """
    final = member.final or {}
    if "bundle" in final or "failure" in final or any(i.candidate_id == member.id for i in open_items):
        return
    if member.parent_id is not None and "evaluation_id" not in final:
        if compress(context, member) is None:
            return
        member = context.uow.candidates.get(member.id)
        final = member.final or {}
    evaluation_id = final.get("evaluation_id") or _inherited_evaluation(context, member)
    if evaluation_id is None:
        context.enqueue(WorkKind.EVALUATE, TRAIN_QUEUE, member.id, {"final": True})
        return
    evaluation = context.uow.evidence.evaluation(evaluation_id)
    if lacking := [] if member.parent_id else evaluation.lacking(as_executed(context.search.spec, member).formats):
        enqueue_export(context, member.id, evaluation_id, lacking, final=True)
        return
    timings = _timings(member, final, evaluation_id)
    asked, targets = context.search.spec.finalize.timings, profiled_targets(context.search.spec)
    if missing := [t for t in targets if wants_another(_medians_ms(timings.get(str(t), [])), asked)]:
        for target in missing:
            enqueue_profile(context, member, evaluation, target, final=True)
        return
    keep_final(context, member, timings=timings)
    context.enqueue(WorkKind.FINALIZE, TRAIN_QUEUE, member.id)


def _timings(member: Candidate, final: JsonDict, evaluation_id: str) -> dict[str, list[JsonDict]]:
    """By target the final timings so far, each an id and a median.

    Of a network that was not trained again since, that which settled a near-tie is the first.
    """
    taken: dict[str, list[JsonDict]] = dict(final.get("timings", {}))
    for target, measurement_id in member.remeasured.items() if evaluation_id == member.evaluation_id else ():
        known = taken.get(target, [])
        if measurement_id is not None and measurement_id not in [timing["id"] for timing in known]:
            median_ms = member.metrics[metric_key(Metric.LATENCY_MS, int(target))]
            taken[target] = [{"id": measurement_id, "median_ms": median_ms}, *known]
    return taken


def _medians_ms(timings: Sequence[JsonDict]) -> list[float]:
    return [timing["median_ms"] for timing in timings]


def _inherited_evaluation(context: Context, member: Candidate) -> str | None:
    """The evaluation that a member is finalized with where no new training is asked for."""
    key = evaluation_reuse_key(context.search, network_key(context.search, member), final=True)
    known = context.uow.evidence.evaluation_by_key(key)
    if known is None or not context.uow.evidence.has_files(known.id):
        return None
    keep_final(context, member, evaluation_id=known.id)
    return known.id


def _end(context: Context, finalized: Sequence[Candidate]) -> None:
    """By their final numbers, who is on the front? Where anybody is, the search has succeeded."""
    spec = context.search.spec
    finals = [(c, final_numbers(spec, c.known, c.final)) for c in finalized]
    known = [(c, numbers) for c, numbers in finals if numbers is not None]
    if not known:
        failure = Failure("no-bundle", f"every front member failed to finalize; the last one: {finalized[-1].final}")
        context.end(SearchStatus.FAILED, failure)
        return
    feasible = [
        (c, numbers) for c, numbers in known if is_kept(c.final) and not broken(spec.constraints, numbers.metrics)
    ]
    if not feasible:
        excess = broken(spec.constraints, known[0][1].metrics)
        context.end(SearchStatus.FAILED, _nothing_feasible(excess, len(known)))
        return
    points = points_of(spec.objectives, [numbers for _, numbers in feasible])
    members = [feasible[i][0].number for i in members_of(spec.objectives, points)]
    others = [c.number for c in finalized if c.number not in members]
    context.uow.events.append(context.search.id, "search.front", {"members": members, "not_on_it": others})
    context.end(SearchStatus.SUCCEEDED)


def _nothing_found(context: Context) -> Failure:
    counts = context.uow.candidates.counts(context.search.id)
    ends = ", ".join(f"{count} {status.lower()}" for status, count in counts.items()) or "none proposed"
    detail = f"no candidate is both complete and feasible ({ends}); relax the constraints or raise the budget"
    return Failure("no-feasible-candidate", detail)


def _nothing_feasible(excess: dict[str, float], count: int) -> Failure:
    beyond = ", ".join(f"{key} by {amount:.3g}" for key, amount in excess.items())
    detail = (
        f"by their final numbers all {count} finalized candidates break a constraint (the first one {beyond});"
        " their bundles are kept; leave the constraint more room than the noise of a timing takes"
    )
    return Failure("infeasible-when-final", detail)
