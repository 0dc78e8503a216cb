"""Downloads: a candidate's files and its bundle."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from nas_service.api.artifact_response import DOWNLOAD, ArtifactResponse
from nas_service.api.conditional import matches, not_modified
from nas_service.api.converters import artifact_infos
from nas_service.api.dependencies import ArtifactName, CandidateId, ServiceDep
from nas_service.api.identity import Reader, TenantStore
from nas_service.api.problems import refusals
from nas_service.domain.errors import GoneError, NotFoundError
from nas_service.use_cases import queries
from nas_service.use_cases.ports import ArtifactStore, Store
from nas_service.wire.candidates import ArtifactInfo

router = APIRouter(prefix="/v1/candidates/{candidate_id}", tags=["candidates"])

BUNDLE = "bundle.zip"

IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", description="The `ETag` of the file that you have.")]


@router.get("/artifacts", responses=refusals(404))
def list_artifacts(reader: Reader, store: TenantStore, candidate_id: CandidateId) -> tuple[ArtifactInfo, ...]:
    """A candidate's files by name."""
    with store.read() as uow:
        uow.candidates.get(candidate_id)
        return artifact_infos(uow.evidence.artifacts_of(candidate_id))


@router.get("/artifacts/{name}", response_class=ArtifactResponse, responses=DOWNLOAD)
def download_artifact(
    reader: Reader,
    service: ServiceDep,
    store: TenantStore,
    candidate_id: CandidateId,
    name: ArtifactName,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """One file, whole or in parts (`Range`). It is verified before it is sent."""
    return _download(store, service.artifacts, (candidate_id, name), if_none_match)


@router.get("/bundle", response_class=ArtifactResponse, responses=DOWNLOAD)
def download_bundle(
    reader: Reader,
    service: ServiceDep,
    store: TenantStore,
    candidate_id: CandidateId,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The bundle of a finalized candidate: architecture, weights, exported model, card and checksums in one zip."""
    return _download(store, service.artifacts, (candidate_id, BUNDLE), if_none_match)


def _download(store: Store, artifacts: ArtifactStore, wanted: tuple[str, str], if_none_match: str | None) -> Response:
    candidate_id, name = wanted
    with store.read() as uow:
        candidate = uow.candidates.get(candidate_id)
        artifacts_of = uow.evidence.artifacts_of(candidate_id)
        collected = queries.collected_files(uow, candidate, artifacts_of)
        imported = uow.searches.get(candidate.search_id).is_imported
    artifact = artifacts_of.get(name)
    if name in collected and not imported:
        detail = (
            f"{name} of {candidate_id} was deleted after its search, as it is not on the front; its architecture and"
            " metrics are kept; submit with finalize.keep: all to keep such files"
        )
        raise GoneError("artifact-collected", detail)
    if artifact is None:
        detail = f"candidate {candidate_id} is {candidate.status} and has no {name}; only finalized ones have a bundle"
        if imported:
            detail = f"{name} of {candidate_id} did not come with the file that its search was imported from"
        raise NotFoundError("no-such-artifact", detail)
    etag = f'"{artifact.sha256}"'
    if matches(if_none_match, etag):
        return not_modified(etag)
    path = artifacts.open_path(artifact.sha256)
    filename = f"{candidate_id}.zip" if name == BUNDLE else name
    return ArtifactResponse(path, media_type=artifact.media_type, filename=filename, headers={"ETag": etag})
