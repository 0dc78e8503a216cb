"""Candidates in the database."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from sqlalchemy import Connection, bindparam, func, insert, select, update

from nas_service.domain.entities import Candidate, Completed, Runner
from nas_service.domain.errors import NotFoundError
from nas_service.domain.estimates import Estimates
from nas_service.domain.states import IN_FLIGHT, CandidateStatus
from nas_service.store import cursors
from nas_service.store.rows import plain, to_candidate, to_intervals, to_rungs
from nas_service.store.tables import candidates
from nas_service.use_cases.ports import Page

CURSOR: TypeAdapter[tuple[int]] = TypeAdapter(tuple[Annotated[int, Field(ge=0, lt=2**31)]])

# Built once: with every call, building them would cost more than running them.
_OF_SEARCH = candidates.c.search_id == bindparam("search_id")
_ADD = insert(candidates)
_GET = select(candidates).where(candidates.c.id == bindparam("candidate_id"))
_CHANGE = update(candidates).where(candidates.c.id == bindparam("candidate_id"))
_BY_KEY = select(candidates).where(_OF_SEARCH, candidates.c.architecture_key == bindparam("architecture_key"))
_IN_FLIGHT = select(func.count()).where(_OF_SEARCH, candidates.c.status.in_(IN_FLIGHT))
_WITH_STATUS = candidates.c.status.in_(bindparam("statuses", expanding=True))
_OF = select(candidates).where(_OF_SEARCH, _WITH_STATUS).order_by(candidates.c.number)
_FINALIZED = select(candidates).where(_OF_SEARCH, candidates.c.final.is_not(None)).order_by(candidates.c.number)
_CHILDREN = select(candidates).where(candidates.c.parent_id == bindparam("parent_id")).order_by(candidates.c.number)
_ANY = select(candidates.c.id).where(_OF_SEARCH, _WITH_STATUS).limit(1)
_COMPLETED = (
    select(
        candidates.c.id,
        candidates.c.metrics,
        candidates.c.intervals,
        candidates.c.evaluation_reused,
        candidates.c.final,
        candidates.c.parent_id,
    )
    .where(_OF_SEARCH, candidates.c.status == CandidateStatus.COMPLETED)
    .order_by(candidates.c.number)
)
_OUT_OF_THE_RACE = (CandidateStatus.INFEASIBLE, CandidateStatus.FAILED, CandidateStatus.CANCELLED)
_RUNNERS = (
    select(candidates.c.id, candidates.c.status, candidates.c.metrics, candidates.c.rungs)
    .where(_OF_SEARCH, candidates.c.rungs.is_not(None), candidates.c.status.not_in(_OUT_OF_THE_RACE))
    .order_by(candidates.c.number)
)
_NAMED = select(candidates).where(candidates.c.id.in_(bindparam("candidate_ids", expanding=True)))
_COUNTS = (
    select(candidates.c.status, func.count())
    .where(_OF_SEARCH, candidates.c.parent_id.is_(None))
    .group_by(candidates.c.status)
)


class SqlCandidates:
    """Implements the CandidateRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, candidate: Candidate) -> None:
        """Store a new candidate."""
        row = {name: getattr(candidate, name) for name in Candidate.__dataclass_fields__}
        self._connection.execute(_ADD, plain(row))

    def get(self, candidate_id: str) -> Candidate:
        """Raises NotFoundError."""
        row = self._connection.execute(_GET, {"candidate_id": candidate_id}).mappings().first()
        if row is None:
            raise NotFoundError("no-such-candidate", f"there is no candidate {candidate_id!r}")
        return to_candidate(row)

    def update(self, candidate_id: str, **changes: Any) -> None:
        """Change columns."""
        self._connection.execute(_CHANGE, {"candidate_id": candidate_id, **plain(changes)})

    def by_key(self, search_id: str, architecture_key: str) -> Candidate | None:
        """The candidate of this search with this architecture."""
        wanted = {"search_id": search_id, "architecture_key": architecture_key}
        row = self._connection.execute(_BY_KEY, wanted).mappings().first()
        return to_candidate(row) if row else None

    def of(self, search_id: str, statuses: Sequence[CandidateStatus]) -> Sequence[Candidate]:
        """Those in one of `statuses`, by number."""
        rows = self._connection.execute(_OF, {"search_id": search_id, "statuses": list(statuses)})
        return [to_candidate(row) for row in rows.mappings()]

    def finalized(self, search_id: str) -> Sequence[Candidate]:
        """Those chosen to be finalized, by number."""
        rows = self._connection.execute(_FINALIZED, {"search_id": search_id})
        return [to_candidate(row) for row in rows.mappings()]

    def children(self, parent_id: str) -> Sequence[Candidate]:
        """Those compressed from it, by number."""
        return [to_candidate(row) for row in self._connection.execute(_CHILDREN, {"parent_id": parent_id}).mappings()]

    def has_any(self, search_id: str, statuses: Sequence[CandidateStatus]) -> bool:
        """Whether one is in one of `statuses`; takes no longer where there are many."""
        return self._connection.scalar(_ANY, {"search_id": search_id, "statuses": list(statuses)}) is not None

    def in_flight(self, search_id: str) -> int:
        """How many somebody works on, or is about to."""
        return self._connection.scalar(_IN_FLIGHT, {"search_id": search_id}) or 0

    def counts(self, search_id: str) -> Mapping[CandidateStatus, int]:
        """How many proposed candidates, no children, are in each status (those with none are left out)."""
        rows = self._connection.execute(_COUNTS, {"search_id": search_id})
        return {CandidateStatus(status): count for status, count in rows}

    def completed(self, search_id: str) -> Sequence[Completed]:
        """The numbers of completed candidates, in the order of proposal: of each row a few columns."""
        rows = self._connection.execute(_COMPLETED, {"search_id": search_id})
        return [
            Completed(id_, Estimates(metrics, to_intervals(intervals)), reused, final, parent_id)
            for id_, metrics, intervals, reused, final, parent_id in rows
        ]

    def runners(self, search_id: str) -> Sequence[Runner]:
        """Those that have reached a rung and have not failed, by number: of each row four columns."""
        rows = self._connection.execute(_RUNNERS, {"search_id": search_id})
        return [Runner(id_, CandidateStatus(status), metrics, to_rungs(rungs)) for id_, status, metrics, rungs in rows]

    def named(self, candidate_ids: Sequence[str]) -> Sequence[Candidate]:
        """Those with these ids, in this order. Raises KeyError where one is missing."""
        rows = self._connection.execute(_NAMED, {"candidate_ids": list(candidate_ids)})
        by_id = {row["id"]: to_candidate(row) for row in rows.mappings()}
        return [by_id[candidate_id] for candidate_id in candidate_ids]

    def page(
        self, search_id: str, page: Page, status: CandidateStatus | None = None
    ) -> tuple[Sequence[Candidate], str | None]:
        """By number, and the cursor of the next page."""
        query = (
            select(candidates)
            .where(candidates.c.search_id == search_id)
            .order_by(candidates.c.number)
            .limit(page.limit + 1)
        )
        if status is not None:
            query = query.where(candidates.c.status == status)
        if page.cursor is not None:
            (last,) = cursors.decode(page.cursor, CURSOR)
            query = query.where(candidates.c.number > last)
        rows = self._connection.execute(query).mappings().all()
        found = [to_candidate(row) for row in rows[: page.limit]]
        return found, cursors.encode([found[-1].number]) if len(rows) > page.limit else None
