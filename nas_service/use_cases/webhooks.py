"""Webhooks: made and checked, told of a search's state, and their messages delivered at least once."""

import base64
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from nas_service.domain.entities import Search, new_id
from nas_service.domain.errors import FieldProblem, LimitError, RetryableError, SpecError
from nas_service.domain.states import SearchStatus
from nas_service.domain.webhooks import SECRET_PREFIX, Delivery, Webhook, signed_headers
from nas_service.use_cases.ports import Store, UnitOfWork

SECRET_BYTES = 32
MOST_WEBHOOKS = 10
"""Of a tenant: each change of state is a message to each of them."""
AT_ONCE = 20
REASON_LENGTH = 300

Send = Callable[[str, dict[str, str], bytes], None]
"""Posts to a URL with these headers. Raises RetryableError where the receiver does not take it."""


def create_webhook(store: Store, tenant: str, url: str) -> Webhook:
    """A new webhook with its secret. Raises SpecError, and LimitError beyond MOST_WEBHOOKS."""
    _check_url(url)
    secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    webhook = Webhook(new_id("webhook"), tenant, url, secret, datetime.now(UTC))
    with store.write() as uow:
        if len(uow.webhooks.of(tenant)) >= MOST_WEBHOOKS:
            detail = f"a tenant has at most {MOST_WEBHOOKS} webhooks; delete one that is not needed any more"
            raise LimitError("too-many-webhooks", detail, retry_after_s=0.0)
        uow.webhooks.add(webhook)
    return webhook


def _check_url(url: str) -> None:
    """Where its name leads is looked at each time that something is sent there."""
    try:
        parts = urlsplit(url)
        named = parts.hostname is not None and (parts.port is None or parts.port > 0)
    except ValueError:
        named = False
    if not named or parts.scheme not in {"http", "https"}:
        raise SpecError([FieldProblem("url", "must be like https://example.org/hook")], "invalid-webhook")
    if parts.username or parts.password:
        message = "must hold no password: messages are signed, the receiver checks the signature"
        raise SpecError([FieldProblem("url", message)], "invalid-webhook")


def tell(uow: UnitOfWork, search: Search, status: SearchStatus) -> None:
    """Have the tenant's webhooks told that a search is now in `status`; in the transaction that moves it."""
    now = datetime.now(UTC)
    message = {
        "type": "search.status",
        "timestamp": now.isoformat(),
        "data": {
            "search_id": search.id,
            "name": search.spec.name,
            "status": status.value,
            "previous_status": search.status.value,
            "phase": search.phase.value,
        },
    }
    uow.webhooks.enqueue(search.tenant, message, now.timestamp())


def deliver_due(store: Store, send: Send, clock: Callable[[], float] = time.time) -> int:
    """Send what is due, and remember what became of it. Returns how many messages were tried.

    A message is claimed until its next attempt is due, so that a process that dies while it sends loses nothing.
    """
    with store.read() as uow:
        if not uow.webhooks.any_due(clock()):
            return 0
    for tried in range(AT_ONCE):
        with store.write() as uow:
            delivery = uow.webhooks.claim_due(clock())
        if delivery is None:
            return tried
        _deliver(store, send, delivery, clock())
    return AT_ONCE


def _deliver(store: Store, send: Send, delivery: Delivery, now_s: float) -> None:
    body = delivery.body.encode()
    headers = signed_headers(delivery.webhook.secret, delivery.id, body, now_s)
    try:
        send(delivery.webhook.url, headers | {"content-type": "application/json"}, body)
    except RetryableError as error:
        with store.write() as uow:
            uow.webhooks.note_failed(delivery, error.detail[:REASON_LENGTH])
        return
    with store.write() as uow:
        uow.webhooks.note_delivered(delivery, datetime.now(UTC))
