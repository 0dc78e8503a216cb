"""The page that holds two to six searches, or candidates, against each other. Its address says which."""

from typing import Annotated

from fastapi import Query, Request, Response

from nas_service.api.dependencies import ID_PATTERN
from nas_service.api.identity import Reader, TenantStore
from nas_service.dashboard.compare_view import candidates_view, searches_view
from nas_service.dashboard.page_route import page_router
from nas_service.dashboard.render import render
from nas_service.use_cases.comparison import LEAST, MOST

router = page_router()

Ids = Annotated[list[Annotated[str, Query(pattern=ID_PATTERN)]], Query(max_length=MOST)]


@router.get("/compare")
def compare(
    request: Request,
    reader: Reader,
    store: TenantStore,
    search: Ids = [],  # noqa: B006 - FastAPI copies it
    candidate: Ids = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Candidates where any are named, else searches; fewer than two get a page that says how to choose."""
    ids = list(dict.fromkeys(candidate or search))
    if len(ids) < LEAST:
        return render(request, "compare_none.html", most=MOST)
    make_view = candidates_view if candidate else searches_view
    with store.read() as uow:
        view = make_view(uow, ids)
    return render(request, "compare.html", **view)
