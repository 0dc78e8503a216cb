"""Take a search in: check it, store it, commit. Nothing else happens before the answer."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from nas_service import tracing
from nas_service.domain.entities import DEFAULT_TENANT, Search, new_id
from nas_service.domain.errors import ConflictError, FieldProblem, SpecError
from nas_service.domain.quotas import UNLIMITED, Quotas
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import SearchPhase, SearchStatus
from nas_service.use_cases.datasets import check_uploaded
from nas_service.use_cases.devices import check_devices
from nas_service.use_cases.ports import Store, UnitOfWork
from nas_service.use_cases.quotas import check_search
from nas_service.use_cases.runtimes import check_runtimes

Check = Callable[[SearchSpec], Sequence[FieldProblem]]


def submit(
    store: Store,
    checks: Sequence[Check],
    spec: SearchSpec,
    idempotency_key: str | None = None,
    tenant: str = DEFAULT_TENANT,
    quotas: Quotas = UNLIMITED,
) -> tuple[Search, bool]:
    """Store a search and return it with whether it is new.

    A tenant's idempotency key gives the same search again. Raises SpecError for a spec that cannot succeed,
    ConflictError where the key was used for another spec, and LimitError where the tenant has to wait; `quotas` are
    those of tenants that have none of their own.
    """
    _pass(checks, spec)
    digest = hashlib.sha256(spec.model_dump_json().encode()).hexdigest()
    with store.write() as uow:
        if idempotency_key is not None and (found := uow.searches.by_idempotency_key(tenant, idempotency_key)):
            search, known_digest = found
            if known_digest != digest:
                raise ConflictError(
                    "idempotency-key-reused",
                    f"the idempotency key was used for another spec (search {search.id}); use a fresh key",
                )
            return search, False
        _check_names(uow, spec, tenant)
        check_search(uow, tenant, spec, quotas)
        search = _new_search(spec, idempotency_key, tenant)
        uow.searches.add(search, digest)
        uow.events.append(search.id, "search.submitted", {"name": search.name})
    return search, True


def check_spec(store: Store, checks: Sequence[Check], spec: SearchSpec, tenant: str) -> None:
    """Raises SpecError where `submit` would because of the spec alone, whatever the tenant's quotas."""
    _pass(checks, spec)
    with store.read() as uow:
        _check_names(uow, spec, tenant)


def _check_names(uow: UnitOfWork, spec: SearchSpec, tenant: str) -> None:
    unknown = [*check_uploaded(uow, spec), *check_devices(uow, spec, tenant)]
    if problems := unknown or check_runtimes(uow, spec, tenant):
        raise SpecError(problems)


def _pass(checks: Sequence[Check], spec: SearchSpec) -> None:
    problems = [problem for check in checks for problem in check(spec)]
    if problems:
        raise SpecError(problems)


def _new_search(spec: SearchSpec, idempotency_key: str | None, tenant: str) -> Search:
    search_id = new_id("search")
    return Search(
        id=search_id,
        name=spec.name or f"{spec.dataset.name.rpartition('/')[2]}-{spec.space.name}",
        spec=spec,
        status=SearchStatus.QUEUED,
        phase=SearchPhase.PREPARE,
        version=0,
        candidate_count=0,
        study_name=search_id,
        active_s=0.0,
        active_since=None,
        created_at=datetime.now(UTC),
        priority=spec.priority,
        traceparent=tracing.traceparent(),
        idempotency_key=idempotency_key,
        tenant=tenant,
    )
