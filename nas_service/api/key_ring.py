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

    async def principal(self, token: str) -> Principal:
        """Whom the token stands for. Raises UnauthenticatedError."""
        digest = hashlib.sha256(token.encode()).digest()
        principal, until_s = self._seen.get(digest, (None, 0.0))
        if principal is None or time.monotonic() > until_s:
            principal = await run_sync(authenticate, self._store, token)
            if len(self._seen) >= MOST_REMEMBERED:
                self._seen.clear()
            self._seen[digest] = (principal, time.monotonic() + REMEMBERED_S)
        return principal
