"""Candidates and the front."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response

from nas_service.api.answers import AnswersDep
from nas_service.api.conditional import UNCHANGED, IfNoneMatch, etag_of_front, matches, not_modified
from nas_service.api.converters import candidate_detail, candidate_summary
from nas_service.api.dependencies import CandidateId, PageDep, SearchId
from nas_service.api.identity import Reader, TenantStore
from nas_service.api.problems import refusals
from nas_service.api.spec_body import JSON_TYPE
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases import queries
from nas_service.wire.candidates import CandidateDetail, CandidatePage, FrontInfo

router = APIRouter(prefix="/v1", tags=["candidates"])

CSV_TYPE = "text/csv"


@router.get("/searches/{search_id}/candidates", responses=refusals(404))
def list_candidates(
    reader: Reader,
    store: TenantStore,
    search_id: SearchId,
    page: PageDep,
    status: Annotated[CandidateStatus | None, Query(description="Only candidates in this status.")] = None,
) -> CandidatePage:
    """A search's candidates in the order of their proposal."""
    with store.read() as uow:
        uow.searches.get(search_id)
        found, next_cursor = uow.candidates.page(search_id, page, status)
    return CandidatePage(items=tuple(candidate_summary(candidate) for candidate in found), next_cursor=next_cursor)


@router.get(
    "/searches/{search_id}/front",
    response_model=FrontInfo,
    responses={200: {"content": {CSV_TYPE: {"schema": {"type": "string"}}}}, **UNCHANGED, **refusals(404, 422)},
)
def get_front(
    reader: Reader,
    store: TenantStore,
    answers: AnswersDep,
    search_id: SearchId,
    target: Annotated[
        int | None,
        Query(ge=0, le=15, description="The front on this target alone: an index into the spec's `targets`."),
    ] = None,
    format: Annotated[Literal["json", "csv"] | None, Query(description="Overrides `Accept`.")] = None,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The non-dominated feasible candidates so far, as JSON, or as CSV by `Accept: text/csv` or `format=csv`.

    With `target`, every objective that is measured is taken on that one, whichever the search's own name.
    """
    as_csv = format == "csv" or (format is None and CSV_TYPE in (accept or ""))
    with store.read() as uow:
        etag = etag_of_front(uow, search_id, f"{CSV_TYPE if as_csv else JSON_TYPE} {target}")
        if matches(if_none_match, etag):
            return not_modified(etag)
        front = answers.front(uow, search_id, target, as_csv=as_csv)
    return Response(front, media_type=CSV_TYPE if as_csv else JSON_TYPE, headers={"ETag": etag, "Vary": "Accept"})


@router.get("/candidates/{candidate_id}", responses=refusals(404))
def get_candidate(reader: Reader, store: TenantStore, candidate_id: CandidateId) -> CandidateDetail:
    """Everything known of a candidate: its architecture, metrics, evidence, work and files."""
    with store.read() as uow:
        return candidate_detail(queries.candidate(uow, candidate_id))
