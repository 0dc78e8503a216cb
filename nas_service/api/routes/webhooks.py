"""Webhooks: who is told when a search of the caller's tenant changes its status."""

from typing import Annotated

from fastapi import APIRouter, Path

from nas_service.api.dependencies import ID_PATTERN
from nas_service.api.identity import Administrator, TenantStore
from nas_service.api.problems import refusals
from nas_service.domain.webhooks import Webhook
from nas_service.use_cases import webhooks
from nas_service.wire.webhooks import NewWebhook, WebhookInfo, WebhookList, WebhookRequest

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

WebhookId = Annotated[str, Path(pattern=ID_PATTERN, description="As listed among the webhooks.")]


@router.post("", status_code=201)
def create_webhook(admin: Administrator, store: TenantStore, wanted: WebhookRequest) -> NewWebhook:
    """Have each change of a search's status posted to a URL. The secret is in this answer and nowhere else."""
    made = webhooks.create_webhook(store, admin.tenant, wanted.url)
    return NewWebhook(webhook=_info(made), secret=made.secret)


@router.get("")
def list_webhooks(admin: Administrator, store: TenantStore) -> WebhookList:
    """Webhooks without their secrets, and how the last message fared."""
    with store.read() as uow:
        return WebhookList(items=tuple(_info(webhook) for webhook in uow.webhooks.of(admin.tenant)))


@router.delete("/{webhook_id}", status_code=204, responses=refusals(404))
def delete_webhook(admin: Administrator, store: TenantStore, webhook_id: WebhookId) -> None:
    """Forget a webhook and what waits for it."""
    with store.write() as uow:
        uow.webhooks.delete(webhook_id)


def _info(webhook: Webhook) -> WebhookInfo:
    return WebhookInfo(
        id=webhook.id,
        url=webhook.url,
        created_at=webhook.created_at,
        delivered_at=webhook.delivered_at,
        failure=webhook.failure,
    )
