"""A search whose space chooses the precision: one front of fp32 and int8 networks, each judged by its own file."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nas_service.domain.formats import ModelFormat
from nas_service.domain.states import SearchStatus
from nas_service.wire.candidates import CandidateDetail
from tests.support.service import RunningService
from tests.support.tiny import tiny_search, tiny_space

pytestmark = pytest.mark.e2e

EXECUTED = {None: ModelFormat.ONNX, "int8": ModelFormat.ONNX_INT8}
TARGETS = [{"batch_size": 8}, {"batch_size": 16}]
# One precision is faster on both targets, so that each is the best by one objective, and the front has both.
OBJECTIVES = [{"metric": "latency_ms", "target": 0}, {"metric": "latency_ms", "target": 1, "goal": "maximize"}]


def one_network_at_both_precisions() -> dict[str, Any]:
    space = tiny_space("precision")
    space["choices"]["precision"] = ["fp32", "int8"]
    return space


def test_one_front_has_networks_of_both_precisions_whose_bundles_agree_with_their_cards(
    service: RunningService, tmp_path: Path
) -> None:
    judged = {"targets": TARGETS, "objectives": OBJECTIVES, "constraints": [{"metric": "accuracy", "min": 0.0}]}
    spec = tiny_search(
        space=one_network_at_both_precisions(), finalize={"remeasure": 0, "timings": 1}, seed=22, **judged
    )
    ended = service.client.wait(service.client.submit(spec).id, poll_s=0.2, timeout_s=150.0)
    assert ended.status is SearchStatus.SUCCEEDED, ended.failure
    members = [service.client.candidate(m.candidate.id) for m in service.client.front(ended.id).members]
    assert {member.precision for member in members} == {None, "int8"}
    for member in members:
        _is_judged_by_its_file(member)
        _agrees_with_its_card(member, service.client.download_bundle(member.id, tmp_path / member.id))
    fp32, int8 = sorted(members, key=lambda member: member.precision or "")
    assert fp32.evaluation is not None
    assert int8.evaluation is not None
    assert fp32.evaluation.result["weights_sha256"] == int8.evaluation.result["weights_sha256"], "it is one network"
    assert int8.metrics["size_bytes"] < fp32.metrics["size_bytes"]


def _is_judged_by_its_file(member: CandidateDetail) -> None:
    assert member.evaluation is not None
    exports = {export.format: export for export in member.evaluation.exports}
    executed = EXECUTED[member.precision]
    assert set(exports) == {ModelFormat.ONNX, ModelFormat.ONNX_INT8}, "one training serves both"
    assert member.metrics["accuracy@0"] == exports[executed].validation_accuracy
    assert {timed.target.precision for timed in member.measurements} == {member.precision or "fp32"}
    assert member.architecture.get("precision") == member.precision


def _agrees_with_its_card(member: CandidateDetail, bundle: Path) -> None:
    """Latencies are another test's: on a busy machine a short timing says little."""
    card = json.loads((bundle / "card.json").read_text())
    assert card["candidate"]["precision"] == member.precision
    assert {timed["target"]["precision"] for timed in card["latencies"]} == {member.precision or "fp32"}
    assert member.final is not None
    executed = EXECUTED[member.precision].file_name
    assert member.final["file"] == executed
    of = {file["name"]: file for file in card["files"]}
    assert member.final["test_accuracy"] == of[executed]["test"]["accuracy"]
    checks = {check["name"]: check for check in _verification(bundle)["checks"]}
    wrong = [c for name, c in checks.items() if not name.startswith("latency") and c["agrees"] is not True]
    assert wrong == []
    assert {f"outputs, {executed}", f"test accuracy, {executed}", "cost"} <= set(checks)


def _verification(bundle: Path) -> dict[str, list[dict[str, object]]]:
    command = [sys.executable, "-m", "workers.bundle.verify", str(bundle), "--json", "--seconds", "0.2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    report: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return report
