"""Latency predictors of a search's targets: made by a worker from all that was measured, stored when it is done."""

from dataclasses import asdict
from datetime import UTC, datetime

from nas_service.domain.entities import TRAIN_QUEUE, Failure, JsonDict, WorkItem, WorkKind, new_id
from nas_service.domain.metrics import profiled_targets
from nas_service.domain.predictors import Birthplace, Origin, Predictor, Subject
from nas_service.domain.states import SearchStatus
from nas_service.use_cases.advance.context import Context

FEWEST = 10
"""Measurements from which a predictor may be made: with another target's predictor they can be enough."""
FEWEST_UNASKED = 40
"""Measurements from which one is made though nobody has asked for it: fewer hardly ever make a good one."""
GROWTH = 1.2
"""A search that found a front makes a predictor anew once there are so many times as many measurements."""


def is_profile(context: Context) -> bool:
    """Whether the search measures for predictors, and not for a front."""
    return context.search.spec.strategy.evaluator == "untrained"


def enqueue_fit(context: Context) -> None:
    """Have predictors made of the targets that were measured often enough, if there are any."""
    spec, subject, tenant = context.search.spec, Subject.of(context.search), context.search.tenant
    predictors = context.uow.predictors
    counts = [predictors.timed_count(subject, target, tenant) for target in spec.targets]
    known = {found.target: found.measured_count for found in predictors.of(subject, tenant)}
    needed = [
        FEWEST if is_profile(context) else max(FEWEST_UNASKED, GROWTH * known.get(target, 0)) for target in spec.targets
    ]
    wanted = [target for target in profiled_targets(spec) if counts[target] >= needed[target]]
    if wanted:
        context.enqueue(WorkKind.FIT, TRAIN_QUEUE, payload={"targets": wanted})
    elif is_profile(context):
        detail = f"{max(counts)} networks were measured, at least {FEWEST} are needed; raise the budget"
        context.end(SearchStatus.FAILED, Failure("too-few-measurements", detail))


def absorb_fit(context: Context, item: WorkItem, result: JsonDict) -> None:
    """Store the predictors. With them a search that was made for them has succeeded."""
    for made in result["predictors"]:
        target: int = made["target"]
        predictor = context.uow.predictors.put(
            Predictor(
                id=new_id("predictor"),
                tenant=context.search.tenant,
                subject=Subject.of(context.search),
                target=context.search.spec.targets[target],
                origin=Origin(made["origin"]),
                birthplace=Birthplace(**made["birthplace"]),
                measured_count=made["measured_count"],
                report=made["report"],
                created_at=datetime.now(UTC),
            ),
            made["model"],
        )
        facts = {"predictor_id": predictor.id, "target": target, "measured_count": predictor.measured_count}
        context.uow.events.append(context.search.id, "predictor.made", facts)
    if is_profile(context) and context.search.status is SearchStatus.RUNNING:
        context.end(SearchStatus.SUCCEEDED)


def absorb_fit_failure(context: Context, failure: Failure) -> None:
    """A front does not need a predictor; a profile is nothing without one."""
    if is_profile(context) and context.search.status is SearchStatus.RUNNING:
        context.end(SearchStatus.FAILED, failure)
    else:
        context.uow.events.append(context.search.id, "predictor.failed", asdict(failure))
