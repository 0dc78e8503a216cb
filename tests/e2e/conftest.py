"""One running service for all whole searches: starting it takes longer than most of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import RunningService, running_service
from tests.support.service_logs import pytest_runtest_makereport as pytest_runtest_makereport


@pytest.fixture(scope="session")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Below it the service reads file data sets."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, data_root: Path, cache: Path) -> Iterator[RunningService]:
    """The embedded service with two workers; nothing of it is left at the end."""
    # Nothing dies here, so nothing has to be missed soon; a process of a busy machine may stand still for seconds.
    settings = {"NAS_DATA_ROOTS": str(data_root), "NAS_LEASE_S": "30"}
    with running_service(tmp_path_factory.mktemp("service") / "home", cache, **settings) as service:
        yield service
