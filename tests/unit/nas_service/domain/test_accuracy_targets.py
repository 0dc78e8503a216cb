"""Whose accuracy a spec speaks of: the trained network's, or that of the file which a target executes."""

import pytest
from pydantic import ValidationError

from nas_service.domain.formats import ModelFormat
from nas_service.domain.metrics import accuracy_key, deployed_target, needed_metrics
from nas_service.domain.spec import SearchSpec

FP32, INT8 = {"precision": "fp32"}, {"precision": "int8"}


def spec(*targets: dict[str, str], **parts: object) -> SearchSpec:
    return SearchSpec.model_validate({"dataset": {"name": "digits"}, "targets": targets, **parts})


def test_beside_fp32_targets_it_is_the_networks() -> None:
    assert needed_metrics(spec(FP32)) == ["accuracy", "latency_ms@0"]
    assert accuracy_key(spec(FP32)) == "accuracy"


@pytest.mark.parametrize("targets", [(INT8,), (INT8, FP32), (FP32, INT8)])
def test_beside_any_int8_target_it_is_a_files_and_says_whose(targets: tuple[dict[str, str], ...]) -> None:
    found = spec(*targets, constraints=[{"metric": "accuracy", "min": 0.5}])
    assert needed_metrics(found) == ["accuracy@0", "latency_ms@0", "accuracy@0"]
    assert accuracy_key(found) == "accuracy@0"


def test_a_target_may_be_named() -> None:
    found = spec(FP32, INT8, objectives=[{"metric": "accuracy", "target": 1}, {"metric": "latency_ms", "target": 1}])
    assert needed_metrics(found) == ["accuracy@1", "latency_ms@1"]
    assert deployed_target(found) == 1


def test_a_target_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValidationError, match="objectives.0.target is 1, but"):
        spec(INT8, objectives=[{"metric": "accuracy", "target": 1}])


def test_the_spec_that_is_stored_means_the_same_when_it_is_read_again() -> None:
    found = spec(INT8)
    assert SearchSpec.model_validate_json(found.model_dump_json()) == found


def test_onnx_is_always_written_and_each_format_once() -> None:
    assert spec({"runtime": "torch"}, {"runtime": "torch", "device": "board"}).formats == (
        ModelFormat.ONNX,
        ModelFormat.PT2,
    )
