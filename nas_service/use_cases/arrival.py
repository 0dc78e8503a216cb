"""The rows of an exported search as they are stored here: under ids of their own, and trusted by nobody."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from nas_service.domain.entities import IMPORTED, Artifact, Candidate, Evaluation, Event, Measurement, Search, new_id
from nas_service.domain.errors import FieldProblem, SpecError
from nas_service.domain.exchange import KeptFile
from nas_service.domain.records import WorkRecord
from nas_service.domain.states import is_over
from nas_service.use_cases.ports import UnitOfWork

PROBLEM = "invalid-export"


class Arrived(Protocol):
    """A file that holds what its manifest says."""

    @property
    def file_bytes(self) -> int: ...
    @property
    def sha256s(self) -> frozenset[str]: ...
    def rows(self, name: str) -> Iterator[Any]: ...
    def copy(self, sha256: str, to: Path) -> Path: ...


def refused(part: str, message: str) -> SpecError:
    """The error for a part that is not as it should be."""
    return SpecError([FieldProblem(part, message)], PROBLEM)


@dataclass
class Arrival:
    """The rows of one file, and the ids that they get here."""

    uow: UnitOfWork
    arrived: Arrived
    kept: dict[str, Artifact]
    ids: dict[str, str] = field(default_factory=dict)

    def store(self, tenant: str, file_sha256: str) -> Search:
        """All of it, as an ended search of the tenant. Raises SpecError, ConflictError."""
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
            raise refused("search.jsonl", "it has to hold one search that is over")
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
            raise refused("candidates.jsonl", f"{row.id} is {row.status}; the search is over")
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
            raise refused("work.jsonl", f"{row.id} is {row.status}; the search is over")
        work_id = self._new(row.id, "work")
        candidate_id = self._known(row.candidate_id) if row.candidate_id else None
        self.uow.imports.add_work(search.id, replace(row, id=work_id, candidate_id=candidate_id))

    def _event(self, search: Search, row: Event) -> None:
        self.uow.imports.add_event(replace(row, search_id=search.id, payload=self._translated(row.payload)))

    def _new(self, old: str, kind: str) -> str:
        if old in self.ids:
            raise refused("file", f"it holds {old} twice")
        self.ids[old] = new_id(kind)
        return self.ids[old]

    def _known(self, old: str) -> str:
        if old not in self.ids:
            raise refused("file", f"it refers to {old}, which it does not hold")
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
