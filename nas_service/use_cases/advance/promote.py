"""Train the better candidates further, rung by rung, and let go of the others in the end."""

from nas_service.domain.entities import TRAIN_QUEUE, Candidate, Evaluation, Runner, WorkKind
from nas_service.domain.executed import as_executed
from nas_service.domain.halving import Contender, Race, next_to_promote
from nas_service.domain.metrics import accuracy_key, needed_metrics, objective_values
from nas_service.domain.rungs import rungs_of
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.advance.training import evaluated
from nas_service.use_cases.reuse import evaluation_reuse_key
from nas_service.use_cases.space import network_key


def promote(context: Context, *, closing: bool) -> Candidate | None:
    """Send the next candidate on to its next rung, if one may go, and return it as it is then.

    `closing`: no new candidates will come.
    """
    spec = context.search.spec
    rungs = rungs_of(spec)
    if len(rungs) == 1:
        return None
    race = Race(len(rungs), spec.strategy.eta, tuple(o.maximize for o in spec.objectives))
    runners = [r for r in context.uow.candidates.runners(context.search.id) if _is_judged(spec, r)]
    chosen = next_to_promote([_contender(spec, runner) for runner in runners], race, closing=closing)
    if chosen is None:
        return None
    candidate = context.uow.candidates.get(chosen.candidate_id)
    known = _known_further(context, candidate)
    if known is not None:
        return evaluated(context, candidate, known, reused=True)
    context.enqueue(WorkKind.EVALUATE, TRAIN_QUEUE, candidate.id, {"epochs": rungs[len(candidate.rungs)]})
    return context.move_candidate(candidate, CandidateStatus.EVALUATING)


def as_far_as_known(context: Context, candidate: Candidate) -> Candidate:
    """Let it pass the rungs whose evaluations are known: what costs nothing needs no race."""
    for _ in rungs_of(context.search.spec):
        known = _known_further(context, candidate) if candidate.status is CandidateStatus.PAUSED else None
        if known is None:
            break
        candidate = evaluated(context, candidate, known, reused=True)
    return candidate


def _known_further(context: Context, candidate: Candidate) -> Evaluation | None:
    """The evaluation at its next rung, if it can be used as it is or exported from its weights."""
    epochs = rungs_of(context.search.spec)[len(candidate.rungs)]
    key = evaluation_reuse_key(context.search, network_key(context.search, candidate), final=False, epochs=epochs)
    known = context.uow.evidence.evaluation_by_key(key)
    if known is None:
        return None
    lacking = known.lacking(as_executed(context.search.spec, candidate).formats)
    if lacking and not context.uow.evidence.has_files(known.id):
        return None
    return known


def let_go(context: Context) -> None:
    """Nobody is trained further any more."""
    for candidate in context.uow.candidates.of(context.search.id, [CandidateStatus.PAUSED]):
        context.move_candidate(candidate, CandidateStatus.PRUNED)


def _is_judged(spec: SearchSpec, runner: Runner) -> bool:
    """Whether its place is known: at the first rung it is timed after it was trained."""
    return all(key in runner.metrics for key in needed_metrics(spec))


def _contender(spec: SearchSpec, runner: Runner) -> Contender:
    at = [runner.metrics | {accuracy_key(spec): rung.accuracy} for rung in runner.rungs]
    points = tuple(objective_values(spec.objectives, metrics) for metrics in at)
    return Contender(runner.id, points, waits=runner.status is CandidateStatus.PAUSED)
