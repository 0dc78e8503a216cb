"""Rows of imported searches in the database: over when they come in, with the times that they had elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, StatementError

from nas_service.domain.entities import Evaluation, Event, Export, Search
from nas_service.domain.errors import ConflictError, FieldProblem, SpecError
from nas_service.domain.records import WorkRecord
from nas_service.store.rows import plain, to_rungs
from nas_service.store.tables import candidates, evaluations, events, exports, measurements, searches, work_items

_ADD_SEARCH, _ADD_WORK, _ADD_EVENT = insert(searches), insert(work_items), insert(events)
_ADD_EVALUATION, _ADD_EXPORT = insert(evaluations), insert(exports)
QUEUE = "imported"
"""Nobody serves it."""
IDS_AT_ONCE = 1000


class SqlImports:
    """Implements the ImportRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def checked(self) -> Iterator[None]:
        """Whatever of a file's rows the database cannot hold is refused: too long, too large, or there twice."""
        try:
            yield
        except OperationalError:
            raise
        except (DataError, IntegrityError, StatementError, OverflowError) as error:
            message = f"its rows contradict each other, or hold what cannot be stored ({type(error).__name__})"
            raise SpecError([FieldProblem("file", message)], "invalid-export") from error

    def add_search(self, search: Search, file_sha256: str) -> None:
        """Nothing of it is collected or advanced. Raises ConflictError where the same file is just coming in."""
        row = plain({name: getattr(search, name) for name in Search.__dataclass_fields__})
        row |= {"spec": search.spec.model_dump(mode="json"), "spec_digest": file_sha256, "wake": False}
        row |= {"supernet_sha256": None, "collected_at": datetime.now(UTC)}
        try:
            self._connection.execute(_ADD_SEARCH, row)
        except IntegrityError as error:
            raise ConflictError("import-in-progress", "this file is being imported; ask again") from error

    def add_evaluation(self, evaluation: Evaluation) -> None:
        """Under no reuse key, so that nobody ever finds it, and without files."""
        row = {name: getattr(evaluation, name) for name in Evaluation.__dataclass_fields__ if name != "exports"}
        self._connection.execute(_ADD_EVALUATION, row | {"reuse_key": None})
        for export in evaluation.exports:
            facts = {name: getattr(export, name) for name in Export.__dataclass_fields__}
            self._connection.execute(_ADD_EXPORT, facts | {"evaluation_id": evaluation.id})

    def add_work(self, search_id: str, work: WorkRecord) -> None:
        """What somebody else's workers did."""
        row = {name: getattr(work, name) for name in WorkRecord.__dataclass_fields__}
        row |= {"search_id": search_id, "queue": QUEUE, "payload": {}, "token": 0, "absorbed": True}
        self._connection.execute(_ADD_WORK, plain(row) | {"max_attempts": work.attempt})

    def add_event(self, event: Event) -> None:
        """In the order of the calls; it gets a number of its own here."""
        row = {"search_id": event.search_id, "at": event.at, "kind": event.kind, "payload": event.payload}
        self._connection.execute(_ADD_EVENT, row)

    def delete(self, search: Search) -> None:
        """Forget it with its evaluations and measurements: they are nobody else's."""
        named = select(candidates.c.evaluation_id, candidates.c.final_evaluation_id, candidates.c.rungs)
        rows = self._connection.execute(named.where(candidates.c.search_id == search.id)).all()
        of_rungs = {rung.evaluation_id for row in rows for rung in to_rungs(row.rungs)}
        ids = sorted({id_ for row in rows for id_ in row[:2] if id_ is not None} | of_rungs)
        self._connection.execute(delete(searches).where(searches.c.id == search.id))
        for begin in range(0, len(ids), IDS_AT_ONCE):
            part = ids[begin : begin + IDS_AT_ONCE]
            self._connection.execute(delete(evaluations).where(evaluations.c.id.in_(part)))
        self._connection.execute(delete(measurements).where(measurements.c.owner == search.study_name))
