"""What a transaction wants delivered once it is committed."""

from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass(slots=True)
class Outbox:
    """Collected while a transaction runs, dropped with it where it is rolled back."""

    work: dict[str, str] = field(default_factory=dict)
    """Queue by the id of a work item that waits in it."""
    searches: set[str] = field(default_factory=set)
    """Searches that ask for `advance`."""

    def __bool__(self) -> bool:
        return bool(self.work or self.searches)


class NoDelivery:
    """The dispatcher of the embedded mode: workers and control look into the database themselves."""

    def send(self, outbox: Outbox) -> None:
        """Nothing to do: what is committed is found."""

    def discard(self, queues: Collection[str]) -> None:
        """There are no messages."""

    def missing(self, outbox: Outbox) -> Outbox:
        """Nothing is on its way, so nothing is lost on it."""
        return Outbox()

    def is_reachable(self) -> bool:
        """There is nothing to reach."""
        return True
