"""Recognizes keys without asking the database each time."""

import hashlib
import time
from collections.abc import Callable

from anyio.to_thread import run_sync

from nas_service.domain.identity import Principal
from nas_service.use_cases.keys import authenticate, authenticate_signed_in
from nas_service.use_cases.ports import Store

REMEMBERED_S = 5.0
"""So long a process may still take a key that was revoked."""
MOST_REMEMBERED = 10_000


class KeyRing:
    """The keys that one process has seen lately, by the digests of their tokens or, of sessions, by their ids.

    Unknown ones are not remembered.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[bytes, tuple[Principal, float]] = {}

    def knows(self, token: str) -> bool:
        """Whether `principal` would answer from memory."""
        return self._remembered(_digest(token)) is not None

    async def principal(self, token: str) -> Principal:
        """Whom the token stands for. Raises UnauthenticatedError."""
        return await self._asked(_digest(token), authenticate, token)

    async def principal_signed_in(self, key_id: str) -> Principal:
        """Whom a session stands for that was begun with this key. Raises UnauthenticatedError."""
        return await self._asked(key_id.encode(), authenticate_signed_in, key_id)

    async def _asked(self, name: bytes, ask: Callable[[Store, str], Principal], who: str) -> Principal:
        principal = self._remembered(name)
        if principal is None:
            principal = await run_sync(ask, self._store, who)
            if len(self._seen) >= MOST_REMEMBERED:
                self._seen.clear()
            self._seen[name] = (principal, time.monotonic() + REMEMBERED_S)
        return principal

    def _remembered(self, name: bytes) -> Principal | None:
        principal, until_s = self._seen.get(name, (None, 0.0))
        return principal if time.monotonic() < until_s else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
