"""The page of webhooks, for admins: who is told of searches, and whether the last message arrived."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Form, Path, Request, Response

from nas_service.api.dependencies import ID_PATTERN
from nas_service.api.identity import Administrator, TenantStore
from nas_service.api.routes import webhooks as rest
from nas_service.dashboard.page_route import page_router
from nas_service.dashboard.render import render, see_other
from nas_service.domain.errors import LimitError, SpecError
from nas_service.use_cases.webhooks import MOST_WEBHOOKS
from nas_service.wire.webhooks import NewWebhook, WebhookRequest

router = page_router()

WebhookId = Annotated[str, Path(pattern=ID_PATTERN)]


@dataclass(frozen=True, slots=True)
class WebhookForm:
    """What has become of the form for a new webhook."""

    url: str = ""
    refusal: str = ""
    made: NewWebhook | None = None


@router.get("/webhooks")
def list_webhooks(request: Request, admin: Administrator, store: TenantStore) -> Response:
    """Webhooks without their secrets, and how the last message to each fared."""
    return render(request, "webhooks.html", **_listed(admin, store), form=WebhookForm())


@router.post("/webhooks")
def create_webhook(
    request: Request,
    admin: Administrator,
    store: TenantStore,
    url: Annotated[str, Form(min_length=1, max_length=2000)],
) -> Response:
    """Make a webhook. Its secret is on this answer and nowhere else."""
    try:
        made = rest.create_webhook(admin, store, WebhookRequest(url=url.strip()))
    except SpecError as error:
        form, status = WebhookForm(url, error.problems[0].message), 422
    except LimitError as error:
        form, status = WebhookForm(url, error.detail), 429
    else:
        form, status = WebhookForm(made=made), 200
    answer = render(request, "webhooks.html", status, **_listed(admin, store), form=form)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post("/webhooks/{webhook_id}/delete")
def delete_webhook(request: Request, admin: Administrator, store: TenantStore, webhook_id: WebhookId) -> Response:
    """Forget a webhook and what waits for it."""
    rest.delete_webhook(admin, store, webhook_id)
    return see_other(request, "/webhooks")


def _listed(admin: Administrator, store: TenantStore) -> dict[str, Any]:
    return {"webhooks": rest.list_webhooks(admin, store).items, "most": MOST_WEBHOOKS}
