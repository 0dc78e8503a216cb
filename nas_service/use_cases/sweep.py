"""Every few seconds: take work back from workers that are not heard of any more, and look at every live search."""

from nas_service.domain.entities import Failure
from nas_service.domain.states import SearchStatus, is_over
from nas_service.use_cases.outbox import Outbox
from nas_service.use_cases.ports import Dispatcher, Store, UnitOfWork
from nas_service.use_cases.tallies import Tally

RESEND_AFTER_S = 3.0
"""Normally a message is delivered long before."""
RESEND_AT_ONCE = 1000


def sweep(store: Store) -> int:
    """Re-queue expired leases (fail them past their cap), wake live searches and forget workers that are long gone.

    Returns how many leases expired.
    """
    with store.write() as uow:
        expired = uow.work.expired()
        for item in expired:
            status = uow.searches.get(item.search_id).status
            if status is SearchStatus.CANCELLING or is_over(status):
                taken = uow.work.cancel(item.id, item.token)
            elif item.attempt < item.max_attempts:
                taken = uow.work.release(item.id, item.token, counts_as_attempt=True)
            else:
                detail = f"its worker was lost {item.attempt} times in a row; see the worker's log for the cause"
                taken = uow.work.fail(item.id, item.token, Failure("worker-lost", detail))
            if taken:
                uow.tallies.count(Tally.LEASE_EXPIRED, item.kind)
        uow.searches.wake_live()
        uow.workers.forget_silent()
    return len(expired)


def resend(store: Store, dispatcher: Dispatcher) -> int:
    """Send again what waits in the database and is not on its way any more. Returns how many work items."""
    with store.read() as uow:
        unread = _served_without_messages(uow)
        waiting = uow.work.waiting(RESEND_AFTER_S, RESEND_AT_ONCE)
        wanted = Outbox(
            work={item_id: queue for item_id, queue in waiting.items() if queue not in unread},
            searches=set(uow.searches.woken(RESEND_AT_ONCE)),
        )
    dispatcher.discard(unread)
    lost = dispatcher.missing(wanted)
    dispatcher.send(lost)
    return len(lost.work)


def _served_without_messages(uow: UnitOfWork) -> set[str]:
    """Queues of remote devices alone: these ask for work over HTTP, so messages would pile up unread."""
    live = uow.workers.live()
    remote = {queue for worker in live if worker.remote for queue in worker.queues}
    return remote - {queue for worker in live if not worker.remote for queue in worker.queues}
