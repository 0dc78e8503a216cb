"""A real store on a fresh SQLite file, with the samplers' memories."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.no_op_workers import claim, finish, run_to_end
from nas_service.domain.entities import Search
from nas_service.domain.spec import SearchSpec
from nas_service.search.memories import SqlMemories
from nas_service.store.engine import make_engine
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.advance import advance
from nas_service.use_cases.queries import StatusView
from nas_service.use_cases.submit import submit
from tests.support.migrated import give_tables


@dataclass
class Bench:
    """A store, memories, and short ways to use them."""

    store: SqlStore
    memories: SqlMemories

    def submit(self, **parts: Any) -> Search:
        """A stored search on digits; `parts` as in a spec."""
        parts = {"dataset": {"name": "digits"}, "strategy": {"sampler": "random"}} | parts
        return submit(self.store, [], SearchSpec.model_validate(parts))[0]

    def prepared(self, **parts: Any) -> Search:
        """A search in its search phase, with work waiting; `parts` as in a spec."""
        search = self.submit(**parts)
        advance(self.store, self.memories, search.id)
        item = claim(self.store)
        assert item is not None
        finish(self.store, item)
        advance(self.store, self.memories, search.id)
        return search

    def run(self, search: Search) -> StatusView:
        """Work until the search is over or stuck."""
        return run_to_end(self.store, self.memories, search.id)

    def search(self, search: Search) -> Search:
        """As it is now."""
        with self.store.read() as uow:
            return uow.searches.get(search.id)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """One service on its own database."""
    engine = make_engine(f"sqlite:///{tmp_path}/nas.db")
    give_tables(engine)
    yield Bench(SqlStore(engine), SqlMemories())
    engine.dispose()
