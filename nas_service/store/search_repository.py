"""Searches in the database."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, column, delete, insert, select, table, tuple_, update
from sqlalchemy.exc import IntegrityError

from nas_service.domain.entities import Search
from nas_service.domain.errors import ConflictError, NotFoundError
from nas_service.domain.states import LIVE_SEARCHES, SearchStatus
from nas_service.store import cursors
from nas_service.store.rows import plain, to_search
from nas_service.store.tables import searches
from nas_service.use_cases.outbox import Outbox
from nas_service.use_cases.ports import KnownSearch, Page, none_known

_THIS = searches.c.id == bindparam("search_id")
_GET = select(searches).where(_THIS)
_VERSION = select(searches.c.version).where(_THIS)
_VERSIONS = select(searches.c.id, searches.c.version, searches.c.status).where(
    searches.c.id.in_(bindparam("search_ids", expanding=True))
)
_NAMED = select(searches).where(searches.c.id.in_(bindparam("search_ids", expanding=True)))
_LOCK = _GET.with_for_update()
_CHANGE = update(searches).where(_THIS).values(version=searches.c.version + 1)
_WAKE = update(searches).where(_THIS).values(wake=True)
_ANY_WOKEN = select(searches.c.id).where(searches.c.wake).limit(1)
_WOKEN = select(searches.c.id).where(searches.c.wake)
_TAKE_WAKE = update(searches).where(_THIS, searches.c.wake).values(wake=False)
_STUDIES = table("studies", column("study_id"), column("study_name"))
"""Optuna's table, as far as it is needed to link to a study."""
_WAKE_LIVE = update(searches).where(searches.c.status.in_(LIVE_SEARCHES), searches.c.wake.is_(False)).values(wake=True)


class SqlSearches:
    """Implements the SearchRepository port."""

    def __init__(self, connection: Connection, outbox: Outbox) -> None:
        self._connection = connection
        self._outbox = outbox

    def add(self, search: Search, spec_digest: str) -> None:
        """Store a new search; it is woken at once.

        Raises ConflictError where another request is just storing one under the same idempotency key.
        """
        row = {name: getattr(search, name) for name in Search.__dataclass_fields__}
        row |= {"spec": search.spec.model_dump(mode="json"), "spec_digest": spec_digest, "wake": True}
        try:
            self._connection.execute(insert(searches), plain(row))
        except IntegrityError as error:
            detail = f"a search is being stored under the idempotency key {search.idempotency_key!r}; ask again"
            raise ConflictError("idempotency-key-in-use", detail) from error
        self._outbox.searches.add(search.id)

    def get(self, search_id: str) -> Search:
        """Raises NotFoundError."""
        return self._one(_GET, search_id)

    def version(self, search_id: str) -> int:
        """Of the search, as cheaply as can be. Raises NotFoundError."""
        version = self._connection.scalar(_VERSION, {"search_id": search_id})
        if version is None:
            raise _no_such_search(search_id)
        return int(version)

    def study_id(self, search_id: str) -> int | None:
        """Optuna's number of the search's study, None until it has one. Not for a tenant's view: studies have none."""
        named = select(_STUDIES.c.study_id).join(searches, searches.c.study_name == _STUDIES.c.study_name)
        found = self._connection.scalar(named.where(_THIS), {"search_id": search_id})
        return None if found is None else int(found)

    def versions(self, search_ids: Sequence[str]) -> Mapping[str, tuple[int, SearchStatus]]:
        """Version and status of those that there are."""
        rows = self._connection.execute(_VERSIONS, {"search_ids": search_ids})
        return {id_: (version, SearchStatus(status)) for id_, version, status in rows}

    def lock(self, search_id: str) -> Search:
        """The search, with its row locked until the transaction ends. Raises NotFoundError."""
        return self._one(_LOCK, search_id)

    def _one(self, query: Select[Any], search_id: str) -> Search:
        row = self._connection.execute(query, {"search_id": search_id}).mappings().first()
        if row is None:
            raise _no_such_search(search_id)
        return to_search(row)

    def by_idempotency_key(self, tenant: str, key: str) -> tuple[Search, str] | None:
        """The search that the tenant submitted under `key`, and the digest of its spec."""
        query = select(searches).where(searches.c.tenant == tenant, searches.c.idempotency_key == key)
        row = self._connection.execute(query).mappings().first()
        return (to_search(row), row["spec_digest"]) if row else None

    def update(self, search_id: str, **changes: Any) -> None:
        """Change columns and raise the version."""
        self._connection.execute(_CHANGE, {"search_id": search_id, **plain(changes)})

    def list(
        self, page: Page, status: SearchStatus | None = None, named: str = "", known: KnownSearch = none_known
    ) -> tuple[Sequence[Search], str | None]:
        """Newest first, and the cursor of the next page; `named`: only those with this text in their names.

        What `known` has by id and version is not read again: decoding a page of specs costs more than finding it.
        """
        newest_first = (searches.c.created_at.desc(), searches.c.id.desc())
        query = select(searches.c.id, searches.c.version, searches.c.created_at).order_by(*newest_first)
        if status is not None:
            query = query.where(searches.c.status == status)
        if named:
            query = query.where(searches.c.name.icontains(named, autoescape=True))
        if page.cursor is not None:
            at, last_id = cursors.decode(page.cursor, cursors.TIME_AND_ID)
            key = tuple_(searches.c.created_at, searches.c.id)
            query = query.where(key < (at, last_id))
        rows = self._connection.execute(query.limit(page.limit + 1)).all()
        shown = rows[: page.limit]
        more = len(rows) > page.limit
        next_cursor = cursors.encode([shown[-1].created_at.isoformat(), shown[-1].id]) if more else None
        return self._read([(row.id, row.version) for row in shown], known), next_cursor

    def latest(self, tenant: str, limit: int) -> Sequence[Search]:
        """The tenant's, newest first."""
        newest_first = (searches.c.created_at.desc(), searches.c.id.desc())
        query = select(searches).where(searches.c.tenant == tenant).order_by(*newest_first).limit(limit)
        return [to_search(row) for row in self._connection.execute(query).mappings()]

    def _read(self, versions: Sequence[tuple[str, int]], known: KnownSearch) -> Sequence[Search]:
        """These searches, in this order; none that was deleted since its id was read."""
        found = {search.id: search for id_, version in versions if (search := known(id_, version))}
        missing = [id_ for id_, _ in versions if id_ not in found]
        if missing:
            rows = self._connection.execute(_NAMED, {"search_ids": missing}).mappings()
            found |= {row["id"]: to_search(row) for row in rows}
        return [found[id_] for id_, _ in versions if id_ in found]

    def wake(self, search_id: str) -> None:
        """Ask for `advance` to look at it."""
        self._connection.execute(_WAKE, {"search_id": search_id})
        self._outbox.searches.add(search_id)

    def any_woken(self) -> bool:
        """Whether some search asked for `advance`."""
        return self._connection.scalar(_ANY_WOKEN) is not None

    def take_woken(self, limit: int) -> Sequence[str]:
        """Searches that asked for `advance`; asking is over with this transaction."""
        ids = self.woken(limit)
        if ids:
            self._connection.execute(update(searches).where(searches.c.id.in_(ids)).values(wake=False))
        return ids

    def take_wake(self, search_id: str) -> bool:
        """Whether this search asked for `advance`; asking is over with this transaction."""
        return self._connection.execute(_TAKE_WAKE, {"search_id": search_id}).rowcount == 1

    def woken(self, limit: int) -> Sequence[str]:
        """Searches that ask for `advance`."""
        return self._connection.scalars(_WOKEN.limit(limit)).all()

    def wake_live(self) -> None:
        """Ask for `advance` to look at every search that may still change. Nothing is sent for it."""
        self._connection.execute(_WAKE_LIVE)

    def delete(self, search_id: str) -> None:
        """Forget it with its candidates, work and events; evaluations and measurements stay for reuse."""
        self._connection.execute(delete(searches).where(searches.c.id == search_id))


def _no_such_search(search_id: str) -> NotFoundError:
    return NotFoundError("no-such-search", f"there is no search {search_id!r}; see `GET /v1/searches`")
