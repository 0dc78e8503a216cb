"""A worker finds an uploaded data set by its id, and only for its own tenant."""

import threading
from pathlib import Path

from benchmarks.no_op_workers import QUEUES
from nas_service.bootstrap import Service
from nas_service.domain.datasets import UploadedDataset
from nas_service.domain.entities import Search
from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import SearchStatus
from nas_service.search.memories import SqlMemories
from nas_service.use_cases import control, work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.datasets import Upload, UploadDesk
from nas_service.use_cases.submit import submit
from tests.support.api import new_service
from tests.support.archives import class_folders, write_zip
from tests.support.tiny import tiny_search
from workers.execution import Executor


def uploaded(service: Service, path: Path) -> UploadedDataset:
    write_zip(path, class_folders({"cat": 4, "dog": 4}))
    desk = UploadDesk(service.store.of_tenant("owner"), service.artifacts, service.inspect)
    made, _ = desk.add(Upload("owner", "pets", path, "0" * 64, path.stat().st_size))
    return made


def prepared(service: Service, tenant: str, dataset: UploadedDataset) -> Search:
    """A search of this tenant on the data set, after its first work item."""
    spec = SearchSpec.model_validate(tiny_search(dataset={"name": dataset.id}))
    search, _ = submit(service.store, (), spec, tenant=tenant)
    advance(service.store, SqlMemories(), search.id)
    item = work.claim(service.store, QUEUES, "worker", 60.0)
    assert item is not None
    Executor(service, threading.Event()).do(item)
    advance(service.store, SqlMemories(), search.id)
    with service.store.read() as uow:
        return uow.searches.get(search.id)


def test_prepare_reads_an_upload_for_its_owner_alone(tmp_path: Path) -> None:
    with new_service(tmp_path / "home") as service:
        dataset = uploaded(service, tmp_path / "pets.zip")
        owners = prepared(service, "owner", dataset)
        control.cancel(service.store, owners.id)
        strangers = prepared(service, "stranger", dataset)
    assert owners.dataset is not None
    assert owners.dataset.classes == ("cat", "dog")
    assert strangers.status is SearchStatus.FAILED
    assert strangers.failure is not None
    assert strangers.failure.problem == "no-such-dataset"
