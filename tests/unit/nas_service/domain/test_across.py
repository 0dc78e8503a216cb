"""Objectives over several targets: what they are called, what they are worth, and which specs make no sense."""

from typing import Any

import pytest
from pydantic import ValidationError

from nas_service.domain.across import with_across
from nas_service.domain.estimates import Estimates
from nas_service.domain.metrics import objective_key, objective_values, objectives_on
from nas_service.domain.spec import SearchSpec

KNOWN = Estimates(
    {"accuracy": 0.9, "latency_ms@0": 2.0, "latency_ms@1": 9.0},
    {"latency_ms@0": (1.9, 2.2), "latency_ms@1": (8.0, 10.0)},
)


def spec(*objectives: dict[str, Any], targets: int = 2) -> SearchSpec:
    listed = [{"threads": n + 1} for n in range(targets)]
    parts = {"dataset": {"name": "digits"}, "targets": listed, "objectives": [{"metric": "accuracy"}, *objectives]}
    return SearchSpec.model_validate(parts)


def latency(**parts: Any) -> dict[str, Any]:
    return {"metric": "latency_ms", **parts}


@pytest.mark.parametrize(
    ("objective", "key", "value", "interval"),
    [
        (latency(across="worst"), "latency_ms@worst", 9.0, (8.0, 10.0)),
        (latency(across="worst", goal="maximize"), "latency_ms@worst", 2.0, (1.9, 2.2)),
        (latency(across="worst", relative_to=[1.0, 10.0]), "latency_ratio@worst", 2.0, (1.9, 2.2)),
        (latency(across="weighted"), "latency_ms@weighted", 5.5, None),
        (latency(across="weighted", weights=[3, 1]), "latency_ms@weighted", 3.75, None),
        (latency(across="weighted", weights=[1, 1], relative_to=[4.0, 9.0]), "latency_ratio@weighted", 0.75, None),
    ],
)
def test_the_figures_of_all_targets_become_one(
    objective: dict[str, Any], key: str, value: float, interval: tuple[float, float] | None
) -> None:
    searched = spec(objective)
    known = with_across(searched, KNOWN)
    assert objective_key(searched.objectives[1]) == key
    assert known.metrics[key] == pytest.approx(value)
    assert objective_values(searched.objectives, known.metrics) == (0.9, known.metrics[key])
    low, high = known.intervals[key]
    assert low < value < high
    if interval is not None:
        assert (low, high) == pytest.approx(interval)


def test_errors_of_a_weighted_mean_add_up_in_squares() -> None:
    known = with_across(spec(latency(across="weighted")), KNOWN)
    low, high = known.intervals["latency_ms@weighted"]
    assert 5.5 - low == pytest.approx((0.05**2 + 0.5**2) ** 0.5)
    assert high - 5.5 == pytest.approx((0.1**2 + 0.5**2) ** 0.5)


def test_as_long_as_a_target_is_not_measured_there_is_nothing_to_say() -> None:
    searched = spec(latency(across="worst"), targets=3)
    assert with_across(searched, KNOWN) == KNOWN
    half = Estimates(KNOWN.metrics, {"latency_ms@0": (1.9, 2.2)})
    assert "latency_ms@worst" not in with_across(spec(latency(across="worst")), half).intervals


def test_the_front_of_a_target_takes_every_measured_objective_there_and_each_once() -> None:
    searched = spec(latency(across="worst"), latency(target=0), {"metric": "peak_memory_mib", "target": 1})
    assert [objective_key(o) for o in objectives_on(searched, 1)] == ["accuracy", "latency_ms@1", "peak_memory_mib@1"]


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ({"metric": "macs", "across": "worst"}, "macs does not depend on a target; remove `across`"),
        (latency(across="worst", target=1), "either of one `target` or `across` all"),
        (latency(across="worst", weights=[1, 2]), "`weights` go with `across: weighted` only"),
        (latency(relative_to=[1, 2]), "`relative_to` goes with `across` only"),
        (latency(across="weighted", weights=[1, 2, 3]), "objectives.1.weights has 3 values for 2 targets"),
        (latency(across="worst", relative_to=[1]), "objectives.1.relative_to has 1 values for 2 targets"),
        (latency(across="weighted", weights=[1, 0]), "greater than 0"),
        (latency(across="best"), "'worst' or 'weighted'"),
    ],
)
def test_what_makes_no_sense_is_refused(objective: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said.replace("(", r"\(")):
        spec(objective)


def test_the_same_objective_twice_is_refused_and_two_ways_across_are_not() -> None:
    with pytest.raises(ValidationError, match="two objectives name the same metric"):
        spec(latency(across="worst"), latency(across="worst", relative_to=[1, 2]))
    assert len(spec(latency(across="worst"), latency(across="weighted"), latency(target=0)).objectives) == 4
