"""Uploaded data sets in the database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Executable, RowMapping, bindparam, delete, func, select, tuple_

from nas_service.domain.datasets import UploadedDataset, UploadFacts
from nas_service.domain.errors import NotFoundError
from nas_service.domain.states import LIVE_SEARCHES
from nas_service.store import cursors
from nas_service.store.insert_if_new import InsertIfNew
from nas_service.store.tables import datasets, searches
from nas_service.use_cases.ports import Page

_GET = select(datasets).where(datasets.c.id == bindparam("dataset_id"))
_KEEP, _LOCK = _GET.with_for_update(read=True), _GET.with_for_update()
_BY_CONTENT = select(datasets).where(datasets.c.tenant == bindparam("tenant"), datasets.c.sha256 == bindparam("sha256"))
_ADD = InsertIfNew(datasets)
_DELETE = delete(datasets).where(datasets.c.id == bindparam("dataset_id"))
_NEWEST_FIRST = select(datasets).order_by(datasets.c.created_at.desc(), datasets.c.id.desc())
_STORED_BYTES = select(func.coalesce(func.sum(datasets.c.size_bytes), 0)).where(
    datasets.c.tenant == bindparam("tenant")
)
_OF_SIZE = (
    select(datasets.c.id)
    .where(datasets.c.tenant == bindparam("tenant"), datasets.c.size_bytes == bindparam("size_bytes"))
    .limit(1)
)
_LIVE_USERS = (
    select(searches.c.id)
    .where(
        searches.c.status.in_(LIVE_SEARCHES),
        searches.c.spec["dataset"]["name"].as_string() == bindparam("dataset_id"),
    )
    .order_by(searches.c.id)
)


class SqlDatasets:
    """Implements the DatasetRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, dataset: UploadedDataset) -> UploadedDataset:
        """Store it, or return the one with the same content that the tenant has already."""
        facts = dataset.facts
        row = {name: getattr(dataset, name) for name in UploadedDataset.__dataclass_fields__}
        if _ADD(self._connection, row | {"format": facts.format, "facts": facts.model_dump(mode="json")}):
            return dataset
        known = self.by_content(dataset.tenant, dataset.sha256)
        assert known is not None
        return known

    def get(self, dataset_id: str) -> UploadedDataset:
        """Raises NotFoundError."""
        return self._one(_GET, dataset_id)

    def keep(self, dataset_id: str) -> UploadedDataset:
        """The same; until the transaction ends nobody else can `lock` it."""
        return self._one(_KEEP, dataset_id)

    def lock(self, dataset_id: str) -> UploadedDataset:
        """The same; until the transaction ends nobody else can `lock` or `keep` it."""
        return self._one(_LOCK, dataset_id)

    def _one(self, query: Executable, dataset_id: str) -> UploadedDataset:
        found = self._first(query, dataset_id=dataset_id)
        if found is None:
            raise NotFoundError("no-such-dataset", f"there is no data set {dataset_id!r}; see `GET /v1/datasets`")
        return found

    def by_content(self, tenant: str, sha256: str) -> UploadedDataset | None:
        """The tenant's data set of this content."""
        return self._first(_BY_CONTENT, tenant=tenant, sha256=sha256)

    def list(self, page: Page) -> tuple[list[UploadedDataset], str | None]:
        """Newest first, and the cursor of the next page."""
        query = _NEWEST_FIRST.limit(page.limit + 1)
        if page.cursor is not None:
            key = cursors.decode(page.cursor, cursors.TIME_AND_ID)
            query = query.where(tuple_(datasets.c.created_at, datasets.c.id) < key)
        rows = self._connection.execute(query).mappings().all()
        found = [_to_dataset(row) for row in rows[: page.limit]]
        more = len(rows) > page.limit
        return found, cursors.encode([found[-1].created_at.isoformat(), found[-1].id]) if more else None

    def live_users(self, dataset_id: str) -> Sequence[str]:
        """Searches that are not over and read it."""
        return self._connection.scalars(_LIVE_USERS, {"dataset_id": dataset_id}).all()

    def stored_bytes(self, tenant: str) -> int:
        """Size of all that the tenant has uploaded."""
        return int(self._connection.execute(_STORED_BYTES, {"tenant": tenant}).scalar_one())

    def has_size(self, tenant: str, size_bytes: int) -> bool:
        """Whether a data set of the tenant's has just this size."""
        return self._connection.scalar(_OF_SIZE, {"tenant": tenant, "size_bytes": size_bytes}) is not None

    def delete(self, dataset_id: str) -> None:
        """Forget it; its file stays until nothing refers to it and the collector comes by."""
        self._connection.execute(_DELETE, {"dataset_id": dataset_id})

    def _first(self, query: Executable, **parameters: Any) -> UploadedDataset | None:
        row = self._connection.execute(query, parameters).mappings().first()
        return _to_dataset(row) if row else None


def _to_dataset(row: RowMapping) -> UploadedDataset:
    return UploadedDataset(
        id=row["id"],
        tenant=row["tenant"],
        name=row["name"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        facts=UploadFacts.model_validate(row["facts"]),
        created_at=row["created_at"],
    )
