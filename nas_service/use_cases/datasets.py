"""Take an uploaded data set in, and forget one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nas_service.domain.dataset_name import is_upload
from nas_service.domain.datasets import DatasetFormat, UploadedDataset
from nas_service.domain.entities import new_id
from nas_service.domain.errors import ConflictError, FieldProblem, NotFoundError
from nas_service.domain.quotas import UNLIMITED, Quotas
from nas_service.domain.spec import SearchSpec
from nas_service.use_cases.ports import ArtifactStore, Inspector, Store, UnitOfWork
from nas_service.use_cases.quotas import check_room, check_upload

MEDIA_TYPES = {DatasetFormat.FOLDERS: "application/zip", DatasetFormat.NPZ: "application/x-npz"}
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has arrived whole, and whose it is."""

    tenant: str
    name: str
    path: Path
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class UploadDesk:
    """Takes uploads in."""

    store: Store
    artifacts: ArtifactStore
    inspect: Inspector
    quotas: Quotas = UNLIMITED
    """Of tenants that have none of their own."""

    def expect(self, tenant: str, size_bytes: int) -> None:
        """Before a body of this size is received. Raises LimitError where there is no room for it.

        One of a known size may be known content, for which no more room is needed.
        """
        with self.store.read() as uow:
            if not uow.datasets.has_size(tenant, size_bytes):
                check_room(uow, tenant, size_bytes, self.quotas)

    def add(self, upload: Upload) -> tuple[UploadedDataset, bool]:
        """Inspect and store it; returns it with whether it is new.

        The same content twice, even at the same moment, gives one data set; what is known is not inspected again.
        Raises DatasetError for what cannot be learned, and LimitError where the tenant has too much already.
        """
        with self.store.read() as uow:
            known = uow.datasets.by_content(upload.tenant, upload.sha256)
            if known is not None:
                return known, False
            check_room(uow, upload.tenant, upload.size_bytes, self.quotas)
        facts = self.inspect(upload.path)
        artifact = self.artifacts.put(upload.path, MEDIA_TYPES[facts.format])
        dataset = UploadedDataset(
            id=new_id("dataset"),
            tenant=upload.tenant,
            name=upload.name,
            sha256=artifact.sha256,
            size_bytes=artifact.size_bytes,
            facts=facts,
            created_at=datetime.now(UTC),
        )
        with self.store.write() as uow:
            check_upload(uow, upload.tenant, upload.size_bytes, self.quotas)
            stored = uow.datasets.add(dataset)
        return stored, stored.id == dataset.id


def check_uploaded(uow: UnitOfWork, spec: SearchSpec) -> list[FieldProblem]:
    """An uploaded set has to be there, and its images to have, or be given, one size.

    Until the transaction ends it cannot be deleted, so that no search is stored that reads a deleted one.
    """
    if not is_upload(spec.dataset.name):
        return []
    try:
        facts = uow.datasets.keep(spec.dataset.name).facts
    except NotFoundError as error:
        return [FieldProblem("dataset.name", error.detail)]
    if facts.has_one_size or spec.dataset.image_size is not None:
        return []
    sizes = f"{facts.min_width}x{facts.min_height} to {facts.max_width}x{facts.max_height}"
    return [FieldProblem("dataset.image_size", f"the images have {sizes} pixels; set the size to resize them to")]


def delete(store: Store, dataset_id: str) -> None:
    """Forget an uploaded data set. Raises NotFoundError, and ConflictError while a search that is not over reads it."""
    with store.write() as uow:
        uow.datasets.lock(dataset_id)
        users = uow.datasets.live_users(dataset_id)
        if users:
            named = ", ".join(users[:MOST_NAMED]) + (", ..." if len(users) > MOST_NAMED else "")
            detail = f"{dataset_id} is read by {len(users)} searches that are not over ({named}); cancel them first"
            raise ConflictError("dataset-in-use", detail)
        uow.datasets.delete(dataset_id)
