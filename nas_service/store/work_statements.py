"""The statements of the work repository. Building them with every call would cost more than running them."""

from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, cast, insert, select, update

from nas_service.domain.entities import WorkKind
from nas_service.domain.states import SearchStatus, WorkStatus
from nas_service.store.tables import searches, work_items
from nas_service.store.types import now_epoch_s

_OVER = (WorkStatus.DONE, WorkStatus.FAILED, WorkStatus.CANCELLED)


def _all(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(work_items).where(*conditions).order_by(work_items.c.created_at, work_items.c.id)


_THIS = work_items.c.id == bindparam("item_id")
_OF_SEARCH = work_items.c.search_id == bindparam("of_search")
_UNABSORBED = (_OF_SEARCH, work_items.c.absorbed.is_(False))
ADD = insert(work_items)
GET = select(work_items).where(_THIS)
_WAITING = (
    select(work_items.c.id, work_items.c.queue)
    .join(searches, searches.c.id == work_items.c.search_id)
    .where(
        work_items.c.status == WorkStatus.QUEUED,
        searches.c.status == SearchStatus.RUNNING,
    )
    .order_by(work_items.c.created_at, work_items.c.id)
)
WAITING_FOR_DEVICES = (
    _WAITING.with_only_columns(work_items.c.queue, searches.c.tenant)
    .where(work_items.c.kind == WorkKind.PROFILE)
    .order_by(None)
    .distinct()
)
LONG_WAITING = _WAITING.where(work_items.c.created_at < bindparam("before")).limit(bindparam("limit"))
QUEUED_OF_SEARCH = select(work_items.c.id, work_items.c.queue).where(
    _OF_SEARCH, work_items.c.status == WorkStatus.QUEUED
)
_AS_HOLDER = update(work_items).where(
    _THIS, work_items.c.token == bindparam("held_token"), work_items.c.status == WorkStatus.LEASED
)
EXTEND = _AS_HOLDER.values(lease_expires_at_s=now_epoch_s() + bindparam("lease_s"))
RELEASE = _AS_HOLDER.values(
    status=WorkStatus.QUEUED,
    attempt=work_items.c.attempt - bindparam("uncounted"),
    worker_id=None,
    lease_expires_at_s=None,
).returning(work_items.c.queue)
END = _AS_HOLDER.values(lease_expires_at_s=None)
CANCEL_QUEUED = (
    update(work_items)
    .where(_OF_SEARCH, work_items.c.status == WorkStatus.QUEUED)
    .values(status=WorkStatus.CANCELLED, finished_at=bindparam("now"))
)
EXPIRED = _all(work_items.c.status == WorkStatus.LEASED, work_items.c.lease_expires_at_s < now_epoch_s())
ENDED_UNABSORBED = _all(*_UNABSORBED, work_items.c.status.in_(_OVER))
OPEN = _all(*_UNABSORBED)
PROGRESS = (
    select(work_items.c.id, work_items.c.status, work_items.c.attempt, cast(work_items.c.progress, Text))
    .where(*_UNABSORBED)
    .order_by(work_items.c.id)
)
OF_CANDIDATE = _all(work_items.c.candidate_id == bindparam("candidate_id"))
MARK_ABSORBED = (
    update(work_items).where(work_items.c.id.in_(bindparam("item_ids", expanding=True))).values(absorbed=True)
)
