"""Keep as many candidates in flight as the search may have, until its budget is spent and nobody goes on."""

from datetime import UTC, datetime

import numpy as np

from nas_service.domain.entities import TRAIN_QUEUE, Candidate, Failure, WorkKind, new_id
from nas_service.domain.metrics import broken, computable, objective_values
from nas_service.domain.rungs import rungs_of
from nas_service.domain.settled import is_settled
from nas_service.domain.spec import Metric, SettledSpec
from nas_service.domain.states import IN_FLIGHT, CandidateStatus, SearchPhase, SearchStatus, is_over
from nas_service.use_cases.advance.context import Context, is_judged, outcome_of
from nas_service.use_cases.advance.fit import enqueue_early_fit, good_enough
from nas_service.use_cases.advance.promote import as_far_as_known, let_go, promote
from nas_service.use_cases.advance.siblings import untried_sibling
from nas_service.use_cases.advance.think import Proposal
from nas_service.use_cases.advance.training import evaluated
from nas_service.use_cases.advance.warm_start import taken_over
from nas_service.use_cases.reuse import known_evaluation
from nas_service.use_cases.space import computable_metrics, space_of

DIRECT_SAMPLES = 4096
"""Architectures drawn directly when the sampler finds none that is new and feasible."""

HOPELESS_AFTER = 8
"""Failed candidates, with none that succeeded, after which the search gives up."""

_SUCCEEDED = (CandidateStatus.COMPLETED, CandidateStatus.INFEASIBLE)

MAX_REUSED_IN_A_ROW = 64
"""Reused candidates taken in by one call, so that it always returns."""


def fill(context: Context) -> None:
    """Propose until every slot is taken or the budget is spent; go on to finalize when the last one is in."""
    enqueue_early_fit(context)
    slots = _parallelism(context)
    in_flight = context.uow.candidates.in_flight(context.search.id)
    # Where proposals are ready, the transaction before this one has looked.
    if in_flight < slots and not context.thoughts.ready and (failure := _hopeless(context)) is not None:
        context.end(SearchStatus.FAILED, failure)
        return
    for _ in range(slots + MAX_REUSED_IN_A_ROW):
        reason = context.search.stop_reason or _spent(context)
        if reason is not None and context.search.stop_reason is None:
            context.change(stop_reason=reason)
        if in_flight < slots and (promoted := _promote(context, in_flight)) is not None:
            in_flight += promoted.status in IN_FLIGHT
            continue
        if reason is not None and in_flight == 0:
            let_go(context)
            context.enter(SearchPhase.FINALIZE)
        if reason is not None or in_flight >= slots:
            return
        if (proposal := taken_over(context) or untried_sibling(context)) is not None:
            in_flight += as_far_as_known(context, _make_candidate(context, proposal)).status in IN_FLIGHT
            continue
        proposal = _drawn_directly(context) if context.thoughts.fruitless else _first_new(context)
        if is_over(context.search.status):
            return
        if proposal is not None:
            in_flight += _make_candidate(context, proposal).status in IN_FLIGHT
        elif context.search.stop_reason is None and not context.thoughts.fruitless:
            context.ask_the_sampler(slots - in_flight)
            return
    context.uow.searches.wake(context.search.id)


def _parallelism(context: Context) -> int:
    if context.search.spec.budget.parallelism is not None:
        return context.search.spec.budget.parallelism
    return max(1, sum(worker.capacity for worker in context.uow.workers.live() if TRAIN_QUEUE in worker.queues))


def _spent(context: Context) -> str | None:
    """Which budget is spent, if one is."""
    budget, search = context.search.spec.budget, context.search
    if budget.candidates is not None and search.candidate_count >= budget.candidates:
        return f"budget: {budget.candidates} candidates"
    if _time_is_up(context):
        return f"budget: {budget.minutes:g} minutes"
    if budget.settled is not None and _has_settled(context, budget.settled):
        return f"settled: the last {budget.settled.candidates} added less than {budget.settled.gain:.2%} of hypervolume"
    return good_enough(context)


def _has_settled(context: Context, rule: SettledSpec) -> bool:
    objectives = context.search.spec.objectives
    done = context.uow.candidates.of(context.search.id, [CandidateStatus.COMPLETED])
    in_turn = sorted(done, key=lambda c: (str(c.finished_at), c.number))
    points = [objective_values(objectives, candidate.metrics) for candidate in in_turn]
    return is_settled(points, [o.maximize for o in objectives], rule)


def _time_is_up(context: Context) -> bool:
    minutes = context.search.spec.budget.minutes
    return minutes is not None and active_s(context) >= minutes * 60


def _promote(context: Context, in_flight: int) -> Candidate | None:
    """Send a candidate on to its next rung; when time is up only so that one at least is trained to the end."""
    search = context.search
    closing = search.stop_reason is not None and in_flight == 0
    done = (CandidateStatus.COMPLETED,)
    if _time_is_up(context) and (not closing or context.uow.candidates.has_any(search.id, done)):
        return None
    return promote(context, closing=closing)


def active_s(context: Context) -> float:
    """Seconds spent in the search phase so far, pauses excluded."""
    since = context.search.active_since
    running = (datetime.now(UTC) - since).total_seconds() if since is not None else 0.0
    return context.search.active_s + running


def _hopeless(context: Context) -> Failure | None:
    """A failure of the search, where every candidate fails."""
    search, candidates = context.search, context.uow.candidates
    if search.candidate_count < HOPELESS_AFTER or candidates.has_any(search.id, _SUCCEEDED):
        return None
    failed = candidates.of(search.id, [CandidateStatus.FAILED])
    if len(failed) < HOPELESS_AFTER or candidates.runners(search.id):
        return None
    last = failed[-1].failure
    reason = last.detail if last else "no reason was given"
    return Failure("every-candidate-failed", f"the first {len(failed)} candidates all failed; the last one: {reason}")


def _make_candidate(context: Context, proposal: Proposal) -> Candidate:
    context.thoughts.rejected = 0
    architecture = proposal.architecture
    number = context.search.candidate_count
    attrs = {"architecture_key": architecture.key}
    candidate = Candidate(
        id=new_id("candidate"),
        search_id=context.search.id,
        number=number,
        status=CandidateStatus.PROPOSED,
        architecture_key=architecture.key,
        architecture=dict(architecture.values),
        trial_id=context.memory.record(context.uow.connection, proposal.draft, number, attrs),
        metrics=proposal.metrics,
        intervals=proposal.foreseen.intervals,
        proposed_at=datetime.now(UTC),
    )
    context.uow.candidates.add(candidate)
    if proposal.foreseen.beyond:
        told = {"candidate_id": candidate.id, "number": number, "metrics": list(proposal.foreseen.beyond)}
        context.uow.events.append(context.search.id, "candidate.unlike_measured", told)
    context.change(candidate_count=number + 1)
    known = known_evaluation(context.uow.evidence, context.search, candidate)
    if known is not None:
        return evaluated(context, candidate, known, reused=True)
    context.enqueue(WorkKind.EVALUATE, TRAIN_QUEUE, candidate.id, {"epochs": rungs_of(context.search.spec)[0]})
    return context.move_candidate(candidate, CandidateStatus.EVALUATING)


def _first_new(context: Context) -> Proposal | None:
    """The first proposal whose architecture this search does not know; the sampler learns from the others."""
    while context.thoughts.ready:
        proposal = context.thoughts.ready.pop(0)
        known = context.uow.candidates.by_key(context.search.id, proposal.architecture.key)
        if known is None:
            return proposal
        context.thoughts.rejected += 1
        if is_judged(known):
            context.memory.echo(proposal.draft, outcome_of(context.search, known))
        else:
            context.memory.drop(proposal.draft)
    return None


def _drawn_directly(context: Context) -> Proposal | None:
    """A random new, feasible architecture; where there is none, the reason ends the search phase or the search."""
    space, search = space_of(context.search), context.search
    rng = np.random.default_rng([search.spec.seed, search.candidate_count])
    drawn = space.sample(rng, DIRECT_SAMPLES)
    foreseen = context.memory.foresee(drawn)
    metrics = [m | f.metrics for m, f in zip(computable_metrics(search, drawn), foreseen, strict=True)]
    constraints = computable(search.spec.constraints)
    feasible = [i for i, found in enumerate(metrics) if not foreseen[i].broken and not broken(constraints, found)]
    for i in feasible:
        if context.uow.candidates.by_key(search.id, drawn[i].key) is None:
            draft = context.memory.propose_given(space.spelled_out(drawn[i]))
            return Proposal(draft, drawn[i], metrics[i], foreseen[i])
    if feasible or search.candidate_count > 0:
        context.change(stop_reason="no new feasible architecture is left")
    else:
        context.end(SearchStatus.FAILED, _infeasible(context, metrics))
    return None


def _infeasible(context: Context, metrics: list[dict[str, float]]) -> Failure:
    wanted = [c.metric for c in computable(context.search.spec.constraints)]
    nearest = ", ".join(f"{m} {min(found[m] for found in metrics):,.0f}" for m in dict.fromkeys(wanted) if m in Metric)
    detail = (
        f"none of {len(metrics):,} architectures drawn from the space keeps the constraints"
        f" (smallest values seen: {nearest}); relax the constraints or extend the space's choices"
    )
    return Failure("infeasible-constraints", detail)
