"""Whose turn it is: the store hands out work as a plain model of the rule does, and many may ask at once."""

import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from nas_service.domain.entities import Search, WorkItem, new_id
from nas_service.domain.states import SearchStatus
from nas_service.store.tables import searches as searches_table
from nas_service.store.unit_of_work import SqlStore
from tests.support.values import a_search, an_item

QUEUES = ("train", "profile.local")


@dataclass
class ModelItem:
    id: str
    search: "ModelSearch"
    queue: str
    added: int
    leased: bool = False


@dataclass
class ModelSearch:
    search: Search
    running: bool = True
    last_turn: int = -1


@dataclass
class Model:
    """The rule of `fair_claim`, said with sorted lists."""

    searches: list[ModelSearch] = field(default_factory=list)
    items: list[ModelItem] = field(default_factory=list)
    clock: Callable[[], int] = field(default_factory=lambda: partial(next, itertools.count()))

    def claim(self, queues: Sequence[str]) -> ModelItem | None:
        seen = [item for item in self.items if item.queue in queues]
        waiting = [item for item in seen if item.search.running and not item.leased]
        if not waiting:
            return None

        def of_tenant(tenant: str) -> list[ModelItem]:
            return [item for item in seen if item.search.search.tenant == tenant]

        def turn(item: ModelItem) -> tuple[object, ...]:
            tenants = of_tenant(item.search.search.tenant)
            own = [other for other in seen if other.search is item.search]
            return (
                sum(other.leased for other in tenants),
                max(other.search.last_turn for other in tenants),
                item.search.search.tenant,
                -item.search.search.priority,
                sum(other.leased for other in own),
                item.search.last_turn,
                min(other.added for other in own if not other.leased),
                item.added,
            )

        chosen = min(waiting, key=turn)
        chosen.leased, chosen.search.last_turn = True, self.clock()
        return chosen


def emptied(store: SqlStore) -> SqlStore:
    """Hypothesis runs many examples on one database."""
    with store.engine.begin() as connection:
        connection.execute(delete(searches_table))
    return store


_OWNERS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([-1, 0, 1])), min_size=1, max_size=6)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 5), st.sampled_from(QUEUES)),
        st.tuples(st.just("claim"), st.just(0), st.sampled_from([QUEUES, QUEUES[:1], QUEUES[1:]])),
        st.tuples(st.just("end"), st.integers(0, 9), st.just("")),
        st.tuples(st.just("pause"), st.integers(0, 5), st.just("")),
    ),
    min_size=5,
    max_size=40,
)


@given(owners=_OWNERS, steps=_STEPS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_work_is_handed_out_as_the_rule_says(
    store: SqlStore, owners: list[tuple[str, int]], steps: list[tuple[str, int, str | tuple[str, ...]]]
) -> None:
    model = Model([ModelSearch(a_search(tenant=tenant, priority=priority)) for tenant, priority in owners])
    held: dict[str, WorkItem] = {}
    with emptied(store).write() as uow:
        for owner in model.searches:
            uow.searches.add(owner.search, "digest")
        for step, number, where in steps:
            owner = model.searches[number % len(model.searches)]
            match step:
                case "add":
                    item = an_item(owner.search, queue=where)
                    uow.work.add(item)
                    model.items.append(ModelItem(item.id, owner, str(where), model.clock()))
                case "claim":
                    claimed, expected = uow.work.claim(where, "w", 60), model.claim(where)
                    assert (claimed and claimed.id) == (expected and expected.id)
                    if claimed is not None:
                        held[claimed.id] = claimed
                case "end" if held:
                    ended = held.pop(list(held)[number % len(held)])
                    assert uow.work.complete(ended.id, ended.token, {})
                    model.items = [item for item in model.items if item.id != ended.id]
                case "pause":
                    owner.running = not owner.running
                    status = SearchStatus.RUNNING if owner.running else SearchStatus.PAUSED
                    uow.searches.update(owner.search.id, status=status)


def queued(store: SqlStore, count: int, **search: object) -> str:
    """A search with this many items queued."""
    found = a_search(**search)
    with store.write() as uow:
        uow.searches.add(found, "digest")
        for _ in range(count):
            uow.work.add(an_item(found))
    return found.id


def served(store: SqlStore, count: int, at_once: int = 1) -> list[str]:
    """The searches served by `count` claims, of which `at_once` are held at a time; each search is topped up."""
    order, held = [], []
    with store.write() as uow:
        for _ in range(count):
            item = uow.work.claim(["train"], "w", 60)
            assert item is not None
            order.append(item.search_id)
            uow.work.add(an_item(uow.searches.get(item.search_id)))
            held.append(item)
            if len(held) == at_once:
                oldest = held.pop(0)
                uow.work.complete(oldest.id, oldest.token, {})
    return order


def test_one_worker_goes_round_the_searches_whatever_their_parallelism(store: SqlStore) -> None:
    wide, narrow = queued(store, 8), queued(store, 1)
    assert served(store, 6) == [wide, narrow] * 3


def test_several_workers_are_shared_alike(store: SqlStore) -> None:
    wide, narrow = queued(store, 8), queued(store, 2)
    order = served(store, 12, at_once=4)
    assert abs(order.count(wide) - order.count(narrow)) <= 1


def test_many_searches_of_one_tenant_take_no_more_turns_than_one_of_another(store: SqlStore) -> None:
    many = {queued(store, 2, tenant="many") for _ in range(50)}
    one = queued(store, 1, tenant="one")
    order = served(store, 20)
    assert order.count(one) == 10
    assert len(many.intersection(order)) == 10, "within the tenant too each search has its turn"


def test_priority_counts_within_a_tenant_and_for_nothing_between_tenants(store: SqlStore) -> None:
    ordinary, urgent = queued(store, 2), queued(store, 2, priority=1)
    other = queued(store, 2, tenant="other", priority=-10)
    order = served(store, 8)
    assert order.count(other) == 4
    assert order.count(urgent) == 4
    assert ordinary not in order


def test_each_of_many_that_ask_at_once_gets_an_item_of_its_own(store: SqlStore) -> None:
    """Where a message is used up by a claim, none may go away empty while there is enough for all."""
    count = 8
    for number in range(count // 2):
        queued(store, 2, tenant=f"tenant-{number % 3}")
    barrier = threading.Barrier(count)

    def claim(number: int) -> WorkItem | None:
        barrier.wait()
        with store.write() as uow:
            return uow.work.claim(["train"], f"worker-{number}", 30)

    with ThreadPoolExecutor(count) as pool:
        claimed = [item for item in pool.map(claim, range(count)) if item is not None]
    assert len({item.id for item in claimed}) == count
    assert {item.attempt for item in claimed} == {1}


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_an_item_that_another_transaction_is_taking_is_passed_over(store: SqlStore) -> None:
    """On SQLite writers come one after another."""
    first, second = queued(store, 1, tenant="a"), queued(store, 1, tenant="b")
    with store.write() as mine, store.write() as theirs:
        assert mine.work.claim(["train"], "w", 30).search_id == first  # type: ignore[union-attr]
        assert theirs.work.claim(["train"], "w", 30).search_id == second  # type: ignore[union-attr]
        assert theirs.work.claim(["train"], "w", 30) is None


def test_an_unknown_queue_has_nothing(store: SqlStore) -> None:
    queued(store, 1)
    with store.write() as uow:
        assert uow.work.claim([new_id("profile")], "w", 30) is None
