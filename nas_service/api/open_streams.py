"""Event streams that are held open: each costs a connection and memory for as long as its listener likes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from nas_service.domain.errors import LimitError

COME_AGAIN_S = 10.0


class OpenStreams:
    """Those of one process, by tenant; at most `most` of each, 0 for any number."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[str] = Counter()

    def count(self, tenant: str) -> int:
        """How many are open now."""
        return self._open[tenant]

    def check(self, tenant: str) -> None:
        """Raises LimitError where one more would be too many."""
        if self._most and self._open[tenant] >= self._most:
            detail = f"{self._most} event streams are open already; close one, or ask for the search now and then"
            raise LimitError("too-many-streams", detail, COME_AGAIN_S)

    @contextmanager
    def counted(self, tenant: str) -> Iterator[None]:
        """Around the life of one stream."""
        self._open[tenant] += 1
        try:
            yield
        finally:
            self._open[tenant] -= 1
            if not self._open[tenant]:
                del self._open[tenant]
