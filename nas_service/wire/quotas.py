"""Quotas on the wire."""

from typing import Annotated

from pydantic import ConfigDict, Field

from nas_service.wire.base import Document

Count = Annotated[int, Field(ge=0, lt=2**31)] | None


class QuotaLimits(Document):
    """Limits of one tenant; null: the default of the service, which may be any amount."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    live_searches: Count = None
    """Searches that are not over, paused ones too."""
    search_candidates: Count = None
    """`budget.candidates` of one search."""
    live_candidates: Count = None
    """`budget.candidates` of all searches that are not over."""
    monthly_minutes: Annotated[float, Field(ge=0, le=1e9)] | None = None
    """Search phases of the searches submitted in one calendar month (UTC)."""
    upload_bytes: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    """All uploaded data sets."""


class UsageInfo(Document):
    """What a tenant has now."""

    model_config = ConfigDict(from_attributes=True)

    live_searches: int
    live_candidates: int
    monthly_minutes: float
    """Spent, and reserved by the budgets of live searches."""
    upload_bytes: int


class AccountInfo(Document):
    """A tenant's limits and what it has; a null limit is none."""

    tenant: str
    quotas: QuotaLimits
    usage: UsageInfo


class TenantQuotas(Document):
    """What was set for one tenant."""

    tenant: str
    quotas: QuotaLimits


class QuotaList(Document):
    """Tenants with limits of their own, and those of all others."""

    items: tuple[TenantQuotas, ...]
    defaults: QuotaLimits
