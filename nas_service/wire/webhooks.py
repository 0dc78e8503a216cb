"""Webhooks on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from nas_service.wire.base import Document

HookUrl = Annotated[str, Field(min_length=1, max_length=2000, examples=["https://example.org/nas-hook"])]


class WebhookRequest(Document):
    """A webhook that is wanted."""

    model_config = ConfigDict(extra="forbid")

    url: HookUrl
    """Where each change of a search's status is posted to; http or https."""


class WebhookInfo(Document):
    """A webhook without its secret."""

    id: str
    url: str
    created_at: datetime
    delivered_at: datetime | None
    """When it last took a message."""
    failure: str | None
    """Why it did not take the last one, which is sent again."""


class NewWebhook(Document):
    """A webhook with its secret, which is shown this once."""

    webhook: WebhookInfo
    secret: str
    """Verifies messages, as standardwebhooks.com has it."""


class WebhookList(Document):
    """A tenant's webhooks, oldest first."""

    items: tuple[WebhookInfo, ...]
