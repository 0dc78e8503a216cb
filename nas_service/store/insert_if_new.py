"""Insert a row whose keys may be there already: both databases can, SQLAlchemy says it once for each."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


class InsertIfNew:
    """`INSERT ... ON CONFLICT DO NOTHING` into one table: safe where two transactions insert the same at once."""

    def __init__(self, table: Table) -> None:
        # Unless asked to, SQLAlchemy does not keep the count of an insertion.
        self._statements = {
            "sqlite": sqlite.insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True),
            "postgresql": postgresql.insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True),
        }

    def __call__(self, connection: Connection, row: Mapping[str, Any]) -> bool:
        """Whether the row was inserted."""
        return connection.execute(self._statements[connection.dialect.name], row).rowcount == 1


class Put:
    """`INSERT ... ON CONFLICT DO UPDATE` into one table: of several writers of one key the last one's row stays."""

    def __init__(self, table: Table) -> None:
        keys = table.primary_key.columns
        self._statements = {}
        for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql)):
            new = dialect.insert(table)
            others = {column.name: new.excluded[column.name] for column in table.columns if column not in keys.values()}
            self._statements[name] = new.on_conflict_do_update(index_elements=list(keys), set_=others)

    def __call__(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Put one row."""
        connection.execute(self._statements[connection.dialect.name], row)
