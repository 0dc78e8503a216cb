"""A service whose processes are killed; each test finds it complete."""

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
def survivor(tmp_path_factory: pytest.TempPathFactory, data_root: Path, cache: Path) -> Iterator[RunningService]:
    """The embedded service with two workers; nothing of it is left at the end."""
    settings = {"NAS_DATA_ROOTS": str(data_root), "TMPDIR": str(tmp_path_factory.mktemp("temporary"))}
    with running_service(tmp_path_factory.mktemp("service") / "home", cache, **settings) as service:
        yield service


@pytest.fixture
def service(survivor: RunningService) -> RunningService:
    """With all of its processes alive, whatever the last test did to them."""
    if survivor.supervisor.poll() is not None:
        survivor.start()
    survivor.wait_until_ready()
    return survivor
