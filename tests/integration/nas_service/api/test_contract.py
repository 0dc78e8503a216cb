"""Property tests made from the OpenAPI document: whatever is sent, no answer leaves the contract."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans, sampled_from
from schemathesis import checks

from benchmarks import no_op_workers
from nas_service.api.app import create_app
from nas_service.domain.entities import DEFAULT_TENANT, Worker, profile_queue
from nas_service.domain.identity import Scope
from nas_service.search.memories import SqlMemories
from nas_service.use_cases.keys import create_key
from nas_service.use_cases.ports import Page
from nas_service.use_cases.submit import submit
from nas_service.wire.agents import VERSION_HEADER
from nas_service.wire.spec_problems import spec_of
from tests.integration.nas_service.api.conftest import SPEC
from tests.support.api import new_service, serving
from tests.support.uploads import PETS
from tests.support.values import PREDICTOR, WEBHOOK

EXAMPLES = 20

CONTRACT = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


TOKEN = "token"
GUARDED: dict[str, Any] = {"require_keys": True, "rate_limit": "", "submit_rate_limit": "", "wrong_key_rate_limit": ""}
"""Keys are asked for; without limits, which would soon answer everything."""

Known = dict[str, str]
"""Path parameters of things that are in the store: random ids would only ever find nothing."""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Known]]:
    """A real server whose store has a finished search, an uploaded data set and a predictor, and their ids."""
    folder = tmp_path_factory.mktemp("contract")
    file = folder / "model.onnx"
    file.write_bytes(b"made up")
    with new_service(folder / "home", **GUARDED) as service:
        search, _ = submit(service.store, service.checks, spec_of(SPEC))
        no_op_workers.run_to_end(service.store, SqlMemories(), search.id)
        artifact = service.artifacts.put(file, "application/octet-stream")
        with service.store.write() as uow:
            uow.workers.beat(Worker("worker-1", "host", 1, (profile_queue("local"),), {"id": "f00d"}, 0.0))
            [candidate], _ = uow.candidates.page(search.id, Page(limit=1))
            no_work = uow.work.of_candidate(candidate.id)[0]
            uow.evidence.add_artifact(artifact)
            uow.evidence.link_artifact(candidate.id, file.name, artifact.sha256)
            uow.datasets.add(replace(PETS, sha256=artifact.sha256))
            uow.predictors.put(PREDICTOR, {})
            uow.webhooks.add(WEBHOOK)
        with serving(create_app(service)) as url:
            known = {"search_id": search.id, "candidate_id": candidate.id, "name": file.name, "dataset_id": PETS.id}
            key, token = create_key(service.store, DEFAULT_TENANT, "operator", [Scope.OPERATOR])
            known |= {
                "predictor_id": PREDICTOR.id,
                "webhook_id": WEBHOOK.id,
                "item_id": no_work.id,
                "worker_id": "worker-1",
                "key_id": key.id,
                "tenant": "vision",
            }
            yield url, known | {TOKEN: token}


def _check(operation: schemathesis.APIOperation, known: Known) -> None:
    if operation.path == "/v1/spaces/{name}":
        known = known | {"name": "mobilenet"}
    # 503 is what /readyz is for: on a slow day the one worker here has not been heard of for too long.
    wanted = CONTRACT[1:] if operation.path == "/readyz" else CONTRACT

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(), booleans(), sampled_from([True, True, True, False]))
    def no_answer_leaves_the_contract(case: schemathesis.Case, of_stored: bool, has_key: bool) -> None:
        if has_key:
            case.headers["Authorization"] = f"Bearer {known[TOKEN]}"
        if of_stored and case.method != "DELETE":
            case.path_parameters.update({name: known[name] for name in case.path_parameters})
            if operation.path.startswith("/v1/agent/"):
                case.headers[VERSION_HEADER] = version("nas-service")
        case.call_and_validate(checks=wanted)

    no_answer_leaves_the_contract()


def test_no_answer_of_any_operation_leaves_the_contract(stored: tuple[str, Known]) -> None:
    url, known = stored
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 20
    for operation in operations:
        _check(operation, known)
