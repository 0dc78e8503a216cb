"""A tenant's view of the database: every statement on a tenant's engine touches that tenant's rows alone.

The condition is added to the statement just before it runs, whatever repository or route has built it, so none can
forget it. What cannot be judged is refused: a table that this file does not name, and a query inside a query.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Delete,
    Engine,
    Executable,
    FromClause,
    Insert,
    Join,
    Select,
    Table,
    Update,
    bindparam,
    event,
    select,
)
from sqlalchemy.sql import visitors
from sqlalchemy.sql.expression import ColumnClause, FunctionElement

from nas_service.store import tables

_TENANT = "nas_tenant"


def _owned_by_search(search_id: Column[str]) -> ColumnElement[bool]:
    searches = tables.searches
    same = select(searches.c.id).where(searches.c.id == search_id, searches.c.tenant == bindparam(_TENANT))
    return same.correlate(search_id.table).exists()


def _owned_by_candidate(candidate_id: Column[str]) -> ColumnElement[bool]:
    candidates = tables.candidates
    same = select(candidates.c.id).where(candidates.c.id == candidate_id, _owned_by_search(candidates.c.search_id))
    return same.correlate(candidate_id.table).exists()


def _owned_by_work_item(work_item_id: Column[str]) -> ColumnElement[bool]:
    work_items = tables.work_items
    same = select(work_items.c.id).where(work_items.c.id == work_item_id, _owned_by_search(work_items.c.search_id))
    return same.correlate(work_item_id.table).exists()


OWNED: Mapping[Table, ColumnElement[bool]] = {
    tables.searches: tables.searches.c.tenant == bindparam(_TENANT),
    tables.candidates: _owned_by_search(tables.candidates.c.search_id),
    tables.work_items: _owned_by_search(tables.work_items.c.search_id),
    tables.events: _owned_by_search(tables.events.c.search_id),
    tables.candidate_artifacts: _owned_by_candidate(tables.candidate_artifacts.c.candidate_id),
    tables.work_artifacts: _owned_by_work_item(tables.work_artifacts.c.work_item_id),
    tables.api_keys: tables.api_keys.c.tenant == bindparam(_TENANT),
    tables.datasets: tables.datasets.c.tenant == bindparam(_TENANT),
    tables.quotas: tables.quotas.c.tenant == bindparam(_TENANT),
    tables.predictors: tables.predictors.c.tenant == bindparam(_TENANT),
    tables.webhooks: tables.webhooks.c.tenant == bindparam(_TENANT),
    tables.webhook_deliveries: tables.webhook_deliveries.c.tenant == bindparam(_TENANT),
}
"""Which rows of a table are the tenant's."""

SHARED = frozenset(
    {
        tables.evaluations,
        tables.evaluation_artifacts,
        tables.exports,
        tables.measurements,
        tables.artifacts,
        tables.supernets,
        tables.devices,
        tables.workers,
        tables.tallies,
    }
)
"""Machines and totals belong to nobody. Evidence is found by its content or through a candidate, never listed."""


class TenancyError(Exception):
    """A statement that cannot be kept to one tenant: a mistake in the code, not of a caller."""


def of_tenant(engine: Engine, tenant: str) -> Engine:
    """The same engine with the same connections, for this tenant alone."""
    return engine.execution_options(**{_TENANT: tenant})


def watch(engine: Engine) -> None:
    """Keep the statements of this engine's tenants to their rows."""
    event.listen(engine, "before_execute", _before_execute, retval=True)


def _before_execute(
    connection: Connection, statement: Executable, many: Any, one: Any, _options: Any
) -> tuple[Executable, Any, Any]:
    tenant = connection.get_execution_options().get(_TENANT)
    if tenant is None:
        return statement, many, one
    if isinstance(statement, Insert):
        for row in many or [one]:
            _check_insert(statement.table, row, tenant)
        return statement, many, one
    if many:
        raise TenancyError("a tenant's rows are changed one statement at a time")
    return _restricted(statement), many, {**one, _TENANT: tenant}


def _check_insert(table: Any, row: Mapping[str, Any], tenant: str) -> None:
    """Rows below a search or candidate are added by whoever has found that one, and so owns it."""
    if table not in OWNED and table not in SHARED:
        raise TenancyError(f"nobody has said whose rows of {table} are")
    if "tenant" in table.c and row.get("tenant") != tenant:
        raise TenancyError(f"{tenant!r} adds a row of {row.get('tenant')!r} to {table}")


@lru_cache(maxsize=512)
def _restricted(statement: Executable) -> Executable:
    """Made once a statement: most of them are built when their module is loaded."""
    if not isinstance(statement, Select | Update | Delete):
        raise TenancyError(f"not a plain statement: {type(statement).__name__}")
    found = list(visitors.iterate(statement))
    if any(isinstance(part, Select) and part is not statement for part in found):
        raise TenancyError(f"a query inside a query: {statement}")
    touched: set[Any] = {p for p in found if isinstance(p, FromClause) and not isinstance(p, Join | FunctionElement)}
    touched |= {part.table for part in found if isinstance(part, ColumnClause) and part.table is not None}
    if unknown := touched - OWNED.keys() - SHARED:
        raise TenancyError(f"nobody has said whose rows of {unknown} are")
    return statement.where(*(OWNED[table] for table in touched if table in OWNED))
