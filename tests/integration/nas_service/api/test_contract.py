"""Property tests made from the OpenAPI document: whatever is sent, no answer leaves the contract."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis import checks

from nas_service.api.app import create_app
from nas_service.domain.entities import Worker, profile_queue
from nas_service.search.memories import SqlMemories
from nas_service.use_cases.submit import submit
from nas_service.wire.spec_problems import spec_of
from tests.integration.nas_service.api.conftest import LOOPBACK, SPEC
from tests.support import no_op_workers
from tests.support.api import new_service

CONTRACT = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def served_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The application with something in its store."""
    with new_service(Path(tmp_path_factory.mktemp("contract")) / "home") as service:
        search, _ = submit(service.store, service.checks, spec_of(SPEC))
        no_op_workers.run_to_end(service.store, SqlMemories(), search.id)
        with service.store.write() as uow:
            uow.workers.beat(Worker("worker-1", "host", 1, (profile_queue("local"),), {"id": "f00d"}, 0.0))
        yield create_app(service)


@pytest.fixture
def api_schema(served_app: FastAPI) -> Any:
    """The schema as schemathesis reads it."""
    return schemathesis.openapi.from_asgi("/openapi.json", served_app, base_url=LOOPBACK)


schema = schemathesis.pytest.from_fixture("api_schema")


@schema.parametrize()
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
def test_no_answer_leaves_the_contract(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=CONTRACT, headers={"Host": "127.0.0.1"})
