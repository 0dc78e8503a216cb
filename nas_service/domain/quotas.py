"""How much a tenant may have at once and in a month, and how much it has. None: any amount."""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits of one tenant."""

    live_searches: int | None = None
    """Searches that are not over, paused ones too."""
    search_candidates: int | None = None
    """`budget.candidates` of one search."""
    live_candidates: int | None = None
    """`budget.candidates` of all searches that are not over."""
    monthly_minutes: float | None = None
    """Search phases of the searches submitted in one calendar month (UTC); live ones count with their whole budget."""
    upload_bytes: int | None = None
    """All uploaded data sets, and the files of imported searches."""

    @property
    def is_unlimited(self) -> bool:
        """Whether there is nothing to count."""
        return all(getattr(self, limit.name) is None for limit in fields(self))

    def over(self, defaults: "Quotas") -> "Quotas":
        """These limits where they are set, the defaults elsewhere."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}
        return replace(defaults, **own)


UNLIMITED = Quotas()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tenant has."""

    live_searches: int
    live_candidates: int
    monthly_minutes: float
    """Spent, and reserved by the budgets of live searches."""
    upload_bytes: int


def month_of(at: datetime) -> datetime:
    """The first moment of its month, UTC."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(at: datetime) -> datetime:
    """The first moment of the month after, UTC."""
    month = month_of(at)
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
