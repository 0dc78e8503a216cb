"""The pages of one search and of one candidate."""

from typing import Any

from fastapi import Request, Response

from nas_service.api.answers import AnswersDep
from nas_service.api.converters import search_detail, search_event
from nas_service.api.dependencies import CandidateId, SearchId, ServiceDep
from nas_service.api.identity import Reader, TenantStore
from nas_service.bootstrap import Service
from nas_service.dashboard.candidate_view import candidate_view
from nas_service.dashboard.page_route import page_router
from nas_service.dashboard.render import render
from nas_service.domain.entities import Event
from nas_service.use_cases import queries

router = page_router()

SHOWN_EVENTS = 200
"""The page goes on after the last one; who wants them all asks the API."""


@router.get("/searches/{search_id}")
def show_search(
    request: Request,
    reader: Reader,
    service: ServiceDep,
    store: TenantStore,
    answers: AnswersDep,
    search_id: SearchId,
) -> Response:
    """How a search is doing and what it has found. Its figures are asked for by the page."""
    with store.read() as uow:
        search = search_detail(queries.status(uow, search_id, answers.standing))
        events, turns = uow.events.latest(search_id, SHOWN_EVENTS), uow.events.turns(search_id)
    study_url = _study_url(service, search_id)
    initial = {
        "search": search.model_dump(mode="json"),
        "events": [_plain(event) for event in events],
        "turns": [_plain(event) for event in turns],
    }
    return render(request, "search.html", search=search, initial=initial, study_url=study_url)


@router.get("/candidates/{candidate_id}")
def show_candidate(
    request: Request, reader: Reader, store: TenantStore, answers: AnswersDep, candidate_id: CandidateId
) -> Response:
    """Everything known of one network."""
    with store.read() as uow:
        view = candidate_view(uow, candidate_id, answers.standing)
    return render(request, "candidate.html", **view)


def _study_url(service: Service, search_id: str) -> str | None:
    """Of the study of a search that the reader may see; None without an optuna-dashboard, or without a study yet."""
    if not service.settings.optuna_dashboard_url:
        return None
    with service.store.read() as uow:
        study_id = uow.searches.study_id(search_id)
    url = service.settings.optuna_dashboard_url.rstrip("/")
    return None if study_id is None else f"{url}/dashboard/studies/{study_id}"


def _plain(event: Event) -> dict[str, Any]:
    return search_event(event).model_dump(mode="json")
