"""How far candidates are trained before they are judged again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from nas_service.domain.rungs import rungs_of, schedule_of
from nas_service.domain.spec import SearchSpec


def spec(epochs: int, training: dict[str, object] | None = None, **strategy: object) -> SearchSpec:
    return SearchSpec.model_validate(
        {
            "dataset": {"name": "digits"},
            "strategy": {"schedule": "asha", **strategy},
            "training": {"epochs": epochs, **(training or {})},
        }
    )


@pytest.mark.parametrize(
    ("epochs", "strategy", "rungs"),
    [
        (20, {}, (2, 6, 20)),
        (9, {}, (1, 3, 9)),
        (2, {}, (1, 2)),
        (1, {}, (1,)),
        (100, {"eta": 2}, (25, 50, 100)),
        (20, {"min_epochs": 20}, (20,)),
        (20, {"min_epochs": 1, "eta": 4}, (1, 4, 20)),
        (20, {"schedule": "full"}, (20,)),
    ],
)
def test_rungs_rise_by_eta_up_to_a_full_training(
    epochs: int, strategy: dict[str, object], rungs: tuple[int, ...]
) -> None:
    assert rungs_of(spec(epochs, **strategy)) == rungs


@pytest.mark.parametrize(
    ("change", "halves"),
    [
        ({}, True),
        ({"budget": {"candidates": 9, "minutes": 5}}, False),
        ({"training": {"epochs": 3}}, False),
        ({"training": {"epochs": 9, "learning_rate_decay": "cosine"}}, False),
        ({"strategy": {"evaluator": "supernet"}}, False),
        ({"strategy": {"schedule": "full"}}, False),
        ({"budget": {"candidates": 9}, "strategy": {"schedule": "asha"}}, True),
        ({"objectives": [{"metric": "accuracy"}, {"metric": "accuracy", "target": 0}]}, False),
    ],
)
def test_unasked_candidates_are_halved_where_time_alone_is_the_bound_and_it_can_be_done(
    change: dict[str, object], halves: bool
) -> None:
    search = {"dataset": {"name": "digits"}, "budget": {"minutes": 5}, "training": {"epochs": 9}} | change
    found = SearchSpec.model_validate(search)
    assert found.halves is halves
    assert (len(rungs_of(found)) > 1) is halves


@given(st.integers(1, 10_000), st.integers(2, 10), st.data())
def test_rungs_are_far_enough_apart_and_end_with_a_full_training(epochs: int, eta: int, data: st.DataObject) -> None:
    first = data.draw(st.none() | st.integers(1, epochs))
    rungs = rungs_of(spec(epochs, eta=eta, min_epochs=first))
    assert rungs[-1] == epochs
    assert all(one**2 * eta <= other**2 for one, other in zip(rungs, rungs[1:], strict=False))
    assert len(rungs) == 1 or first in (None, rungs[0])


def test_every_rung_has_the_same_warm_up() -> None:
    search = spec(18, training={"warmup_fraction": 0.5})
    assert rungs_of(search)[0] == 2
    scheduled = schedule_of(search, search.training)
    assert (scheduled.learning_rate_decay, scheduled.warmup_epochs) == ("trapezoid", 1.0)


def test_a_full_training_is_a_cosine_unless_a_trapezoid_is_wanted() -> None:
    plain, asked = (spec(5, schedule="full", training=t) for t in ({}, {"learning_rate_decay": "trapezoid"}))
    assert schedule_of(plain, plain.training).learning_rate_decay == "cosine"
    assert schedule_of(asked, asked.training) == asked.training


@pytest.mark.parametrize(
    ("strategy", "training", "message"),
    [
        ({}, {"learning_rate_decay": "cosine"}, "needs `trapezoid`"),
        ({"min_epochs": 9}, {}, "more than training.epochs"),
    ],
)
def test_impossible_rungs_are_refused(strategy: dict[str, object], training: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        spec(8, training=training, **strategy)
