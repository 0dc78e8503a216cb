"""What the doctor says of that which the machines of a service share."""

from pathlib import Path

import pytest

from nas_service.cli.doctor.finding import Level
from nas_service.cli.doctor.shared import check_files, check_workers
from nas_service.domain.entities import Worker
from tests.support.api import new_service


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a service that is not there yet."""
    monkeypatch.setenv("NAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_workers_are_counted_by_queue_and_clocks_compared(home: Path) -> None:
    with new_service(home) as service:
        [workers, skew] = check_workers(service.settings.resolved_database_url)
        assert (workers.level, workers.detail) == (Level.WARN, "none is alive")
        with service.store.write() as uow:
            for number in range(2):
                uow.workers.beat(Worker(f"worker-{number}", "host", number, ("train",), {"id": "f00d"}, 0.0))
        [workers, skew] = check_workers(service.settings.resolved_database_url)
    assert (workers.level, workers.detail) == (Level.OK, "2 on train")
    assert skew.level is Level.OK


def test_agents_alone_train_nothing(home: Path) -> None:
    with new_service(home) as service:
        with service.store.write() as uow:
            uow.workers.beat(Worker("agent", "host", 1, ("profile.phone",), {"name": "phone"}, 0.0, remote=True))
        workers = check_workers(service.settings.resolved_database_url)[0]
    assert (workers.level, workers.detail) == (Level.WARN, "1 on profile.phone, but none that trains")


def test_no_database_yet_is_no_fault_of_the_workers(home: Path) -> None:
    assert [finding.level for finding in check_workers(f"sqlite:///{home}/nas.db")] == [Level.OK]


def test_a_file_is_stored_and_removed(home: Path) -> None:
    assert check_files().level is Level.OK
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_where_nothing_can_be_stored_the_setting_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write_text("no folder")
    finding = check_files()
    assert finding.level is Level.FAIL
    assert "NAS_ARTIFACTS_URL" in finding.mend
