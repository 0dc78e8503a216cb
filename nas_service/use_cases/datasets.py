"""Take an uploaded data set in, and forget one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nas_service.domain.datasets import DatasetFormat, UploadedDataset
from nas_service.domain.entities import new_id
from nas_service.domain.errors import ConflictError
from nas_service.domain.quotas import UNLIMITED, Quotas
from nas_service.use_cases.ports import ArtifactStore, Inspector, Store
from nas_service.use_cases.quotas import check_upload

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

    def add(self, upload: Upload) -> tuple[UploadedDataset, bool]:
        """Inspect and store it; returns it with whether it is new.

        The same content twice, even at the same moment, gives one data set; what is known is not inspected again.
        Raises DatasetError for what cannot be learned, and LimitError where the tenant has too much already.
        """
        with self.store.read() as uow:
            known = uow.datasets.by_content(upload.tenant, upload.sha256)
        if known is not None:
            return known, False
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


def delete(store: Store, dataset_id: str) -> None:
    """Forget an uploaded data set. Raises NotFoundError, and ConflictError while a search that is not over reads it."""
    with store.write() as uow:
        uow.datasets.get(dataset_id)
        users = uow.datasets.live_users(dataset_id)
        if users:
            named = ", ".join(users[:MOST_NAMED]) + (", ..." if len(users) > MOST_NAMED else "")
            detail = f"{dataset_id} is read by {len(users)} searches that are not over ({named}); cancel them first"
            raise ConflictError("dataset-in-use", detail)
        uow.datasets.delete(dataset_id)
