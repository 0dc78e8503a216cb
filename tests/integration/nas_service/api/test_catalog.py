"""What a spec may name."""

import jsonschema
import numpy as np
import pytest
from starlette.testclient import TestClient

import search_spaces
from nas_service.api.examples import JSON_EXAMPLES
from nas_service.domain.entities import Worker
from nas_service.domain.recipe import STEPS


@pytest.mark.parametrize("name", search_spaces.names())
def test_a_space_tells_its_choices_and_its_exact_size(client: TestClient, name: str) -> None:
    listed = {item["name"]: item for item in client.get("/v1/spaces").json()["items"]}
    for preset in listed[name]["presets"]:
        told = client.get(f"/v1/spaces/{name}", params={"preset": preset}).json()
        space = search_spaces.get(name, preset=preset)
        assert told["preset"] == preset
        assert told["size"] == str(space.size())
        assert [choice["name"] for choice in told["choices"]] == [choice.name for choice in space.choices]
        [architecture] = space.sample(np.random.default_rng(0), 1)
        jsonschema.validate(dict(architecture.values), told["json_schema"])


@pytest.mark.parametrize("path", ["/v1/spaces/mobilnet", "/v1/spaces/mobilenet?preset=smal"])
def test_an_unknown_space_or_preset_is_answered_with_the_nearest(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/no-such-space"
    assert "did you mean" in answer.json()["detail"]


def test_recipes_are_all_listed(client: TestClient) -> None:
    assert [item["name"] for item in client.get("/v1/recipes").json()["items"]] == list(STEPS)


def test_the_spec_schema_accepts_the_examples_and_refuses_a_misspelling(client: TestClient) -> None:
    schema = client.get("/v1/spec-schema").json()
    for example in JSON_EXAMPLES.values():
        jsonschema.validate(example["value"], schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"dataset": {"name": "digits"}, "trainin": {}}, schema)


def test_devices_and_targets_come_from_workers(client: TestClient, live_worker: Worker) -> None:
    [device] = client.get("/v1/devices").json()["items"]
    assert (device["id"], device["name"], device["live"]) == ("f00d", "bench", True)
    [target] = client.get("/v1/targets").json()["items"]
    assert target == {"device": "local", "runtime": "onnxruntime", "precision": "fp32", "threads": 1, "batch_size": 1}


def test_without_workers_there_are_no_targets(client: TestClient) -> None:
    assert client.get("/v1/targets").json()["items"] == []
    assert client.get("/v1/devices").json()["items"] == []
