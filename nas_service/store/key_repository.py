"""API keys in the database."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select, tuple_, update

from nas_service.domain.errors import NotFoundError
from nas_service.domain.identity import ApiKey, Scope
from nas_service.store import cursors
from nas_service.store.tables import api_keys
from nas_service.use_cases.ports import Page


class SqlKeys:
    """Implements the KeyRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, key: ApiKey) -> None:
        """Store a new key."""
        row = {name: getattr(key, name) for name in ApiKey.__dataclass_fields__}
        self._connection.execute(insert(api_keys), row | {"scopes": sorted(key.scopes)})

    def get(self, key_id: str) -> ApiKey:
        """A key, revoked or not. Raises NotFoundError."""
        row = self._connection.execute(select(api_keys).where(api_keys.c.id == key_id)).mappings().first()
        if row is None:
            raise NotFoundError("no-such-key", f"there is no key {key_id!r}")
        return _to_key(row)

    def list(self, page: Page) -> tuple[Sequence[ApiKey], str | None]:
        """Newest first, and the cursor of the next page."""
        query = select(api_keys).order_by(api_keys.c.created_at.desc(), api_keys.c.id.desc()).limit(page.limit + 1)
        if page.cursor is not None:
            query = query.where(
                tuple_(api_keys.c.created_at, api_keys.c.id) < cursors.decode(page.cursor, cursors.TIME_AND_ID)
            )
        rows = self._connection.execute(query).mappings().all()
        found = [_to_key(row) for row in rows[: page.limit]]
        more = len(rows) > page.limit
        return found, cursors.encode([found[-1].created_at.isoformat(), found[-1].id]) if more else None

    def any_active(self) -> bool:
        """Whether somebody could use a key."""
        query = select(api_keys.c.id).where(api_keys.c.revoked_at.is_(None)).limit(1)
        return self._connection.scalar(query) is not None

    def note_use(self, key_id: str, at: datetime) -> None:
        """The key was used."""
        self._connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=at))

    def revoke(self, key_id: str, at: datetime) -> None:
        """It counts no more; a second time changes nothing."""
        active = (api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        self._connection.execute(update(api_keys).where(*active).values(revoked_at=at))


def _to_key(row: RowMapping) -> ApiKey:
    return ApiKey(**{**row, "scopes": frozenset(Scope(scope) for scope in row["scopes"])})
