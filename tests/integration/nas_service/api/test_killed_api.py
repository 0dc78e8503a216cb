"""The API process is killed in the middle of a submission; the client asks again, and there is one search."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from nas_service.client import Client
from nas_service.domain.entities import Search
from nas_service.use_cases.ports import Page
from nas_service.wire.searches import SearchDetail
from tests.integration.nas_service.api.conftest import SPEC
from tests.support.distributed import DistributedService
from tests.support.service import PATIENT_RETRIES
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

Submit = Callable[[], Future[SearchDetail]]

ANSWER_TIMEOUT_S = 180.0
WAITING = text(
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
    " WHERE datname = current_database() AND NOT granted"
)


@pytest.fixture
def silent_broker() -> Iterator[str]:
    """Takes connections and never answers: whoever sends, waits."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture
def distributed(postgres_url: str, silent_broker: str, free_port: int, tmp_path: Path) -> Iterator[DistributedService]:
    """An API process alone."""
    settings = {
        "NAS_HOME": str(tmp_path),
        "NAS_DATABASE_URL": postgres_url,
        "NAS_BROKER_URL": silent_broker,
        "NAS_PORT": str(free_port),
    }
    service = DistributedService(settings)
    service.start("api", ["nas", "serve"])
    yield service
    service.close()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def submit(distributed: DistributedService) -> Iterator[Submit]:
    """Has a client submit a search, and repeat it until it has an answer."""
    url = f"http://127.0.0.1:{distributed.settings['NAS_PORT']}"
    with Client(url, retries=2 * PATIENT_RETRIES) as client, ThreadPoolExecutor(1) as pool:
        yield lambda: pool.submit(client.submit, SPEC)


def stored(distributed: DistributedService) -> list[Search]:
    with distributed.service.store.read() as uow:
        return uow.searches.list(Page())[0]


def kill_and_start_again(distributed: DistributedService) -> None:
    distributed.processes["api"].kill()
    distributed.processes["api"].wait()
    assert distributed.start_again() == ["api"]


def test_killed_before_the_commit(distributed: DistributedService, submit: Submit) -> None:
    """A lock keeps it from storing anything."""
    with distributed.service.store.write() as uow:
        uow.connection.execute(text("LOCK TABLE searches IN ACCESS EXCLUSIVE MODE"))
        submission = submit()
        wait_for(lambda: uow.connection.scalar(WAITING), "the submission to wait for its turn")
        kill_and_start_again(distributed)
    search_id = submission.result(ANSWER_TIMEOUT_S).id
    assert [search.id for search in stored(distributed)] == [search_id]


def test_killed_after_the_commit_and_before_the_answer(distributed: DistributedService, submit: Submit) -> None:
    """The broker keeps it from answering."""
    submission = submit()
    (search,) = wait_for(lambda: stored(distributed), "the search to be stored")
    assert not submission.done()
    kill_and_start_again(distributed)
    assert submission.result(ANSWER_TIMEOUT_S).id == search.id
    assert len(stored(distributed)) == 1
