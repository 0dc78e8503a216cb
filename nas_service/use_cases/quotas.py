"""Refuse what would take a tenant over its quotas. Called in the transaction that stores what is asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime

from nas_service.domain.errors import FieldProblem, LimitError, SpecError
from nas_service.domain.quotas import Quotas, Usage, next_month
from nas_service.domain.spec import SearchSpec
from nas_service.use_cases.ports import Store, UnitOfWork

PROBLEM = "quota-exceeded"
RETRY_S = 60.0
"""When something of the tenant's may have ended."""


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant's limits and what it has."""

    quotas: Quotas
    usage: Usage


def account(store: Store, tenant: str, defaults: Quotas) -> Account:
    """As it is now."""
    with store.read() as uow:
        return Account(uow.quotas.get(tenant).over(defaults), uow.quotas.usage(tenant, datetime.now(UTC)))


def check_search(uow: UnitOfWork, tenant: str, spec: SearchSpec, defaults: Quotas) -> None:
    """Raises SpecError for a search that is too large for the tenant, LimitError where it has to wait.

    Locks the tenant's quotas, so that two searches at the same moment cannot both take the last place.
    """
    quotas = uow.quotas.get(tenant).over(defaults)
    if quotas.is_unlimited:
        return
    if problems := _too_large(spec, quotas):
        raise SpecError(problems, PROBLEM)
    uow.quotas.lock(tenant)
    now = datetime.now(UTC)
    usage = uow.quotas.usage(tenant, now)
    _take("live searches", usage.live_searches, 1, quotas.live_searches, "", RETRY_S)
    wanted = spec.budget.candidates or 0
    _take(
        "candidates of live searches",
        usage.live_candidates,
        wanted,
        quotas.live_candidates,
        "budget.candidates",
        RETRY_S,
    )
    until_s = (next_month(now) - now).total_seconds()
    minutes = spec.budget.minutes or 0.0
    _take("minutes a month", usage.monthly_minutes, minutes, quotas.monthly_minutes, "budget.minutes", until_s)


def check_upload(uow: UnitOfWork, tenant: str, size_bytes: int, defaults: Quotas) -> None:
    """As `check_room`, once and for all: locks the tenant's quotas, as `check_search`."""
    if uow.quotas.get(tenant).over(defaults).upload_bytes is not None:
        uow.quotas.lock(tenant)
        check_room(uow, tenant, size_bytes, defaults)


def check_import(uow: UnitOfWork, tenant: str, candidate_count: int, defaults: Quotas) -> None:
    """Raises SpecError for an imported search of more candidates than one may have."""
    most = uow.quotas.get(tenant).over(defaults).search_candidates
    if most is not None and candidate_count > most:
        message = f"the search has {candidate_count}; your quota allows {most} candidates a search"
        raise SpecError([FieldProblem("candidates.jsonl", message)], PROBLEM)


def check_room(uow: UnitOfWork, tenant: str, size_bytes: int, defaults: Quotas) -> None:
    """Raises LimitError for more uploaded bytes than the tenant may have now; saves receiving and inspecting them."""
    quotas = uow.quotas.get(tenant).over(defaults)
    if quotas.upload_bytes is None:
        return
    usage = uow.quotas.usage(tenant, datetime.now(UTC))
    _take("uploaded bytes", usage.upload_bytes, size_bytes, quotas.upload_bytes, "", RETRY_S)


def _too_large(spec: SearchSpec, quotas: Quotas) -> list[FieldProblem]:
    """What no waiting mends: more than is ever allowed, or a budget that is not named where it is counted."""
    candidates = [limit for limit in (quotas.search_candidates, quotas.live_candidates) if limit is not None]
    bounds = {
        "candidates": (spec.budget.candidates, min(candidates, default=None)),
        "minutes": (spec.budget.minutes, quotas.monthly_minutes),
    }
    return [
        FieldProblem(f"budget.{name}", f"your quota is {limit:g}; ask for at most that")
        for name, (asked, limit) in bounds.items()
        if limit is not None and (asked is None or asked > limit)
    ]


def _take(what: str, has: float, wants: float, limit: float | None, field: str, retry_after_s: float) -> None:
    if limit is not None and has + wants > limit:
        detail = f"your quota is {limit:g} {what}, {has:g} are taken, and this asks for {wants:g}"
        raise LimitError(PROBLEM, detail, retry_after_s, field)
