"""Who asks, for routes: each names the scope that it needs, and gets a store that sees its tenant alone."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends

from nas_service.api.dependencies import ServiceDep
from nas_service.api.problems import RefusedRequestError
from nas_service.domain.identity import EVERYONE, Principal, Scope
from nas_service.use_cases.ports import Store


async def _principal() -> Principal:
    return EVERYONE


def _needs(scope: Scope) -> Callable[..., Awaitable[Principal]]:
    async def check(principal: Annotated[Principal, Depends(_principal)]) -> Principal:
        if not principal.may(scope):
            detail = f"this needs a key with the scope `{scope}`; yours has {', '.join(sorted(principal.scopes))}"
            raise RefusedRequestError(403, "missing-scope", detail)
        return principal

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
