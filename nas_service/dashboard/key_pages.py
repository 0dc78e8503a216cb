"""The page of API keys and quotas, for admins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Form, Path, Request, Response
from pydantic import ValidationError

from nas_service.api.converters import account_info, key_info
from nas_service.api.dependencies import ID_PATTERN, PageDep, ServiceDep
from nas_service.api.identity import Administrator
from nas_service.api.routes import keys as rest
from nas_service.bootstrap import Service
from nas_service.dashboard.page_route import page_router
from nas_service.dashboard.render import render, see_other
from nas_service.domain.identity import GRANTED_BY_OPERATORS, Principal, Scope
from nas_service.use_cases import quotas
from nas_service.use_cases.ports import Page, Store
from nas_service.wire.keys import KeyRequest, NewKey

router = page_router()

MENDS = {"name": "give it a name of at most 120 letters", "scopes": "choose at least one"}

KeyId = Annotated[str, Path(pattern=ID_PATTERN)]


@dataclass(frozen=True, slots=True)
class KeyForm:
    """What has become of the form for a new key."""

    name: str = ""
    refusals: Mapping[str, str] = field(default_factory=dict)
    made: NewKey | None = None


@router.get("/keys")
def list_keys(
    request: Request, admin: Administrator, service: ServiceDep, store: rest.ManagedStore, page: PageDep
) -> Response:
    """Keys without their secrets, and how much of the tenant's quotas is taken."""
    return render(request, "keys.html", **_listed(admin, service, store, page), form=KeyForm())


@router.post("/keys")
def create_key(
    request: Request,
    admin: Administrator,
    service: ServiceDep,
    store: rest.ManagedStore,
    name: Annotated[str, Form(max_length=200)] = "",
    scopes: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Make a key of the own tenant. Its token is on this answer and nowhere else."""
    try:
        wanted = KeyRequest.model_validate({"name": name, "scopes": scopes})
    except ValidationError as error:
        refusals = {at: MENDS[at] for at in (str(e["loc"][0]) for e in error.errors())}
        form, status = KeyForm(name, refusals), 422
    else:
        form, status = KeyForm(made=rest.create_key(admin, store, wanted)), 200
    answer = render(request, "keys.html", status, **_listed(admin, service, store, Page()), form=form)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post("/keys/{key_id}/revoke")
def revoke_key(request: Request, admin: Administrator, store: rest.ManagedStore, key_id: KeyId) -> Response:
    """End a key for good."""
    rest.revoke_key(admin, store, key_id)
    return see_other(request, "/keys")


def _listed(admin: Principal, service: Service, store: Store, page: Page) -> dict[str, Any]:
    with store.read() as uow:
        found, next_cursor = uow.keys.list(page)
    account = quotas.account(service.store.of_tenant(admin.tenant), admin.tenant, service.settings.quotas)
    return {
        "keys": [key_info(key) for key in found],
        "next_cursor": next_cursor,
        "account": account_info(admin.tenant, account),
        "grantable": [s for s in Scope if s not in GRANTED_BY_OPERATORS or admin.may(Scope.OPERATOR)],
    }
