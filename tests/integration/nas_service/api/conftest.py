"""The real application on a real SQLite store, and searches that really ran, by workers that make results up."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from benchmarks import no_op_workers
from nas_service.api.app import create_app
from nas_service.bootstrap import Service
from nas_service.domain.entities import Worker, profile_queue
from nas_service.search.memories import SqlMemories
from tests.support.api import new_service, plain_logs

LOOPBACK = "http://127.0.0.1"

SPEC: dict[str, Any] = {
    "name": "made-up",
    "dataset": {"name": "digits"},
    "strategy": {"sampler": "random"},
    "budget": {"candidates": 6, "parallelism": 2},
}


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """Failing requests are part of the tests: their logs must not slow them."""
    with plain_logs():
        yield


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service with an empty database."""
    with new_service(tmp_path / "home") as service:
        yield service


@pytest.fixture
def app(service: Service) -> FastAPI:
    """The application."""
    return create_app(service)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Speaks to the application as a program on this machine would; server errors become answers, as in production."""
    with TestClient(app, base_url=LOOPBACK, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def search_id(client: TestClient) -> str:
    """A search that waits to be worked on."""
    return str(client.post("/v1/searches", json=SPEC).json()["id"])


@pytest.fixture
def finished_id(service: Service, search_id: str) -> str:
    """A search that has succeeded."""
    no_op_workers.run_to_end(service.store, SqlMemories(), search_id)
    return search_id


@pytest.fixture
def live_worker(service: Service) -> Worker:
    """A worker that was just heard of."""
    runtimes = {
        "onnxruntime": {"available": True, "versions": {"onnxruntime": "1"}},
        "openvino": {"available": False, "reason": "openvino is not installed; pip install openvino"},
    }
    device = {"id": "f00d", "name": "bench", "cpu_model": "made up", "runtimes": runtimes}
    worker = Worker("worker-1", "host", 1, ("train", profile_queue("local")), device, 0.0)
    with service.store.write() as uow:
        uow.workers.beat(worker)
    return worker
