"""From a spec with an fp32 and an int8 target to a verified bundle of both files, with everything real."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nas_service.domain.states import SearchStatus
from tests.support.service import RunningService
from tests.support.tiny import tiny_search

pytestmark = pytest.mark.e2e

TARGETS = [{"precision": "fp32"}, {"precision": "int8"}]
OBJECTIVES = [{"metric": "accuracy", "target": 1}, {"metric": "latency_ms", "target": 1}]


def test_a_search_by_the_int8_files_accuracy_ends_with_bundles_that_agree_with_their_cards(
    service: RunningService, tmp_path: Path
) -> None:
    spec = tiny_search(targets=TARGETS, objectives=OBJECTIVES, budget={"candidates": 2}, seed=21)
    ended = service.client.wait(service.client.submit(spec).id, poll_s=0.2, timeout_s=300.0)
    assert ended.status is SearchStatus.SUCCEEDED, ended.failure
    front = service.client.front(ended.id)
    assert [axis.key for axis in front.axes] == ["accuracy@1", "latency_ms@1"]
    found = service.client.candidate(front.members[0].candidate.id)
    assert found.evaluation is not None
    exports = {export.format: export for export in found.evaluation.exports}
    assert set(exports) == {"onnx", "onnx-int8"}
    assert found.metrics["accuracy@1"] == exports["onnx-int8"].validation_accuracy
    timed = {measurement.target.precision for measurement in found.measurements}
    assert timed == {"fp32", "int8"}
    bundle = service.client.download_bundle(found.id, tmp_path / "bundle")
    card = json.loads((bundle / "card.json").read_text())
    assert [file["name"] for file in card["files"]] == ["model.onnx", "model.int8.onnx"]
    assert found.final is not None
    assert found.final["file"] == "model.int8.onnx"
    assert found.final["test_accuracy"] == card["files"][1]["test"]["accuracy"]
    _verify(bundle)
    (bundle / "model.int8.onnx").write_bytes((bundle / "model.onnx").read_bytes())
    wrong = {check["name"] for check in _verification(bundle)["checks"] if check["agrees"] is False}
    assert {"files", "model.int8.onnx"} <= wrong


def _verify(bundle: Path) -> None:
    """Latencies are another test's: on a busy machine a short timing says little."""
    checks = {check["name"]: check for check in _verification(bundle)["checks"]}
    judged = [check for name, check in checks.items() if not name.startswith("latency")]
    assert [check for check in judged if check["agrees"] is not True] == []
    assert {"outputs, model.int8.onnx", "test accuracy, model.int8.onnx", "latency on target 1"} <= set(checks)


def _verification(bundle: Path) -> dict[str, list[dict[str, object]]]:
    command = [sys.executable, "-m", "workers.bundle.verify", str(bundle), "--json", "--seconds", "0.2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    report: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return report
