"""Supernets that later searches may take up, in the database."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from nas_service.domain.entities import SupernetFacts
from nas_service.store.rows import plain
from nas_service.store.tables import supernets
from nas_service.store.types import now_epoch_s

# Found means used, and locks it against the collector: whoever finds one may rely on its file.
_TAKE = (
    update(supernets)
    .where(supernets.c.reuse_key == bindparam("key"))
    .values(used_at_s=now_epoch_s())
    .returning(supernets.c.facts)
)
_NEWER = ("sha256", "facts", "used_at_s")
_INSERT: Mapping[str, type[sqlite.Insert] | type[postgresql.Insert]]
_INSERT = {"sqlite": sqlite.Insert, "postgresql": postgresql.Insert}


class SqlSupernets:
    """Implements the SupernetRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, reuse_key: str) -> SupernetFacts | None:
        """The supernet of an earlier search, if one is kept; it counts as used now."""
        facts = self._connection.scalar(_TAKE, {"key": reuse_key})
        return SupernetFacts(**facts) if facts else None

    def keep(self, reuse_key: str, supernet: SupernetFacts) -> None:
        """Have later searches find it; the newest of two takes the place."""
        row = {"reuse_key": reuse_key, "sha256": supernet.sha256} | plain({"facts": supernet})
        statement = _INSERT[self._connection.dialect.name](supernets).values(used_at_s=now_epoch_s(), **row)
        newer = {name: statement.excluded[name] for name in _NEWER}
        self._connection.execute(statement.on_conflict_do_update(index_elements=[supernets.c.reuse_key], set_=newer))
