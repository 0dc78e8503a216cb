"""Submitting: what is accepted, what is refused, and what happens when it is sent twice."""

import json
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

from nas_service.api.examples import JSON_EXAMPLES, QUICKSTART_YAML
from nas_service.api.spec_body import MAX_BODY_BYTES
from tests.integration.nas_service.api.conftest import SPEC

YAML = {"Content-Type": "application/yaml"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("example", JSON_EXAMPLES)
def test_every_example_of_the_openapi_page_is_accepted(client: TestClient, example: str) -> None:
    answer = client.post("/v1/searches", json=JSON_EXAMPLES[example]["value"])
    assert answer.status_code == 202
    assert answer.json()["status"] == "QUEUED"
    assert client.get(answer.headers["Location"]).json()["id"] == answer.json()["id"]


def test_yaml_and_json_give_the_same_spec(client: TestClient) -> None:
    from_yaml = client.post("/v1/searches", content=QUICKSTART_YAML, headers=YAML)
    from_json = client.post("/v1/searches", json=yaml.safe_load(QUICKSTART_YAML))
    assert from_yaml.status_code == 202
    assert from_yaml.json()["spec"] == from_json.json()["spec"]


def test_the_same_key_and_spec_give_the_same_search(client: TestClient) -> None:
    first = client.post("/v1/searches", json=SPEC, headers={"Idempotency-Key": "mine"})
    again = client.post("/v1/searches", json=SPEC, headers={"Idempotency-Key": "mine"})
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.headers["Idempotent-Replay"] == "true"
    assert "Idempotent-Replay" not in first.headers
    assert again.json()["id"] == first.json()["id"]
    assert len(client.get("/v1/searches").json()["items"]) == 1


def test_a_key_used_for_another_spec_is_a_conflict(client: TestClient) -> None:
    client.post("/v1/searches", json=SPEC, headers={"Idempotency-Key": "mine"})
    answer = client.post("/v1/searches", json=SPEC | {"seed": 1}, headers={"Idempotency-Key": "mine"})
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/idempotency-key-reused"


def test_without_a_key_each_submission_is_a_search(client: TestClient) -> None:
    ids = {client.post("/v1/searches", json=SPEC).json()["id"] for _ in range(2)}
    assert len(ids) == 2


def test_a_misspelt_field_is_named_with_the_nearest_valid_one(client: TestClient) -> None:
    answer = client.post("/v1/searches", json=SPEC | {"strategy": {"samplr": "tpe"}})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/invalid-spec"
    [error] = answer.json()["errors"]
    assert error["field"] == "strategy.samplr"
    assert "did you mean `sampler`?" in error["message"]


def test_a_spec_that_cannot_succeed_is_refused_with_every_field_at_fault(client: TestClient) -> None:
    spec = SPEC | {"dataset": {"name": "digitz"}, "training": {"recipe": ["mixupp"]}}
    answer = client.post("/v1/searches", json=spec)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"dataset.name", "training.recipe.0"}
    assert client.get("/v1/searches").json()["items"] == []


@pytest.mark.parametrize(
    ("content", "headers", "status", "slug"),
    [
        (b"{", JSON, 400, "malformed-json"),
        (b"\xff", JSON, 400, "malformed-json"),
        (b"[" * 200_000, JSON, 400, "malformed-json"),
        (b'{"seed": NaN}', JSON, 400, "malformed-json"),
        (b"", JSON, 400, "malformed-json"),
        (b"dataset: {name: digits", YAML, 400, "malformed-yaml"),
        (b"\xff\xfe\xfd", YAML, 400, "malformed-yaml"),
        (b"[" * 200_000, YAML, 400, "malformed-yaml"),
        (b"a: &a [1]\nb: *a", YAML, 400, "malformed-yaml"),
        (b"a: !!python/object/apply:os.getcwd []", YAML, 400, "malformed-yaml"),
        (b"seed: !!int ''", YAML, 400, "malformed-yaml"),
        (b"seed: !!timestamp now", YAML, 400, "malformed-yaml"),
        (b"seed: 1\n---\nseed: 2", YAML, 400, "malformed-yaml"),
        (b"", YAML, 422, "invalid-spec"),
        (b"[]", JSON, 422, "invalid-spec"),
        (b"dataset: {name: digits}", {"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
        (b"dataset: {name: digits}", {}, 415, "unsupported-media-type"),
        (b" " * (MAX_BODY_BYTES + 1), JSON, 413, "body-too-large"),
    ],
)
def test_a_body_that_is_no_document_is_refused_by_name(
    client: TestClient, content: bytes, headers: dict[str, str], status: int, slug: str
) -> None:
    answer = client.post("/v1/searches", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{slug}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "a\0b"}, "name"),
        ({"space": {"choices": {"a\0": [1]}}}, "space.choices"),
        ({"constraints": [{"metric": "macs", "max": 1e999}]}, "constraints.0.max"),
    ],
)
def test_what_a_database_cannot_keep_is_refused(client: TestClient, change: dict[str, Any], field: str) -> None:
    content = json.dumps(SPEC | change).replace("Infinity", "1e999")
    answer = client.post("/v1/searches", content=content, headers=JSON)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
