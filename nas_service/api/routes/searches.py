"""Searches: submit, list, look at, steer, forget."""

from collections.abc import Callable
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, Query, Response

from nas_service.api import examples
from nas_service.api.answers import AnswersDep
from nas_service.api.conditional import UNCHANGED, IfNoneMatch, etag_of_search, matches, not_modified
from nas_service.api.converters import search_detail, search_summary
from nas_service.api.dependencies import PageDep, SearchId, ServiceDep
from nas_service.api.identity import Paced, Reader, Submitter, TenantStore
from nas_service.api.problems import refusals
from nas_service.api.spec_body import JSON_TYPE, YAML_TYPE, SpecBody
from nas_service.domain.entities import Search
from nas_service.domain.states import SearchStatus
from nas_service.use_cases import control, queries
from nas_service.use_cases.ports import Store
from nas_service.use_cases.submit import submit
from nas_service.wire.searches import SearchDetail, SearchPage

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1/searches", tags=["searches"])

SPEC_SCHEMA = {"$ref": "#/components/schemas/SearchSpec"}

SPEC_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        JSON_TYPE: {"schema": SPEC_SCHEMA, "examples": examples.JSON_EXAMPLES},
        YAML_TYPE: {"schema": SPEC_SCHEMA, "examples": examples.YAML_EXAMPLES},
    },
}

REPLAYED: dict[str, Any] = {
    "model": SearchDetail,
    "description": "The idempotency key and spec are known: this is the search that they gave. "
    "`Idempotent-Replay: true`",
}

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Any text of yours. Sent again with the same spec, it gives the same search, not a second one.",
    ),
]


@router.post(
    "",
    status_code=202,
    dependencies=[Paced],
    responses={200: REPLAYED, **refusals(409, 413, 415)},
    openapi_extra={"requestBody": SPEC_BODY},
)
def submit_search(
    submitter: Submitter,
    service: ServiceDep,
    store: TenantStore,
    spec: SpecBody,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> SearchDetail:
    """Submit a search. It is checked, stored, and worked on as soon as workers are free.

    Every field but `dataset` has a default; `GET /v1/spec-schema` describes all of them.
    """
    search, is_new = submit(store, service.checks, spec, idempotency_key, submitter.tenant, service.settings.quotas)
    log.info("submitted", search=search.id, new=is_new)
    response.headers["Location"] = f"/v1/searches/{search.id}"
    if not is_new:
        response.status_code = 200
        response.headers["Idempotent-Replay"] = "true"
    return _detail(store, search.id)


@router.get("")
def list_searches(
    reader: Reader,
    store: TenantStore,
    answers: AnswersDep,
    page: PageDep,
    status: Annotated[SearchStatus | None, Query(description="Only searches in this status.")] = None,
) -> SearchPage:
    """Searches, newest first."""
    with store.read() as uow:
        found, next_cursor = answers.searches(uow, page, status)
    return SearchPage(items=tuple(search_summary(search) for search in found), next_cursor=next_cursor)


@router.get(
    "/{search_id}",
    response_model=SearchDetail,
    responses={**UNCHANGED, **refusals(404)},
)
def get_search(
    reader: Reader,
    store: TenantStore,
    answers: AnswersDep,
    search_id: SearchId,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> SearchDetail | Response:
    """A search and how far it has come. Poll it with `If-None-Match`, or listen to its events."""
    with store.read() as uow:
        etag = etag_of_search(uow, search_id)
        if matches(if_none_match, etag):
            return not_modified(etag)
        view = queries.status(uow, search_id, answers.standing)
    response.headers["ETag"] = etag
    return search_detail(view)


@router.post("/{search_id}/pause", responses=refusals(404, 409))
def pause_search(submitter: Submitter, store: TenantStore, search_id: SearchId) -> SearchDetail:
    """Stop working on it and keep everything. Pausing a paused search changes nothing."""
    return _steer(store, search_id, control.pause)


@router.post("/{search_id}/resume", responses=refusals(404, 409))
def resume_search(submitter: Submitter, store: TenantStore, search_id: SearchId) -> SearchDetail:
    """Go on with a paused search. Resuming a running one changes nothing."""
    return _steer(store, search_id, control.resume)


@router.post("/{search_id}/cancel", responses=refusals(404, 409))
def cancel_search(submitter: Submitter, store: TenantStore, search_id: SearchId) -> SearchDetail:
    """End it without a front. What was found stays readable."""
    return _steer(store, search_id, control.cancel)


@router.delete("/{search_id}", status_code=204, responses=refusals(404, 409))
def delete_search(submitter: Submitter, store: TenantStore, search_id: SearchId) -> None:
    """Forget a search that is over, with its candidates and events."""
    control.delete(store, search_id)


def _steer(store: Store, search_id: str, action: Callable[[Store, str], Search]) -> SearchDetail:
    action(store, search_id)
    return _detail(store, search_id)


def _detail(store: Store, search_id: str) -> SearchDetail:
    with store.read() as uow:
        return search_detail(queries.status(uow, search_id))
