"""End a search that cannot be advanced any more, whatever its sampler's memory looks like."""

from nas_service.domain.entities import Failure
from nas_service.domain.states import ACTIVE_CANDIDATES, CandidateStatus, SearchStatus, is_over, move
from nas_service.use_cases.control import set_status
from nas_service.use_cases.ports import Store
from nas_service.use_cases.tallies import Tally


def abort(store: Store, search_id: str, failure: Failure) -> None:
    """Fail the search with a reason, and cancel its candidates in flight.

    The sampler is not told: it may be its memory that cannot be read.
    """
    with store.write() as uow:
        search = uow.searches.lock(search_id)
        if is_over(search.status):
            return
        uow.work.cancel_queued(search_id)
        for candidate in uow.candidates.of(search_id, ACTIVE_CANDIDATES):
            status = move(candidate.status, CandidateStatus.CANCELLED)
            uow.candidates.update(candidate.id, status=status, failure=failure)
            uow.tallies.count(Tally.CANDIDATE_ENDED, status)
        cancelled = search.status is SearchStatus.CANCELLING
        set_status(uow, search, SearchStatus.CANCELLED if cancelled else SearchStatus.FAILED, failure=failure)
