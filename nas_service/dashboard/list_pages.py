"""The page of all searches."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form, Query, Request, Response

from nas_service.api.answers import AnswersDep
from nas_service.api.identity import Reader, Submitter, TenantStore
from nas_service.dashboard.page_route import page_router
from nas_service.dashboard.render import render, see_other
from nas_service.dashboard.search_row import search_row
from nas_service.domain.errors import ConflictError, NotFoundError
from nas_service.domain.states import SearchStatus
from nas_service.use_cases import control
from nas_service.use_cases.ports import Page

router = page_router()

ROWS = 25
MOST_CANCELLED = 100


@dataclass(frozen=True, slots=True)
class Filter:
    """Which searches are shown; empty texts: all."""

    status: str = ""
    named: str = ""

    def url(self, **more: str) -> str:
        """Of the page that shows them."""
        query = {name: value for name, value in {"status": self.status, "named": self.named, **more}.items() if value}
        return f"/?{urlencode(query)}" if query else "/"


@router.get("/")
def list_searches(
    request: Request,
    reader: Reader,
    store: TenantStore,
    answers: AnswersDep,
    status: Annotated[SearchStatus | str, Query(max_length=20)] = "",
    named: Annotated[str, Query(max_length=120)] = "",
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Searches, newest first; htmx gets the table alone."""
    chosen = SearchStatus(status) if status in set(SearchStatus) else None
    with store.read() as uow:
        found, next_cursor = answers.searches(uow, Page(ROWS, cursor or None), chosen, named)
        histories = answers.histories(uow, found)
        rows = [
            search_row(search, answers.standing(uow, search), history)
            for search, history in zip(found, histories, strict=True)
        ]
    return render(
        request,
        "searches_table.html" if "HX-Request" in request.headers else "searches.html",
        rows=rows,
        shown=Filter(chosen or "", named),
        is_first_page=not cursor,
        next_cursor=next_cursor,
        self_url=Filter(chosen or "", named).url(cursor=cursor),
    )


@router.post("/searches/cancel")
def cancel_searches(
    request: Request,
    submitter: Submitter,
    store: TenantStore,
    ids: Annotated[list[str], Form(max_length=MOST_CANCELLED)] = [],  # noqa: B006 - FastAPI copies it
    status: Annotated[str, Form(max_length=20)] = "",
    named: Annotated[str, Form(max_length=120)] = "",
) -> Response:
    """Cancel all that were ticked; one that has ended meanwhile is no reason to refuse the others."""
    cancelled = sum(_cancel(store, search_id) for search_id in ids)
    return see_other(request, Filter(status, named).url(cancelled=str(cancelled), over=str(len(ids) - cancelled)))


def _cancel(store: TenantStore, search_id: str) -> bool:
    try:
        control.cancel(store, search_id)
    except (ConflictError, NotFoundError):
        return False
    return True
