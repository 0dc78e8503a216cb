"""Supernets are found by what they depend on, and their files stay as long as somebody may want them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from nas_service.artifacts import Artifacts, Files, open_files
from nas_service.artifacts.copies import LocalCopies
from nas_service.domain.entities import SupernetFacts
from nas_service.domain.states import SearchStatus
from nas_service.store import tables
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases.collect import SUPERNET_UNUSED_S, collect_all
from tests.support.values import a_search

KEY = "c" * 64


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return open_files(str(tmp_path / "files"), "artifacts")


@pytest.fixture
def supernet(files: Files, store: SqlStore, tmp_path: Path) -> SupernetFacts:
    """With its file stored."""
    source = tmp_path / "weights"
    source.write_bytes(b"weights")
    artifact = Artifacts(files, store, LocalCopies(tmp_path / "copies", 2**20)).put(source, "text/plain")
    return SupernetFacts(artifact.sha256, epochs=5, duration_s=2.5, curve=[{"epoch": 0}], trusted=True)


def kept(store: SqlStore, files: Files) -> int:
    collect_all(store, files, grace_s=-1)
    return len(list(files.list()))


def test_a_kept_supernet_is_found_by_its_key_and_the_newest_counts(store: SqlStore, supernet: SupernetFacts) -> None:
    longer = SupernetFacts(supernet.sha256, epochs=10, duration_s=5, curve=[], agreement={"tau": 0.5}, trusted=False)
    for facts in (supernet, longer):
        with store.write() as uow:
            uow.supernets.keep(KEY, facts)
            assert uow.supernets.take(KEY) == facts
            assert uow.supernets.take("d" * 64) is None


def test_its_file_stays_until_no_search_has_taken_it_up_for_long(
    store: SqlStore, files: Files, supernet: SupernetFacts
) -> None:
    with store.write() as uow:
        uow.supernets.keep(KEY, supernet)
    assert kept(store, files) == 1
    unused = tables.supernets.c.used_at_s - SUPERNET_UNUSED_S
    with store.write() as uow:
        uow.connection.execute(tables.supernets.update().values(used_at_s=unused + 60))
    assert kept(store, files) == 1
    with store.write() as uow:
        assert uow.supernets.take(KEY) == supernet
        uow.connection.execute(tables.supernets.update().values(used_at_s=unused - 60))
    assert kept(store, files) == 0


def test_a_search_holds_its_file_until_it_is_collected(store: SqlStore, files: Files, supernet: SupernetFacts) -> None:
    search = a_search(status=SearchStatus.RUNNING)
    with store.write() as uow:
        uow.searches.add(search, "digest")
        uow.searches.update(search.id, supernet=supernet)
    with store.read() as uow:
        assert uow.searches.get(search.id).supernet == supernet
    assert kept(store, files) == 1
    with store.write() as uow:
        uow.searches.update(search.id, status=SearchStatus.SUCCEEDED, finished_at=datetime.now(UTC))
    assert kept(store, files) == 0
    with store.read() as uow:
        assert uow.searches.get(search.id).supernet == supernet
