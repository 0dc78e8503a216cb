"""Work items in the database. Whoever changes a leased one must hold its current fencing token."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, Update

from nas_service.domain.entities import Failure, JsonDict, WorkItem
from nas_service.domain.errors import NotFoundError
from nas_service.domain.states import WorkStatus
from nas_service.store import fair_claim
from nas_service.store import work_statements as statements
from nas_service.store.rows import plain, to_work_item
from nas_service.use_cases.outbox import Outbox


class SqlWork:
    """Implements the WorkRepository port."""

    def __init__(self, connection: Connection, outbox: Outbox) -> None:
        self._connection = connection
        self._outbox = outbox

    def add(self, item: WorkItem) -> None:
        """Store a new item, queued."""
        row = {name: getattr(item, name) for name in WorkItem.__dataclass_fields__}
        self._connection.execute(statements.ADD, plain(row) | {"created_at": datetime.now(UTC)})
        self._outbox.work[item.id] = item.queue

    def get(self, item_id: str) -> WorkItem:
        """Raises NotFoundError."""
        row = self._connection.execute(statements.GET, {"item_id": item_id}).mappings().first()
        if row is None:
            raise NotFoundError("no-such-work-item", f"there is no work item {item_id!r}")
        return to_work_item(row)

    def is_waiting(self, queues: Sequence[str], tenant: str | None = None) -> bool:
        """Whether `claim` would find something now."""
        wanted = {"queues": list(queues), "for_tenant": tenant}
        return self._connection.scalar(fair_claim.ANY_WAITING, wanted) is not None

    def waiting_for_devices(self) -> frozenset[tuple[str, str]]:
        """Queue and tenant of every timing that somebody could claim."""
        rows = self._connection.execute(statements.WAITING_FOR_DEVICES)
        return frozenset((queue, tenant) for queue, tenant in rows)

    def claim(
        self, queues: Sequence[str], worker_id: str, lease_s: float, tenant: str | None = None
    ) -> WorkItem | None:
        """Lease the item of `queues` whose turn it is (`nas_service.store.fair_claim`); None if there is none.

        With `tenant`, of this tenant's items alone.
        """
        statement = fair_claim.CLAIM[self._connection.dialect.name]
        lease = {"queues": list(queues), "worker_id": worker_id, "lease_s": lease_s, "started_at": datetime.now(UTC)}
        lease |= {"for_tenant": tenant}
        row = self._connection.execute(statement, lease).mappings().first()
        return to_work_item(row) if row is not None else None

    def waiting(self, older_than_s: float, limit: int) -> Mapping[str, str]:
        """Queue by id of what somebody could claim and was stored `older_than_s` seconds ago, oldest first."""
        wanted = {"before": datetime.now(UTC) - timedelta(seconds=older_than_s), "limit": limit}
        return dict(self._connection.execute(statements.LONG_WAITING, wanted).all())

    def deliver_again(self, search_id: str) -> None:
        """Whoever was told of a queued item while its search was paused has let it lie."""
        queued = self._connection.execute(statements.QUEUED_OF_SEARCH, {"of_search": search_id})
        self._outbox.work.update(queued.all())

    def extend(self, item_id: str, token: int, lease_s: float, progress: JsonDict | None) -> bool:
        """Renew the lease. False: it is lost, and whatever was done is void."""
        return self._as_holder(statements.EXTEND, item_id, token, lease_s=lease_s, progress=progress)

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
        held = {"item_id": item_id, "held_token": token, "uncounted": 0 if counts_as_attempt else 1}
        queue = self._connection.scalar(statements.RELEASE, held)
        if queue is not None:
            self._outbox.work[item_id] = queue
        return queue is not None

    def _end(self, item_id: str, token: int, status: WorkStatus, **values: Any) -> bool:
        return self._as_holder(statements.END, item_id, token, status=status, finished_at=datetime.now(UTC), **values)

    def _as_holder(self, statement: Update, item_id: str, token: int, **values: Any) -> bool:
        held = {"item_id": item_id, "held_token": token}
        return self._connection.execute(statement, held | values).rowcount == 1

    def cancel_queued(self, search_id: str) -> None:
        """Nobody shall start these."""
        self._connection.execute(statements.CANCEL_QUEUED, {"of_search": search_id, "now": datetime.now(UTC)})

    def expired(self) -> Sequence[WorkItem]:
        """Leases whose holder has not been heard of in time."""
        return self._items(statements.EXPIRED)

    def unabsorbed(self, search_id: str) -> Sequence[WorkItem]:
        """Ended items that `advance` has not taken in yet."""
        return self._items(statements.ENDED_UNABSORBED, of_search=search_id)

    def mark_absorbed(self, item_ids: Sequence[str]) -> None:
        """`advance` has taken these in."""
        self._connection.execute(statements.MARK_ABSORBED, {"item_ids": list(item_ids)})

    def open(self, search_id: str) -> Sequence[WorkItem]:
        """Items that wait or are being worked on, and ended ones not yet taken in."""
        return self._items(statements.OPEN, of_search=search_id)

    def progress(self, search_id: str) -> Sequence[tuple[str, WorkStatus, int, str | None]]:
        """Id, status, attempt and progress (as JSON text) of what `open` gives: all that changes from poll to poll."""
        rows = self._connection.execute(statements.PROGRESS, {"of_search": search_id})
        return [(id_, WorkStatus(status), attempt, progress) for id_, status, attempt, progress in rows]

    def of_candidate(self, candidate_id: str) -> Sequence[WorkItem]:
        """All work on one candidate, oldest first."""
        return self._items(statements.OF_CANDIDATE, candidate_id=candidate_id)

    def _items(self, query: Select[Any], **wanted: str) -> Sequence[WorkItem]:
        return [to_work_item(row) for row in self._connection.execute(query, wanted).mappings()]
