"""The pages of one search and of one candidate."""

from fastapi import Request, Response

from nas_service.api.answers import AnswersDep
from nas_service.api.converters import candidate_detail, search_detail
from nas_service.api.dependencies import CandidateId, SearchId
from nas_service.api.identity import Reader, TenantStore
from nas_service.dashboard.page_route import page_router
from nas_service.dashboard.render import render
from nas_service.use_cases import queries

router = page_router()


@router.get("/searches/{search_id}")
def show_search(
    request: Request, reader: Reader, store: TenantStore, answers: AnswersDep, search_id: SearchId
) -> Response:
    """How a search is doing and what it has found."""
    with store.read() as uow:
        search = search_detail(queries.status(uow, search_id, answers.standing))
    return render(request, "search.html", search=search)


@router.get("/candidates/{candidate_id}")
def show_candidate(request: Request, reader: Reader, store: TenantStore, candidate_id: CandidateId) -> Response:
    """Everything known of one network."""
    with store.read() as uow:
        candidate = candidate_detail(queries.candidate(uow, candidate_id))
    return render(request, "candidate.html", candidate=candidate)
