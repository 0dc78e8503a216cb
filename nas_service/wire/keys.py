"""API keys on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from nas_service.domain.identity import Scope
from nas_service.wire.base import Document

TENANT_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}$"
Tenant = Annotated[str, Field(pattern=TENANT_PATTERN, examples=["vision-team"])]
KeyName = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,120}$", examples=["ci of the vision team"])]
Scopes = Annotated[frozenset[Scope], Field(min_length=1)]

DEFAULT_SCOPES = frozenset({Scope.READ, Scope.SUBMIT})


class KeyRequest(Document):
    """A key that is wanted."""

    model_config = ConfigDict(extra="forbid")

    name: KeyName
    """What it is for, so that it can be found again and revoked."""
    scopes: Scopes = DEFAULT_SCOPES
    """What it may be used for; `device` and `operator` are given by operators only."""
    tenant: Tenant | None = None
    """Whose it is: your own tenant, or with the scope `operator` any."""


class KeyInfo(Document):
    """A key without its secret."""

    id: str
    tenant: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    last_used_at: datetime | None
    """To the minute."""
    revoked_at: datetime | None


class NewKey(Document):
    """A key with its token, which is shown this once."""

    key: KeyInfo
    token: str
    """Sent as `Authorization: Bearer ...`."""


class KeyPage(Document):
    """Keys, newest first."""

    items: tuple[KeyInfo, ...]
    next_cursor: str | None
