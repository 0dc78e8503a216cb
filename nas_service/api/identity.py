"""Who asks, for routes: each names the scope that it needs, and gets a store that sees its tenant alone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from nas_service.api import sessions
from nas_service.api.dependencies import ServiceDep
from nas_service.api.guard import SAFE_METHODS
from nas_service.api.key_ring import KeyRing
from nas_service.api.rate_limits import REQUESTS, SUBMISSIONS, WRONG_KEYS, RateLimits
from nas_service.bootstrap import Service
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
    """Whom the request's key stands for; a key that is not needed must be right too.

    Counts the request, or the wrong key. Where none is needed because only this machine asks, nothing is counted.
    """
    principal = await _identified(request, service, given)
    if service.settings.is_exposed or principal.key_id:
        limits: RateLimits = request.app.state.rate_limits
        await limits.count(REQUESTS, principal.key_id or _address(request))
    request.state.principal = principal
    return principal


async def _identified(request: Request, service: Service, given: HTTPAuthorizationCredentials | None) -> Principal:
    if given is not None:
        return await holder_of(request, given.credentials)
    if not service.settings.keys_required:
        return EVERYONE
    async with _counted(request):
        cookie = request.cookies.get(sessions.COOKIE)
        if cookie is None:
            detail = "send an API key: `Authorization: Bearer nas_...`, or NAS_TOKEN"
            raise UnauthenticatedError("missing-key", detail)
        key_ring: KeyRing = request.app.state.key_ring
        key_id = request.app.state.sessions.key_id(cookie)
        _check_origin(request)
        return await key_ring.principal_signed_in(key_id)


async def holder_of(request: Request, token: str) -> Principal:
    """Whom a key stands for. Raises UnauthenticatedError, and LimitError after too many wrong ones."""
    key_ring: KeyRing = request.app.state.key_ring
    limits: RateLimits = request.app.state.rate_limits
    if not key_ring.knows(token):
        await limits.check(WRONG_KEYS, _address(request))
    async with _counted(request):
        return await key_ring.principal(token)


@asynccontextmanager
async def _counted(request: Request) -> AsyncIterator[None]:
    """Counts a refusal, so that nobody can try many keys."""
    try:
        yield
    except UnauthenticatedError:
        limits: RateLimits = request.app.state.rate_limits
        await limits.count(WRONG_KEYS, _address(request))
        raise


def _check_origin(request: Request) -> None:
    """A browser sends its cookies with what other sites make it ask too; `SameSite` is the other half."""
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("origin", "")
    if origin.partition("://")[2] != request.headers.get("host"):
        raise ForbiddenError("cross-origin", "a session may change things from the service's own pages only")


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


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
Scraper = Annotated[Principal, Depends(_needs(Scope.METRICS))]
Operator = Annotated[Principal, Depends(_needs(Scope.OPERATOR))]


async def _count_submission(request: Request, principal: Submitter) -> None:
    limits: RateLimits = request.app.state.rate_limits
    if principal.key_id:
        await limits.count(SUBMISSIONS, principal.key_id)


Paced = Depends(_count_submission)
"""For routes that start work: fewer of them are taken than of others."""


async def _tenant_store(service: ServiceDep, principal: Annotated[Principal, Depends(_principal)]) -> Store:
    return service.store.of_tenant(principal.tenant)


TenantStore = Annotated[Store, Depends(_tenant_store)]
"""Another tenant's things are not found in it. The plain `service.store` is for what is shared, such as devices."""
