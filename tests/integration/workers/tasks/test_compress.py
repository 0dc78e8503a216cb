"""Real tiny searches that end with a child beside the finished network: in int8, and with an early exit."""

import json
import threading
import zipfile
from pathlib import Path

import onnx
import pytest
import torch

import search_spaces
from benchmarks.no_op_workers import QUEUES
from nas_service.bootstrap import Service
from nas_service.domain.compression.quantize_int8 import QuantizeInt8Options
from nas_service.domain.entities import Candidate
from nas_service.domain.spec import RecipeEntry, SearchSpec
from nas_service.domain.states import CandidateStatus, SearchStatus
from nas_service.search.memories import SqlMemories
from nas_service.use_cases import queries, work
from nas_service.use_cases.advance import advance
from nas_service.use_cases.submit import submit
from tests.support.tiny import tiny_search
from workers.bundle.card_format import Card
from workers.bundle.checks.accuracy import check_accuracy
from workers.bundle.checks.files import check_files
from workers.bundle.checks.network import check_cost, check_outputs
from workers.bundle.checks.report import Check
from workers.data import load_dataset
from workers.execution import Executor

LEASE_S = 60.0


def finished(service: Service, step: RecipeEntry) -> list[Candidate]:
    """Parent and child of a search that really ran to its end."""
    parts = {"budget": {"candidates": 1}, "finalize": {"recipe": [step], "timings": 1}}
    search = submit(service.store, [], SearchSpec.model_validate(tiny_search(**parts)))[0]
    executor, memories = Executor(service, threading.Event()), SqlMemories()
    for _ in range(50):
        advance(service.store, memories, search.id)
        item = work.claim(service.store, QUEUES, "worker-of-this-test", LEASE_S)
        if item is None:
            break
        executor.do(item)
    with service.store.read() as uow:
        assert uow.searches.get(search.id).status is SearchStatus.SUCCEEDED
        return list(uow.candidates.finalized(search.id))


def unpacked(service: Service, candidate: Candidate, folder: Path) -> Path:
    with service.store.read() as uow:
        bundle = queries.candidate(uow, candidate.id).artifacts["bundle.zip"]
    with zipfile.ZipFile(service.artifacts.open_path(bundle.sha256)) as archive:
        archive.extractall(folder)
    return folder


def disagreeing(bundle: Path, card: Card, cache: Path) -> list[Check]:
    data = load_dataset(card.dataset.spec, (), cache)
    checks = [check_files(bundle), check_cost(bundle, card)]
    checks += [check_outputs(bundle, (file, card.dataset), data) for file in card.files]
    checks += [check_accuracy("test", file, data, bundle) for file in card.files]
    return [check for check in checks if not check.agrees]


def test_a_finished_network_has_its_int8_child_beside_it(service: Service, tmp_path: Path, cache: Path) -> None:
    parent, child = finished(service, "quantize-int8")
    assert (child.parent_id, child.recipe, child.number) == (
        parent.id,
        ({"quantize-int8": QuantizeInt8Options().model_dump(mode="json")},),
        1,
    )
    assert child.status is CandidateStatus.COMPLETED
    assert child.final is not None
    assert parent.final is not None

    lineage = child.final["lineage"]
    compared = lineage["comparison"]
    assert compared["macs"] == {"parent": parent.metrics["macs"], "child": parent.metrics["macs"]}
    assert compared["params"]["child"] == compared["params"]["parent"]
    assert compared["size_bytes"]["child"] < 0.7 * compared["size_bytes"]["parent"]
    assert compared["latency_ms@0"]["child"] == child.final["latency"]["0"]["median_ms"]
    assert child.final["file"] == "model.int8.onnx"
    assert compared["accuracy"]["child"] == child.final["validation_accuracy"] == child.metrics["accuracy"]

    bundle = unpacked(service, child, tmp_path / "bundle")
    card = Card.model_validate_json((bundle / "card.json").read_bytes())
    assert card.lineage is not None
    assert card.lineage.helps == lineage["helps"]
    assert card.latencies[0].target.precision == "int8"
    assert [file.name for file in card.files] == ["model.onnx", "model.int8.onnx", "model.pt2"]
    assert disagreeing(bundle, card, cache) == []

    network = search_spaces.load(bundle)
    assert network(torch.zeros(3, 1, 8, 8)).shape == (3, 10)
    document = json.loads((bundle / "architecture.json").read_text())
    assert document["compressed"] == {
        "program": "model.pt2",
        "recipe": [{"quantize-int8": QuantizeInt8Options().model_dump(mode="json")}],
    }
    (bundle / "architecture.json").write_text(json.dumps(document | {"compressed": {"program": "../model.pt2"}}))
    with pytest.raises(search_spaces.SpaceError, match="outside of the bundle"):
        search_spaces.load(bundle)


def test_a_child_with_an_early_exit_is_what_its_card_says(service: Service, tmp_path: Path, cache: Path) -> None:
    _, child = finished(service, {"early-exit": {"max_loss": 50, "positions": 2}})
    assert child.status is CandidateStatus.COMPLETED
    bundle = unpacked(service, child, tmp_path / "bundle")
    card = Card.model_validate_json((bundle / "card.json").read_bytes())
    assert card.lineage is not None
    assert card.lineage.steps[0]["facts"]["exit_share"] > 0
    assert disagreeing(bundle, card, cache) == []
    assert "If" in {node.op_type for node in onnx.load(bundle / "model.onnx").graph.node}
    assert search_spaces.load(bundle)(torch.zeros(3, 1, 8, 8)).shape == (3, 10)
