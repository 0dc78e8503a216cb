"""Recipes: pure changes of the training, refused by name where they cannot be applied."""

import pytest

from nas_service.domain.recipe import STEPS, RecipeStep, apply_recipe, check_recipe, registry
from nas_service.domain.spec import TrainingSpec


def messages(names, place="training", steps=STEPS):
    return [f"{p.field}: {p.message}" for p in check_recipe(names, place, steps)]


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_every_step_changes_the_training_to_another_valid_one(step):
    before = TrainingSpec()
    after = step.apply(before)
    assert after != before
    assert TrainingSpec.model_validate(after.model_dump()) == after
    assert before == TrainingSpec()


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_every_step_is_accepted_at_its_places(step):
    for place in step.places:
        assert check_recipe([step.name], place) == []


def test_steps_are_applied_in_order_and_keep_what_was_set():
    spec = TrainingSpec(epochs=5, augment=("flip",), weight_decay=0.01)
    after = apply_recipe(spec, ["ema", "crop", "flip", "label-smoothing", "train-longer"])
    assert after.augment == ("flip", "crop")
    assert (after.epochs, after.label_smoothing, after.weight_decay) == (15, 0.1, 0.01)
    assert after.ema_decay == 0.999


def test_an_unknown_step_names_the_nearest_one():
    assert messages(["ema", "label-smooth"]) == [
        "training.recipe.1: no step is named 'label-smooth'; did you mean 'label-smoothing'?"
    ]


def test_a_step_like_no_other_is_answered_with_the_list():
    (message,) = messages(["zzz"])
    assert "choose from crop, flip" in message
    assert "train-longer" not in message


def test_a_step_in_the_wrong_place_is_told_its_place():
    assert messages(["train-longer"]) == ["training.recipe.0: 'train-longer' belongs in finalize.recipe"]


def test_a_step_named_twice_is_refused_once():
    assert messages(["ema", "ema"]) == ["training.recipe.1: 'ema' is named twice; remove one"]


def test_needed_and_excluded_steps_are_refused_by_name():
    steps = registry(
        RecipeStep("base", "", lambda spec: spec),
        RecipeStep("refine", "", lambda spec: spec, needs=frozenset({"base"})),
        RecipeStep("other", "", lambda spec: spec, excludes=frozenset({"base"})),
    )
    assert check_recipe(["refine", "base"], "finalize", steps) == []
    assert messages(["refine"], "finalize", steps) == [
        "finalize.recipe.0: 'refine' needs 'base'; add it to finalize.recipe"
    ]
    assert messages(["base", "other"], "finalize", steps) == [
        "finalize.recipe.1: 'other' does not go with 'base'; remove one"
    ]
