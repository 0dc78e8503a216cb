"""Who asks, for routes: each names the scope that it needs, and gets a store that sees its tenant alone."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from nas_service.api.dependencies import ServiceDep
from nas_service.api.key_ring import KeyRing
from nas_service.domain.errors import ForbiddenError, UnauthenticatedError
from nas_service.domain.identity import EVERYONE, Principal, Scope
from nas_service.use_cases.ports import Store

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="An API key, made by `nas keys create`. On an address that only this machine reaches none is needed.",
)


async def _principal(
    request: Request,
    service: ServiceDep,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal:
    """Whom the request's key stands for; a key that is not needed must be right too."""
    if given is not None:
        key_ring: KeyRing = request.app.state.key_ring
        return await key_ring.principal(given.credentials)
    if service.settings.keys_required:
        raise UnauthenticatedError("missing-key", "send an API key: `Authorization: Bearer nas_...`, or NAS_TOKEN")
    return EVERYONE


def _needs(scope: Scope) -> Callable[..., Awaitable[Principal]]:
    async def check(principal: Annotated[Principal, Depends(_principal)]) -> Principal:
        if not principal.may(scope):
            held = ", ".join(sorted(principal.scopes))
            raise ForbiddenError("missing-scope", f"this needs a key with the scope {scope}; yours has {held}")
        return principal

    check.__name__ = scope.value
    return check


Reader = Annotated[Principal, Depends(_needs(Scope.READ))]
Submitter = Annotated[Principal, Depends(_needs(Scope.SUBMIT))]
Administrator = Annotated[Principal, Depends(_needs(Scope.ADMIN))]
DeviceAgent = Annotated[Principal, Depends(_needs(Scope.DEVICE))]
Operator = Annotated[Principal, Depends(_needs(Scope.OPERATOR))]


async def _tenant_store(service: ServiceDep, principal: Annotated[Principal, Depends(_principal)]) -> Store:
    return service.store.of_tenant(principal.tenant)


TenantStore = Annotated[Store, Depends(_tenant_store)]
"""Another tenant's things are not found in it. The plain `service.store` is for what is shared, such as devices."""
