"""What a transaction wants delivered is sent once it is committed, and only then."""

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine

from nas_service.bootstrap import checks
from nas_service.domain.entities import Worker, WorkItem
from nas_service.domain.spec import DatasetSpec, SearchSpec
from nas_service.domain.states import WorkStatus
from nas_service.search.memories import SqlMemories
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases import control, sweep, work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.outbox import Outbox
from nas_service.use_cases.submit import submit
from tests.support.migrated import give_tables

SPEC = SearchSpec(dataset=DatasetSpec(name="digits"))
QUEUES = ["train"]


@dataclass
class Post:
    """A dispatcher that keeps what it is given, and looks whether the database already shows it."""

    engine: Engine
    sent: list[Outbox] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    """Items whose messages are not on their way."""
    discarded: set[str] = field(default_factory=set)
    """Queues whose messages nobody would read."""

    def send(self, outbox: Outbox) -> None:
        with SqlStore(self.engine).read() as uow:
            for item_id in outbox.work:
                assert uow.work.get(item_id).status is WorkStatus.QUEUED
            for search_id in outbox.searches:
                assert uow.searches.get(search_id).id == search_id
        self.sent.append(outbox)

    def missing(self, outbox: Outbox) -> Outbox:
        return Outbox(work={item_id: queue for item_id, queue in outbox.work.items() if item_id in self.lost})

    def discard(self, queues: Collection[str]) -> None:
        self.discarded = set(queues)

    def work(self) -> list[str]:
        """Queues that were told of work, in order; forgotten with this call."""
        queues = [queue for outbox in self.sent for queue in outbox.work.values()]
        self.sent.clear()
        return queues


@pytest.fixture
def post(engine: Engine) -> Post:
    give_tables(engine)
    return Post(engine)


@pytest.fixture
def store(engine: Engine, post: Post) -> SqlStore:
    """Its database is migrated, and its post is watched."""
    return SqlStore(engine, post)


def prepared(store: SqlStore) -> WorkItem:
    """The first work of a new search, queued."""
    search, _ = submit(store, (checks.check_space,), SPEC)
    advance(store, SqlMemories(), search.id)
    with store.read() as uow:
        (item,) = uow.work.open(search.id)
    return item


def claimed(store: SqlStore, item: WorkItem) -> WorkItem:
    found = work.claim(store, QUEUES, "w", 60)
    assert found is not None
    assert found.id == item.id
    return found


def test_a_submitted_search_asks_for_advance(store: SqlStore, post: Post) -> None:
    search, _ = submit(store, (), SPEC)
    assert post.sent == [Outbox(searches={search.id})]


def test_advance_sends_the_work_that_it_stored(store: SqlStore, post: Post) -> None:
    item = prepared(store)
    assert post.sent[-1] == Outbox(work={item.id: "train"})


def test_what_is_rolled_back_is_not_sent(store: SqlStore, post: Post) -> None:
    item = claimed(store, prepared(store))
    post.sent.clear()

    def fail() -> None:
        with store.write() as uow:
            uow.work.release(item.id, item.token, counts_as_attempt=True)
            uow.searches.wake(item.search_id)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail()
    assert post.sent == []


def test_a_transaction_without_news_sends_nothing(store: SqlStore, post: Post) -> None:
    item = claimed(store, prepared(store))
    post.sent.clear()
    work.heartbeat(store, item, 60)
    work.give_back(store, WorkItem(**{n: getattr(item, n) for n in item.__dataclass_fields__} | {"token": 0}))
    assert post.sent == []


def test_a_result_asks_for_advance(store: SqlStore, post: Post) -> None:
    item = claimed(store, prepared(store))
    post.sent.clear()
    work.complete(store, item, {})
    assert post.sent == [Outbox(searches={item.search_id})]


def test_work_given_back_is_sent_again(store: SqlStore, post: Post) -> None:
    item = claimed(store, prepared(store))
    post.sent.clear()
    work.give_back(store, item)
    assert post.work() == ["train"]


def test_work_that_waited_out_a_pause_is_sent_again(store: SqlStore, post: Post) -> None:
    """Its message came while nobody was to take it, and is used up."""
    item = prepared(store)
    control.pause(store, item.search_id)
    assert work.claim(store, QUEUES, "w", 60) is None
    post.sent.clear()
    control.resume(store, item.search_id)
    assert post.work() == ["train"]


def test_a_sweep_sends_what_expired(store: SqlStore, post: Post) -> None:
    prepared(store)
    work.claim(store, QUEUES, "w", -1)
    post.sent.clear()
    assert sweep.sweep(store) == 1
    assert post.work() == ["train"]


def test_a_sweep_sends_again_what_was_lost_and_nothing_else(
    store: SqlStore, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "RESEND_AFTER_S", 0.0)
    lost, on_its_way = prepared(store), prepared(store)
    post.sent.clear()
    post.lost = {lost.id}
    assert sweep.resend(store, post) == 1
    assert post.sent == [Outbox(work={lost.id: "train"})]
    assert on_its_way.id not in post.sent[0].work


def test_messages_for_remote_devices_are_discarded_and_not_sent_again(store: SqlStore, post: Post) -> None:
    remote = Worker("w-1", "host", 1, ("profile.shed", "profile.both"), {"id": "a", "name": "shed"}, 0.0, remote=True)
    local = Worker("w-2", "host", 1, ("profile.both",), {"id": "a", "name": "box"}, 0.0)
    with store.write() as uow:
        uow.workers.beat(remote)
        uow.workers.beat(local)
    sweep.resend(store, post)
    assert post.discarded == {"profile.shed"}
