"""Uploaded data sets on both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from nas_service.domain.datasets import UploadedDataset
from nas_service.domain.entities import Artifact
from nas_service.domain.errors import ConflictError, FieldProblem, NotFoundError, SpecError
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import SearchStatus
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases import datasets
from nas_service.use_cases.control import cancel, set_status
from nas_service.use_cases.ports import Page
from nas_service.use_cases.submit import submit
from tests.contract.store.test_store import a_search
from tests.support.uploads import PETS
from tests.support.waiting import wait_for

SPEC = SearchSpec.model_validate({"dataset": {"name": PETS.id, "image_size": 8}})
BLOCKED = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def add(store: SqlStore, dataset: UploadedDataset) -> UploadedDataset:
    with store.write() as uow:
        uow.evidence.add_artifact(Artifact(dataset.sha256, dataset.size_bytes, "application/zip"))
        return uow.datasets.add(dataset)


def test_what_is_added_comes_back_as_it_was(store: SqlStore) -> None:
    assert add(store, PETS) == PETS
    with store.read() as uow:
        assert uow.datasets.get(PETS.id) == uow.datasets.by_content("default", PETS.sha256) == PETS


def test_the_same_content_of_one_tenant_is_the_first_one(store: SqlStore) -> None:
    add(store, PETS)
    assert add(store, replace(PETS, id="dataset-1", name="again")) == PETS
    other = replace(PETS, id="dataset-2", tenant="other")
    assert add(store, other) == other
    with store.read() as uow:
        assert (uow.datasets.stored_bytes("default"), uow.datasets.stored_bytes("nobody")) == (100, 0)


def test_lists_go_from_the_newest_on_in_pages(store: SqlStore) -> None:
    made = [
        replace(PETS, id=f"dataset-{n}", sha256=str(n) * 64, created_at=PETS.created_at + timedelta(minutes=n // 2))
        for n in range(5)
    ]
    for dataset in made:
        add(store, dataset)
    found: list[UploadedDataset] = []
    page = Page(limit=2)
    with store.read() as uow:
        for _ in range(3):
            items, cursor = uow.datasets.list(page)
            found += items
            page = Page(limit=2, cursor=cursor)
    assert cursor is None
    assert [dataset.id for dataset in found] == [f"dataset-{n}" for n in (4, 3, 2, 1, 0)]


def test_another_tenants_data_set_is_not_found(store: SqlStore) -> None:
    add(store, PETS)
    other = store.of_tenant("other")
    with other.read() as uow:
        assert uow.datasets.list(Page())[0] == []
        with pytest.raises(NotFoundError):
            uow.datasets.get(PETS.id)
    with pytest.raises(NotFoundError):
        datasets.delete(other, PETS.id)
    with store.of_tenant("default").read() as uow:
        assert uow.datasets.get(PETS.id) == PETS


def test_a_set_deleted_after_the_checks_and_before_the_commit_is_refused(store: SqlStore) -> None:
    add(store, PETS)
    own = store.of_tenant("default")

    def deleted_meanwhile(_: SearchSpec) -> list[FieldProblem]:
        datasets.delete(own, PETS.id)
        return []

    with pytest.raises(SpecError) as caught:
        submit(own, (deleted_meanwhile,), SPEC)
    assert [problem.field for problem in caught.value.problems] == ["dataset.name"]


def wait_until_blocked(store: SqlStore) -> None:
    """On Postgres somebody waits for a lock; SQLite lets nobody even begin to write, which cannot be seen."""

    def is_blocked() -> bool:
        with store.read() as uow:
            return bool(uow.connection.scalar(BLOCKED))

    if store.engine.dialect.name == "postgresql":
        wait_for(is_blocked, "the other transaction to wait")


def test_a_deletion_waits_for_a_submission_that_has_found_the_set(store: SqlStore) -> None:
    add(store, PETS)
    own = store.of_tenant("default")
    with ThreadPoolExecutor(1) as pool:
        with own.write() as uow:
            assert datasets.check_uploaded(uow, SPEC) == []
            deletion = pool.submit(datasets.delete, own, PETS.id)
            wait_until_blocked(store)
            uow.searches.add(a_search(spec=SPEC), "digest")
        with pytest.raises(ConflictError, match="is read by 1"):
            deletion.result()


def test_a_submission_waits_for_a_deletion_and_is_refused(store: SqlStore) -> None:
    add(store, PETS)
    own = store.of_tenant("default")
    with ThreadPoolExecutor(1) as pool:
        with own.write() as uow:
            uow.datasets.lock(PETS.id)
            submission = pool.submit(submit, own, (), SPEC)
            wait_until_blocked(store)
            uow.datasets.delete(PETS.id)
        with pytest.raises(SpecError):
            submission.result()


def test_only_searches_that_are_not_over_hold_a_data_set(store: SqlStore) -> None:
    add(store, PETS)
    own = store.of_tenant("default")
    search, _ = submit(own, (), SPEC)
    submit(own, (), SearchSpec.model_validate({"dataset": {"name": "digits"}}))
    with pytest.raises(ConflictError, match=search.id):
        datasets.delete(own, PETS.id)
    cancelling = cancel(own, search.id)
    with own.write() as uow:
        set_status(uow, cancelling, SearchStatus.CANCELLED)
    datasets.delete(own, PETS.id)
    with own.read() as uow, pytest.raises(NotFoundError, match="/v1/datasets"):
        uow.datasets.get(PETS.id)
