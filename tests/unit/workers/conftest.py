"""A real service in a folder of its own, with a search whose first work item can be claimed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.no_op_workers import QUEUES
from nas_service.bootstrap import Service
from nas_service.domain.entities import Search, WorkItem
from nas_service.domain.spec import SearchSpec
from nas_service.search.memories import SqlMemories
from nas_service.use_cases import work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.submit import submit
from tests.support.api import new_service
from tests.support.tiny import tiny_search

LEASE_S = 60.0


@dataclass
class Bench:
    """A service, and short ways to give it work."""

    service: Service
    memories: SqlMemories = field(default_factory=SqlMemories)

    def submit(self, **parts: object) -> Search:
        """A stored search whose `prepare` item waits."""
        search, _ = submit(self.service.store, [], SearchSpec.model_validate(tiny_search(**parts)))
        self.advance(search)
        return search

    def advance(self, search: Search) -> None:
        """Decide what comes next."""
        advance(self.service.store, self.memories, search.id)

    def claim(self, lease_s: float = LEASE_S) -> WorkItem:
        """The next item, leased."""
        item = work.claim(self.service.store, QUEUES, "worker-of-this-test", lease_s)
        assert item is not None
        return item

    def item(self, item: WorkItem) -> WorkItem:
        """As it is now."""
        with self.service.store.read() as uow:
            return uow.work.get(item.id)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """One service on its own database."""
    with new_service(tmp_path / "home") as service:
        yield Bench(service)
