"""Take in a search that another service has written to a file.

It comes in as what it is: a search that is over, of the importing tenant, under ids of its own. Nobody here has seen
its trainings and timings, so none of it is ever reused: its evaluations have no reuse key, its measurements belong to
the search and to no tenant, and later searches do not begin with its architectures.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from nas_service.domain.entities import IMPORTED, Artifact, Candidate, Evaluation, Event, Measurement, Search, new_id
from nas_service.domain.errors import ConflictError, FieldProblem, SpecError
from nas_service.domain.exchange import KeptFile
from nas_service.domain.quotas import UNLIMITED, Quotas
from nas_service.domain.records import WorkRecord
from nas_service.domain.states import CandidateStatus, is_over
from nas_service.use_cases.figures.growth import growth
from nas_service.use_cases.front import front
from nas_service.use_cases.ports import ArtifactStore, Store, UnitOfWork
from nas_service.use_cases.queries import status
from nas_service.use_cases.quotas import check_import, check_room, check_upload

PROBLEM = "invalid-export"


class Arrived(Protocol):
    """A file that holds what its manifest says."""

    @property
    def file_bytes(self) -> int: ...
    @property
    def sha256s(self) -> frozenset[str]: ...
    def rows(self, name: str) -> Iterator[Any]: ...
    def copy(self, sha256: str, to: Path) -> Path: ...


def _refused(part: str, message: str) -> SpecError:
    return SpecError([FieldProblem(part, message)], PROBLEM)


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
                search = _Arrival(uow, arrived, kept).store(self.tenant, file_sha256)
            check_import(uow, self.tenant, sum(uow.candidates.counts(search.id).values()), self.quotas)
            _look_at(uow, search)
        return search

    def _files(self, arrived: Arrived) -> Iterator[KeptFile]:
        """Only what is in the file itself: a checksum alone gives nobody another one's content."""
        for file in arrived.rows("files.jsonl"):
            if file.artifact.sha256 not in arrived.sha256s:
                raise _refused("files.jsonl", f"{file.name} of {file.candidate_id} is not in the file")
            yield file


@dataclass
class _Arrival:
    """The rows of one file, and the ids that they get here."""

    uow: UnitOfWork
    arrived: Arrived
    kept: dict[str, Artifact]
    ids: dict[str, str] = field(default_factory=dict)

    def store(self, tenant: str, file_sha256: str) -> Search:
        search = self._search(tenant, file_sha256)
        self.uow.imports.add_search(search, file_sha256)
        steps: dict[str, Callable[[Search, Any], None]] = {
            "evaluations.jsonl": self._evaluation,
            "measurements.jsonl": self._measurement,
            "candidates.jsonl": self._candidate,
            "files.jsonl": self._file,
            "work.jsonl": self._work,
            "events.jsonl": self._event,
        }
        for part, step in steps.items():
            for row in self.arrived.rows(part):
                step(search, row)
        self.uow.events.append(search.id, "search.imported", {"file_sha256": file_sha256})
        return search

    def _search(self, tenant: str, file_sha256: str) -> Search:
        rows: list[Search] = list(self.arrived.rows("search.jsonl"))
        if len(rows) != 1 or not is_over(rows[0].status):
            raise _refused("search.jsonl", "it has to hold one search that is over")
        search_id = self._new(rows[0].id, "search")
        return replace(
            rows[0],
            id=search_id,
            tenant=tenant,
            study_name=IMPORTED + search_id,
            idempotency_key=IMPORTED + file_sha256,
            active_since=None,
            traceparent=None,
        )

    def _evaluation(self, _search: Search, row: Evaluation) -> None:
        self.uow.imports.add_evaluation(replace(row, id=self._new(row.id, "evaluation"), reuse_key=None))

    def _measurement(self, search: Search, row: Measurement) -> None:
        measurement_id = self._new(row.id, "measurement")
        self.uow.evidence.add_measurement(replace(row, id=measurement_id, owner=search.study_name, subject_key=None))

    def _candidate(self, search: Search, row: Candidate) -> None:
        if not is_over(row.status):
            raise _refused("candidates.jsonl", f"{row.id} is {row.status}; the search is over")
        final = self._translated(row.final)
        candidate = replace(
            row,
            id=self._new(row.id, "candidate"),
            search_id=search.id,
            evaluation_id=self._known(row.evaluation_id) if row.evaluation_id else None,
            rungs=tuple(replace(rung, evaluation_id=self._known(rung.evaluation_id)) for rung in row.rungs),
            parent_id=self._known(row.parent_id) if row.parent_id else None,
            remeasured=self._translated(row.remeasured),
            final=final,
        )
        self.uow.candidates.add(candidate)
        self.uow.candidates.update(candidate.id, final_evaluation_id=(final or {}).get("evaluation_id"))

    def _file(self, _search: Search, row: KeptFile) -> None:
        candidate_id = self._known(row.candidate_id)
        self.uow.evidence.link_artifact(candidate_id, row.name, self.kept[row.artifact.sha256].sha256)

    def _work(self, search: Search, row: WorkRecord) -> None:
        if not is_over(row.status):
            raise _refused("work.jsonl", f"{row.id} is {row.status}; the search is over")
        work_id = self._new(row.id, "work")
        candidate_id = self._known(row.candidate_id) if row.candidate_id else None
        self.uow.imports.add_work(search.id, replace(row, id=work_id, candidate_id=candidate_id))

    def _event(self, search: Search, row: Event) -> None:
        self.uow.imports.add_event(replace(row, search_id=search.id, payload=self._translated(row.payload)))

    def _new(self, old: str, kind: str) -> str:
        if old in self.ids:
            raise _refused("file", f"it holds {old} twice")
        self.ids[old] = new_id(kind)
        return self.ids[old]

    def _known(self, old: str) -> str:
        if old not in self.ids:
            raise _refused("file", f"it refers to {old}, which it does not hold")
        return self.ids[old]

    def _translated(self, value: Any) -> Any:
        """The same JSON with the ids of here."""
        match value:
            case dict():
                return {key: self._translated(part) for key, part in value.items()}
            case list() | tuple():
                return [self._translated(part) for part in value]
            case str():
                return self.ids.get(value, value)
            case _:
                return value


def _look_at(uow: UnitOfWork, search: Search) -> None:
    """As people will, so that what cannot be shown is not stored."""
    try:
        status(uow, search.id)
        front(uow, search.id)
        growth(uow, search)
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        completed = CandidateStatus.COMPLETED.lower()
        message = f"the front cannot be made of its {completed} candidates ({type(error).__name__}: {error})"
        raise _refused("candidates.jsonl", message) from error
