"""From a spec to verified downloads, through the API alone, with everything real: training, timing, bundles."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import optuna
import pytest
import torch
from sklearn.datasets import load_digits

import search_spaces
from nas_service.api.app import create_app
from nas_service.client import Client
from nas_service.domain.entities import WorkKind
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus
from nas_service.domain.timings import location_of
from nas_service.wire.candidates import FrontInfo
from nas_service.wire.searches import SearchDetail, SearchEvent
from tests.support.api import new_service, serving
from tests.support.service import RunningService
from tests.support.tiny import tiny_search

pytestmark = pytest.mark.e2e

CANDIDATES = 4
SEARCH_TIMEOUT_S = 300.0
BUNDLE = {
    "architecture.json",
    "architecture.svg",
    "card.json",
    "model.onnx",
    "README.md",
    "SHA256SUMS",
    "weights.safetensors",
}


def finish(service: RunningService, search: SearchDetail) -> SearchDetail:
    return service.client.wait(search.id, poll_s=0.2, timeout_s=SEARCH_TIMEOUT_S)


@pytest.fixture(scope="module")
def search(service: RunningService) -> SearchDetail:
    """A search that has ended well, finished as by default."""
    ended = finish(service, service.client.submit(tiny_search(budget={"candidates": CANDIDATES}, finalize={})))
    assert ended.status is SearchStatus.SUCCEEDED, ended.failure
    return ended


@pytest.fixture(scope="module")
def bundles(service: RunningService, search: SearchDetail, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The downloads of all members of the front."""
    folder = tmp_path_factory.mktemp("bundles")
    members = service.client.front(search.id).members
    return [service.client.download_bundle(m.candidate.id, folder / m.candidate.id) for m in members]


def test_every_candidate_of_the_budget_is_completed(service: RunningService, search: SearchDetail) -> None:
    assert search.candidates == {CandidateStatus.COMPLETED: CANDIDATES}
    assert search.stop_reason == f"budget: {CANDIDATES} candidates"
    assert [c.number for c in service.client.candidates(search.id)] == list(range(CANDIDATES))


def test_a_calm_search_loses_no_lease_no_process_and_no_transaction(
    service: RunningService, search: SearchDetail
) -> None:
    """Exports and data sets load in the main thread of a worker: its heartbeat has to go on beside them."""
    for trouble in ("leases expired", "child died", "locked", "the lease was lost", "unexpected"):
        assert trouble not in service.logs()


def test_stock_optuna_finds_the_same_front_in_the_same_database(service: RunningService, search: SearchDetail) -> None:
    """By the numbers that the search went by: a near-tie that was timed again has better ones since."""
    study = optuna.load_study(study_name=search.id, storage=service.database_url)
    again = {e.payload["number"] for e in service.client.events(search.id) if e.kind == "candidate.remeasured"}
    assert [t.number for t in study.trials] == list(range(CANDIDATES))
    for trial, candidate in zip(study.trials, service.client.candidates(search.id), strict=True):
        assert trial.user_attrs["architecture_key"] == candidate.architecture_key
        if candidate.number not in again:
            assert tuple(trial.values) == (candidate.metrics["accuracy"], candidate.metrics["latency_ms@0"])
    front = service.client.front(search.id)
    assert front.figures == "final"
    finalized = {m.candidate.number for m in (*front.members, *front.near, *front.dominated)}
    assert again or finalized == {t.number for t in study.best_trials}


def test_a_bundle_is_whole_and_its_checksums_are_right(bundles: list[Path]) -> None:
    for bundle in bundles:
        assert {path.name for path in bundle.iterdir()} == BUNDLE
        for line in (bundle / "SHA256SUMS").read_text().splitlines():
            sha256, name = line.split()
            assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == sha256


def test_a_latency_is_that_of_at_least_three_timings(bundles: list[Path]) -> None:
    for bundle in bundles:
        (latency,) = json.loads((bundle / "card.json").read_text())["latencies"]
        timings_ms = latency["timings_ms"]
        assert len(timings_ms) in {3, 5}
        assert latency["median_ms"] == pytest.approx(location_of(timings_ms))
        assert latency["ci95_low_ms"] <= latency["median_ms"] <= latency["ci95_high_ms"]
        assert f"of {len(timings_ms)} timings" in (bundle / "README.md").read_text()


def test_in_another_home_its_file_gives_the_same_front_and_bundles_that_agree_with_their_cards(
    service: RunningService, search: SearchDetail, tmp_path: Path
) -> None:
    """Latencies aside: other searches may train beside this test."""
    file = service.client.export_search(search.id, tmp_path / "search.zip")
    with new_service(tmp_path / "home") as elsewhere, serving(create_app(elsewhere)) as url, Client(url) as client:
        imported = client.import_search(file)
        assert _numbers(client.front(imported.id)) == _numbers(service.client.front(search.id))
        for before, after in zip(service.client.candidates(search.id), client.candidates(imported.id), strict=True):
            was, is_now = service.client.candidate(before.id), client.candidate(after.id)
            assert [m.median_ms for m in was.measurements] == [m.median_ms for m in is_now.measurements]
            assert (was.evaluation is not None, is_now.evaluation is not None) == (True, True)
        member = client.front(imported.id).members[0]
        bundle = client.download_bundle(member.candidate.id, tmp_path / "bundle")
    done = subprocess.run(
        [sys.executable, "-m", "workers.bundle.verify", str(bundle), "--json", "--seconds", "0.3"],
        capture_output=True,
        text=True,
        check=False,
    )
    checks = {check["name"]: check["agrees"] for check in json.loads(done.stdout)["checks"]}
    assert len(checks) > 5
    assert [name for name, agrees in checks.items() if agrees is not True and "latency" not in name] == []


def _numbers(front: FrontInfo) -> list[tuple[object, ...]]:
    return [(m.candidate.number, m.candidate.architecture_key, m.metrics, m.probability) for m in front.members]


def test_the_exported_model_and_the_loaded_network_agree_on_raw_pixels(bundles: list[Path]) -> None:
    pixels = (load_digits().images[:64, None] / 16).astype(np.float32)
    for bundle in bundles:
        session = onnxruntime.InferenceSession(bundle / "model.onnx", providers=["CPUExecutionProvider"])
        (exported,) = session.run(None, {session.get_inputs()[0].name: pixels})
        with torch.inference_mode():
            loaded = search_spaces.load(bundle)(torch.from_numpy(pixels)).numpy()
        np.testing.assert_allclose(exported, loaded, atol=1e-4)
        assert (exported.argmax(1) == load_digits().target[:64]).mean() > 0.2, "no better than guessing"


def test_the_card_of_a_finalized_candidate_tells_its_test_accuracy_once(
    service: RunningService, search: SearchDetail
) -> None:
    for member in service.client.front(search.id).members:
        detail = service.client.candidate(member.candidate.id)
        assert detail.final is not None
        assert 0 < detail.final["test_accuracy"] <= 1
        assert detail.final["sharpness"]["loss_rise"] > 0
        assert [w.kind for w in detail.work if w.kind is WorkKind.FINALIZE] == [WorkKind.FINALIZE]


def story(events: list[SearchEvent]) -> dict[object, list[object]]:
    """The statuses that each candidate went through, by number; those of the search under None."""
    told: dict[object, list[object]] = {}
    for event in events:
        if event.kind in {"search.status", "candidate.status"}:
            told.setdefault(event.payload.get("number"), []).append(event.payload["status"])
    return told


def test_events_tell_the_whole_story_in_order(service: RunningService, search: SearchDetail) -> None:
    events = list(service.client.events(search.id))
    assert [e.id for e in events] == sorted({e.id for e in events})
    assert events[0].kind == "search.submitted"
    assert [e.payload["phase"] for e in events if e.kind == "search.phase"] == [
        SearchPhase.SEARCH,
        SearchPhase.FINALIZE,
    ]
    told = story(events)
    assert told.pop(None) == ["RUNNING", "SUCCEEDED"]
    assert told == {n: ["EVALUATING", "EVALUATED", "PROFILING", "COMPLETED"] for n in range(CANDIDATES)}
    finalized = {e.payload["candidate_id"] for e in events if e.kind == "candidate.finalized"}
    front = service.client.front(search.id)
    assert finalized == {m.candidate.id for m in (*front.members, *front.near, *front.dominated)}
    assert events[-1].payload["status"] == "SUCCEEDED"


def test_events_go_on_after_the_last_one_seen(service: RunningService, search: SearchDetail) -> None:
    events = list(service.client.events(search.id))
    middle = len(events) // 2
    assert list(service.client.events(search.id, events[middle].id)) == events[middle + 1 :]
    assert list(service.client.events(search.id, events[-1].id)) == []


def test_an_equal_search_reuses_every_evaluation(service: RunningService, search: SearchDetail) -> None:
    again = finish(service, service.client.submit(tiny_search(budget={"candidates": CANDIDATES})))
    assert again.status is SearchStatus.SUCCEEDED
    assert again.reused_count == CANDIDATES
    for first, second in zip(service.client.candidates(search.id), service.client.candidates(again.id), strict=True):
        assert second.evaluation_reused
        assert second.architecture_key == first.architecture_key
        assert second.metrics["accuracy"] == first.metrics["accuracy"]
        kinds = {work.kind for work in service.client.candidate(second.id).work}
        assert WorkKind.EVALUATE not in kinds


def test_a_candidate_that_diverges_fails_by_name_and_the_search_goes_on(service: RunningService) -> None:
    space = tiny_search()["space"] | {"name": "fragile"}
    space["choices"] |= {"width_multiplier": [1.0], "head_width": [64, 96]}
    space["choices"] |= {f"stage{n}_activation": ["relu"] for n in (1, 2)}
    ended = finish(service, service.client.submit(tiny_search(space=space, budget={"candidates": 4})))
    assert ended.status is SearchStatus.SUCCEEDED, ended.failure
    assert ended.candidates == {CandidateStatus.COMPLETED: 2, CandidateStatus.FAILED: 2}
    for candidate in service.client.candidates(ended.id):
        broken = candidate.architecture["head_width"] == 96
        assert (candidate.status is CandidateStatus.FAILED) is broken
        if broken:
            assert candidate.failure is not None
            assert candidate.failure.problem == "training-diverged"
            assert "learning_rate" in candidate.failure.detail
            (work,) = service.client.candidate(candidate.id).work
            assert work.attempt == 1, "a divergence repeats itself: there is nothing to try again"
