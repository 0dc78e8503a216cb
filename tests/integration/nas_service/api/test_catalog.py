"""What a spec may name."""

from datetime import timedelta
from typing import Any

import jsonschema
import numpy as np
import pytest
from starlette.testclient import TestClient

import search_spaces
from nas_service.api.examples import JSON_EXAMPLES
from nas_service.bootstrap import Service
from nas_service.domain.entities import Measurement, Worker, new_id
from nas_service.domain.formats import RUNS
from nas_service.domain.recipe import STEPS
from nas_service.domain.spec import TargetSpec
from tests.support.values import NOW


@pytest.mark.parametrize("name", search_spaces.names())
def test_a_space_tells_its_choices_and_its_exact_size(client: TestClient, name: str) -> None:
    listed = {item["name"]: item for item in client.get("/v1/spaces").json()["items"]}
    for preset in listed[name]["presets"]:
        told = client.get(f"/v1/spaces/{name}", params={"preset": preset}).json()
        space = search_spaces.get(name, preset=preset)
        assert told["preset"] == preset
        assert told["size"] == str(space.size())
        assert [choice["name"] for choice in told["choices"]] == [choice.name for choice in space.choices]
        optional = [choice.name for choice in space.declare(preset) if choice.default is not None]
        assert [choice["name"] for choice in told["optional_choices"]] == optional
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
    assert device["noise"] is None
    found = client.get("/v1/targets").json()["items"]
    assert [(t["device"], t["runtime"], t["precision"]) for t in found] == [("local", *run) for run in RUNS]
    of = {(t["runtime"], t["precision"]): t for t in found}
    assert of["onnxruntime", "fp32"]["available"]
    assert not of["openvino", "fp32"]["available"]
    assert of["openvino", "fp32"]["reason"] == "openvino is not installed; pip install openvino"
    assert "update" in of["torch", "fp32"]["reason"]


def test_a_device_tells_how_noisy_its_last_hundred_timings_were(
    client: TestClient, service: Service, live_worker: Worker
) -> None:
    """The one before was much worse, and a timing that another tenant's device took is none of ours."""
    taken = [(99, 0.9, True, None), *((n, 0.01 + n / 1000, n < 25, None) for n in range(99)), (5, 0.5, True, "another")]
    with service.store.write() as uow:
        for minutes_ago, ratio, noisy, owner in [(200, 0.9, True, None), *taken]:
            at = NOW - timedelta(minutes=minutes_ago)
            uow.evidence.add_measurement(
                Measurement(new_id("m"), "a" * 64, TargetSpec(), "f00d", 1.0, None, noisy, {}, at, ratio, owner)
            )
    [device] = client.get("/v1/devices").json()["items"]
    assert device["noise"]["measurement_count"] == 100
    assert device["noise"]["noisy_share"] == pytest.approx(0.26)
    assert device["noise"]["half_width_ratio"] == pytest.approx(0.0595)
    history = device["noise"].pop("history")
    assert len(history) == 100
    assert history == sorted(history, reverse=True)  # oldest first, and each was steadier than the one before
    assert client.get("/v1/targets").json()["items"][0]["noise"] == device["noise"]


def test_without_workers_nothing_is_available_and_the_mend_is_told(client: TestClient) -> None:
    assert client.get("/v1/devices").json()["items"] == []
    found = client.get("/v1/targets").json()["items"]
    assert {(t["device"], t["available"], t["seen_s_ago"]) for t in found} == {("local", False, None)}
    assert "nas worker" in found[0]["reason"]


def test_a_remote_device_that_is_away_is_still_a_target(client: TestClient, service: Service) -> None:
    device = {"id": "b0a2d", "name": "board", "runtimes": {"onnxruntime": {"available": True}}}
    with service.store.write() as uow:
        uow.workers.beat(Worker("agent", "board", 7, ("profile.board",), device, 0.0, remote=True))

    def onnxruntime() -> dict[str, Any]:
        found = client.get("/v1/targets").json()["items"]
        return next(t for t in found if (t["device"], t["runtime"]) == ("board", "onnxruntime"))

    assert onnxruntime()["available"]
    with service.store.write() as uow:
        uow.workers.forget("agent")
    assert "nas agent --device board" in onnxruntime()["reason"]
    assert onnxruntime()["seen_s_ago"] is not None
