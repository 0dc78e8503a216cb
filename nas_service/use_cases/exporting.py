"""A search with all that is known of it, row by row, to leave the service in one file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from nas_service.domain.entities import DEFAULT_TENANT, Candidate, Evaluation, Event, Measurement, Search
from nas_service.domain.errors import ConflictError
from nas_service.domain.exchange import KeptFile
from nas_service.domain.records import WorkRecord
from nas_service.domain.states import is_over
from nas_service.use_cases.ports import Page, UnitOfWork
from nas_service.use_cases.queries import measurements_of

ROWS_AT_ONCE = 500
MOST_WORK = 1_000_000
"""Work items; each of 100,000 candidates has a few."""


def exportable(uow: UnitOfWork, search_id: str) -> Search:
    """Raises NotFoundError, and ConflictError for a search that may still change."""
    search = uow.searches.get(search_id)
    if not is_over(search.status):
        detail = f"{search_id} is {search.status}; only a search that is over is exported: wait for it, or cancel it"
        raise ConflictError("search-not-over", detail)
    return search


@dataclass(frozen=True, slots=True)
class Leaving:
    """An ended search on its way out, in one snapshot of the database."""

    uow: UnitOfWork
    search: Search
    with_files: bool
    """Whether the files of finalized candidates go with it."""
    sha256s: set[str] = field(default_factory=set)
    """Of the files that were named so far."""

    def rows(self) -> Iterator[tuple[str, Iterable[object]]]:
        """The parts of `domain.exchange.ROWS` by name."""
        # Whose it is here, and what it was asked for with, is nobody's business elsewhere.
        yield "search.jsonl", [replace(self.search, tenant=DEFAULT_TENANT, idempotency_key=None, traceparent=None)]
        yield "evaluations.jsonl", self._evaluations()
        yield "measurements.jsonl", self._measurements()
        yield "candidates.jsonl", self._candidates()
        yield "files.jsonl", self._files()
        yield "work.jsonl", self._work()
        yield "events.jsonl", self._events()

    def _candidates(self) -> Iterator[Candidate]:
        page: Page | None = Page(ROWS_AT_ONCE)
        while page is not None:
            found, cursor = self.uow.candidates.page(self.search.id, page)
            yield from found
            page = Page(ROWS_AT_ONCE, cursor) if cursor else None

    def _evaluations(self) -> Iterator[Evaluation]:
        seen: set[str] = set()
        for candidate in self._candidates():
            for evaluation_id in evaluation_ids(candidate):
                if evaluation_id not in seen:
                    seen.add(evaluation_id)
                    yield self.uow.evidence.evaluation(evaluation_id)

    def _measurements(self) -> Iterator[Measurement]:
        seen: set[str] = set()
        for evaluation in self._evaluations():
            for model_sha256 in {export.sha256: None for export in evaluation.exports}:
                if model_sha256 not in seen:
                    seen.add(model_sha256)
                    for measurement in measurements_of(self.uow, self.search, model_sha256):
                        yield replace(measurement, owner=None)

    def _files(self) -> Iterator[KeptFile]:
        if not self.with_files:
            return
        for candidate in self.uow.candidates.finalized(self.search.id):
            for name, artifact in self.uow.evidence.artifacts_of(candidate.id).items():
                self.sha256s.add(artifact.sha256)
                yield KeptFile(candidate.id, name, artifact)

    def _work(self) -> Iterator[WorkRecord]:
        """Not what a worker has yet to let go of: nobody takes its result in any more."""
        for work in self.uow.records.work(self.search.id, MOST_WORK):
            if is_over(work.status):
                yield work

    def _events(self) -> Iterator[Event]:
        last_id: int | None = 0
        while last_id is not None:
            found = self.uow.events.since(self.search.id, last_id, ROWS_AT_ONCE)
            yield from found
            last_id = found[-1].id if found else None


def evaluation_ids(candidate: Candidate) -> list[str]:
    """Of all evaluations that a candidate refers to, each once."""
    final = (candidate.final or {}).get("evaluation_id")
    named = [candidate.evaluation_id, *(rung.evaluation_id for rung in candidate.rungs), final]
    return list(dict.fromkeys(name for name in named if name is not None))
