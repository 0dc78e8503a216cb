"""A file that something refers to is never lost, whatever is stored, deleted and collected at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from nas_service.artifacts import Artifacts, Files, open_files
from nas_service.artifacts.copies import LocalCopies
from nas_service.domain.entities import Artifact, Evaluation, new_id
from nas_service.store import tables
from nas_service.store.retention_repository import REFERRING
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.collect import collect, collect_all

NOW = datetime.now(UTC)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return open_files(str(tmp_path / "files"), "artifacts")


@pytest.fixture
def artifacts(files: Files, store: SqlStore, tmp_path: Path) -> Artifacts:
    return Artifacts(files, store, LocalCopies(tmp_path / "copies", 2**20))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"content")
    return path


def refer(store: SqlStore, artifact: Artifact) -> None:
    """As a data set that was uploaded does."""
    row = {"id": new_id("dataset"), "tenant": "default", "name": "set", "format": "npz", "sha256": artifact.sha256}
    with store.write() as uow:
        uow.connection.execute(
            tables.datasets.insert(), row | {"size_bytes": artifact.size_bytes, "facts": {}, "created_at": NOW}
        )


def test_the_collector_knows_everything_that_refers_to_files() -> None:
    referring = {
        key.parent
        for table in tables.metadata.tables.values()
        for key in table.foreign_keys
        if key.column is tables.artifacts.c.sha256
    }
    assert referring == set(REFERRING)


def test_what_nobody_refers_to_goes_with_its_row(
    artifacts: Artifacts, files: Files, store: SqlStore, source: Path
) -> None:
    artifacts.put(source, "text/plain")
    assert collect_all(store, files, grace_s=-1).files == 1
    assert list(files.list()) == []
    with store.read() as uow:
        assert uow.connection.execute(select(tables.artifacts)).all() == []


def test_what_was_stored_just_now_has_the_time_to_be_referenced(
    artifacts: Artifacts, files: Files, store: SqlStore, source: Path
) -> None:
    artifact = artifacts.put(source, "text/plain")
    assert collect_all(store, files, grace_s=60).files == 0
    assert artifacts.open_path(artifact.sha256).exists()


def test_storing_an_old_file_again_makes_it_young(
    artifacts: Artifacts, files: Files, store: SqlStore, source: Path
) -> None:
    artifact = artifacts.put(source, "text/plain")
    with store.write() as uow:
        uow.connection.execute(tables.artifacts.update().values(touched_at_s=0.0))
    artifacts.put(source, "text/plain")
    assert collect_all(store, files, grace_s=60).files == 0
    assert artifacts.open_path(artifact.sha256).exists()


def test_who_stores_what_is_just_being_deleted_waits_and_stores_it_again(
    artifacts: Artifacts, files: Files, store: SqlStore, source: Path
) -> None:
    """The race that would lose a file: the writer finds it there, and the collector deletes it a moment later."""
    artifact = artifacts.put(source, "text/plain")
    begun = threading.Event()

    def store_again() -> None:
        begun.set()
        refer(store, artifacts.put(source, "text/plain"))

    with ThreadPoolExecutor(max_workers=1) as pool:
        with store.write() as uow:
            [gone] = uow.retention.forget_free(-1, 10)
            second = pool.submit(store_again)
            assert begun.wait(timeout=10)
            files.delete(f"{gone.sha256[:2]}/{gone.sha256}")
        second.result(timeout=60)
    assert collect_all(store, files, grace_s=-1).files == 0
    assert artifacts.open_path(artifact.sha256).read_bytes() == b"content"


def test_a_collector_that_dies_half_way_loses_nothing_that_is_stored_again(
    artifacts: Artifacts, files: Files, store: SqlStore, source: Path
) -> None:
    artifact = artifacts.put(source, "text/plain")

    def die_half_way() -> None:
        with store.write() as uow:
            [gone] = uow.retention.forget_free(-1, 10)
            files.delete(f"{gone.sha256[:2]}/{gone.sha256}")
            raise RuntimeError("as by a kill")

    with pytest.raises(RuntimeError, match="kill"):
        die_half_way()
    artifacts.put(source, "text/plain")
    assert artifacts.open_path(artifact.sha256).read_bytes() == b"content"


def test_an_evaluation_that_was_just_found_keeps_its_files(
    artifacts: Artifacts, files: Files, store: SqlStore, source: Path
) -> None:
    """The race that would leave a candidate without a model: it is about to use what nobody used until now."""
    model = artifacts.put(source, "application/onnx")
    evaluation = Evaluation(new_id("evaluation"), "key", 0.5, {}, {}, NOW)
    with store.write() as uow:
        uow.evidence.add_evaluation(evaluation, {"model.onnx": model})
    with ThreadPoolExecutor(max_workers=1) as pool:
        with store.write() as uow:
            assert uow.evidence.evaluation_by_key("key") == evaluation
            collecting = pool.submit(collect, store, files, -1)
            if uow.connection.dialect.name == "postgresql":
                assert collecting.result(timeout=60).freed.files == 0, "it passes over what others hold"
            assert uow.evidence.has_files(evaluation.id)
        collecting.result(timeout=60)


def test_two_collectors_delete_each_file_once(
    artifacts: Artifacts, files: Files, store: SqlStore, tmp_path: Path
) -> None:
    for number in range(120):
        (tmp_path / "one").write_bytes(str(number).encode())
        artifacts.put(tmp_path / "one", "text/plain")
    with ThreadPoolExecutor(max_workers=2) as pool:
        freed = [pool.submit(collect_all, store, files, -1) for _ in range(2)]
        assert sum(total.result(timeout=60).files for total in freed) == 120
    assert list(files.list()) == []
