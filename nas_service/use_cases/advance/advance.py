"""Look at one search, do everything that can be done now, and return. Running it twice changes nothing."""

from contextlib import ExitStack

from nas_service import tracing
from nas_service.domain.entities import TRAIN_QUEUE, WorkKind
from nas_service.domain.states import SearchPhase, SearchStatus, WorkStatus, is_over
from nas_service.use_cases.advance.absorb import absorb
from nas_service.use_cases.advance.context import Context
from nas_service.use_cases.advance.finalize import finalize
from nas_service.use_cases.advance.propose import fill
from nas_service.use_cases.advance.supernet import prepare_supernet
from nas_service.use_cases.advance.think import Thoughts, think
from nas_service.use_cases.ports import Memories, Store

MAX_ROUNDS = 1000
"""Transactions of one call: each ends the call, makes a candidate or rejects a proposal."""


def advance(store: Store, memories: Memories, search_id: str) -> None:
    """Take in what workers have finished, decide what comes next, and store it as work items.

    Everything is decided under the search's row lock. Where new candidates are wanted, the transaction is ended
    and the sampler asked before the next one, so that nobody waits for the database while it thinks. If a
    transaction fails, the sampler's memory may be ahead of the database, so it is forgotten and read again.
    """
    thoughts = Thoughts()
    try:
        for _ in range(MAX_ROUNDS):
            with ExitStack() as until_sent, store.write() as uow:
                search = uow.searches.lock(search_id)
                span = until_sent.enter_context(tracing.span("advance", search.traceparent, search=search_id))
                context = Context(uow, memories, search, thoughts)
                _advance(context)
                if context.search.version == search.version and not uow.outbox:
                    span.discard()
            if not thoughts.wanted:
                break
            with tracing.span("propose", search.traceparent, search=search_id):
                think(context.search, thoughts)
        thoughts.drop_unused()
    except BaseException:
        memories.forget(search_id)
        raise


def _advance(context: Context) -> None:
    if is_over(context.search.status):
        return
    absorb(context)
    if context.search.status is SearchStatus.QUEUED:
        context.set_status(SearchStatus.RUNNING)
    if context.search.status is SearchStatus.CANCELLING:
        _cancel(context)
    elif context.search.status is SearchStatus.RUNNING:
        _step(context)


def _step(context: Context) -> None:
    """One look at each phase, in order, so that a phase that ends lets the next one begin at once."""
    if context.search.phase is SearchPhase.PREPARE:
        if not context.uow.work.open(context.search.id):
            context.enqueue(WorkKind.PREPARE, TRAIN_QUEUE)
        return
    if context.search.phase is SearchPhase.SUPERNET:
        prepare_supernet(context)
    if context.search.phase is SearchPhase.SEARCH:
        fill(context)
    if context.search.status is SearchStatus.RUNNING and context.search.phase is SearchPhase.FINALIZE:
        finalize(context)


def _cancel(context: Context) -> None:
    """Nobody starts anything any more; over once every worker has let go."""
    context.uow.work.cancel_queued(context.search.id)
    if any(item.status is WorkStatus.LEASED for item in context.uow.work.open(context.search.id)):
        return
    context.end(SearchStatus.CANCELLED)
