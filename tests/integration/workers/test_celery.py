"""Celery processes around a real Postgres and a real Redis: whatever becomes of messages, work is done once."""

import itertools
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil
import pytest
import redis

from nas_service.api.app import create_app
from nas_service.client import Client
from nas_service.domain.entities import Search, WorkItem
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import CandidateStatus, SearchStatus, WorkStatus, is_over
from nas_service.use_cases import control
from nas_service.use_cases.outbox import Outbox
from nas_service.use_cases.submit import submit
from tests.support import ServiceMissingError
from tests.support.api import plain_logs, serving
from tests.support.distributed import HOLD, NOTES, DistributedService
from tests.support.postgres import PostgresServer
from tests.support.redis import OwnRedis, own_redis
from tests.support.tiny import tiny_search
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

CANDIDATES, PARALLELISM, POOL = 4, 3, 2
LEASE_S = 4.0
SEEDS = itertools.count()
CELERY = [sys.executable, "-m", "celery", "--app", "tests.support.noted_celery", "--quiet", "worker"]


@pytest.fixture(scope="module")
def broker() -> Iterator[OwnRedis]:
    """A Redis that may be stopped."""
    try:
        with own_redis() as server:
            yield server
    except ServiceMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def all_processes(
    postgres_server: PostgresServer, broker: OwnRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DistributedService]:
    """Control, and a pool of workers, for all tests: starting them takes longer than most tests."""
    with ExitStack() as stack:
        settings = {
            "NAS_HOME": str(tmp_path_factory.mktemp("home")),
            "NAS_DATABASE_URL": stack.enter_context(postgres_server.database()),
            "NAS_BROKER_URL": broker.url,
            "NAS_LEASE_S": str(LEASE_S),
            "NAS_HEARTBEAT_S": "0.2",
        }
        service = DistributedService(settings)
        stack.callback(service.close)
        service.start("control", [*CELERY, "--hostname", "control@%h"], NAS_QUEUES="control")
        start_workers(service)
        yield service


@pytest.fixture
def distributed(all_processes: DistributedService) -> Iterator[DistributedService]:
    """As every test finds it: nothing on hold, nothing noted."""
    yield all_processes
    (all_processes.home / HOLD).unlink(missing_ok=True)
    (all_processes.home / NOTES).unlink(missing_ok=True)


def start_workers(distributed: DistributedService) -> None:
    distributed.start("worker", [*CELERY, "--hostname", "worker@%h"], NAS_WORKERS=str(POOL))
    distributed.wait_for_workers(POOL)


def submitted(distributed: DistributedService) -> Search:
    """A search of which each evaluation is new."""
    spec = tiny_search(budget={"candidates": CANDIDATES, "parallelism": PARALLELISM}, seed=next(SEEDS))
    return submit(distributed.service.store, (), SearchSpec.model_validate(spec))[0]


@contextmanager
def held(distributed: DistributedService) -> Iterator[None]:
    """While the block runs, no work ends."""
    (distributed.home / HOLD).touch()
    try:
        yield
    finally:
        (distributed.home / HOLD).unlink()


def items(distributed: DistributedService, search: Search, status: WorkStatus) -> list[WorkItem]:
    with distributed.service.store.read() as uow:
        return [item for item in uow.work.open(search.id) if item.status is status]


def leased(distributed: DistributedService, search: Search) -> WorkItem:
    """The one item in hand, once there is one."""
    (item,) = wait_for(lambda: items(distributed, search, WorkStatus.LEASED), "work to be in hand")
    return item


def item_now(distributed: DistributedService, item: WorkItem) -> WorkItem:
    with distributed.service.store.read() as uow:
        return uow.work.get(item.id)


def process_of(distributed: DistributedService, item: WorkItem) -> psutil.Process:
    """The process that holds a leased item."""
    (pid,) = (worker.pid for worker in distributed.live_workers() if worker.id == item.worker_id)
    return psutil.Process(pid)


def begun(distributed: DistributedService) -> Counter[str]:
    """How often each item was begun."""
    return Counter((distributed.home / NOTES).read_text().split())


def waiting_messages(broker: OwnRedis, queue: str = "train") -> int:
    with redis.Redis.from_url(broker.url) as client:
        return client.llen(queue)


def ends_well(distributed: DistributedService, search: Search) -> None:
    """It succeeds with every candidate of its budget, each once."""
    assert distributed.wait_until_over(search.id) is SearchStatus.SUCCEEDED
    with distributed.service.store.read() as uow:
        assert uow.candidates.counts(search.id) == {CandidateStatus.COMPLETED: CANDIDATES}
        assert uow.work.open(search.id) == []


def test_a_search_runs_to_its_end_and_every_item_is_begun_once(distributed: DistributedService) -> None:
    search = submitted(distributed)
    ends_well(distributed, search)
    assert set(begun(distributed).values()) == {1}


def test_every_process_of_a_pool_is_known_as_a_worker(distributed: DistributedService) -> None:
    pool = psutil.Process(distributed.processes["worker"].pid)
    # Celery replaces a process that an earlier test has killed.
    wait_for(lambda: {w.pid for w in distributed.live_workers()} == {c.pid for c in pool.children()}, "the workers")
    workers = distributed.live_workers()
    assert len(workers) == POOL
    assert {worker.queues for worker in workers} == {("train", "profile.local")}


def test_what_decides_does_not_load_torch(distributed: DistributedService) -> None:
    control_process = psutil.Process(distributed.processes["control"].pid)
    for process in [control_process, *control_process.children()]:
        assert not [one.path for one in process.memory_maps() if "libtorch" in one.path]


def test_doubled_and_late_messages_are_harmless(distributed: DistributedService, broker: OwnRedis) -> None:
    dispatcher = distributed.service.dispatcher
    with held(distributed):
        search = submitted(distributed)
        item = leased(distributed, search)
        for _ in range(5):
            dispatcher.send(Outbox(work={item.id: item.queue}))
        wait_for(lambda: waiting_messages(broker) == 0, "the doubles to be taken")
    ends_well(distributed, search)
    dispatcher.send(Outbox(work={item.id: item.queue}))
    wait_for(lambda: waiting_messages(broker) == 0, "the late message to be taken")
    assert begun(distributed)[item.id] == 1
    assert item_now(distributed, item).attempt == 1


def test_lost_messages_are_sent_again(distributed: DistributedService, broker: OwnRedis) -> None:
    with held(distributed):
        searches = [submitted(distributed) for _ in range(POOL + 1)]
        wait_for(lambda: waiting_messages(broker) == 1, "one message that nobody has time for")
        with redis.Redis.from_url(broker.url) as client:
            client.flushall()
    for search in searches:
        ends_well(distributed, search)
    assert set(begun(distributed).values()) == {1}


def test_workers_with_work_in_hand_outlive_a_restart_of_the_broker(
    distributed: DistributedService, broker: OwnRedis
) -> None:
    with held(distributed):
        search = submitted(distributed)
        leased(distributed, search)
        away = lost_connections(distributed)
        broker.stop()
        wait_for(lambda: lost_connections(distributed) > away, "the worker to notice")
        broker.start()
    ends_well(distributed, search)
    assert all(process.poll() is None for process in distributed.processes.values())
    assert set(begun(distributed).values()) == {1}


def lost_connections(distributed: DistributedService) -> int:
    """How often the worker says that the broker is away."""
    log = (distributed.home / "logs" / "worker.log").read_text()
    return log.count("Connection to broker lost") + log.count("Cannot connect to")


def test_a_search_is_accepted_while_the_broker_is_away_and_runs_when_it_is_back(
    distributed: DistributedService, broker: OwnRedis
) -> None:
    broker.stop()
    try:
        with plain_logs(), serving(create_app(distributed.service)) as url, Client(url) as client:
            search = client.submit(tiny_search(budget={"candidates": CANDIDATES}, seed=next(SEEDS)))
        assert search.status is SearchStatus.QUEUED
    finally:
        broker.start()
    assert distributed.wait_until_over(search.id) is SearchStatus.SUCCEEDED


def test_the_result_of_a_late_worker_is_refused(distributed: DistributedService) -> None:
    with held(distributed):
        search = submitted(distributed)
        first = leased(distributed, search)
        late = process_of(distributed, first)
        late.suspend()
        try:
            wait_for(lambda: item_now(distributed, first).token == 2, "another worker to take over")
            wait_for(lambda: item_now(distributed, first).status is WorkStatus.LEASED, "another worker to begin")
        except BaseException:
            late.resume()
            raise
    try:
        ends_well(distributed, search)
    finally:
        late.resume()
    log = distributed.home / "logs" / "worker.log"
    refusals = ("result refused", '"signal": "lost"')
    wait_for(
        lambda: [
            line for line in log.read_text().splitlines() if first.id in line and any(r in line for r in refusals)
        ],
        "the late worker to learn it",
    )
    done = item_now(distributed, first)
    assert (done.status, done.token, done.attempt) == (WorkStatus.DONE, 2, 2)
    assert begun(distributed)[first.id] == 2


def test_an_item_whose_process_is_killed_is_done_by_another(distributed: DistributedService) -> None:
    with held(distributed):
        search = submitted(distributed)
        item = leased(distributed, search)
        process_of(distributed, item).kill()
        wait_for(lambda: item_now(distributed, item).token == 2, "another worker to take over")
    ends_well(distributed, search)
    assert item_now(distributed, item).attempt == 2


def test_a_worker_that_is_told_to_leave_gives_back_what_it_has_in_hand(distributed: DistributedService) -> None:
    with held(distributed):
        search = submitted(distributed)
        item = leased(distributed, search)
        pool = {child.pid for child in psutil.Process(distributed.processes["worker"].pid).children()}
        distributed.stop("worker")
        assert (item_now(distributed, item).status, item_now(distributed, item).attempt) == (WorkStatus.QUEUED, 0)
        # One that Celery did not let finish is forgotten once it has been silent for a while.
        wait_for(lambda: pool.isdisjoint(w.pid for w in distributed.live_workers()), "the workers to be forgotten")
    start_workers(distributed)
    ends_well(distributed, search)


def test_pausing_frees_the_workers_and_resuming_goes_on(distributed: DistributedService) -> None:
    store = distributed.service.store
    with held(distributed):
        search = submitted(distributed)
        item = leased(distributed, search)
        control.pause(store, search.id)
        wait_for(lambda: item_now(distributed, item).status is WorkStatus.QUEUED, "the worker to let go")
        control.resume(store, search.id)
        assert leased(distributed, search).id == item.id
    ends_well(distributed, search)


def test_a_cancelled_search_ends(distributed: DistributedService) -> None:
    with held(distributed):
        search = submitted(distributed)
        leased(distributed, search)
        control.cancel(distributed.service.store, search.id)
        assert distributed.wait_until_over(search.id) is SearchStatus.CANCELLED


def test_a_search_of_parallelism_1_has_its_turns_beside_one_of_8(
    distributed: DistributedService, broker: OwnRedis
) -> None:
    """However long the other's line is, its next item is among the first to be begun when workers get free."""
    store = distributed.service.store

    def submit_large(parallelism: int) -> Search:
        budget = {"candidates": 1000, "parallelism": parallelism}
        spec = tiny_search(space={"name": "mobilenet", "preset": "tiny"}, budget=budget, seed=next(SEEDS))
        return submit(store, (), SearchSpec.model_validate(spec))[0]

    def proposed(search: Search) -> int:
        with store.read() as uow:
            return uow.searches.get(search.id).candidate_count

    def all_hands_full_and_both_in_line() -> list[WorkItem]:
        leased = [item for search in (wide, narrow) for item in items(distributed, search, WorkStatus.LEASED)]
        line, next_one = (items(distributed, search, WorkStatus.QUEUED) for search in (wide, narrow))
        in_hand = len(leased) == POOL and {item.id for item in leased} <= begun(distributed).keys()
        told = Counter(item.queue for item in [*line, *next_one])
        all_told = all(waiting_messages(broker, queue) >= count for queue, count in told.items())
        mine = [*next_one, *(item for item in leased if item.search_id == narrow.id)]
        return mine if in_hand and len(line) >= 5 and all_told else []

    wide = submit_large(8)
    narrow = submit_large(1)
    for search in (wide, narrow):
        wait_for(lambda: proposed(search), "its first candidate")  # noqa: B023
    served = set()
    for _ in range(3):
        with held(distributed):
            (mine,) = wait_for(all_hands_full_and_both_in_line, "both searches to be in line")
            begun_before = list(begun(distributed))
        wait_for(lambda: mine.id in begun(distributed), "the narrow search's work to be begun")  # noqa: B023
        order = [*begun_before, *(one for one in begun(distributed) if one not in begun_before)]
        assert order.index(mine.id) < len(begun_before) + POOL
        wait_for(lambda: is_over(item_now(distributed, mine).status), "the narrow search's work to end")  # noqa: B023
        served.add(mine.id)
    assert len(served) == 3
    for search in (wide, narrow):
        control.cancel(store, search.id)
        assert distributed.wait_until_over(search.id) is SearchStatus.CANCELLED
