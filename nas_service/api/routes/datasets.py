"""Data sets: upload, list, look at, forget."""

from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response

from nas_service.api.converters import dataset_info, upload_info
from nas_service.api.dependencies import DatasetId, PageDep, ServiceDep
from nas_service.api.identity import Paced, Reader, Submitter, TenantStore
from nas_service.api.problems import refusals
from nas_service.api.upload_body import UPLOAD_BODY, received_file, stated_bytes
from nas_service.store.overview import known_datasets
from nas_service.use_cases import datasets
from nas_service.use_cases.datasets import Upload, UploadDesk
from nas_service.wire.datasets import DatasetPage, UploadInfo

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])

KNOWN: dict[str, Any] = {"model": UploadInfo, "description": "This content is known: the data set that holds it"}


@router.post(
    "",
    status_code=201,
    dependencies=[Paced],
    responses={200: KNOWN, **refusals(409, 413, 415)},
    openapi_extra={"requestBody": UPLOAD_BODY},
)
async def upload_dataset(
    request: Request,
    response: Response,
    submitter: Submitter,
    service: ServiceDep,
    store: TenantStore,
    name: Annotated[
        str, Query(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$", description="What to call it.")
    ] = "upload",
) -> UploadInfo:
    """Upload a data set: a zip with a folder of images for each class, or an `.npz` with arrays `x` and `y`.

    The body is the file itself. Every image is decoded before the answer, and broken ones are named in it. The same
    content again gives the same data set. Name its `id` as a spec's `dataset.name`.
    """
    desk = UploadDesk(store, service.artifacts, service.inspect, service.settings.quotas)
    limit_bytes = service.settings.max_upload_bytes
    await run_sync(desk.expect, submitter.tenant, stated_bytes(request, limit_bytes))
    async with received_file(request, service.settings.uploads_dir, limit_bytes) as file:
        upload = Upload(submitter.tenant, name, file.path, file.sha256, file.size_bytes)
        dataset, is_new = await run_sync(desk.add, upload, limiter=request.app.state.inspections)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/v1/datasets/{dataset.id}"
    return upload_info(dataset)


@router.get("")
def list_datasets(reader: Reader, store: TenantStore, page: PageDep) -> DatasetPage:
    """Uploaded data sets, newest first, and what your searches have read, uploaded or not."""
    with store.read() as uow:
        found, next_cursor = uow.datasets.list(page)
        read = known_datasets(uow.connection) if page.cursor is None else ()
    return DatasetPage(
        items=tuple(upload_info(dataset) for dataset in found),
        next_cursor=next_cursor,
        read=tuple(dataset_info(name, facts) for name, facts in read),
    )


@router.get("/{dataset_id}", responses=refusals(404))
def get_dataset(reader: Reader, store: TenantStore, dataset_id: DatasetId) -> UploadInfo:
    """An uploaded data set and what was found in it."""
    with store.read() as uow:
        return upload_info(uow.datasets.get(dataset_id))


@router.delete("/{dataset_id}", status_code=204, responses=refusals(404, 409))
def delete_dataset(submitter: Submitter, store: TenantStore, dataset_id: DatasetId) -> None:
    """Forget an uploaded data set that no unfinished search reads. Its file goes with the next collection."""
    datasets.delete(store, dataset_id)
