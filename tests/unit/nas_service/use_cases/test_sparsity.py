"""Specs whose space chooses a share of zeros, and what packed weights have to do with evaluations."""

from typing import Any

from nas_service.domain.estimates import Estimates
from nas_service.domain.final import final_numbers
from nas_service.domain.metrics import judged_by_training
from nas_service.domain.spec import SearchSpec
from nas_service.use_cases.checks import check_sparsity
from tests.unit.nas_service.use_cases.conftest import Bench
from tests.unit.nas_service.use_cases.test_lessons import final_key, prepared

PACKED = [{"metric": "accuracy"}, {"metric": "packed_bytes"}]
SPACE = {"name": "mobilenet", "preset": "tiny", "choices": {"sparsity": [0.0, 0.9]}}


def spec(**parts: Any) -> SearchSpec:
    return SearchSpec.model_validate({"dataset": {"name": "digits"}, "space": SPACE, **parts})


def test_zeros_are_refused_where_nothing_would_show_them() -> None:
    [problem] = check_sparsity(spec(objectives=[{"metric": "accuracy"}, {"metric": "size_bytes"}]))
    assert problem.field == "space.choices.sparsity"
    assert "packed_bytes" in problem.message
    assert not check_sparsity(spec(objectives=PACKED))
    constrained = {"objectives": [{"metric": "accuracy"}], "constraints": [{"metric": "packed_bytes", "max": 9000}]}
    assert not check_sparsity(spec(**constrained))
    assert not check_sparsity(spec(space=SPACE | {"choices": {}}))


def test_zeros_are_refused_where_trainings_are_resumed_longer() -> None:
    halving = {"strategy": {"schedule": "asha"}, "training": {"epochs": 9}}
    [problem] = check_sparsity(spec(objectives=PACKED, **halving))
    assert problem.field == "strategy.schedule"


def test_packed_weights_count_as_they_are_in_the_bundle() -> None:
    judged = spec(objectives=PACKED)
    assert judged_by_training(judged) == ["packed_bytes"]
    final = {"bundle": "ab", "packed_bytes": 900, "validation_accuracy": 0.5}
    numbers = final_numbers(judged, Estimates({"packed_bytes": 1000.0}, {}), final)
    assert numbers is not None
    assert numbers.metrics["packed_bytes"] == 900


def test_an_evaluation_without_packed_weights_is_not_reused_where_a_search_goes_by_them(bench: Bench) -> None:
    assert final_key(prepared(bench, objectives=PACKED)) != final_key(prepared(bench))
