"""Questions over all searches, answered without loading them: counts for metrics, and the data sets ever read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Table, func, select

from nas_service.domain.entities import DatasetFacts
from nas_service.domain.states import WorkStatus
from nas_service.store.tables import candidates, searches, work_items


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is of what."""

    searches: Mapping[str, int]
    """By status."""
    candidates: Mapping[str, int]
    """By status."""
    waiting_work: Mapping[str, int]
    """By queue."""
    leased_work: Mapping[str, int]
    """By queue."""


def counts(connection: Connection) -> Counts:
    """Counts over all searches; what there is none of is left out."""
    return Counts(
        searches=_count(connection, searches, searches.c.status),
        candidates=_count(connection, candidates, candidates.c.status),
        waiting_work=_count_work(connection, WorkStatus.QUEUED),
        leased_work=_count_work(connection, WorkStatus.LEASED),
    )


def _count(connection: Connection, table: Table, by: Column[str]) -> dict[str, int]:
    query = select(by, func.count()).select_from(table).group_by(by).order_by(by)
    return {str(key): int(count) for key, count in connection.execute(query)}


def _count_work(connection: Connection, status: WorkStatus) -> dict[str, int]:
    queue = work_items.c.queue
    query = select(queue, func.count()).where(work_items.c.status == status).group_by(queue).order_by(queue)
    return {str(key): int(count) for key, count in connection.execute(query)}


def known_datasets(connection: Connection) -> Sequence[tuple[str, DatasetFacts]]:
    """Each data set that a search has read, once by its content, under the name that the search used; by name."""
    fingerprint = searches.c.dataset["fingerprint"].as_string()
    one_each = select(func.min(searches.c.id)).where(searches.c.dataset.is_not(None)).group_by(fingerprint)
    ids = connection.scalars(one_each).all()
    query = select(searches.c.spec, searches.c.dataset).where(searches.c.id.in_(ids))
    found = [
        (str(spec["dataset"]["name"]), DatasetFacts(**{**facts, "classes": tuple(facts["classes"])}))
        for spec, facts in connection.execute(query)
    ]
    return sorted(found, key=lambda named: (named[0], named[1].fingerprint))
