"""Pause, resume, cancel and delete a search. Workers see it at their next heartbeat and let go."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from nas_service.domain.entities import Search
from nas_service.domain.errors import ConflictError
from nas_service.domain.quotas import month_of
from nas_service.domain.states import SearchPhase, SearchStatus, is_over, move
from nas_service.use_cases import webhooks
from nas_service.use_cases.ports import Store, UnitOfWork


def pause(store: Store, search_id: str) -> Search:
    """Stop working on it and keep everything. Pausing a paused search changes nothing.

    Raises NotFoundError, and ConflictError where the search is over.
    """
    return _change(store, search_id, SearchStatus.PAUSED)


def resume(store: Store, search_id: str) -> Search:
    """Go on with a paused search. Resuming a running one changes nothing.

    Raises NotFoundError, and ConflictError where the search is over.
    """
    return _change(store, search_id, SearchStatus.RUNNING)


def cancel(store: Store, search_id: str) -> Search:
    """End it without a front. What was found stays readable.

    Raises NotFoundError, and ConflictError where the search is over in another way.
    """
    return _change(store, search_id, SearchStatus.CANCELLING)


def delete(store: Store, search_id: str) -> None:
    """Forget a search that is over. Raises NotFoundError, and ConflictError where it is not over."""
    with store.write() as uow:
        search = uow.searches.lock(search_id)
        if not is_over(search.status):
            raise ConflictError("search-not-over", f"{search_id} is {search.status}; cancel it first")
        if search.is_imported:  # its time was never spent here
            uow.imports.delete(search)
            return
        uow.quotas.forget(search.tenant, month_of(search.created_at), search.active_s)
        uow.searches.delete(search_id)


def _change(store: Store, search_id: str, to: SearchStatus) -> Search:
    with store.write() as uow:
        search = uow.searches.lock(search_id)
        already = {to, SearchStatus.CANCELLED} if to is SearchStatus.CANCELLING else {to}
        if search.status not in already and not (to is SearchStatus.RUNNING and search.status is SearchStatus.QUEUED):
            search = set_status(uow, search, to)
            uow.searches.wake(search_id)
            if to is SearchStatus.RUNNING:
                uow.work.deliver_again(search_id)
        return search


def set_status(uow: UnitOfWork, search: Search, to: SearchStatus, **changes: Any) -> Search:
    """Move a locked search, keep its clock, tell its listeners, and return it as it is now.

    The clock counts only time spent RUNNING in the search phase.
    """
    now = datetime.now(UTC)
    status = move(search.status, to)
    if search.active_since is not None:
        changes |= {"active_s": search.active_s + (now - search.active_since).total_seconds(), "active_since": None}
    if status is SearchStatus.RUNNING:
        changes |= {"started_at": search.started_at or now}
        if search.phase is SearchPhase.SEARCH:
            changes |= {"active_since": now}
    if is_over(status):
        changes |= {"finished_at": now}
    changes |= {"status": status}
    uow.searches.update(search.id, **changes)
    payload = {"status": status, "phase": search.phase}
    if "failure" in changes:
        payload |= {"failure": changes["failure"].to_json()}
    uow.events.append(search.id, "search.status", payload)
    webhooks.tell(uow, search, status)
    return replace(search, version=search.version + 1, **changes)
