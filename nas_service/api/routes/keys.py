"""API keys: a tenant's admins manage its own, operators everybody's."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from nas_service.api.converters import key_info
from nas_service.api.dependencies import ID_PATTERN, PageDep, ServiceDep
from nas_service.api.identity import Administrator
from nas_service.api.problems import refusals
from nas_service.domain.errors import ForbiddenError
from nas_service.domain.identity import GRANTED_BY_OPERATORS, Principal, Scope
from nas_service.use_cases import keys
from nas_service.use_cases.ports import Store
from nas_service.wire.keys import KeyInfo, KeyPage, KeyRequest, NewKey, Tenant

router = APIRouter(prefix="/v1/keys", tags=["keys"])

KeyId = Annotated[str, Path(pattern=ID_PATTERN, description="As listed among the keys.")]


async def _managed_store(service: ServiceDep, admin: Administrator) -> Store:
    return service.store if admin.may(Scope.OPERATOR) else service.store.of_tenant(admin.tenant)


ManagedStore = Annotated[Store, Depends(_managed_store)]
"""Sees the keys that the caller may manage."""


@router.post("", status_code=201)
def create_key(admin: Administrator, store: ManagedStore, wanted: KeyRequest) -> NewKey:
    """Make a key. Its token is in this answer and nowhere else."""
    tenant = wanted.tenant or admin.tenant
    _check_grant(admin, tenant, wanted.scopes)
    key, token = keys.create_key(store, tenant, wanted.name, wanted.scopes)
    return NewKey(key=key_info(key), token=token)


def _check_grant(admin: Principal, tenant: str, scopes: frozenset[Scope]) -> None:
    if admin.may(Scope.OPERATOR):
        return
    if tenant != admin.tenant:
        raise ForbiddenError("foreign-tenant", f"tenant: only operators make keys of others; yours is {admin.tenant}")
    if beyond := scopes & GRANTED_BY_OPERATORS:
        raise ForbiddenError("missing-scope", f"scopes: only operators give {', '.join(sorted(beyond))}")


@router.get("")
def list_keys(
    service: ServiceDep,
    admin: Administrator,
    store: ManagedStore,
    page: PageDep,
    tenant: Annotated[Tenant | None, Query(description="Only this tenant's, for operators.")] = None,
) -> KeyPage:
    """Keys without their secrets, revoked ones too, newest first."""
    if tenant is not None and admin.may(Scope.OPERATOR):
        store = service.store.of_tenant(tenant)
    with store.read() as uow:
        found, next_cursor = uow.keys.list(page)
    return KeyPage(items=tuple(key_info(key) for key in found), next_cursor=next_cursor)


@router.delete("/{key_id}", responses=refusals(404))
def revoke_key(admin: Administrator, store: ManagedStore, key_id: KeyId) -> KeyInfo:
    """End a key for good. Every process of the service refuses it within five seconds."""
    with store.read() as uow:
        key = uow.keys.get(key_id)
    _check_grant(admin, key.tenant, key.scopes)
    return key_info(keys.revoke_key(store, key_id))
