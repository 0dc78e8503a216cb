"""How shared weights are trained: as candidates are, but for what the spec says of them."""

import pytest
from pydantic import ValidationError

from nas_service.domain.spec import DistillationSpec, SupernetSpec, TrainingSpec

TRAINING = TrainingSpec(
    epochs=7,
    batch_size=32,
    ema_decay=0.5,
    compile=True,
    patience=3,
    target_accuracy=0.9,
    begin_size=0.5,
    freeze_layers=0.5,
    distill=DistillationSpec(weight=0.4, attention=1.0, temperature=3.0),
)


def test_it_has_its_own_length_and_nothing_that_needs_one_network() -> None:
    training = SupernetSpec(epochs=9).training_like(TRAINING)
    assert (training.epochs, training.batch_size) == (9, 32)
    assert (training.compile, training.patience, training.target_accuracy) == (False, 0, None)
    assert (training.begin_size, training.freeze_layers, training.distill.attention) == (1.0, 0.0, 0.0)


def test_average_and_teaching_are_those_of_the_training_unless_they_are_given() -> None:
    like = SupernetSpec(distill=None, ema_decay=None).training_like(TRAINING)
    assert (like.ema_decay, like.distill.weight) == (0.5, 0.4)
    own = SupernetSpec(distill=0.0, ema_decay=0.99).training_like(TRAINING)
    assert (own.ema_decay, own.distill.weight, own.distill.temperature) == (0.99, 0.0, 3.0)


def test_trained_on_it_begins_with_all_networks() -> None:
    again = SupernetSpec(largest_first=0.3, opening="progressive", sampled=4).trained_on()
    assert again == SupernetSpec(sampled=4, largest_first=0.0, opening="at_once")


@pytest.mark.parametrize(
    ("field", "value"),
    [("largest_first", 1.0), ("distill", 1.1), ("ema_decay", 1.0), ("opening", "slowly"), ("attention", "uniform")],
)
def test_what_makes_no_sense_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        SupernetSpec.model_validate({field: value})
