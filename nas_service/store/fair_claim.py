"""Whose turn it is: the one statement that hands out work.

Workers are shared queue by queue, for each queue stands for one scarce thing: training machines, or one device. Of the
searches that run and have work queued where the worker looks, next is

1. the tenant that holds the fewest leases there; of equals the one whose last turn is longest ago;
2. of its searches those of the highest priority;
3. of these the one that holds the fewest leases; of equals the one whose last turn is longest ago;
4. and of its items the oldest.

So workers go round the tenants, and within a tenant round its searches: neither many searches nor a high parallelism
takes more than a turn at a time. Last turns are compared because leases alone say nothing where there is one worker,
which holds none when it asks. They are those of searches that still have open work.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, String, bindparam, exists, func, or_, select, true, update
from sqlalchemy.sql.dml import ReturningUpdate

from nas_service.domain.states import SearchStatus, WorkStatus
from nas_service.store.tables import searches, work_items
from nas_service.store.types import now_epoch_s

_queued = work_items.alias("queued")
_started = work_items.alias("started")
_IS_QUEUED = (
    _queued.c.status == WorkStatus.QUEUED,
    _queued.c.queue.in_(bindparam("queues", expanding=True)),
)
_FOR_TENANT = bindparam("for_tenant", type_=String)
_IS_SERVED = or_(_FOR_TENANT.is_(None), searches.c.tenant == _FOR_TENANT)
"""A device that belongs to a tenant serves that tenant alone."""


def _turns() -> Select[Any]:
    """Ids of the searches that could be served, in the order in which they are."""
    open_ = work_items.alias("open")
    use = (
        select(
            open_.c.search_id,
            func.count().filter(open_.c.status == WorkStatus.LEASED).label("held"),
            func.min(open_.c.created_at).filter(open_.c.status == WorkStatus.QUEUED).label("waits_since"),
        )
        .where(
            open_.c.status.in_((WorkStatus.QUEUED, WorkStatus.LEASED)),
            open_.c.queue.in_(bindparam("queues", expanding=True)),
        )
        .group_by(open_.c.search_id)
        .subquery("use")
    )
    last_turn = select(func.max(_started.c.started_at)).where(_started.c.search_id == searches.c.id).scalar_subquery()
    known = (
        select(searches.c.id, searches.c.tenant, searches.c.priority, searches.c.status, last_turn.label("last_turn"))
        .add_columns(use.c.held, use.c.waits_since)
        .join(use, use.c.search_id == searches.c.id)
        .where(_IS_SERVED)
        .cte("known")
    )
    ranked = select(
        known,
        func.sum(known.c.held).over(partition_by=known.c.tenant).label("tenant_held"),
        func.max(known.c.last_turn).over(partition_by=known.c.tenant).label("tenant_last_turn"),
    ).subquery("ranked")
    return (
        select(ranked.c.id)
        .where(ranked.c.status == SearchStatus.RUNNING, ranked.c.waits_since.is_not(None))
        .order_by(
            ranked.c.tenant_held,
            ranked.c.tenant_last_turn.nulls_first(),
            ranked.c.tenant,
            ranked.c.priority.desc(),
            ranked.c.held,
            ranked.c.last_turn.nulls_first(),
            ranked.c.waits_since,
            ranked.c.id,
        )
    )


def _oldest_of(search_id: ColumnElement[str]) -> Select[Any]:
    return (
        select(_queued.c.id)
        .where(*_IS_QUEUED, _queued.c.search_id == search_id)
        .order_by(_queued.c.created_at, _queued.c.id)
        .limit(1)
    )


def _next_on_sqlite() -> Select[Any]:
    """The next item. Writers come one after another there, so the first search still has one when it is taken."""
    return _oldest_of(_turns().limit(1).scalar_subquery())


def _next_on_postgres() -> Select[Any]:
    """The next item that nobody else is just taking.

    Of one search after the other the oldest is tried, until one could be locked: Postgres goes through the rows of a
    materialized CTE in their order, and stops at the limit. An ORDER BY here would have it lock an item of each first.
    """
    turns = _turns().cte("turns").prefix_with("MATERIALIZED", dialect="postgresql")
    oldest = _oldest_of(turns.c.id).with_for_update(skip_locked=True).lateral("oldest")
    return select(oldest.c.id).select_from(turns.join(oldest, true())).limit(1)


def _lease(next_item: Select[Any]) -> ReturningUpdate[Any]:
    return (
        update(work_items)
        .where(work_items.c.id == next_item.scalar_subquery(), work_items.c.status == WorkStatus.QUEUED)
        .values(
            status=WorkStatus.LEASED,
            attempt=work_items.c.attempt + 1,
            token=work_items.c.token + 1,
            lease_expires_at_s=now_epoch_s() + bindparam("lease_s"),
            progress=None,
        )
        .returning(work_items)
    )


ANY_WAITING = (
    select(_queued.c.id)
    .where(
        *_IS_QUEUED,
        exists().where(searches.c.id == _queued.c.search_id, searches.c.status == SearchStatus.RUNNING, _IS_SERVED),
    )
    .limit(1)
)
"""Whether a claim would find something."""

CLAIM = {"sqlite": _lease(_next_on_sqlite()), "postgresql": _lease(_next_on_postgres())}
"""By dialect: lease the next item of `queues` for `lease_s`, with `worker_id` and `started_at`.

Of everybody's, or where `for_tenant` is not null of this tenant's.
"""
