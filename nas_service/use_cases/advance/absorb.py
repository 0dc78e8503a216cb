"""Take in what workers have finished: results become evidence, candidates move on."""

from collections.abc import Callable

from nas_service.domain.entities import DatasetFacts, Failure, JsonDict, SpaceFacts, WorkItem, WorkKind
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus, WorkStatus, is_over
from nas_service.use_cases.advance import supernet
from nas_service.use_cases.advance.children import absorb_compress, complete
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.advance.fit import absorb_fit, absorb_fit_failure
from nas_service.use_cases.advance.items import is_remeasured, keep_final, live_candidate
from nas_service.use_cases.advance.timing import absorb_profile
from nas_service.use_cases.advance.training import absorb_evaluate, absorb_export, exports_of
from nas_service.use_cases.runtimes import check_runtimes


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
    child = live_candidate(context, item)
    if child is not None and not is_over(child.status):
        absorb_compress(context, child, result, exports_of(result))


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
    if is_remeasured(item):
        # The first timing stands.
        remeasured = candidate.remeasured | {str(item.payload["target"]): None}
        context.uow.candidates.update(candidate.id, remeasured=remeasured)
    elif candidate.final is not None:
        keep_final(context, candidate, failure=failure.to_json())
        if not is_over(candidate.status):  # a child
            context.move_candidate(candidate, CandidateStatus.FAILED, failure=failure)
    elif not is_over(candidate.status):
        context.move_candidate(candidate, CandidateStatus.FAILED, failure=failure)


_ABSORB: dict[WorkKind, Callable[[Context, WorkItem, JsonDict], None]] = {
    WorkKind.PREPARE: _absorb_prepare,
    WorkKind.SUPERNET: _absorb_supernet,
    WorkKind.COMPARE: _absorb_compare,
    WorkKind.EVALUATE: absorb_evaluate,
    WorkKind.EXPORT: absorb_export,
    WorkKind.PROFILE: absorb_profile,
    WorkKind.FINALIZE: _absorb_finalize,
    WorkKind.FIT: absorb_fit,
    WorkKind.COMPRESS: _absorb_compress,
}
