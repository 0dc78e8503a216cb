"""Quotas of tenants in the database, and what each tenant has."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, RowMapping, func, or_, select, update

from nas_service.domain.entities import IMPORTED
from nas_service.domain.quotas import Quotas, Usage, month_of
from nas_service.domain.states import LIVE_SEARCHES
from nas_service.store.insert_if_new import InsertIfNew
from nas_service.store.tables import artifacts, candidate_artifacts, candidates, datasets, quotas, searches

LIMITS = tuple(Quotas.__dataclass_fields__)

_ADD = InsertIfNew(quotas)


class SqlQuotas:
    """Implements the QuotaRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, tenant: str) -> Quotas:
        """What was set for the tenant."""
        row = self._connection.execute(select(quotas).where(quotas.c.tenant == tenant)).mappings().first()
        return _to_quotas(row) if row else Quotas()

    def lock(self, tenant: str) -> None:
        """Until the transaction ends nobody else decides on the tenant's quotas."""
        _ADD(self._connection, {"tenant": tenant, "forgotten_s": 0.0})
        self._connection.execute(select(quotas.c.tenant).where(quotas.c.tenant == tenant).with_for_update())

    def put(self, tenant: str, limits: Quotas) -> None:
        """Set all of the tenant's limits; None: the default."""
        self.lock(tenant)
        values = {name: getattr(limits, name) for name in LIMITS}
        self._connection.execute(update(quotas).where(quotas.c.tenant == tenant).values(values))

    def all(self) -> Mapping[str, Quotas]:
        """What was set, by tenant."""
        rows = self._connection.execute(select(quotas).order_by(quotas.c.tenant)).mappings()
        found = {row["tenant"]: _to_quotas(row) for row in rows}
        return {tenant: limits for tenant, limits in found.items() if not limits.is_unlimited}

    def forget(self, tenant: str, month: datetime, active_s: float) -> None:
        """A search of this month is deleted; the time it took stays spent."""
        self.lock(tenant)
        values = {"forgotten_month": month, "forgotten_s": self._forgotten_s(tenant, month) + active_s}
        is_newest = or_(quotas.c.forgotten_month.is_(None), quotas.c.forgotten_month <= month)
        self._connection.execute(update(quotas).where(quotas.c.tenant == tenant, is_newest).values(values))

    def _forgotten_s(self, tenant: str, month: datetime) -> float:
        query = select(quotas.c.forgotten_s).where(quotas.c.tenant == tenant, quotas.c.forgotten_month == month)
        return float(self._connection.scalar(query) or 0.0)

    def _imported_bytes(self, tenant: str) -> int:
        """Of the files of its imported searches."""
        query = (
            select(func.sum(artifacts.c.size_bytes))
            .select_from(candidate_artifacts)
            .join(artifacts, artifacts.c.sha256 == candidate_artifacts.c.sha256)
            .join(candidates, candidates.c.id == candidate_artifacts.c.candidate_id)
            .join(searches, searches.c.id == candidates.c.search_id)
            .where(searches.c.tenant == tenant, searches.c.study_name.startswith(IMPORTED))
        )
        return int(self._connection.scalar(query) or 0)

    def usage(self, tenant: str, now: datetime) -> Usage:
        """What the tenant has now."""
        own, is_live = searches.c.tenant == tenant, searches.c.status.in_(LIVE_SEARCHES)
        month = month_of(now)
        here = ~searches.c.study_name.startswith(IMPORTED)
        over = (own, ~is_live, here, searches.c.created_at >= month)
        spent_s = float(self._connection.scalar(select(func.sum(searches.c.active_s)).where(*over)) or 0.0)
        spent_s += self._forgotten_s(tenant, month)
        budget = searches.c.spec["budget"]
        query = select(
            budget["candidates"].as_integer().label("candidates"),
            budget["minutes"].as_float().label("minutes"),
            searches.c.active_s,
            searches.c.active_since,
        ).where(own, is_live)
        live = self._connection.execute(query).mappings().all()
        uploaded = select(func.sum(datasets.c.size_bytes)).where(datasets.c.tenant == tenant)
        return Usage(
            live_searches=len(live),
            live_candidates=sum(row["candidates"] or 0 for row in live),
            monthly_minutes=(spent_s + sum(_reserved_s(row, now) for row in live)) / 60,
            upload_bytes=int(self._connection.scalar(uploaded) or 0) + self._imported_bytes(tenant),
        )


def _reserved_s(row: RowMapping, now: datetime) -> float:
    """What a live search has spent, or may still come to spend."""
    running_s = (now - row["active_since"].astimezone(UTC)).total_seconds() if row["active_since"] else 0.0
    return max(float(row["active_s"]) + running_s, (row["minutes"] or 0.0) * 60)


def _to_quotas(row: RowMapping) -> Quotas:
    return Quotas(**{name: row[name] for name in LIMITS})
