"""The events that feeds hand out, read from the store: one query tells for all searches which of them have news."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from nas_service.domain.entities import Event
from nas_service.domain.states import SearchStatus, is_over
from nas_service.use_cases.ports import Store, UnitOfWork

BATCH_ROWS = 500


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a search has been read: everything up to event `last_id`, which was all there was at `version`."""

    last_id: int
    version: int = -1


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in order, where they lead to, and whether none will follow any more."""

    events: Sequence[Event]
    mark: Mark
    is_last: bool


class EventSource(Protocol):
    """Called in threads. May raise whatever a database does."""

    def news(self, marks: Mapping[str, Mark]) -> Mapping[str, Batch]: ...
    def after(self, search_id: str, last_id: int) -> Sequence[Event]: ...


class StoredEvents:
    """Implements the EventSource of one process. Whoever listens was shown the search by a store of his own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def news(self, marks: Mapping[str, Mark]) -> Mapping[str, Batch]:
        """What is new, by search; those without news are left out. A search that is gone has had its last event.

        Every event is written together with a higher version of its search, so where versions are as they were, nothing
        more is read.
        """
        found: dict[str, Batch] = {}
        with self._store.read() as uow:
            known = uow.searches.versions(list(marks))
            for search_id, mark in marks.items():
                if search_id not in known:
                    found[search_id] = Batch((), mark, is_last=True)
                elif known[search_id][0] != mark.version:
                    found[search_id] = _batch(uow, search_id, mark, *known[search_id])
        return found

    def after(self, search_id: str, last_id: int) -> Sequence[Event]:
        """The next events, for a listener who lags behind."""
        with self._store.read() as uow:
            return uow.events.since(search_id, last_id, BATCH_ROWS)


def _batch(uow: UnitOfWork, search_id: str, mark: Mark, version: int, status: SearchStatus) -> Batch:
    """In one snapshot with the version: the end and its event commit together."""
    events = uow.events.since(search_id, mark.last_id, BATCH_ROWS)
    if len(events) == BATCH_ROWS:
        return Batch(events, Mark(events[-1].id), is_last=False)
    return Batch(events, Mark(events[-1].id if events else mark.last_id, version), is_last=is_over(status))
