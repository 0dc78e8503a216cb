"""Every few seconds: take work back from workers that are not heard of any more, and look at every live search."""

from nas_service.domain.entities import Failure
from nas_service.domain.states import SearchStatus, is_over
from nas_service.use_cases.ports import Store


def sweep(store: Store) -> int:
    """Re-queue expired leases (fail them past their cap) and wake live searches. Returns how many leases expired."""
    with store.write() as uow:
        expired = uow.work.expired()
        for item in expired:
            status = uow.searches.get(item.search_id).status
            if status is SearchStatus.CANCELLING or is_over(status):
                uow.work.cancel(item.id, item.token)
            elif item.attempt < item.max_attempts:
                uow.work.release(item.id, item.token, counts_as_attempt=True)
            else:
                detail = f"its worker was lost {item.attempt} times in a row; see the worker's log for the cause"
                uow.work.fail(item.id, item.token, Failure("worker-lost", detail))
        for search_id in uow.searches.live():
            uow.searches.wake(search_id)
    return len(expired)
