"""Columns of a search's rows, for figures: whole rows of 10,000 candidates would take seconds to read."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from nas_service.domain.entities import WorkKind
from nas_service.domain.records import CandidateRecord, Completion, CurveRecord, ProxyRecord, WorkRecord
from nas_service.domain.spec import Metric
from nas_service.domain.states import CandidateStatus, WorkStatus
from nas_service.store.rows import failure_of, to_intervals, to_rungs
from nas_service.store.tables import candidates, evaluations, work_items

_PROPOSED = candidates.c.parent_id.is_(None)
"""Figures are about what the search has tried; children came after it."""

_CANDIDATES = (
    select(
        candidates.c.id,
        candidates.c.number,
        candidates.c.status,
        candidates.c.metrics,
        candidates.c.intervals,
        candidates.c.violations,
        candidates.c.architecture,
        candidates.c.finished_at,
    )
    .where(candidates.c.search_id == bindparam("of_search"), _PROPOSED)
    .order_by(candidates.c.number)
)
_COMPLETIONS = (
    select(candidates.c.search_id, candidates.c.finished_at, candidates.c.metrics)
    .where(
        candidates.c.search_id.in_(bindparam("of_searches", expanding=True)),
        candidates.c.status == CandidateStatus.COMPLETED,
        candidates.c.finished_at.is_not(None),
        _PROPOSED,
    )
    .order_by(candidates.c.finished_at, candidates.c.number)
)
_CURVES = (
    select(candidates.c.id, candidates.c.number, evaluations.c.result["curve"])
    .join(evaluations, evaluations.c.id == candidates.c.evaluation_id)
    .where(candidates.c.search_id == bindparam("of_search"), _PROPOSED)
    .order_by(candidates.c.number.desc())
    .limit(bindparam("most"))
)
_PROXIES = (
    select(
        candidates.c.metrics,
        candidates.c.rungs,
        evaluations.c.fidelity["epochs"].as_integer(),
        evaluations.c.accuracy,
        evaluations.c.result["proxies"],
    )
    .join(evaluations, evaluations.c.id == candidates.c.evaluation_id)
    .where(candidates.c.search_id == bindparam("of_search"), _PROPOSED)
    .order_by(candidates.c.number.desc())
    .limit(bindparam("most"))
)
_WORK = (
    select(
        work_items.c.id,
        work_items.c.kind,
        work_items.c.status,
        work_items.c.candidate_id,
        work_items.c.worker_id,
        work_items.c.attempt,
        work_items.c.created_at,
        work_items.c.started_at,
        work_items.c.finished_at,
        work_items.c.failure,
    )
    .where(work_items.c.search_id == bindparam("of_search"), work_items.c.started_at.is_not(None))
    .order_by(work_items.c.started_at.desc())
    .limit(bindparam("most"))
)


class SqlRecords:
    """Implements the RecordRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def candidates(self, search_id: str) -> Sequence[CandidateRecord]:
        """All candidates, by number."""
        rows = self._rows(_CANDIDATES, of_search=search_id)
        return [
            CandidateRecord(id_, number, CandidateStatus(status), metrics, to_intervals(intervals), *rest)
            for id_, number, status, metrics, intervals, *rest in rows
        ]

    def completions(self, search_ids: Sequence[str]) -> Mapping[str, Sequence[Completion]]:
        """Of each search when its candidates completed and with what metrics, in that order, in one query."""
        found: dict[str, list[Completion]] = {search_id: [] for search_id in search_ids}
        for search_id, at, metrics in self._rows(_COMPLETIONS, of_searches=list(search_ids)):
            found[search_id].append((at, metrics))
        return found

    def curves(self, search_id: str, most: int) -> Sequence[CurveRecord]:
        """The learning curves of the last `most` candidates that have one, by number."""
        rows = self._rows(_CURVES, of_search=search_id, most=most)
        return [CurveRecord(id_, number, tuple(curve)) for id_, number, curve in reversed(rows) if curve]

    def proxies(self, search_id: str, most: int) -> Sequence[ProxyRecord]:
        """Of the last `most` candidates that were evaluated, by number."""
        rows = self._rows(_PROXIES, of_search=search_id, most=most)
        return [_proxy_record(*row) for row in reversed(rows)]

    def work(self, search_id: str, most: int) -> Sequence[WorkRecord]:
        """The last `most` work items that were ever started, in the order of their start."""
        rows = reversed(self._rows(_WORK, of_search=search_id, most=most))
        return [_work_record(*row) for row in rows]

    def _rows(self, query: Select[Any], **wanted: Any) -> Sequence[Any]:
        return self._connection.execute(query, wanted).all()


def _proxy_record(metrics: dict[str, float], rungs: Any, epochs: int, accuracy: float, proxies: Any) -> ProxyRecord:
    known = {name: metrics[name] for name in (Metric.MACS, Metric.PARAMS) if name in metrics}
    at_rungs = {rung.epochs: rung.accuracy for rung in to_rungs(rungs)}
    return ProxyRecord(known | (proxies or {}), at_rungs | {epochs: accuracy})


def _work_record(id_: str, kind: str, status: str, *rest: Any) -> WorkRecord:
    plain = [*rest[:-1], failure_of(rest[-1])]
    return WorkRecord(id_, WorkKind(kind), WorkStatus(status), *plain)
