"""Whether a predictor still holds, and which measurements one is fitted on."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

import search_spaces
from nas_service.domain.entities import Device
from nas_service.domain.predictors import Birthplace, Origin, Predictor, Subject, Timed
from nas_service.domain.spec import TargetSpec
from nas_service.latency.fit import MODEL_VERSION
from nas_service.use_cases.predictors import evidence_of, has_known_model, of_one_birthplace, outdated

SUBJECT = Subject("mobilenet", "tiny", 1, 10, 8, 8)
BORN = Birthplace("d1", {"onnxruntime": "1.31.1", "python": "3.11.7"})
NOW = datetime(2026, 1, 2, tzinfo=UTC)
REPORT = {"model_version": MODEL_VERSION}
PREDICTOR = Predictor("predictor-1", "default", SUBJECT, TargetSpec(), Origin.MEASURED, BORN, 40, REPORT, NOW)


def a_device(device_id: str = "d1", version: str = "1.31.1", available: bool = True) -> Device:
    runtime = {"available": available, "versions": {"onnxruntime": version}}
    return Device({"id": device_id, "name": "desk", "runtimes": {"onnxruntime": runtime}}, False, True, 0.0)


def test_a_predictor_holds_while_device_and_runtime_are_the_same() -> None:
    assert outdated(PREDICTOR, [a_device()]) is None
    assert outdated(PREDICTOR, [a_device("d2"), a_device()]) is None
    assert outdated(PREDICTOR, []) is None


def test_what_has_changed_is_named() -> None:
    assert "1.31.1 when it was measured and is 1.32.0 now" in str(outdated(PREDICTOR, [a_device(version="1.32.0")]))
    assert "local is d2 now" in str(outdated(PREDICTOR, [a_device("d2")]))
    assert "not available" in str(outdated(PREDICTOR, [a_device(available=False)]))


def test_a_model_of_another_version_is_not_read_but_an_imported_table_is() -> None:
    """Its coefficients stand for other counts, and there may be more or fewer of them."""
    old = replace(PREDICTOR, report={"errors": {}})
    assert "another version" in str(outdated(old, [a_device()]))
    assert not has_known_model(old)
    assert has_known_model(replace(old, birthplace=None, origin=Origin.IMPORTED))


def test_what_was_imported_does_not_expire() -> None:
    assert outdated(replace(PREDICTOR, birthplace=None), [a_device("d2")]) is None


def test_of_a_network_the_most_precise_timing_of_the_newest_birthplace_counts_once() -> None:
    old = Birthplace("d1", {"onnxruntime": "1.30.0", "python": "3.11.7"})
    again = Birthplace("d1", {"onnxruntime": "1.31.1", "python": "3.12.0"})
    timed = [
        Timed({"kernel": 3}, 9.0, 0.001, old),
        Timed({"kernel": 3}, 2.0, 0.01, BORN),
        Timed({"kernel": 3}, 3.0, 0.05, BORN),
        Timed({"kernel": 5}, 4.0, 0.02, again),
    ]
    assert [one.median_ms for one in of_one_birthplace(timed)] == [2.0, 4.0]


def test_what_was_told_in_an_earlier_baseline_of_the_host_is_told_in_the_newest() -> None:
    timed = [
        Timed({"kernel": 3}, 2.0, 0.01, BORN, reference_ms=0.08),
        Timed({"kernel": 5}, 3.0, 0.01, BORN),
        Timed({"kernel": 7}, 4.0, 0.01, BORN, reference_ms=0.06),
    ]
    assert [one.median_ms for one in of_one_birthplace(timed)] == pytest.approx([1.5, 3.0, 4.0])


def test_networks_of_searches_that_went_beyond_the_preset_are_evidence_too() -> None:
    choices = {"resolution": [8, 12, 16], "share": [False, True]}
    space = search_spaces.get("mobilenet", "tiny", choices)
    sampled = space.sample(np.random.default_rng(0), 30)
    assert any(a.values["resolution"] == 16 for a in sampled)
    assert 0 < sum("stage1_share" in a.values for a in sampled) < 30
    timed = [Timed(dict(a.values), 1.0, 0.01, BORN) for a in sampled]
    evidence = evidence_of(SUBJECT, timed)
    assert evidence.networks.resolution.tolist() == [a.values["resolution"] for a in sampled]
