"""A search as one file: out of a service, and into another one."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response

from nas_service.api.artifact_response import EXPORTED, PassingFileResponse
from nas_service.api.converters import search_detail
from nas_service.api.dependencies import SearchId, ServiceDep
from nas_service.api.identity import Paced, Reader, Submitter, TenantStore
from nas_service.api.problems import refusals
from nas_service.api.upload_body import PREFIX, UPLOAD_BODY, ReceivedFile, make_room, received_file, stated_bytes
from nas_service.artifacts.digest import file_sha256
from nas_service.domain.entities import Search
from nas_service.exchange.reading import read_search
from nas_service.exchange.writing import write_search
from nas_service.use_cases import queries
from nas_service.use_cases.importing import ImportDesk
from nas_service.use_cases.ports import Store
from nas_service.wire.searches import SearchDetail

router = APIRouter(prefix="/v1/searches", tags=["searches"])

KNOWN: dict[str, Any] = {"model": SearchDetail, "description": "This file was imported before: the search it gave"}


@router.get("/{search_id}/export", response_class=PassingFileResponse, responses=EXPORTED)
def export_search(
    reader: Reader,
    service: ServiceDep,
    store: TenantStore,
    search_id: SearchId,
    artifacts: Annotated[
        bool, Query(description="With the files of its finished networks; without, their numbers alone.")
    ] = True,
) -> Response:
    """A search that is over in one zip: all that is known of it, and its networks. Another service imports it.

    The same search gives the same bytes, so a download that broke off goes on by `Range`.
    """
    folder = service.settings.uploads_dir
    make_room(folder)
    path = Path(tempfile.mkdtemp(dir=folder, prefix=PREFIX), "search.zip")
    try:
        write_search(store, search_id, path, service.artifacts.open_path, with_files=artifacts)
        headers = {"ETag": f'"{file_sha256(path)}"'}
    except BaseException:
        shutil.rmtree(path.parent)
        raise
    return PassingFileResponse(path, media_type="application/zip", filename=f"{search_id}.zip", headers=headers)


@router.post(
    "/import",
    status_code=201,
    dependencies=[Paced],
    responses={200: KNOWN, **refusals(409, 413, 415)},
    openapi_extra={"requestBody": UPLOAD_BODY},
)
async def import_search(
    request: Request, response: Response, submitter: Submitter, service: ServiceDep, store: TenantStore
) -> SearchDetail:
    """Take in a file that `GET /v1/searches/{id}/export` wrote, as an ended search of yours with ids of its own.

    The body is the file itself. All of it is checked before anything is stored, and what is wrong is named. Nothing of
    an imported search is ever reused by another one. The same file again gives the same search.
    """
    desk = ImportDesk(store, service.artifacts, submitter.tenant, service.settings.quotas)
    limit_bytes = service.settings.max_upload_bytes
    stated_bytes(request, limit_bytes)
    async with received_file(request, service.settings.uploads_dir, limit_bytes) as file:
        search, is_new = await run_sync(_take_in, desk, file, limiter=request.app.state.inspections)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/v1/searches/{search.id}"
    return await run_sync(_detail, store, search.id)


def _take_in(desk: ImportDesk, file: ReceivedFile) -> tuple[Search, bool]:
    known = desk.known(file.sha256)
    if known is not None:
        return known, False
    with read_search(file.path) as arrived:
        return desk.add(arrived, file.sha256, file.path.with_name("artifact")), True


def _detail(store: Store, search_id: str) -> SearchDetail:
    with store.read() as uow:
        return search_detail(queries.status(uow, search_id))
