"""Insert a row unless one with its keys is there: both databases can, SQLAlchemy says it once for each."""

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
