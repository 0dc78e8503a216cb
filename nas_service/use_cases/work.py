"""What a worker says about a work item: claimed, still at it, done, failed, given back."""

from collections.abc import Sequence
from datetime import UTC, datetime

from nas_service.domain.entities import Artifact, Failure, JsonDict, WorkItem
from nas_service.domain.errors import NotFoundError
from nas_service.domain.signals import Signal
from nas_service.domain.states import SearchStatus
from nas_service.use_cases.ports import Store, UnitOfWork
from nas_service.use_cases.tallies import Tally

_SIGNALS = {
    SearchStatus.RUNNING: Signal.CONTINUE,
    SearchStatus.QUEUED: Signal.PAUSE,
    SearchStatus.PAUSED: Signal.PAUSE,
}


def claim(
    store: Store, queues: Sequence[str], worker_id: str, lease_s: float, tenant: str | None = None
) -> WorkItem | None:
    """Lease the next item of `queues`, or None. Looks before it locks, so that idle workers do not disturb.

    A worker that serves one `tenant` alone gets none of the others' items.
    """
    with store.read() as uow:
        if not uow.work.is_waiting(queues, tenant):
            return None
    with store.write() as uow:
        return uow.work.claim(queues, worker_id, lease_s, tenant)


def heartbeat(store: Store, item: WorkItem, lease_s: float, progress: JsonDict | None = None) -> Signal:
    """Renew the lease, leave the progress, and learn what to do."""
    with store.write() as uow:
        if not uow.work.extend(item.id, item.token, lease_s, progress):
            return Signal.LOST
        try:
            status = uow.searches.get(item.search_id).status
        except NotFoundError:
            return Signal.LOST
        return _SIGNALS.get(status, Signal.CANCEL)


def complete(store: Store, item: WorkItem, result: JsonDict) -> bool:
    """Commit a result and wake the search. False: the lease was lost and the result is refused."""
    files = [Artifact(**artifact) for artifact in result.get("artifacts", {}).values()]
    with store.write() as uow:
        accepted = uow.work.complete(item.id, item.token, result)
        if accepted:
            uow.evidence.hold_artifacts(item.id, files)
            uow.searches.wake(item.search_id)
            _tally(uow, item, "done")
        else:
            uow.tallies.count(Tally.RESULT_REFUSED, item.kind)
    return accepted


def refuse(store: Store, item: WorkItem) -> None:
    """Note a result that was refused without a look at it: who brings it does not hold the item any more."""
    with store.write() as uow:
        uow.tallies.count(Tally.RESULT_REFUSED, item.kind)


def fail(store: Store, item: WorkItem, failure: Failure, *, retry: bool) -> bool:
    """Report a failure: queued again while `retry` and the cap allow it, over otherwise. False: the lease was lost."""
    with store.write() as uow:
        again = retry and item.attempt < item.max_attempts
        if again:
            accepted = uow.work.release(item.id, item.token, counts_as_attempt=True)
        else:
            accepted = uow.work.fail(item.id, item.token, failure)
        if accepted:
            _tally(uow, item, "retried" if again else "failed")
            if not again:
                uow.searches.wake(item.search_id)
    return accepted


def give_back(store: Store, item: WorkItem) -> bool:
    """Return an item that was interrupted by a pause or a shutdown; it does not count as an attempt."""
    with store.write() as uow:
        accepted = uow.work.release(item.id, item.token, counts_as_attempt=False)
        if accepted:
            _tally(uow, item, "given back")
    return accepted


def drop(store: Store, item: WorkItem) -> bool:
    """Leave an item of a cancelled search."""
    with store.write() as uow:
        accepted = uow.work.cancel(item.id, item.token)
        if accepted:
            uow.searches.wake(item.search_id)
            _tally(uow, item, "cancelled")
    return accepted


def _tally(uow: UnitOfWork, item: WorkItem, outcome: str) -> None:
    """Note how long it was held. The holder's own clock says when it began, and when it ends."""
    assert item.started_at is not None, f"{item.id} was never leased"
    held_s = (datetime.now(UTC) - item.started_at).total_seconds()
    uow.tallies.observe(Tally.WORK_DURATION, max(0.0, held_s), item.kind, outcome)
