"""Webhooks and the messages that wait for them, in the database."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from nas_service.domain.entities import JsonDict, new_id
from nas_service.domain.errors import NotFoundError
from nas_service.domain.webhooks import Delivery, Webhook, pause_s
from nas_service.store.tables import webhook_deliveries, webhooks

LOOKED_AT = 20
"""Others may claim some of them at the same moment."""


class SqlWebhooks:
    """Implements the WebhookRepository port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, webhook: Webhook) -> None:
        """Store a new one."""
        self._connection.execute(insert(webhooks), asdict(webhook))

    def of(self, tenant: str) -> Sequence[Webhook]:
        """A tenant's, oldest first."""
        query = select(webhooks).where(webhooks.c.tenant == tenant).order_by(webhooks.c.created_at, webhooks.c.id)
        return [Webhook(**row) for row in self._connection.execute(query).mappings()]

    def delete(self, webhook_id: str) -> None:
        """Forget it and what waits for it. Raises NotFoundError."""
        if not self._connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id)).rowcount:
            raise NotFoundError("no-such-webhook", f"there is no webhook {webhook_id!r}")

    def enqueue(self, tenant: str, message: JsonDict, due_at_s: float) -> None:
        """Tell all of a tenant's webhooks, once this transaction is committed."""
        for webhook in self.of(tenant):
            row = {
                "id": new_id("message"),
                "webhook_id": webhook.id,
                "tenant": tenant,
                "body": json.dumps(message),
                "attempt": 0,
                "due_at_s": due_at_s,
            }
            self._connection.execute(insert(webhook_deliveries), row)

    def claim_due(self, now_s: float) -> Delivery | None:
        """The message that is due for longest, if one is. It is nobody else's until its next attempt is due."""
        due = (
            select(webhook_deliveries)
            .where(webhook_deliveries.c.due_at_s <= now_s)
            .order_by(webhook_deliveries.c.due_at_s)
            .limit(LOOKED_AT)
        )
        for row in self._connection.execute(due).mappings().all():
            attempt = row["attempt"] + 1
            unclaimed = (webhook_deliveries.c.id == row["id"], webhook_deliveries.c.attempt == row["attempt"])
            then = {"attempt": attempt, "due_at_s": now_s + pause_s(attempt)}
            if self._connection.execute(update(webhook_deliveries).where(*unclaimed).values(**then)).rowcount:
                return Delivery(row["id"], self._get(row["webhook_id"]), row["body"], attempt)
        return None

    def any_due(self, now_s: float) -> bool:
        """Whether `claim_due` would find one."""
        query = select(webhook_deliveries.c.id).where(webhook_deliveries.c.due_at_s <= now_s).limit(1)
        return self._connection.scalar(query) is not None

    def note_delivered(self, delivery: Delivery, at: datetime) -> None:
        """The receiver has it."""
        self._forget(delivery)
        self._note(delivery.webhook.id, delivered_at=at, failure=None)

    def note_failed(self, delivery: Delivery, reason: str) -> None:
        """The receiver does not have it: after the last attempt it never will."""
        if delivery.is_last:
            self._forget(delivery)
        self._note(delivery.webhook.id, failure=reason)

    def _get(self, webhook_id: str) -> Webhook:
        return Webhook(**self._connection.execute(select(webhooks).where(webhooks.c.id == webhook_id)).mappings().one())

    def _forget(self, delivery: Delivery) -> None:
        self._connection.execute(delete(webhook_deliveries).where(webhook_deliveries.c.id == delivery.id))

    def _note(self, webhook_id: str, **values: object) -> None:
        self._connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))
