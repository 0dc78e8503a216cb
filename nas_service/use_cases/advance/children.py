"""Children: finished candidates compressed by the recipe, judged beside their parents."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from nas_service.domain.entities import (
    TRAIN_QUEUE,
    Artifact,
    Candidate,
    Evaluation,
    Export,
    JsonDict,
    WorkKind,
    new_id,
)
from nas_service.domain.executed import as_executed
from nas_service.domain.final import final_numbers
from nas_service.domain.lineage import lineage
from nas_service.domain.metrics import accuracies, deployed_target, judged_by_training
from nas_service.domain.recipe import ladder_of
from nas_service.domain.spec import Metric, RecipeEntry
from nas_service.domain.states import CandidateStatus, is_over
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.reuse import compression_reuse_key


def beget(context: Context, members: Sequence[Candidate]) -> list[Candidate]:
    """Make the children that finished members are to have now; nothing where the recipe compresses nothing.

    Of several recipes the next one is tried on a member once its last child is over, and there is time left.
    """
    spec = context.search.spec
    born = [m for m in members if m.parent_id is not None]
    late = _is_late(born, spec.finalize.auto_minutes)
    parents = [m for m in members if m.parent_id is None and "bundle" in (m.final or {})]
    children: list[Candidate] = []
    for parent in parents:
        ladder = ladder_of(spec.finalize.recipe, as_executed(spec, parent).targets)
        own = [child for child in born if child.parent_id == parent.id]
        if len(ladder) > 1 and late:
            continue
        if len(own) < len(ladder) and all(is_over(child.status) for child in own):
            recipe = tuple(c.entry for c in ladder[len(own)])
            children.append(_child(context, parent, recipe, len(born) + len(children)))
    return children


def _is_late(born: Sequence[Candidate], minutes: float) -> bool:
    begun = min((child.proposed_at for child in born), default=None)
    return begun is not None and datetime.now(UTC) - begun > timedelta(minutes=minutes)


def _child(context: Context, parent: Candidate, recipe: tuple[RecipeEntry, ...], born: int) -> Candidate:
    """Numbered behind all that were proposed, and the `born` before it."""
    key = compression_reuse_key(context.search, parent, _parents_weights(context, parent), recipe)
    child = Candidate(
        id=new_id("candidate"),
        search_id=context.search.id,
        number=context.search.candidate_count + born,
        status=CandidateStatus.PROPOSED,
        architecture_key=key,
        architecture=parent.architecture,
        trial_id=parent.trial_id,
        metrics={},
        proposed_at=datetime.now(UTC),
        final={},
        parent_id=parent.id,
        recipe=recipe,
    )
    context.uow.candidates.add(child)
    context.change()
    payload = {"candidate_id": child.id, "number": child.number, "parent_id": parent.id, "recipe": list(recipe)}
    context.uow.events.append(context.search.id, "candidate.child", payload)
    return child


def _parents_weights(context: Context, parent: Candidate) -> str:
    evaluation = context.uow.evidence.evaluation((parent.final or {})["evaluation_id"])
    sha256: str = evaluation.result["weights_sha256"]
    return sha256


def compress(context: Context, child: Candidate) -> str | None:
    """The evaluation of a child that another search has made as well; None: a worker is asked for it."""
    known = context.uow.evidence.evaluation_by_key(child.architecture_key)
    if known is not None and context.uow.evidence.has_files(known.id):
        compressed(context, child, known, reused=True)
        return known.id
    context.enqueue(WorkKind.COMPRESS, TRAIN_QUEUE, child.id, {"final": True})
    context.move_candidate(child, CandidateStatus.EVALUATING)
    return None


def absorb_compress(context: Context, child: Candidate, result: JsonDict, exports: tuple[Export, ...]) -> None:
    """A child is made: what it is worth before it is timed."""
    evaluation = context.uow.evidence.add_evaluation(
        Evaluation(
            id=new_id("evaluation"),
            reuse_key=child.architecture_key,
            accuracy=result["accuracy"],
            fidelity=result["fidelity"],
            result=result["result"],
            created_at=datetime.now(UTC),
            exports=exports,
        ),
        {name: Artifact(**artifact) for name, artifact in result["artifacts"].items()},
    )
    compressed(context, child, evaluation, reused=False)


def compressed(context: Context, child: Candidate, evaluation: Evaluation, *, reused: bool) -> None:
    """Note the accuracies of the files that targets execute, and what the network costs."""
    executed = as_executed(context.search.spec, child)
    form = executed.targets[deployed_target(executed)].format
    metrics: dict[str, float] = dict(evaluation.result["cost"]) | accuracies(executed, evaluation)
    metrics |= {metric.value: evaluation.result[metric.value] for metric in judged_by_training(context.search.spec)}
    accuracy = evaluation.export(form).validation_accuracy
    assert accuracy is not None  # a worker tries every file that it writes
    metrics[Metric.ACCURACY.value] = accuracy
    final = (child.final or {}) | {"evaluation_id": evaluation.id}
    noted = {"evaluation_id": evaluation.id, "evaluation_reused": reused, "metrics": metrics}
    child = context.move_candidate(child, CandidateStatus.EVALUATED, **noted)
    context.uow.candidates.update(child.id, final_evaluation_id=evaluation.id)
    context.move_candidate(child, CandidateStatus.PROFILING, final=final)


def complete(context: Context, child: Candidate) -> None:
    """A child has its bundle: hold its numbers against its parent's, and say whether it helps."""
    spec, final = context.search.spec, child.final or {}
    parent = context.uow.candidates.get(str(child.parent_id))
    found = final_numbers(spec, child.known, final)
    assert found is not None  # it has a bundle
    descent = lineage(spec, parent, child, final)
    numbers = {"metrics": found.metrics, "intervals": found.intervals}
    context.move_candidate(child, CandidateStatus.COMPLETED, final=final | {"lineage": descent}, **numbers)
    told = {"candidate_id": child.id, "number": child.number, **descent}
    context.uow.events.append(context.search.id, "candidate.compressed", told)
