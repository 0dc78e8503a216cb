"""Latency predictors of a search's targets: made by a worker from all that was measured, stored when it is done."""

from dataclasses import asdict
from datetime import UTC, datetime

from nas_service.domain.entities import TRAIN_QUEUE, Failure, JsonDict, WorkItem, WorkKind, new_id
from nas_service.domain.executed import at_precision, chosen_precisions, timed_target
from nas_service.domain.metrics import profiled_targets
from nas_service.domain.predictors import Birthplace, Origin, Predictor, Subject
from nas_service.domain.states import SearchStatus
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.predictors import has_known_model

FEWEST = 10
"""Measurements from which a predictor may be made: with another target's predictor they can be enough."""
FEWEST_UNASKED = 40
"""Measurements from which one is made though nobody has asked for it: fewer hardly ever make a good one."""
GROWTH = 1.2
"""A search that found a front makes a predictor anew once there are so many times as many measurements."""
EARLY_GROWTH = 1.5
"""The same while a profile is measuring, to see whether it is good enough."""


def is_profile(context: Context) -> bool:
    """Whether the search measures for predictors, and not for a front."""
    return context.search.spec.strategy.evaluator == "untrained"


def enqueue_fit(context: Context) -> None:
    """Have predictors made of the targets that were measured often enough, if there are any: at each precision that
    candidates are executed at."""
    subject, tenant, predictors = Subject.of(context.search), context.search.tenant, context.uow.predictors
    usable = [found for found in predictors.of(subject, tenant) if has_known_model(found)]
    known = {found.target: found.measured_count for found in usable}
    for precision in chosen_precisions(context.search.spec):
        targets = at_precision(context.search.spec, precision).targets
        counts = [predictors.timed_count(subject, target, tenant) for target in targets]
        needed = [
            FEWEST if is_profile(context) else max(FEWEST_UNASKED, GROWTH * known.get(target, 0)) for target in targets
        ]
        wanted = [place for place, count in enumerate(counts) if count >= needed[place]]
        if wanted:
            payload = {"targets": wanted} | ({} if precision is None else {"precision": precision})
            context.enqueue(WorkKind.FIT, TRAIN_QUEUE, payload=payload)
        elif is_profile(context):
            _end_without_any(context, max(counts))


def _end_without_any(context: Context, most: int) -> None:
    detail = f"{most} networks were measured, at least {FEWEST} are needed; raise the budget"
    context.end(SearchStatus.FAILED, Failure("too-few-measurements", detail))


def enqueue_early_fit(context: Context) -> None:
    """While a profile is measuring: see how good its predictors are, where that may end it."""
    search = context.search
    if not is_profile(context) or search.spec.budget.predictor_mape is None or search.stop_reason is not None:
        return
    if any(item.kind is WorkKind.FIT for item in context.uow.work.open(search.id)):
        return
    subject, predictors, targets = Subject.of(search), context.uow.predictors, search.spec.targets
    known = {found.target: found.measured_count for found in _own(context)}
    wanted = [
        place
        for place in profiled_targets(search.spec)
        if predictors.timed_count(subject, targets[place], search.tenant)
        >= max(FEWEST_UNASKED, EARLY_GROWTH * known.get(targets[place], 0))
    ]
    if wanted:
        context.enqueue(WorkKind.FIT, TRAIN_QUEUE, payload={"targets": wanted, "early": True})


def good_enough(context: Context) -> str | None:
    """Why a profile need not measure any more; None where it has to, or nobody has said what is good enough."""
    wanted = context.search.spec.budget.predictor_mape
    if wanted is None or not is_profile(context):
        return None
    highest = {found.target: found.report["errors"]["mape"]["high"] for found in _own(context)}
    targets = [context.search.spec.targets[place] for place in profiled_targets(context.search.spec)]
    if any(highest.get(target, 1.0) > wanted for target in targets):
        return None
    return f"predictors are good enough: off by at most {max(highest.values()):.1%} (95 % confidence)"


def _own(context: Context) -> list[Predictor]:
    """The predictors that this search has made so far."""
    search = context.search
    found = context.uow.predictors.of(Subject.of(search), search.tenant)
    own = [one for one in found if one.target in search.spec.targets and one.created_at >= search.created_at]
    return [one for one in own if "errors" in one.report]


def absorb_fit(context: Context, item: WorkItem, result: JsonDict) -> None:
    """Store the predictors. With its last ones a search that was made for them has succeeded."""
    for made in result["predictors"]:
        target: int = made["target"]
        predictor = context.uow.predictors.put(
            Predictor(
                id=new_id("predictor"),
                tenant=context.search.tenant,
                subject=Subject.of(context.search),
                target=timed_target(context.search.spec, item.payload | {"target": target}),
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
    if _is_last(context, item) and context.search.status is SearchStatus.RUNNING:
        context.end(SearchStatus.SUCCEEDED)


def _is_last(context: Context, item: WorkItem) -> bool:
    return is_profile(context) and not item.payload.get("early", False)


def absorb_fit_failure(context: Context, item: WorkItem, failure: Failure) -> None:
    """A front does not need a predictor, nor does a profile that goes on; else a profile is nothing without one."""
    if _is_last(context, item) and context.search.status is SearchStatus.RUNNING:
        context.end(SearchStatus.FAILED, failure)
    else:
        context.uow.events.append(context.search.id, "predictor.failed", asdict(failure))
