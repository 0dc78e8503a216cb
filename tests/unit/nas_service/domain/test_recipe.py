"""Recipes: pure changes of the training, and compressions, refused by name where they cannot be followed."""

import pytest

from nas_service.domain.recipe import (
    STEPS,
    CompressionStep,
    Ladder,
    RecipeStep,
    apply_recipe,
    check_recipe,
    compressions,
    ladder_of,
)
from nas_service.domain.recipe_step import registry
from nas_service.domain.spec import FinalizeSpec, SearchSpec, SpecModel, TargetSpec, TrainingSpec

TRAINING_STEPS = {name: step for name, step in STEPS.items() if isinstance(step, RecipeStep)}


class Share(SpecModel):
    """Options of a made-up step."""

    macs: float = 0.5


MADE_UP = registry(
    RecipeStep("sam", "", lambda spec: spec),
    CompressionStep("prune", "", options=Share),
    CompressionStep("shrink", "", after=frozenset({"prune"})),
    CompressionStep("int8", "", is_last=True, precision="int8"),
    Ladder("auto", "", rungs=(("int8",), ("prune",), ("prune", "int8"))),
)


def messages(names, place="training", steps=STEPS, targets=()):
    return [f"{p.field}: {p.message}" for p in check_recipe(names, place, steps, targets)]


@pytest.mark.parametrize("step", TRAINING_STEPS.values(), ids=TRAINING_STEPS)
def test_every_training_step_changes_the_training_to_another_valid_one(step):
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


@pytest.mark.parametrize(
    ("recipe", "wrong"),
    [
        (["sam", {"prune": {"macs": 0.3}}, "shrink", "int8"], []),
        (["shrink", "prune"], ["finalize.recipe.0: 'shrink' comes after 'prune'; exchange them"]),
        (["int8", "prune"], ["finalize.recipe.0: 'prune' cannot follow 'int8'; put 'int8' last"]),
        (["int8", "sam"], []),
        ([{"sam": {"rho": 1}}], ["finalize.recipe.0: 'sam' has no options; name it alone"]),
        ([{"prune": {"mac": 1}}], ["finalize.recipe.0.prune.mac: no option is named 'mac'; did you mean 'macs'?"]),
        ([{"shrink": {"mac": 1}}], ["finalize.recipe.0.shrink.mac: no option is named 'mac'; it has none"]),
        (
            [{"prune": {"macs": "half"}}],
            ["finalize.recipe.0.prune.macs: Input should be a valid number, unable to parse string as a number"],
        ),
    ],
)
def test_order_and_options_of_compressions_are_checked_before_anything_runs(recipe, wrong):
    assert messages(recipe, "finalize", MADE_UP) == wrong


def test_what_no_target_can_execute_is_refused_with_the_runtimes_that_can():
    torch = TargetSpec(runtime="torch")
    assert messages(["int8"], "finalize", MADE_UP, [TargetSpec(), torch]) == [
        "finalize.recipe.0: 'int8' gives nothing that torch int8 (targets.1) executes;"
        " remove it, or have the target use onnxruntime or openvino"
    ]
    already = TargetSpec(precision="int8")
    assert messages(["int8"], "finalize", MADE_UP, [already]) == [
        "finalize.recipe.0: 'int8' changes nothing: every target executes int8 already; remove it"
    ]
    assert messages(["int8"], "finalize", MADE_UP, [already, TargetSpec()]) == []


def test_an_early_exit_is_refused_where_it_would_save_nothing():
    def refused(**target):
        return messages(["early-exit"], "finalize", STEPS, [TargetSpec(**target)])

    assert refused() == refused(runtime="openvino") == []
    assert refused(batch_size=8) == [
        "finalize.recipe.0: 'early-exit' brings nothing for 8 images a call (targets.0.batch_size);"
        " remove it, or set that to 1"
    ]
    assert refused(runtime="torch") == [
        "finalize.recipe.0: 'early-exit' gives nothing that torch fp32 (targets.0) executes;"
        " remove it, or have the target use onnxruntime or openvino or onnxruntime-cuda"
    ]
    assert refused(precision="int8") == [
        "finalize.recipe.0: 'early-exit' gives nothing that onnxruntime int8 (targets.0) executes;"
        " remove it, or have the target use precision fp32"
    ]
    assert messages(["early-exit", "quantize-int8"], "finalize") == [
        "finalize.recipe.0: 'quantize-int8' cannot follow 'early-exit'; put 'early-exit' last"
    ]
    assert messages(["quantize-int8", "early-exit"], "finalize") == [
        "finalize.recipe.0: 'early-exit' cannot follow 'quantize-int8'; put 'quantize-int8' last"
    ]
    assert messages([{"early-exit": {"max_loss": 0}}], "finalize") == [
        "finalize.recipe.0.early-exit.max_loss: Input should be greater than 0"
    ]


def test_compressions_follow_the_training_that_the_other_steps_change():
    recipe = [{"prune": {"macs": 0.25}}, "sam", "int8"]
    assert apply_recipe(TrainingSpec(), recipe, MADE_UP) == TrainingSpec()
    assert [c.entry for c in compressions(recipe, MADE_UP)] == [{"prune": {"macs": 0.25}}, {"int8": {}}]


def test_recipes_of_names_alone_load_as_they_were_stored():
    spec = SearchSpec.model_validate({"dataset": {"name": "digits"}, "finalize": {"recipe": ["ema", "crop"]}})
    assert spec.finalize == FinalizeSpec(recipe=("ema", "crop"))
    mixed = spec.model_copy(update={"finalize": FinalizeSpec(recipe=("ema", {"prune": {"macs": 0.5}}))})
    assert SearchSpec.model_validate_json(mixed.model_dump_json()) == mixed


def test_a_ladder_leaves_out_what_the_targets_cannot_execute():
    def tried(*targets):
        return [[c.step.name for c in rung] for rung in ladder_of(["sam", "auto"], targets, MADE_UP)]

    assert tried(TargetSpec()) == [["int8"], ["prune"], ["prune", "int8"]]
    assert tried(TargetSpec(), TargetSpec(runtime="torch")) == [["prune"]]


def test_what_makes_zeros_follows_what_changes_shapes_and_no_training_without_masks_follows_it():
    def legal(*names):
        return messages(names, "finalize", STEPS) == []

    assert legal("low-rank", "prune-channels", "prune-weights", "quantize-int8")
    assert not legal("prune-weights", "prune-channels")
    assert not legal("lottery-ticket", "low-rank")
    assert not legal("prune-weights", "self-compress")


def test_a_recipe_without_a_ladder_is_tried_as_it_stands():
    assert ladder_of(["sam"], [], MADE_UP) == []
    assert [[c.step.name for c in rung] for rung in ladder_of(["prune", "int8"], [], MADE_UP)] == [["prune", "int8"]]


def test_a_ladder_stands_without_compressions_of_the_users_own():
    assert messages(["auto", "sam"], "finalize", MADE_UP) == []
    (message,) = messages(["auto", "prune"], "finalize", MADE_UP)
    assert message.startswith("finalize.recipe.0: 'auto' chooses compressions by itself; remove 'prune'")
    only = registry(MADE_UP["int8"], Ladder("auto", "", rungs=(("int8",),)))
    assert messages(["auto"], "finalize", only, [TargetSpec(runtime="torch")]) == [
        "finalize.recipe.0: 'auto' has nothing to try that the targets execute; remove it"
    ]
    assert FinalizeSpec.model_validate({"recipe": "auto"}) == FinalizeSpec(recipe=("auto",))
