"""Work items in the database. Whoever changes a leased one must hold its current fencing token."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, insert, select, update

from nas_service.domain.entities import Failure, JsonDict, WorkItem
from nas_service.domain.errors import NotFoundError
from nas_service.domain.states import SearchStatus, WorkStatus
from nas_service.store.rows import plain, to_work_item
from nas_service.store.tables import searches, work_items
from nas_service.store.types import now_epoch_s

CLAIM_CANDIDATES = 4
"""Rows looked at in one claim: when workers race for the first, the next is taken."""


def _waiting(queues: Sequence[str]) -> Select[str]:
    return (
        select(work_items.c.id)
        .join(searches, searches.c.id == work_items.c.search_id)
        .where(
            work_items.c.status == WorkStatus.QUEUED,
            work_items.c.queue.in_(queues),
            searches.c.status == SearchStatus.RUNNING,
        )
    )


class SqlWork:
    """Implements the WorkRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, item: WorkItem) -> None:
        """Store a new item, queued."""
        row = {name: getattr(item, name) for name in WorkItem.__dataclass_fields__}
        self._connection.execute(insert(work_items).values(plain(row) | {"created_at": datetime.now(UTC)}))

    def get(self, item_id: str) -> WorkItem:
        """Raises NotFoundError."""
        row = self._connection.execute(select(work_items).where(work_items.c.id == item_id)).mappings().first()
        if row is None:
            raise NotFoundError("no-such-work-item", f"there is no work item {item_id!r}")
        return to_work_item(row)

    def is_waiting(self, queues: Sequence[str]) -> bool:
        """Whether `claim` would find something now."""
        return self._connection.scalar(_waiting(queues).limit(1)) is not None

    def claim(self, queues: Sequence[str], worker_id: str, lease_s: float) -> WorkItem | None:
        """Lease the oldest queued item of `queues` whose search is running; None if there is none."""
        query = _waiting(queues).order_by(work_items.c.created_at, work_items.c.id).limit(CLAIM_CANDIDATES)
        for item_id in self._connection.scalars(query).all():
            statement = (
                update(work_items)
                .where(work_items.c.id == item_id, work_items.c.status == WorkStatus.QUEUED)
                .values(
                    status=WorkStatus.LEASED,
                    attempt=work_items.c.attempt + 1,
                    token=work_items.c.token + 1,
                    worker_id=worker_id,
                    lease_expires_at_s=now_epoch_s() + lease_s,
                    started_at=datetime.now(UTC),
                    progress=None,
                )
            )
            if self._connection.execute(statement).rowcount == 1:
                return self.get(item_id)
        return None

    def extend(self, item_id: str, token: int, lease_s: float, progress: JsonDict | None) -> bool:
        """Renew the lease. False: it is lost, and whatever was done is void."""
        return self._as_holder(item_id, token, lease_expires_at_s=now_epoch_s() + lease_s, progress=progress)

    def complete(self, item_id: str, token: int, result: JsonDict) -> bool:
        """Commit the result. False: the lease was lost, and the result is refused."""
        return self._end(item_id, token, WorkStatus.DONE, result=result)

    def fail(self, item_id: str, token: int, failure: Failure) -> bool:
        """End it for good with a reason. False: the lease was lost."""
        return self._end(item_id, token, WorkStatus.FAILED, failure=failure.to_json())

    def cancel(self, item_id: str, token: int) -> bool:
        """Leave it because its search was cancelled. False: the lease was lost."""
        return self._end(item_id, token, WorkStatus.CANCELLED)

    def release(self, item_id: str, token: int, *, counts_as_attempt: bool) -> bool:
        """Give it back to the queue. False: the lease was lost."""
        attempt = work_items.c.attempt - (0 if counts_as_attempt else 1)
        return self._as_holder(
            item_id, token, status=WorkStatus.QUEUED, attempt=attempt, worker_id=None, lease_expires_at_s=None
        )

    def _end(self, item_id: str, token: int, status: WorkStatus, **values: Any) -> bool:
        return self._as_holder(
            item_id, token, status=status, finished_at=datetime.now(UTC), lease_expires_at_s=None, **values
        )

    def _as_holder(self, item_id: str, token: int, **values: Any) -> bool:
        held = (
            work_items.c.id == item_id,
            work_items.c.token == token,
            work_items.c.status == WorkStatus.LEASED,
        )
        return self._connection.execute(update(work_items).where(*held).values(**values)).rowcount == 1

    def cancel_queued(self, search_id: str) -> None:
        """Nobody shall start these."""
        queued = (work_items.c.search_id == search_id, work_items.c.status == WorkStatus.QUEUED)
        ended = {"status": WorkStatus.CANCELLED, "finished_at": datetime.now(UTC)}
        self._connection.execute(update(work_items).where(*queued).values(ended))

    def expired(self) -> Sequence[WorkItem]:
        """Leases whose holder has not been heard of in time."""
        return self._all(work_items.c.status == WorkStatus.LEASED, work_items.c.lease_expires_at_s < now_epoch_s())

    def unabsorbed(self, search_id: str) -> Sequence[WorkItem]:
        """Ended items that `advance` has not taken in yet."""
        over = (WorkStatus.DONE, WorkStatus.FAILED, WorkStatus.CANCELLED)
        return self._all(
            work_items.c.search_id == search_id,
            work_items.c.absorbed.is_(False),
            work_items.c.status.in_(over),
        )

    def mark_absorbed(self, item_ids: Sequence[str]) -> None:
        """`advance` has taken these in."""
        self._connection.execute(update(work_items).where(work_items.c.id.in_(item_ids)).values(absorbed=True))

    def open(self, search_id: str) -> Sequence[WorkItem]:
        """Items that wait or are being worked on, and ended ones not yet taken in."""
        return self._all(work_items.c.search_id == search_id, work_items.c.absorbed.is_(False))

    def of_candidate(self, candidate_id: str) -> Sequence[WorkItem]:
        """All work on one candidate, oldest first."""
        return self._all(work_items.c.candidate_id == candidate_id)

    def _all(self, *conditions: ColumnElement[bool]) -> Sequence[WorkItem]:
        query = select(work_items).where(*conditions).order_by(work_items.c.created_at, work_items.c.id)
        return [to_work_item(row) for row in self._connection.execute(query).mappings()]
