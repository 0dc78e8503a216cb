"""What plots show of a search and of a network."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Response

from nas_service.api import figure_converters as converters
from nas_service.api.answers import Answers, AnswersDep
from nas_service.api.conditional import UNCHANGED, IfNoneMatch, etag_of_front, etag_of_search, matches, not_modified
from nas_service.api.dependencies import CandidateId, SearchId
from nas_service.api.identity import Reader, TenantStore
from nas_service.api.problems import refusals
from nas_service.api.spec_body import JSON_TYPE
from nas_service.domain.entities import Search
from nas_service.use_cases.drawing import drawing
from nas_service.use_cases.ports import Store, UnitOfWork
from nas_service.wire.base import Document
from nas_service.wire.figures import CurvesInfo, GrowthInfo, ImportanceInfo, PointsInfo, ProxiesInfo, TimelineInfo

router = APIRouter(prefix="/v1", tags=["figures"])

Final = Annotated[
    bool,
    Query(
        description="Of a search that has succeeded show finished networks, and compressed ones that help, by their"
        " final numbers, which make its front."
    ),
]

SVG_TYPE = "image/svg+xml"
DRAWING_AGE_S = 24 * 3600
"""A candidate's architecture never changes."""


@router.get("/searches/{search_id}/points", response_model=PointsInfo, responses={**UNCHANGED, **refusals(404)})
def get_points(
    reader: Reader,
    store: TenantStore,
    answers: AnswersDep,
    search_id: SearchId,
    final: Final = False,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Every candidate with its metrics and choices, as columns: small enough to plot 10,000 of them."""
    make = converters.final_points_info if final else converters.points_info
    return _figure(store, answers, (search_id, if_none_match), make)


@router.get("/searches/{search_id}/growth", response_model=GrowthInfo, responses={**UNCHANGED, **refusals(404)})
def get_growth(
    reader: Reader, store: TenantStore, answers: AnswersDep, search_id: SearchId, if_none_match: IfNoneMatch = None
) -> Response:
    """The front's hypervolume against time and evaluations."""
    return _figure(store, answers, (search_id, if_none_match), converters.growth_info)


@router.get("/searches/{search_id}/importance", response_model=ImportanceInfo, responses={**UNCHANGED, **refusals(404)})
def get_importance(
    reader: Reader, store: TenantStore, answers: AnswersDep, search_id: SearchId, if_none_match: IfNoneMatch = None
) -> Response:
    """How much of each objective's variance goes with each choice."""
    return _figure(store, answers, (search_id, if_none_match), converters.importance_info)


@router.get("/searches/{search_id}/curves", response_model=CurvesInfo, responses={**UNCHANGED, **refusals(404)})
def get_curves(
    reader: Reader, store: TenantStore, answers: AnswersDep, search_id: SearchId, if_none_match: IfNoneMatch = None
) -> Response:
    """The learning curves of the 300 candidates that were evaluated last."""
    return _figure(store, answers, (search_id, if_none_match), converters.curves_info)


@router.get("/searches/{search_id}/proxies", response_model=ProxiesInfo, responses={**UNCHANGED, **refusals(404)})
def get_proxies(
    reader: Reader, store: TenantStore, answers: AnswersDep, search_id: SearchId, if_none_match: IfNoneMatch = None
) -> Response:
    """How far MACs, parameters and the zero-cost proxies asked for rank the candidates as their trainings did."""
    return _figure(store, answers, (search_id, if_none_match), converters.proxies_info)


@router.get("/searches/{search_id}/timeline", response_model=TimelineInfo, responses={**UNCHANGED, **refusals(404)})
def get_timeline(
    reader: Reader, store: TenantStore, search_id: SearchId, if_none_match: IfNoneMatch = None
) -> Response:
    """What workers did for it and are doing: the 2,000 work items that were started last."""
    with store.read() as uow:
        etag = etag_of_search(uow, search_id)
        if matches(if_none_match, etag):
            return not_modified(etag)
        found = converters.timeline_info(uow, uow.searches.get(search_id))
    return Response(found.model_dump_json(), media_type=JSON_TYPE, headers={"ETag": etag})


@router.get(
    "/candidates/{candidate_id}/drawing",
    response_class=Response,
    responses={200: {"content": {SVG_TYPE: {"schema": {"type": "string"}}}}, **refusals(404, 409)},
)
def get_drawing(reader: Reader, store: TenantStore, candidate_id: CandidateId) -> Response:
    """The network as a picture: stages, blocks, tensor shapes, and where its arithmetic and parameters are."""
    with store.read() as uow:
        picture = drawing(uow, candidate_id)
    return Response(picture, media_type=SVG_TYPE, headers={"Cache-Control": f"private, max-age={DRAWING_AGE_S}"})


def _figure(
    store: Store,
    answers: Answers,
    asked: tuple[str, str | None],
    make: Callable[[UnitOfWork, Search], Document],
) -> Response:
    """The document of the search that was asked for, or 304 where the client has it."""
    search_id, if_none_match = asked
    with store.read() as uow:
        etag = etag_of_front(uow, search_id, make.__name__)
        if matches(if_none_match, etag):
            return not_modified(etag)
        figure = answers.figure(uow, search_id, make)
    return Response(figure, media_type=JSON_TYPE, headers={"ETag": etag})
