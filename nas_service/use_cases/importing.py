"""Take in a search that another service has written to a file.

It comes in as what it is: a search that is over, of the importing tenant, under ids of its own. Nobody here has seen
its trainings and timings, so none of it is ever reused: its evaluations have no reuse key, its measurements belong to
the search and to no tenant, and later searches do not begin with its architectures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nas_service.domain.entities import IMPORTED, Search
from nas_service.domain.errors import ConflictError
from nas_service.domain.exchange import KeptFile
from nas_service.domain.quotas import UNLIMITED, Quotas
from nas_service.domain.states import CandidateStatus
from nas_service.use_cases.arrival import Arrival, Arrived, refused
from nas_service.use_cases.figures.growth import growth
from nas_service.use_cases.front import front
from nas_service.use_cases.ports import ArtifactStore, Store, UnitOfWork
from nas_service.use_cases.queries import status
from nas_service.use_cases.quotas import check_import, check_room, check_upload


@dataclass(frozen=True, slots=True)
class ImportDesk:
    """Takes searches in for one tenant."""

    store: Store
    artifacts: ArtifactStore
    tenant: str
    quotas: Quotas = UNLIMITED
    """Of tenants that have none of their own."""

    def known(self, file_sha256: str) -> Search | None:
        """The search that this file gave before. Raises ConflictError where its key was used for something else."""
        key = IMPORTED + file_sha256
        with self.store.read() as uow:
            found = uow.searches.by_idempotency_key(self.tenant, key)
        if found is not None and found[1] != file_sha256:
            raise ConflictError("idempotency-key-reused", f"the idempotency key {key} was used for another spec")
        return found[0] if found else None

    def add(self, arrived: Arrived, file_sha256: str, scratch: Path) -> Search:
        """Store it in one transaction; its files, whose names are their contents, before that.

        Raises SpecError with the part at fault, and LimitError where the tenant has no room for its files.
        """
        named = {file.artifact.sha256: file.artifact.media_type for file in self._files(arrived)}
        with self.store.read() as uow:
            check_room(uow, self.tenant, arrived.file_bytes, self.quotas)
        kept = {s: self.artifacts.put(arrived.copy(s, scratch), named[s]) for s in sorted(named)}
        with self.store.write() as uow:
            check_upload(uow, self.tenant, arrived.file_bytes, self.quotas)
            with uow.imports.checked():
                search = Arrival(uow, arrived, kept).store(self.tenant, file_sha256)
            check_import(uow, self.tenant, sum(uow.candidates.counts(search.id).values()), self.quotas)
            _look_at(uow, search)
        return search

    def _files(self, arrived: Arrived) -> Iterator[KeptFile]:
        """Only what is in the file itself: a checksum alone gives nobody another one's content."""
        for file in arrived.rows("files.jsonl"):
            if file.artifact.sha256 not in arrived.sha256s:
                raise refused("files.jsonl", f"{file.name} of {file.candidate_id} is not in the file")
            yield file


def _look_at(uow: UnitOfWork, search: Search) -> None:
    """As people will, so that what cannot be shown is not stored."""
    try:
        status(uow, search.id)
        front(uow, search.id)
        growth(uow, search)
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        completed = CandidateStatus.COMPLETED.lower()
        message = f"the front cannot be made of its {completed} candidates ({type(error).__name__}: {error})"
        raise refused("candidates.jsonl", message) from error
