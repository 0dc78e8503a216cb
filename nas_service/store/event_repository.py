"""Events in the database. All events of a search are written under its row lock, so their ids are in order."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from nas_service.domain.entities import Event, JsonDict
from nas_service.store.rows import to_event
from nas_service.store.tables import events

_APPEND = insert(events)


class SqlEvents:
    """Implements the EventRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, search_id: str, kind: str, payload: JsonDict) -> None:
        """Add an event; the caller holds the search's lock, and raises its version in the same transaction."""
        row = {"search_id": search_id, "at": datetime.now(UTC), "kind": kind, "payload": payload}
        self._connection.execute(_APPEND, row)

    def since(self, search_id: str, last_id: int, limit: int) -> Sequence[Event]:
        """At most `limit` events after `last_id`, oldest first."""
        query = (
            select(events)
            .where(events.c.search_id == search_id, events.c.id > last_id)
            .order_by(events.c.id)
            .limit(limit)
        )
        return [to_event(row) for row in self._connection.execute(query).mappings()]

    def latest(self, search_id: str, limit: int) -> Sequence[Event]:
        """The last `limit` events, oldest first."""
        query = select(events).where(events.c.search_id == search_id).order_by(events.c.id.desc()).limit(limit)
        return [to_event(row) for row in self._connection.execute(query).mappings()][::-1]

    def turns(self, search_id: str) -> Sequence[Event]:
        """When it was submitted, and changed its status or phase: few, whatever the number of candidates."""
        query = (
            select(events)
            .where(events.c.search_id == search_id, events.c.kind.startswith("search."))
            .order_by(events.c.id)
        )
        return [to_event(row) for row in self._connection.execute(query).mappings()]
