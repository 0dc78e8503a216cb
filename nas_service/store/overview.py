"""Questions over all searches, answered without loading them: counts for metrics, and the data sets ever read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from nas_service.domain.entities import DatasetFacts
from nas_service.domain.states import SearchStatus, WorkStatus
from nas_service.store.tables import searches, work_items


@dataclass(frozen=True, slots=True)
class Queue:
    """Work items of one queue that are not over."""

    waiting: int = 0
    """Of searches that run: what a worker would claim."""
    oldest_s: float = 0.0
    """How long the oldest of them has been there."""
    leased: int = 0
    """In a worker's hands."""


def searches_by_status(connection: Connection) -> Mapping[SearchStatus, int]:
    """Every status, those of no search included. Reads one index, never the searches themselves."""
    query = select(searches.c.status, func.count()).group_by(searches.c.status)
    return dict.fromkeys(SearchStatus, 0) | {SearchStatus(status): count for status, count in connection.execute(query)}


def queues(connection: Connection) -> Mapping[str, Queue]:
    """Queues with anything in them. Costs what is open, not what is over."""
    now = datetime.now(UTC)
    name, since = work_items.c.queue, func.min(work_items.c.created_at, type_=work_items.c.created_at.type)
    waiting = (
        select(name, func.count(), since)
        .join(searches, searches.c.id == work_items.c.search_id)
        .where(work_items.c.status == WorkStatus.QUEUED, searches.c.status == SearchStatus.RUNNING)
        .group_by(name)
    )
    found = {
        queue: Queue(count, max(0.0, (now - oldest).total_seconds()))
        for queue, count, oldest in connection.execute(waiting)
    }
    leased = select(name, func.count()).where(work_items.c.status == WorkStatus.LEASED).group_by(name)
    for queue, count in connection.execute(leased):
        found[queue] = replace(found.get(queue, Queue()), leased=count)
    return found


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
