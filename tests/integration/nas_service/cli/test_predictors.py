"""Latency predictors by REST and by the command line, over a real server; only the timings are made up."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import search_spaces
from benchmarks.no_op_workers import claim, finish
from nas_service.bootstrap import Service
from nas_service.domain.entities import WorkItem, WorkKind
from nas_service.domain.predictors import Subject
from nas_service.domain.spec import TargetSpec
from nas_service.latency.fit import fit_predictor
from nas_service.latency.networks import networks_of
from nas_service.latency.published_table import block_keys
from nas_service.search.memories import SqlMemories
from nas_service.use_cases import work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.predictors import evidence_of, of_one_birthplace
from tests.integration.nas_service.cli.conftest import Nas

AsJson = Callable[..., Any]

NETWORKS = 20
PROFILE = {
    "space": {"name": "mobilenet", "preset": "tiny"},
    "dataset": {"name": "noise:8x8x1x10"},
    "budget": {"candidates": NETWORKS, "parallelism": 2},
}


@pytest.fixture
def profile(service: Service, nas: Nas) -> dict[str, Any]:
    """A profile that was asked for by REST and has ended, as REST shows it."""
    with httpx.Client(base_url=os.environ["NAS_URL"]) as client:
        asked = client.post("/v1/predictors", json=PROFILE)
        assert asked.status_code == 202, asked.text
        memories = SqlMemories()
        while client.get(asked.headers["Location"]).json()["status"] in {"QUEUED", "RUNNING"}:
            advance(service.store, memories, asked.json()["id"])
            if (item := claim(service.store)) is not None:
                _work(service, item)
        found: dict[str, Any] = client.get(asked.headers["Location"]).json()
    return found


def _work(service: Service, item: WorkItem) -> None:
    if item.kind is WorkKind.PROFILE:
        with service.store.read() as uow:
            macs = uow.candidates.get(str(item.candidate_id)).metrics["macs"]
        taken = {"median_ms": 0.01 + macs / 1e6, "peak_memory_mib": 1.0, "noisy": False, "device_id": "device"}
        work.complete(service.store, item, taken | {"birthplace": {"versions": {"onnxruntime": "1"}}})
    elif item.kind is WorkKind.FIT:
        with service.store.read() as uow:
            subject = Subject.of(uow.searches.get(item.search_id))
            timed = of_one_birthplace(uow.predictors.timed(subject, TargetSpec(), "default"))
        fitted = fit_predictor(evidence_of(subject, timed), {})
        birthplace = {"device_id": "device", "versions": {"onnxruntime": "1"}}
        made = {"target": 0, "origin": "measured", "birthplace": birthplace, "measured_count": len(timed)}
        made |= {"report": fitted.report(), "model": fitted.predictor.to_json()}
        work.complete(service.store, item, {"predictors": [made]})
    else:
        finish(service.store, item)


def test_a_profile_ends_with_a_predictor_that_is_listed_shown_and_forgotten(
    profile: dict[str, Any], nas: Nas, as_json: AsJson
) -> None:
    assert profile["status"] == "SUCCEEDED"
    (found,) = as_json("predictors", "list", "--space", "mobilenet")["items"]
    assert found["measured_count"] == found["errors"]["count"] == NETWORKS
    assert found["valid"]
    assert found["errors"]["mape"]["value"] < 0.2
    assert found["id"] in nas("predictors", "list").stdout
    with httpx.Client(base_url=os.environ["NAS_URL"]) as client:
        assert client.get(f"/v1/predictors/{found['id']}").json()["id"] == found["id"]
        figures = client.get(f"/v1/predictors/{found['id']}/figures").json()
        assert len(figures["measured_ms"]) == len(figures["predicted_ms"]) == NETWORKS
        assert as_json("predictors", "delete", found["id"]) == {"deleted": found["id"]}
        assert client.get(f"/v1/predictors/{found['id']}").status_code == 404
    assert as_json("predictors", "list")["items"] == []


def test_a_published_table_is_imported_once_it_is_whole(nas: Nas, as_json: AsJson, tmp_path: Path) -> None:
    space = search_spaces.get("ofa_mobilenetv3", "w1.2", {"resolution": [160]})
    rows = space.to_indices(space.sample(np.random.default_rng(0), 3_000))
    networks = networks_of(space, rows, search_spaces.NetworkInput(3, 1000), (160, 160))
    table = {key: {"mean": 1.0} for key in block_keys(networks) if key is not None}
    (tmp_path / "table.json").write_text(json.dumps(table))
    command = ("predictors", "import", "160=table.json", "--target", "onnxruntime,device=note10")
    made = as_json(*command)
    assert (made["origin"], made["errors"], made["valid"]) == ("imported", None, True)
    (found,) = as_json("predictors", "list", "--device", "note10")["items"]
    assert found["id"] == made["id"]

    (tmp_path / "table.json").write_text(json.dumps(dict(sorted(table.items())[: len(table) // 2])))
    refused = nas(*command)
    assert refused.exit_code != 0
    assert "expanded_conv" in refused.stderr
