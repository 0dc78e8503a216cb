"""Webhooks: whom to tell of a search's state, and how a receiver knows that it was us.

Messages are signed as standardwebhooks.com has it, so that its libraries verify them: HMAC-SHA256 over
`ID.TIMESTAMP.BODY`, in the header `webhook-signature`. The id stays the same when a message is sent again.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

SECRET_PREFIX = "whsec_"
TOLERANCE_S = 300.0
"""A message older than this may be a replay."""

MOST_ATTEMPTS = 12
FIRST_PAUSE_S, LONGEST_PAUSE_S = 15.0, 3600.0
"""The twelfth attempt is made some five hours after the first."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A tenant's receiver."""

    id: str
    tenant: str
    url: str
    secret: str
    """`whsec_` and base64. It signs, so it has to be kept as it is; nobody is shown it again."""
    created_at: datetime
    delivered_at: datetime | None = None
    """When it last took a message."""
    failure: str | None = None
    """Why it did not take the last one; None once it has taken one."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message on its way to one webhook."""

    id: str
    webhook: Webhook
    body: str
    attempt: int
    """From 1."""

    @property
    def is_last(self) -> bool:
        """Whether it is given up if this attempt fails."""
        return self.attempt >= MOST_ATTEMPTS


def pause_s(attempt: int) -> float:
    """How long after this attempt (from 1) the next one is due."""
    return min(FIRST_PAUSE_S * 2.0 ** (attempt - 1), LONGEST_PAUSE_S)


def signed_headers(secret: str, message_id: str, body: bytes, now_s: float) -> dict[str, str]:
    """What goes with a body. `now_s`: seconds since 1970."""
    timestamp = str(int(now_s))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{_signature(secret, message_id, timestamp, body)}",
    }


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now_s: float) -> bool:
    """Whether a message was signed with this secret, and lately."""
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(now_s - int(timestamp)) > TOLERANCE_S:
        return False
    expected = _signature(secret, headers.get("webhook-id", ""), timestamp, body)
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(f"v1,{expected}".encode(), each.encode()) for each in given)


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    content = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
