"""Tallies in the database: one row for each that was ever counted, however often it was."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from nas_service.store.tables import tallies
from nas_service.use_cases.tallies import Tallied, Tallies, Tally, TallyKey

_SEPARATOR = "/"


def _add(insert: Any) -> Any:
    statement = insert(tallies)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=tallies.primary_key.columns,
        set_={"count": tallies.c.count + new.count, "total": tallies.c.total + new.total},
    )


_ADD = {"sqlite": _add(sqlite.insert), "postgresql": _add(postgresql.insert)}


def store_tallies(connection: Connection, collected: Tallies) -> None:
    """Add what a transaction has counted: last of all, so that others wait for the rows as briefly as can be.

    In the order of their keys, so that two transactions that count the same never wait for each other.
    """
    for key, tallied in sorted(collected.found.items(), key=lambda item: item[0]):
        row = {
            "tally": key.tally,
            "labels": _SEPARATOR.join(key.labels),
            "bound": key.bound,
            "count": tallied.count,
            "total": tallied.total,
        }
        connection.execute(_ADD[connection.dialect.name], row)


def all_tallies(connection: Connection) -> Mapping[TallyKey, Tallied]:
    """Everything counted so far, in the order of the keys."""
    found = {
        TallyKey(Tally(tally), tuple(labels.split(_SEPARATOR)), bound): Tallied(count, total)
        for tally, labels, bound, count, total in connection.execute(select(tallies))
    }
    return dict(sorted(found.items(), key=lambda item: item[0]))
