"""What every test may ask for: real services, a browser, and an environment without surprises."""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import hypothesis
import pytest
import redis
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from nas_service.settings import usable_cores
from tests.support import ServiceMissingError
from tests.support.browser import find_chromium
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.redis import running_redis
from tests.support.s3 import make_bucket, running_s3

WHOLE_SEARCHES = ("tests/e2e/", "tests/chaos/")

ON_CI = os.environ.get("CI") == "true"

# Tests run side by side: one thread each for numpy, torch and the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Tests start hundreds of processes: what Python compiled for one serves the next.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The developer's own settings must not decide what the tests see.
for name in [name for name in os.environ if name.startswith("NAS_") and not name.startswith("NAS_TEST_")]:
    del os.environ[name]

# A shared machine makes deadlines random; CI repeats the same examples each time.
hypothesis.settings.register_profile("house", deadline=None, derandomize=ON_CI)
hypothesis.settings.load_profile("house")


class OneWholeSearchAtATime(LoadFileScheduling):
    """Deals test files out to processes; searches and chaos stay in one, for they fill the cores by themselves."""

    def _split_scope(self, nodeid: str) -> str:
        return "whole searches" if nodeid.startswith(WHOLE_SEARCHES) else super()._split_scope(nodeid)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, for many tests wait: for leases to expire, for processes to start or to end."""
    return min(usable_cores() + 1, 4)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneWholeSearchAtATime:
    """The markers of `--dist=loadgroup` would say the same, but xdist 3.8 no longer sees them under pytest 9.2."""
    return OneWholeSearchAtATime(config, log)


def _unavailable(reason: str) -> NoReturn:
    """On CI a missing service is a failure: a test that never runs there proves nothing."""
    if ON_CI:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def loggers_stay_enabled() -> Iterator[None]:
    """A library that configures logging silences all others, and a later test then fails, whichever it is."""
    yield
    ours = [name for name in logging.root.manager.loggerDict if name.startswith(("nas_service", "workers"))]
    silenced = [name for name in ours if logging.getLogger(name).disabled]
    for name in silenced:
        logging.getLogger(name).disabled = False
    assert not silenced, f"the test silenced {silenced}; run what configures logging in its own process"


@pytest.fixture(scope="session", autouse=True)
def own_host_lock(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither another test process nor a service of the developer's makes a training here wait."""
    os.environ["NAS_HOST_LOCK_DIR"] = str(tmp_path_factory.mktemp("host-lock"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What services know of this machine (compiled kernels, the faster precision): found out once for all tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "machine"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running Postgres, one a test process; `with postgres_server.database() as url` makes databases."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_postgres())
        except ServiceMissingError as error:
            _unavailable(str(error))
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """SQLAlchemy URL of a fresh, empty database; it has no tables until migrations have run."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """URL of a running Redis, one a test process."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(running_redis())
        except ServiceMissingError as error:
            _unavailable(str(error))
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """URL of an empty Redis database."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushdb()
    return redis_server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[dict[str, str]]:
    """A running S3 server (moto's), one a test process: the environment that leads to it."""
    with running_s3() as environment:
        yield environment


@pytest.fixture
def s3_url(s3_server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A prefix in an empty bucket, with the environment set so that botocore finds it."""
    for name, value in s3_server.items():
        monkeypatch.setenv(name, value)
    bucket = f"test-{uuid4().hex}"
    make_bucket(s3_server, bucket)
    return f"s3://{bucket}/prefix"


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Executable of a real Chromium, for Playwright's `executable_path`."""
    found = find_chromium()
    if found is None:
        _unavailable("no Chromium on this machine; `make browser` installs one")
    return found
