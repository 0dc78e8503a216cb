"""Whether a child helps: better by an objective, beyond noise."""

import pytest

from nas_service.domain.estimates import Estimates
from nas_service.domain.lineage import judge
from nas_service.domain.spec import DatasetSpec, SearchSpec

SPEC = SearchSpec(dataset=DatasetSpec(name="digits"))
PARENT = Estimates(
    {"accuracy": 0.9, "latency_ms@0": 1.0, "size_bytes": 1000.0},
    {"accuracy": (0.85, 0.94), "latency_ms@0": (0.99, 1.01)},
)


def child(accuracy: float, latency_ms: float, error: float = 0.01) -> Estimates:
    intervals = {
        "accuracy": (accuracy - 0.05, accuracy + 0.05),
        "latency_ms@0": (latency_ms - error, latency_ms + error),
    }
    return Estimates({"accuracy": accuracy, "latency_ms@0": latency_ms, "size_bytes": 250.0}, intervals)


@pytest.mark.parametrize(
    ("after", "helps", "why"),
    [
        (child(0.5, 0.5), True, "better than its parent by latency_ms@0"),
        (child(0.999, 2.0), True, "better than its parent by accuracy"),
        (child(0.999, 0.5), True, "better than its parent by accuracy and latency_ms@0"),
        (child(0.91, 0.995), False, "no better than its parent by accuracy or latency_ms@0, within noise"),
        (child(0.8, 2.0), False, "no better than its parent"),
        (child(0.9, 0.9, error=0.2), False, "the parent is kept"),
    ],
)
def test_a_child_helps_where_it_is_better_by_an_objective_beyond_noise(after: Estimates, helps: bool, why: str) -> None:
    verdict = judge(SPEC, PARENT, after)
    assert verdict.helps is helps
    assert why in verdict.reason


def test_what_is_exact_counts_without_an_interval_and_only_where_it_is_an_objective() -> None:
    same = child(0.9, 1.0)
    assert not judge(SPEC, PARENT, same).helps
    small = SearchSpec.model_validate(
        {"dataset": {"name": "digits"}, "objectives": [{"metric": "accuracy"}, {"metric": "size_bytes"}]}
    )
    assert judge(small, PARENT, same).helps
