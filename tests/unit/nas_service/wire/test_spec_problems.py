"""What is said about a wrong spec."""

from typing import Any

import pytest

from nas_service.domain.errors import SpecError
from nas_service.wire.spec_problems import spec_of

DIGITS = {"dataset": {"name": "digits"}}


def _problems(document: Any) -> dict[str, str]:
    with pytest.raises(SpecError) as refused:
        spec_of(document)
    return {problem.field: problem.message for problem in refused.value.problems}


@pytest.mark.parametrize(
    ("change", "field", "hint"),
    [
        ({"startegy": {}}, "startegy", "did you mean `strategy`?"),
        ({"training": {"epoch": 3}}, "training.epoch", "did you mean `epochs`?"),
        ({"targets": [{"device": "local", "thread": 1}]}, "targets.0.thread", "did you mean `threads`?"),
        ({"objectives": [{"metric": "latency"}]}, "objectives.0.metric", "did you mean `latency_ms`?"),
        ({"strategy": {"sampler": "nsga-2"}}, "strategy.sampler", "did you mean `nsga2`?"),
        ({"training": {"precision": "fp61"}}, "training.precision", "did you mean"),
        ({"budget": {"zzz": 1}}, "budget.zzz", "choose from candidates, minutes, settled, "),
        ({"dataset": {}}, "dataset.name", "required"),
        (
            {"space": {"choices": {"depth": [[1]]}}},
            "space.choices.depth.0",
            "should be true, false, a number or a text",
        ),
        ({"training": {"epochs": 0}}, "training.epochs", "greater than or equal to 1"),
        ({"constraints": [{"metric": "macs"}]}, "constraints.0", "give `min`, `max` or both"),
    ],
)
def test_each_mistake_is_named_with_its_mend(change: dict[str, Any], field: str, hint: str) -> None:
    problems = _problems(DIGITS | change)
    assert list(problems) == [field]
    assert hint in problems[field]


def test_all_mistakes_are_named_at_once() -> None:
    assert set(_problems({"seed": -1, "nam": "x"})) == {"dataset", "seed", "nam"}


@pytest.mark.parametrize("document", [None, [], "digits", 3])
def test_what_is_no_mapping_is_refused(document: Any) -> None:
    assert list(_problems(document)) == [""]
