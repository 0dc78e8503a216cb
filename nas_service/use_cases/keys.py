"""API keys: made, recognized, revoked. A token is `nas_<id>_<secret>`; only the secret's sha256 is kept."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from nas_service.domain.entities import new_id
from nas_service.domain.errors import NotFoundError, UnauthenticatedError
from nas_service.domain.identity import ApiKey, Principal, Scope
from nas_service.use_cases.ports import Store

SECRET_BYTES = 32
USE_NOTED_EVERY = timedelta(minutes=1)
"""A write at each request would cost more than the request."""

_ID_PREFIX = "key-"
_TOKEN = re.compile(r"nas_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NOBODYS_DIGEST = hashlib.sha256(secrets.token_bytes(SECRET_BYTES)).hexdigest()
"""Compared where there is no such key, so that the time taken does not tell which ids exist."""


def create_key(store: Store, tenant: str, name: str, scopes: Iterable[Scope]) -> tuple[ApiKey, str]:
    """A new key and its token, which is nowhere kept."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    key = ApiKey(
        id=new_id("key"),
        tenant=tenant,
        name=name,
        digest=_digest(secret),
        scopes=frozenset(scopes),
        created_at=datetime.now(UTC),
    )
    with store.write() as uow:
        uow.keys.add(key)
    return key, f"nas_{key.id.removeprefix(_ID_PREFIX)}_{secret}"


def authenticate(store: Store, token: str) -> Principal:
    """Whom the token stands for; notes its use, at most once a minute. Raises UnauthenticatedError."""
    match = _TOKEN.fullmatch(token)
    key = _find(store, _ID_PREFIX + match[1]) if match else None
    is_right = hmac.compare_digest(_digest(match[2] if match else ""), key.digest if key else _NOBODYS_DIGEST)
    return _used(store, key if is_right else None)


def authenticate_signed_in(store: Store, key_id: str) -> Principal:
    """Whom a key stands for that was shown before; notes its use. Raises UnauthenticatedError."""
    return _used(store, _find(store, key_id))


def _used(store: Store, key: ApiKey | None) -> Principal:
    if key is None:
        raise UnauthenticatedError("invalid-key", "there is no such key; ask whoever runs the service for one")
    if key.revoked_at is not None:
        raise UnauthenticatedError("revoked-key", f"the key {key.name!r} was revoked; use another one")
    now = datetime.now(UTC)
    if key.last_used_at is None or now - key.last_used_at > USE_NOTED_EVERY:
        with store.write() as uow:
            uow.keys.note_use(key.id, now)
    return Principal(key.tenant, key.scopes, key.id)


def revoke_key(store: Store, key_id: str) -> ApiKey:
    """End a key, and return it as it is now. Raises NotFoundError."""
    with store.write() as uow:
        uow.keys.get(key_id)
        uow.keys.revoke(key_id, datetime.now(UTC))
        return uow.keys.get(key_id)


def _find(store: Store, key_id: str) -> ApiKey | None:
    with store.read() as uow:
        try:
            return uow.keys.get(key_id)
        except NotFoundError:
            return None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
