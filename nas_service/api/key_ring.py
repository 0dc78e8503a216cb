"""Recognizes keys without asking the database each time."""

import hashlib
import time

from anyio.to_thread import run_sync

from nas_service.domain.identity import Principal
from nas_service.use_cases.keys import authenticate
from nas_service.use_cases.ports import Store

REMEMBERED_S = 5.0
"""So long a process may still take a key that was revoked."""
MOST_REMEMBERED = 10_000


class KeyRing:
    """The keys that one process has seen lately, by the digests of their tokens. Unknown ones are not remembered."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[bytes, tuple[Principal, float]] = {}

    def knows(self, token: str) -> bool:
        """Whether `principal` would answer from memory."""
        return self._remembered(_digest(token)) is not None

    async def principal(self, token: str) -> Principal:
        """Whom the token stands for. Raises UnauthenticatedError."""
        digest = _digest(token)
        principal = self._remembered(digest)
        if principal is None:
            principal = await run_sync(authenticate, self._store, token)
            if len(self._seen) >= MOST_REMEMBERED:
                self._seen.clear()
            self._seen[digest] = (principal, time.monotonic() + REMEMBERED_S)
        return principal

    def _remembered(self, digest: bytes) -> Principal | None:
        principal, until_s = self._seen.get(digest, (None, 0.0))
        return principal if time.monotonic() < until_s else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
