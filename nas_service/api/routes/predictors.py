"""Latency predictors: make, import, list, look at, forget."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from nas_service.api.converters import search_detail
from nas_service.api.dependencies import ID_PATTERN, NAME_PATTERN, PageDep, ServiceDep
from nas_service.api.identity import Paced, Reader, Submitter, TenantStore
from nas_service.api.predictor_converters import predictor_figures, predictor_info, profile_spec, published_table
from nas_service.api.problems import refusals
from nas_service.api.routes.searches import IdempotencyKey
from nas_service.use_cases import predictors, queries
from nas_service.use_cases.import_table import import_table
from nas_service.use_cases.submit import submit
from nas_service.wire.predictors import PredictorFigures, PredictorInfo, PredictorPage, ProfileRequest, TableImport
from nas_service.wire.searches import SearchDetail

router = APIRouter(prefix="/v1/predictors", tags=["predictors"])

PredictorId = Annotated[str, Path(pattern=ID_PATTERN, description="As listed by `GET /v1/predictors`.")]
SpaceFilter = Annotated[str | None, Query(pattern=NAME_PATTERN, description="Only of this space.")]
DeviceFilter = Annotated[str | None, Query(pattern=NAME_PATTERN, description="Only on targets of this device.")]


@router.post("", status_code=202, dependencies=[Paced], responses=refusals(409, 413))
def make_predictor(
    submitter: Submitter,
    service: ServiceDep,
    store: TenantStore,
    wanted: ProfileRequest,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> SearchDetail:
    """Measure networks and make a predictor: a search without training, which you may follow, pause and cancel.

    Everything that was ever measured of such networks on the target counts too.
    """
    spec = profile_spec(wanted)
    search, _ = submit(store, service.checks, spec, idempotency_key, submitter.tenant, service.settings.quotas)
    response.headers["Location"] = f"/v1/searches/{search.id}"
    with store.read() as uow:
        return search_detail(queries.status(uow, search.id))


@router.post("/import", status_code=201, dependencies=[Paced], responses=refusals(404, 413))
def import_predictor(
    submitter: Submitter, store: TenantStore, published: TableImport, response: Response
) -> PredictorInfo:
    """Take in a published latency table. It takes the place of any predictor of the same networks and target."""
    made = import_table(store, published_table(published), submitter.tenant)
    response.headers["Location"] = f"/v1/predictors/{made.predictor.id}"
    return predictor_info(made)


@router.get("")
def list_predictors(
    reader: Reader, store: TenantStore, page: PageDep, space: SpaceFilter = None, device: DeviceFilter = None
) -> PredictorPage:
    """Predictors, newest first. Those that are valid no more stay, with the reason."""
    with store.read() as uow:
        found, next_cursor = uow.predictors.list(page, space, device)
        views = [predictors.view(uow, predictor, reader.tenant) for predictor in found]
    return PredictorPage(items=tuple(predictor_info(view) for view in views), next_cursor=next_cursor)


@router.get("/{predictor_id}", responses=refusals(404))
def get_predictor(reader: Reader, store: TenantStore, predictor_id: PredictorId) -> PredictorInfo:
    """A predictor, how good it is, and whether it still holds."""
    with store.read() as uow:
        return predictor_info(predictors.view(uow, uow.predictors.get(predictor_id), reader.tenant))


@router.get("/{predictor_id}/figures", responses=refusals(404))
def get_predictor_figures(reader: Reader, store: TenantStore, predictor_id: PredictorId) -> PredictorFigures:
    """Predicted against measured, as columns."""
    with store.read() as uow:
        return predictor_figures(predictors.view(uow, uow.predictors.get(predictor_id), reader.tenant))


@router.delete("/{predictor_id}", status_code=204, responses=refusals(404))
def delete_predictor(submitter: Submitter, store: TenantStore, predictor_id: PredictorId) -> None:
    """Forget a predictor. The measurements that it was fitted on stay."""
    with store.write() as uow:
        uow.predictors.delete(predictor_id)
