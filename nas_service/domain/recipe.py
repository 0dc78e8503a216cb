"""Recipes: named steps that change how a network is trained, as data that the service can list and check.

A step is a pure change of a `TrainingSpec`; the training loop knows nothing of recipes. `GET /v1/recipes`
lists `STEPS`, a submitted search is checked with `check_recipe`, and a worker trains by what `apply_recipe`
returns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

from nas_service.domain.errors import FieldProblem
from nas_service.domain.spec import AugmentName, TrainingSpec

Place = Literal["training", "finalize"]
"""The part of a search spec that names the step: `training` for every candidate, `finalize` for the front."""

EVERYWHERE: frozenset[Place] = frozenset({"training", "finalize"})


@dataclass(frozen=True, slots=True)
class RecipeStep:
    """One named change of the training. `needs` and `excludes` name other steps of the same recipe."""

    name: str
    summary: str
    apply: Callable[[TrainingSpec], TrainingSpec]
    places: frozenset[Place] = EVERYWHERE
    needs: frozenset[str] = frozenset()
    excludes: frozenset[str] = frozenset()


def _with(**changes: object) -> Callable[[TrainingSpec], TrainingSpec]:
    return lambda spec: spec.model_copy(update=changes)


def _augment(name: AugmentName) -> Callable[[TrainingSpec], TrainingSpec]:
    def apply(spec: TrainingSpec) -> TrainingSpec:
        if name in spec.augment:
            return spec
        return spec.model_copy(update={"augment": (*spec.augment, name)})

    return apply


def _three_times_the_epochs(spec: TrainingSpec) -> TrainingSpec:
    return spec.model_copy(update={"epochs": 3 * spec.epochs})


def registry(*steps: RecipeStep) -> Mapping[str, RecipeStep]:
    """Steps by name, read-only, in the order given."""
    return MappingProxyType({step.name: step for step in steps})


STEPS = registry(
    RecipeStep("crop", "Shift each image by up to an eighth of its side.", _augment("crop")),
    RecipeStep("flip", "Mirror half of the images, where left and right mean the same.", _augment("flip")),
    RecipeStep("cutout", "Blank a random square of each image (DeVries & Taylor, 2017).", _augment("cutout")),
    RecipeStep("mixup", "Blend pairs of images and their labels (Zhang et al., 2018).", _augment("mixup")),
    RecipeStep(
        "label-smoothing",
        "Spread a tenth of each target over all classes (Szegedy et al., 2016).",
        _with(label_smoothing=0.1),
    ),
    RecipeStep("ema", "Deploy a moving average of the weights instead of the last ones.", _with(ema_decay=0.999)),
    RecipeStep(
        "sam",
        "Seek flat minima: sharpness-aware minimization (Foret et al., 2021), at twice the time a step.",
        _with(sam_rho=0.05),
        excludes=frozenset({"asam"}),
    ),
    RecipeStep(
        "asam",
        "Seek flat minima whatever the scale of the weights (Kwon et al., 2021), at twice the time a step.",
        _with(sam_rho=0.5, sam_adaptive=True),
        excludes=frozenset({"sam"}),
    ),
    RecipeStep("gradient-clip", "Limit the norm of each step's gradient to 1.", _with(gradient_clip=1.0)),
    RecipeStep(
        "train-longer",
        "Train for three times the epochs.",
        _three_times_the_epochs,
        places=frozenset({"finalize"}),
    ),
)


def check_recipe(names: Sequence[str], place: Place, steps: Mapping[str, RecipeStep] = STEPS) -> list[FieldProblem]:
    """Everything wrong with a recipe at its place; empty when it can be applied."""
    problems = []
    for index, name in enumerate(names):
        message = _problem_of(name, names, index, place, steps)
        if message:
            problems.append(FieldProblem(f"{place}.recipe.{index}", message))
    return problems


def apply_recipe(spec: TrainingSpec, names: Sequence[str], steps: Mapping[str, RecipeStep] = STEPS) -> TrainingSpec:
    """The training as changed by the steps, in order. The names must have passed `check_recipe`."""
    for name in names:
        spec = steps[name].apply(spec)
    return spec


def _problem_of(
    name: str, names: Sequence[str], index: int, place: Place, steps: Mapping[str, RecipeStep]
) -> str | None:
    step = steps.get(name)
    if step is None:
        return _unknown(name, place, steps)
    if place not in step.places:
        return f"{name!r} belongs in {' or '.join(f'{p}.recipe' for p in sorted(step.places))}"
    if name in names[:index]:
        return f"{name!r} is named twice; remove one"
    missing = sorted(step.needs - set(names))
    if missing:
        return f"{name!r} needs {missing[0]!r}; add it to {place}.recipe"
    clashing = sorted(step.excludes & set(names))
    if clashing:
        return f"{name!r} does not go with {clashing[0]!r}; remove one"
    return None


def _unknown(name: str, place: Place, steps: Mapping[str, RecipeStep]) -> str:
    usable = [step.name for step in steps.values() if place in step.places]
    nearest = get_close_matches(name, usable, n=1, cutoff=0.5)
    if nearest:
        return f"no step is named {name!r}; did you mean {nearest[0]!r}?"
    return f"no step is named {name!r}; choose from {', '.join(usable)}"
